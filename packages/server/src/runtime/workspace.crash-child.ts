import { writeSync } from 'node:fs';
import { assert } from '@gait/engine/base/assert';
import { crashRecord } from './crash-records.ts';
import { replay } from './replay.ts';
import { Workspace } from './workspace.ts';

/**
 * Child process of the crash tests. Says on standard output what it has done or is about to do, one line each, after
 * which the parent may kill it.
 *
 * `append FOLDER FIRST`: appends records from number FIRST on until it is killed; `a NUMBER ORDINALS` when one is
 * acknowledged (with the ordinals of the log so far), `c` before a checkpoint.
 * `replay FOLDER LEARN JUDGE`: replays the files in two folders; a line for each piece of work, `done` at the end.
 */
const [mode, folder, ...rest] = process.argv.slice(2);
assert(folder !== undefined, 'a folder is given');
// Few enough for kills to fall into checkpoints that are written beside the engine.
const checkpointEveryOrdinals = mode === 'append' ? 200 : 3_000;
const workspace = await Workspace.open(folder, { seed: [7, 11], checkpointEveryOrdinals });
if (mode === 'append') await append(Number(rest[0]));
else await replayAll(rest[0], rest[1]);

async function append(first: number): Promise<void> {
  for (let number = first; ; number++) {
    await workspace.append(crashRecord(number));
    tell(`a ${number} ${workspace.log.next}`);
    if (number % 5 !== 4) continue;
    tell('c');
    await workspace.checkpoint();
  }
}

async function replayAll(learn: string, judge: string): Promise<void> {
  tell('open');
  await replay(workspace, {
    paths: [judge],
    learn: [learn],
    defaults: { provider: 'aws', account: '?', region: '?', newestMs: Date.UTC(2026, 5, 1) },
    progress: ({ phase, rows }) => tell(`${phase} ${rows}`),
  });
  tell('replayed');
  await workspace.close();
  tell('done');
}

/** Synchronous, so that a kill cannot fall between what is done and its line. */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}
