import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Engine } from '@gait/engine/engine';
import { batchesOf, GENESIS, ODD_CALLS, START_MS, steady } from '@gait/engine/engine-feed';
import type { Finding } from '@gait/engine/event/finding';
import type { Log } from '../log/log.ts';
import { openMemoryLog } from '../log/memory.ts';
import { scratchFolder } from '../log/scratch.ts';
import { openSegmentLog } from '../log/segments/segment-log.ts';

const DAY_MS = 86_400_000;

/** Two functions for a day, declared normal, and a second day in which one of them does something odd now and then. */
function samples() {
  const normal = ['quay', 'crane'].flatMap((name) => steady(name, START_MS, 1440, 60_000));
  const later = ['quay', 'crane'].flatMap((name) => steady(name, START_MS + DAY_MS, 700, 60_000));
  for (const at of [50, 400, 650]) later[at] = { ...later[at], calls: ODD_CALLS };
  return [...normal, ...later].sort((a, b) => a.atMs - b.atMs);
}

/** Appends the samples in batches of a size and lets an engine step over what the log gives back. */
async function judge(log: Log, batchRows: number): Promise<{ findings: Finding[]; state: Uint8Array }> {
  await log.append({ type: 'control', receivedMs: START_MS, control: GENESIS });
  const span = { kind: 'training-span', fromMs: START_MS, toMs: START_MS + DAY_MS, by: 'test' } as const;
  await log.append({ type: 'control', receivedMs: START_MS, control: span });
  for (const batch of batchesOf(samples(), batchRows)) await log.append({ type: 'observation', batch });
  await log.append({ type: 'tick', throughMs: START_MS + 2 * DAY_MS });
  const engine = new Engine(GENESIS);
  const findings: Finding[] = [];
  for await (const { ordinal, record } of log.read(0)) findings.push(...engine.step(record, ordinal).findings);
  await log.close();
  return { findings, state: engine.snapshot() };
}

const onDisk = async (test: TestContext) => openSegmentLog(await scratchFolder(test), { segmentBytesMax: 60_000 });

describe('two log writers under the same clock', () => {
  it('lead to byte-equal findings and states, whatever the batches', async (test) => {
    const reference = await judge(openMemoryLog(), 4096);
    assert.ok(reference.findings.length > 0, 'something was found');
    for (const [log, batchRows] of [
      [openMemoryLog(), 7],
      [await onDisk(test), 4096],
      [await onDisk(test), 333],
      [await onDisk(test), 61],
    ] as const) {
      const other = await judge(log, batchRows);
      assert.equal(JSON.stringify(other.findings), JSON.stringify(reference.findings));
      assert.ok(Buffer.from(other.state).equals(reference.state));
    }
  });
});
