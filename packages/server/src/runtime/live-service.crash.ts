import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import { scratchFolder } from '../log/scratch.ts';
import { linesUntilKilled, seededRandom, seedsOfRun } from '../storage/kill.contract.ts';
import { crashRecord } from './crash-records.ts';
import { assertAsUninterrupted } from './reference.contract.ts';
import { Workspace } from './workspace.ts';

/** Kills of one folder, each after the recovery from the one before. */
const KILLS = 3;
const CHILD = join(import.meta.dirname, 'live-service.crash-child.ts');

describe('a running service that is killed at any moment', { concurrency: 2 }, () => {
  for (const seed of seedsOfRun()) {
    it(`keeps what was acknowledged and tells of no finding twice (seed ${seed})`, (test) => kills(test, seed));
  }
});

async function kills(test: TestContext, seed: number): Promise<void> {
  const folder = await scratchFolder(test);
  const random = seededRandom(seed);
  const told: string[] = [];
  const acknowledged = new Set<number>();
  let next = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await linesUntilKilled([CHILD, folder, String(next)], {
      lines: 1 + Math.floor(random() * 60),
      delayMs: random() * 8,
    });
    for (const line of lines) {
      if (line.startsWith('a ')) acknowledged.add(Number(line.slice(2)));
      else if (line.startsWith('f ')) told.push(line.slice(2));
    }
    next = Math.max(-1, ...acknowledged) + 1;
  }
  assert.deepEqual(told.length, new Set(told).size, 'no finding was told of twice');
  const workspace = await Workspace.open(folder);
  const findings = await assertAsUninterrupted(workspace);
  for (const id of told) assert.equal(workspace.store.finding(id).kind, 'found');
  // Records 13 and later are odd: the test would be empty without findings.
  assert.ok(findings > 0 || next < 16, 'something was found');
  const held = await startsIn(workspace);
  for (const number of acknowledged) {
    const record = crashRecord(number);
    if (record.type === 'observation') assert.ok(held.has(startOf(record.batch)), `record ${number} was acknowledged`);
  }
  await workspace.close();
}

/** What tells the batches of a crash test apart. */
function startOf(batch: Batch): string {
  return `${batch.symbolText(0, 'function')} ${batch.columns.eventMs[0]}`;
}

async function startsIn({ log }: Workspace): Promise<Set<string>> {
  const starts = new Set<string>();
  for await (const { record } of log.read(0)) if (record.type === 'observation') starts.add(startOf(record.batch));
  return starts;
}
