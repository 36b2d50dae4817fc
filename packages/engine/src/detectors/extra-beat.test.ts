import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { HOUR_MS, invocation } from './detector.contract.ts';

const ID = 'rate.extra-beat';
const DAYS = 15;

/** A call every half hour for two weeks and a day, and one out of turn at the hours given. */
function told(extraHours: readonly number[]): string[] {
  const beats: Sample[] = Array.from({ length: DAYS * 48 }, (_, at) => call(START_MS + (at * HOUR_MS) / 2, `t${at}`));
  const extra = extraHours.map((hour) => call(START_MS + (hour + 0.1) * HOUR_MS, `x${hour}`));
  const feed = new Feed();
  feed.rows([...beats, ...extra].sort((a, b) => a.atMs - b.atMs));
  feed.tick(START_MS + DAYS * 24 * HOUR_MS);
  return feed.findings.filter(({ detector }) => detector === ID).map(({ level }) => level);
}

function call(atMs: number, request: string): Sample {
  return { ...invocation(atMs), atMs, request };
}

describe('rate.extra-beat fires', () => {
  it('at the watch level, when a timer that was strict for two weeks runs out of turn', () => {
    assert.deepEqual(told([DAYS * 24 - 5]), ['watch']);
  });

  it('once, when it runs out of turn again the same day', () => {
    assert.deepEqual(told([DAYS * 24 - 9, DAYS * 24 - 5]), ['watch']);
  });
});

describe('rate.extra-beat stays quiet', () => {
  it('while the timer is strict', () => {
    assert.deepEqual(told([]), []);
  });

  it('about a timer that ran out of turn a week before', () => {
    assert.deepEqual(told([DAYS * 24 - 7 * 24, DAYS * 24 - 5]), []);
  });
});
