import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { GROUPS } from '../features/groups.ts';
import { JudgedCounts } from './judged.ts';

type Entry = readonly [detector: string, group: number, count: number];

function taken(counts: JudgedCounts): Entry[] {
  const entries: Entry[] = [];
  counts.take((...entry) => entries.push(entry));
  return entries;
}

function counted(...entries: readonly Entry[]): JudgedCounts {
  const counts = new JudgedCounts();
  for (const [detector, group, count] of entries) {
    for (let at = 0; at < count; at++) counts.add(detector, group);
  }
  return counts;
}

function savedOf(counts: JudgedCounts): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  counts.save(out);
  return out.finish();
}

describe('judged observations', () => {
  it('are counted per detector and group from the first one on', () => {
    assert.deepEqual(taken(counted(['b', 1, 1], ['a', 0, 3], ['b', GROUPS - 1, 2])), [
      ['a', 0, 3],
      ['b', 1, 1],
      ['b', GROUPS - 1, 2],
    ]);
  });

  it('are handed over once', () => {
    const counts = counted(['a', 2, 5]);
    taken(counts);
    assert.deepEqual(taken(counts), []);
    counts.add('a', 2);
    assert.deepEqual(taken(counts), [['a', 2, 1]]);
  });

  it('are the same however they are spread over partitions', () => {
    const whole = counted(['a', 1, 7], ['b', 1, 4], ['c', 0, 2]);
    const [first, second, third] = [
      counted(['b', 1, 1]),
      counted(['c', 0, 2], ['a', 1, 3]),
      counted(['a', 1, 4], ['b', 1, 3]),
    ];
    for (const other of [second, third]) first.absorb(other);
    assert.deepEqual(taken(first), taken(whole));
    assert.deepEqual([taken(second), taken(third)], [[], []]);
  });

  it('are saved alike in whatever order they came, and stay after saving', () => {
    const [forth, back] = [counted(['a', 1, 2], ['b', 0, 3]), counted(['b', 0, 3], ['a', 1, 2])];
    assert.deepEqual(savedOf(back), savedOf(forth));
    const loaded = counted(['z', 0, 9]);
    loaded.load(new StateReader(savedOf(forth)));
    assert.deepEqual(taken(loaded), taken(forth));
  });

  it('of a group that does not exist are refused', () => {
    const out = new StateWriter();
    out.u32(1);
    out.text('a');
    out.u32(GROUPS);
    out.u32(1);
    assert.throws(() => new JudgedCounts().load(new StateReader(out.finish())), /damaged/);
  });
});
