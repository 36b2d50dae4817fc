import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { scratchFolder } from '../log/scratch.ts';
import { seededRandom, seedsOfRun } from '../storage/kill.contract.ts';
import { assertAsUninterrupted, contentOf } from './reference.contract.ts';
import { replay } from './replay.ts';
import { TRACE_START_MS, writeTrace } from './sample-trace.ts';
import { Workspace } from './workspace.ts';

/** Kills of one folder, each after the recovery from the one before. */
const KILLS = 2;
/** Lines that a whole replay says, roughly: kills fall anywhere in it. */
const REPLAY_LINES = 14;
const CHILD = join(import.meta.dirname, 'workspace.crash-child.ts');
const HOUR_MS = 3_600_000;

describe('a data folder whose process is killed at any moment', { concurrency: 2 }, () => {
  for (const seed of seedsOfRun()) {
    if (seed % 2 === 1)
      it(`holds what was acknowledged and what follows from it (seed ${seed})`, (test) => appends(test, seed));
    else
      it(`ends a replay that is started again as if nothing had happened (seed ${seed})`, (test) =>
        replays(test, seed));
  }
});

async function appends(test: TestContext, seed: number): Promise<void> {
  const folder = await scratchFolder(test);
  const random = seededRandom(seed);
  let first = 0;
  let findings = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await runAndKill(['append', folder, String(first)], {
      lines: 1 + Math.floor(random() * 40),
      delayMs: random() * 6,
    });
    const acknowledged = lines.filter((line) => line.startsWith('a ')).map((line) => line.split(' ').map(Number));
    const workspace = await Workspace.open(folder);
    const [, number = first - 1, next = 0] = acknowledged.at(-1) ?? [];
    assert.ok(workspace.log.next >= next, `${workspace.log.next} ordinals, ${next} were acknowledged`);
    findings = await assertAsUninterrupted(workspace);
    await workspace.close();
    // A record that is in the log without having been acknowledged may come twice: its rows are copies then.
    first = number + 1;
  }
  // A quarter of the records is odd from the thirteenth on: the test would be empty without findings.
  assert.ok(findings > 0 || first < 16, 'something was found');
}

async function replays(test: TestContext, seed: number): Promise<void> {
  const folder = await scratchFolder(test);
  const random = seededRandom(seed);
  const learn = join(folder, 'learn');
  const judge = join(folder, 'judge');
  await writeTraces(learn, judge);
  const killed = join(folder, 'killed');
  let complete = false;
  for (let kill = 0; kill < KILLS && !complete; kill++) {
    const words = ['replay', killed, learn, judge];
    const lines = await runAndKill(words, { lines: 1 + Math.floor(random() * REPLAY_LINES), delayMs: random() * 30 });
    complete = lines.includes('replayed');
  }
  const resumed = await Workspace.open(killed, { seed: [7, 11] });
  const whole = await Workspace.open(join(folder, 'whole'), { seed: [7, 11] });
  const once = await replayAll(whole, learn, judge);
  if (!complete) {
    const last = await replayAll(resumed, learn, judge);
    const reading = { reports: 0, seconds: 0, resumed: 0 };
    assert.deepEqual({ ...last, ...reading }, { ...once, ...reading }, 'the user is told the same');
    const [found, all] = [resumed.found, whole.found];
    assert.deepEqual([found.findings, found.watch], [all.findings, all.watch]);
    assert.deepEqual(resumed.newIncidents(), whole.newIncidents());
  }
  assert.ok((await assertAsUninterrupted(resumed)) > 0, 'something was found');
  assert.equal(resumed.log.next, whole.log.next, 'no row is there twice, none is missing');
  assert.deepEqual(contentOf(resumed.store), contentOf(whole.store));
  assert.ok(Buffer.from(resumed.engine.snapshot()).equals(whole.engine.snapshot()));
  await resumed.close();
  await whole.close();
}

/** Several files that reach into each other, more than one batch each. */
async function writeTraces(learn: string, judge: string): Promise<void> {
  const judgeMs = TRACE_START_MS + 48 * HOUR_MS;
  await writeTrace(join(learn, 'a.ndjson'), { name: 'la', count: 4_500, everyMs: 20_000 });
  await writeTrace(join(learn, 'b.ndjson'), {
    name: 'lb',
    count: 4_000,
    everyMs: 20_000,
    fromMs: TRACE_START_MS + HOUR_MS,
  });
  await writeTrace(join(judge, 'a.ndjson'), {
    name: 'ja',
    count: 4_500,
    everyMs: 3_000,
    fromMs: judgeMs,
    odd: [100, 4_300],
  });
  await writeTrace(join(judge, 'b.ndjson'), {
    name: 'jb',
    count: 4_000,
    everyMs: 3_000,
    fromMs: judgeMs + HOUR_MS,
    odd: [9, 3_700],
  });
}

function replayAll(workspace: Workspace, learn: string, judge: string) {
  return replay(workspace, {
    paths: [judge],
    learn: [learn],
    defaults: { provider: 'aws', account: '?', region: '?', newestMs: Date.UTC(2026, 5, 1) },
  });
}

/**
 * Runs the child and kills it `delayMs` after it has said a number of lines, unless it has finished before. Gives the
 * whole lines it said.
 */
async function runAndKill(
  words: readonly string[],
  until: { readonly lines: number; readonly delayMs: number },
): Promise<readonly string[]> {
  const child = spawn(process.execPath, [CHILD, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === until.lines) setTimeout(() => child.kill('SIGKILL'), until.delayMs);
  }
  const [code, signal] = await exit;
  assert.ok(signal === 'SIGKILL' || (code === 0 && lines.at(-1) === 'done'), `ended with ${code ?? signal}`);
  return lines;
}
