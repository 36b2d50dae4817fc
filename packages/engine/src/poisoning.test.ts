import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS, steady } from './engine-feed.ts';

const A = 'aws:1:eu-west-1:orders';
const DAY_MS = 86_400_000;
const told = (feed: Feed, detector: string) =>
  feed.findings.filter((one) => one.level === 'finding' && one.detector === detector).length;
const contact = (host: string, atMs: number, fn = A): Sample => {
  const [usual] = steady(fn, atMs, 1);
  return { ...usual, request: `${fn}${host}${atMs}`, calls: [...(usual.calls ?? []), `http:POST ${host}/x ${host}`] };
};

describe('somebody who tries to train the engine', () => {
  it('by stealing twice as much each day is told of each time', () => {
    const feed = new Feed();
    feed.rows(steady(A, START_MS, 300));
    for (let day = 1; day <= 8; day++) {
      feed.rows(steady(A, START_MS + day * DAY_MS, 50));
      const [theft] = steady(A, START_MS + day * DAY_MS + 3_600_000, 1);
      feed.rows([{ ...theft, numbers: { ...theft.numbers, bytesOut: 150_000 * 2 ** day } }]);
    }
    assert.equal(told(feed, 'resource.tail'), 8);
  });

  it('with decoys does not make the function blind to the next destination', () => {
    for (const history of [60, 200, 1000]) {
      const feed = new Feed();
      feed.rows(steady(A, START_MS, history));
      const from = START_MS + 20_000_000;
      for (let decoy = 0; decoy < 15; decoy++) feed.rows([contact(`decoy${decoy}.example`, from + decoy * 60_000)]);
      assert.equal(told(feed, 'egress.new-destination'), 15);
      feed.rows([contact('real.example', from + 4_000_000)]);
      assert.equal(told(feed, 'egress.new-destination'), 16);
    }
  });

  it('through a function of their own cannot vouch for a destination', () => {
    const feed = new Feed();
    feed.rows(steady(A, START_MS, 3000));
    const own = 'aws:1:eu-west-1:theirs';
    const from = START_MS + 40_000_000;
    feed.rows(Array.from({ length: 30 }, (_, at) => contact('evil.example', from + at * 1000, own)));
    feed.rows([contact('evil.example', from + 100_000)]);
    assert.equal(told(feed, 'egress.new-destination'), 1);
  });
});

describe('a function whose destinations begin to change for good', () => {
  it('is told of at first and left alone within a week', () => {
    const feed = new Feed();
    feed.rows(steady(A, START_MS, 200));
    const perDay: number[] = [];
    for (let day = 1; day <= 8; day++) {
      const before = told(feed, 'egress.new-destination');
      const from = START_MS + day * DAY_MS;
      feed.rows(Array.from({ length: 40 }, (_, at) => contact(`customer${day}x${at}.example`, from + at * 60_000)));
      perDay.push(told(feed, 'egress.new-destination') - before);
    }
    assert.ok(perDay[0] > 0 && perDay[0] <= 25);
    assert.deepEqual(perDay.slice(4), [0, 0, 0, 0]);
  });
});
