import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TimeCounts } from './time-counts.ts';

const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;

function middleOf(times: readonly number[]) {
  const counts = new TimeCounts();
  for (const time of times) counts.add(time);
  return counts.middle();
}

/** `count` times, one a minute. */
function minutes(count: number, fromMs = START_MS): number[] {
  return Array.from({ length: count }, (_, at) => fromMs + at * 60_000);
}

describe('the middle of a recording', () => {
  it('is the middle of its time', () => {
    assert.deepEqual(middleOf(minutes(121)), { atMs: START_MS + HOUR_MS, by: 'time' });
  });

  it('stays the middle of time when the events are unevenly spread', () => {
    const times = [...minutes(100), ...minutes(60, START_MS + 10 * HOUR_MS)];
    assert.equal(middleOf(times).by, 'time');
  });

  it('halves the events when one of them carries a time of years ago', () => {
    const middle = middleOf([...minutes(120), START_MS - 5 * YEAR_MS]);
    assert.equal(middle.by, 'events');
    assert.ok(Math.abs(middle.atMs - (START_MS + HOUR_MS)) <= 2 * 60_000, new Date(middle.atMs).toISOString());
  });

  it('halves the events when one of them carries a time of years ahead', () => {
    const middle = middleOf([...minutes(120), START_MS + 5 * YEAR_MS]);
    assert.equal(middle.by, 'events');
    assert.ok(Math.abs(middle.atMs - (START_MS + HOUR_MS)) <= 2 * 60_000, new Date(middle.atMs).toISOString());
  });

  it('is the only time there is when all events share it, and no time without events', () => {
    assert.equal(middleOf([START_MS, START_MS]).atMs, START_MS);
    assert.equal(middleOf([START_MS]).atMs, START_MS);
    assert.ok(Number.isNaN(middleOf([]).atMs));
  });

  it('does not depend on the order of the events', () => {
    const times = [...minutes(3000), START_MS - 9 * YEAR_MS, START_MS - YEAR_MS];
    assert.deepEqual(middleOf(times.toReversed()), middleOf(times));
  });

  it('is found with bounded memory in years of events, in any order', () => {
    const count = 300_000;
    const times = Array.from({ length: count }, (_, at) => START_MS + ((at * 7919) % count) * 11_000);
    times.push(START_MS - 20 * YEAR_MS, START_MS - 20 * YEAR_MS + 1);
    const middle = middleOf(times);
    assert.equal(middle.by, 'events');
    assert.ok(Math.abs(middle.atMs - (START_MS + (count / 2) * 11_000)) <= 128_000);
    assert.deepEqual(middleOf(times.toReversed()), middle);
  });
});
