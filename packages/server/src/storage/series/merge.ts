import { assert } from '@gait/engine/base/assert';
import type { RowSet } from './kind.ts';

/** Rows merged at once: 2^23, so that a row's number fits below its place in the order. */
export const MERGED_ROWS_MAX = 8_388_608;

/**
 * All rows sorted by name and slot, each (name, slot) once; of several the one in the last set stands. `slots` is the
 * number of slots in a file. Costs about 0.5 µs and 100 bytes a row.
 */
export function mergeRows(sets: readonly RowSet[], slots: number): RowSet {
  const names = namesIn(sets);
  const rankOf = new Map(names.map((name, rank) => [name, rank]));
  const starts = startsOf(sets);
  const total = starts[sets.length];
  assert(total <= MERGED_ROWS_MAX, 'a file is limited to fewer rows than can be merged');

  const keys = new Float64Array(total);
  sets.forEach((set, at) => {
    const ranks = set.names.map((name) => rankOf.get(name) ?? 0);
    for (let row = 0; row < set.name.length; row++) {
      const sequence = starts[at] + row;
      keys[sequence] = (ranks[set.name[row]] * slots + set.slot[row]) * MERGED_ROWS_MAX + sequence;
    }
  });
  keys.sort();

  const kept = lastOfEach(keys);
  const columnCount = Math.max(0, ...sets.map((set) => set.columns.length));
  const name = new Uint32Array(kept.length);
  const slot = new Uint16Array(kept.length);
  const columns = Array.from({ length: columnCount }, () => new Float64Array(kept.length));
  for (let row = 0; row < kept.length; row++) {
    const place = Math.floor(kept[row] / MERGED_ROWS_MAX);
    name[row] = Math.floor(place / slots);
    slot[row] = place % slots;
    const sequence = kept[row] % MERGED_ROWS_MAX;
    const at = setOf(starts, sequence);
    for (let column = 0; column < sets[at].columns.length; column++) {
      columns[column][row] = sets[at].columns[column][sequence - starts[at]];
    }
  }
  return { names, name, slot, columns };
}

/** The rows `[from, to)` of sorted rows, with only their own names. */
export function sliceRows(rows: RowSet, from: number, to: number): RowSet {
  const first = rows.name[from];
  return {
    names: rows.names.slice(first, rows.name[to - 1] + 1),
    name: rows.name.slice(from, to).map((index) => index - first),
    slot: rows.slot.slice(from, to),
    columns: rows.columns.map((column) => column.slice(from, to)),
  };
}

/** Distinct names that have a row, sorted. */
function namesIn(sets: readonly RowSet[]): string[] {
  const names = new Set<string>();
  for (const set of sets) {
    const used = new Uint8Array(set.names.length);
    for (const index of set.name) used[index] = 1;
    set.names.forEach((name, index) => {
      if (used[index] === 1) names.add(name);
    });
  }
  return [...names].sort();
}

function startsOf(sets: readonly RowSet[]): number[] {
  const starts = [0];
  for (const set of sets) starts.push(starts[starts.length - 1] + set.name.length);
  return starts;
}

/** Of sorted keys those that no key of the same place follows. */
function lastOfEach(keys: Float64Array): Float64Array {
  let kept = 0;
  for (let at = 0; at < keys.length; at++) {
    const same =
      at + 1 < keys.length && Math.floor(keys[at] / MERGED_ROWS_MAX) === Math.floor(keys[at + 1] / MERGED_ROWS_MAX);
    if (!same) keys[kept++] = keys[at];
  }
  return keys.subarray(0, kept);
}

function setOf(starts: readonly number[], sequence: number): number {
  let low = 0;
  let high = starts.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= sequence) low = middle;
    else high = middle - 1;
  }
  return low;
}
