import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import fc from 'fast-check';
import { sortByTime } from './sort.ts';

const RUNS = Number(process.env['GAIT_SEEDS'] ?? 60);
const SEED = 20_263;
const NOW_MS = 500;

/** One for all runs: it is as large as a batch may get. */
const builder = new BatchBuilder();

/** Batches with these times; rows are numbered through in reading order. */
function batchesOf(times: readonly (readonly number[])[]): Batch[] {
  let count = 0;
  return times.map((rows) => {
    for (const timeMs of rows) {
      builder.begin('sensor', timeMs, 'made');
      builder.number('sequence', count++);
      builder.end();
    }
    return builder.finish();
  });
}

/** The plain way: fill the gaps, then a stable sort. */
function expected(times: readonly number[]): readonly (readonly [number, number])[] {
  let clockMs = times.find((timeMs) => !Number.isNaN(timeMs)) ?? NOW_MS;
  const filled = times.map((timeMs, at): readonly [number, number] => {
    if (!Number.isNaN(timeMs)) clockMs = timeMs;
    return [clockMs, at];
  });
  return filled.sort((a, b) => a[0] - b[0]);
}

suite('sorting by time', () => {
  test('gives what the plain way gives, for any times, batches and memory', async () => {
    const time = fc.oneof(
      { weight: 9, arbitrary: fc.integer({ min: 0, max: 40 }) },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
    );
    const rows = fc.oneof(
      fc.array(time, { maxLength: 8 }),
      fc.array(time, { maxLength: 8 }).map((times) => times.toSorted((a, b) => a - b)),
      fc.array(fc.constant(Number.NaN), { maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(rows, { maxLength: 12 }), fc.integer({ min: 0, max: 4000 }), async (times, memory) => {
        const source = (async function* () {
          yield* batchesOf(times);
        })();
        const sorted = await sortByTime(source, { nowMs: NOW_MS, memoryBytesMax: memory });
        const found: (readonly [number, number])[] = [];
        for await (const batch of sorted.batches()) {
          for (let row = 0; row < batch.rows; row++) {
            assert.equal(batch.columns.receivedMs[row], batch.columns.eventMs[row]);
            found.push([batch.columns.eventMs[row], batch.number(row, 'sequence')]);
          }
        }
        const plain = expected(times.flat());
        assert.deepEqual(found, plain);
        if (plain.length > 0) assert.deepEqual([sorted.fromMs, sorted.toMs], [plain[0][0], plain[plain.length - 1][0]]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
