import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeRows, encodeRows } from './block.ts';
import type { RowSet } from './kind.ts';
import { mergeRows, sliceRows } from './merge.ts';

const RUNS = 60 * Number(process.env['GAIT_SEEDS'] ?? 5);
const SLOTS = 60;

/** Sets of at most 40 rows over few names, so that rows often collide. */
const rowSet: fc.Arbitrary<RowSet> = fc
  .record({
    names: fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 4 }), { minLength: 1, maxLength: 6 }),
    cells: fc.array(fc.tuple(fc.nat(), fc.nat(SLOTS - 1), fc.double({ noNaN: true }), fc.double()), { maxLength: 40 }),
  })
  .map(({ names, cells }) => ({
    names,
    name: Uint32Array.from(cells, ([name]) => name % names.length),
    slot: Uint16Array.from(cells, ([, slot]) => slot),
    columns: [Float64Array.from(cells, ([, , cell]) => cell), Float64Array.from(cells, ([, , , cell]) => cell)],
  }));

/** Rows as plain lists, the form both sides are compared in. */
function listOf(rows: RowSet): readonly (readonly [string, number, ...number[]])[] {
  return Array.from(rows.name, (name, row) => [
    rows.names[name],
    rows.slot[row],
    ...rows.columns.map((column) => column[row]),
  ]);
}

test('merging keeps the last row of each name and slot, sorted by both', () => {
  fc.assert(
    fc.property(fc.array(rowSet, { minLength: 1, maxLength: 5 }), (sets) => {
      const last = new Map<string, readonly [string, number, ...number[]]>();
      for (const row of sets.flatMap(listOf)) last.set(JSON.stringify([row[0], row[1]]), row);
      const expected = [...last.values()].sort(([name, slot], [other, otherSlot]) =>
        name === other ? slot - otherSlot : name < other ? -1 : 1,
      );
      assert.deepEqual(listOf(mergeRows(sets, SLOTS)), expected);
    }),
    { seed: 11, numRuns: RUNS },
  );
});

test('slices of merged rows, put together, are the merged rows', () => {
  fc.assert(
    fc.property(fc.array(rowSet, { minLength: 1, maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (sets, length) => {
      const merged = mergeRows(sets, SLOTS);
      const parts = [];
      for (let from = 0; from < merged.name.length; from += length) {
        const slice = sliceRows(merged, from, Math.min(from + length, merged.name.length));
        assert.ok(slice.names.length <= length);
        parts.push(...listOf(slice));
      }
      assert.deepEqual(parts, listOf(merged));
    }),
    { seed: 12, numRuns: RUNS },
  );
});

test('a block reads back as it was written, few rows or many', () => {
  fc.assert(
    fc.property(rowSet, fc.boolean(), (rows, many) => {
      const set = many ? repeated(rows, 100) : rows;
      const read = decodeRows(encodeRows(set));
      assert.ok(read !== undefined);
      assert.deepEqual(listOf(read), listOf(set));
    }),
    { seed: 13, numRuns: RUNS },
  );
});

test('bytes that are no block are refused, never tripped over', () => {
  fc.assert(
    fc.property(rowSet, fc.nat(), fc.uint8Array({ maxLength: 20 }), (rows, at, noise) => {
      const bytes = encodeRows(rows);
      assert.equal(decodeRows(bytes.subarray(0, at % bytes.length)), undefined);
      assert.equal(decodeRows(Buffer.concat([bytes, Uint8Array.of(0)])), undefined);
      const read = decodeRows(noise);
      assert.ok(read === undefined || read.name.length >= 0);
    }),
    { seed: 14, numRuns: RUNS },
  );
});

function repeated(rows: RowSet, times: number): RowSet {
  const again = <T>(list: ArrayLike<T>) => Array.from({ length: times }, () => Array.from(list)).flat();
  return {
    names: rows.names,
    name: Uint32Array.from(again(rows.name)),
    slot: Uint16Array.from(again(rows.slot)),
    columns: rows.columns.map((column) => Float64Array.from(again(column))),
  };
}
