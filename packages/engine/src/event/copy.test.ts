import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { canonicalRow } from './canonical.ts';
import { CopyCache, copyRow } from './copy.ts';
import { FLAG, IDS, NUMBERS, SYMBOLS, TRUST } from './schema.ts';
import { seededBatch } from './seeded-batch.ts';

const textOf = (batch: Batch, row: number) => canonicalRow(batch, row, 0);

/** A batch whose only row has every column of the schema. */
function fullRow(): Batch {
  const builder = new BatchBuilder();
  builder.addOrigin({ name: 'first', from: 0, to: 10, sha256: 'a'.repeat(64) });
  const origin = builder.addOrigin({ name: 'second', from: 5, to: 90, sha256: 'b'.repeat(64) });
  builder.begin('otel', 1_767_225_600_000, 'made');
  builder.trust(TRUST.stdout);
  builder.flag(FLAG.cold | FLAG.denied);
  for (const [at, field] of NUMBERS.entries()) builder.number(field, at + 0.5);
  for (const field of SYMBOLS) builder.symbol(field, `the ${field}`);
  for (const field of IDS) builder.id(field, `id-${field}`);
  builder.call({
    verb: 'v',
    resource: 'r',
    destination: 'd',
    bytesOut: 1,
    bytesIn: 2,
    status: 503,
    offsetMs: 1.5,
    durationMs: 2.5,
    spanId: '00f067aa0ba902b7',
  });
  builder.locate(origin, 7, 20, 3);
  builder.end();
  return builder.finish();
}

describe('copying a row', () => {
  it('keeps every column of the schema', () => {
    const original = fullRow();
    const builder = new BatchBuilder();
    copyRow(builder, 0, new CopyCache(original));
    const copy = builder.finish();
    assert.equal(textOf(copy, 0), textOf(original, 0));
    assert.equal(copy.columns.trust[0], TRUST.stdout);
    for (const field of [...NUMBERS, ...SYMBOLS, ...IDS]) assert.match(textOf(copy, 0), new RegExp(`"${field}":`));
  });

  it('makes the event time the received time', () => {
    const original = seededBatch({ seed: 1, rows: 5, startMs: 1e12 });
    const builder = new BatchBuilder();
    copyRow(builder, 3, new CopyCache(original));
    const { columns } = builder.finish();
    assert.equal(columns.eventMs[0], original.columns.eventMs[3]);
    assert.equal(columns.receivedMs[0], original.columns.eventMs[3]);
  });

  it('keeps the rows of two batches apart, in any order, over several batches of the copy', () => {
    const batches = [
      seededBatch({ seed: 1, rows: 300, startMs: 1e12 }),
      seededBatch({ seed: 2, rows: 300, startMs: 1e12 }),
    ];
    const caches = batches.map((batch) => new CopyCache(batch));
    const builder = new BatchBuilder();
    const copies: string[] = [];
    const expected: string[] = [];
    for (let row = 299; row >= 0; row--) {
      for (const cache of caches) {
        copyRow(builder, row, cache);
        cache.batch.columns.receivedMs[row] = cache.batch.columns.eventMs[row];
        expected.push(textOf(cache.batch, row));
      }
      if (row % 100 !== 0) continue;
      const batch = builder.finish();
      for (let at = 0; at < batch.rows; at++) copies.push(textOf(batch, at));
      for (const cache of caches) cache.clear();
    }
    assert.deepEqual(copies, expected);
  });

  it('takes over only what the rows use', () => {
    const original = seededBatch({ seed: 1, rows: 300, startMs: 1e12 });
    const builder = new BatchBuilder();
    copyRow(builder, 0, new CopyCache(original));
    const copy = builder.finish();
    assert.ok(copy.symbolCount < 40 && copy.symbolCount < original.symbolCount / 2, `${copy.symbolCount} symbols`);
    assert.equal(copy.columns.origins.length, 1);
  });

  it('copies a row of a batch without origins', () => {
    const builder = new BatchBuilder();
    builder.begin('health', 5, 'made');
    builder.end();
    const original = builder.finish();
    copyRow(builder, 0, new CopyCache(original));
    assert.equal(textOf(builder.finish(), 0), textOf(original, 0));
  });
});
