import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateStore } from './rates.ts';

const DAY_MINUTES = 1440;
/** A minute of 2023, as minutes since the epoch. */
const FIRST_MINUTE = 28_000_000;

/** Record that the verdict names when a function that ran ten times once a day for `days` days runs far more often. */
function recordAfter(days: number): number {
  const rates = new RateStore(4);
  const id = rates.alloc(FIRST_MINUTE);
  const close = (minute: number, count: number) =>
    rates.close(id, { minute: FIRST_MINUTE + minute, count, held: false, revision: 0, timer: false });
  for (let day = 0; day < days; day++) for (let at = 0; at < 10; at++) close(1 + day * DAY_MINUTES + at, 1);
  close(1 + days * DAY_MINUTES, 500);
  return rates.verdict.record;
}

describe('the rate of a function', () => {
  it('keeps a record as long as it is reached again, whatever generations begin meanwhile', () => {
    for (const days of [10, 21, 42, 43, 84, 90]) assert.equal(recordAfter(days), 10, `after ${days} days`);
  });
});
