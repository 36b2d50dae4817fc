import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { FN, HOUR_MS } from './detector.contract.ts';

const MINUTE_MS = 60_000;
/** Hours of ordinary load before anything happens. */
const HOURS = 30;

/** A minute's invocations: `count` of them, `durationMs` long, by callers that `callerOf` names. */
function minute(at: number, of: { count: number; durationMs: number; callerOf: (one: number) => string }): Sample[] {
  return Array.from({ length: of.count }, (_, one) => ({
    atMs: START_MS + at * MINUTE_MS + Math.floor((one * 59_000) / of.count),
    fn: FN,
    request: `r${at}-${one}`,
    numbers: { durationMs: of.durationMs, memoryMb: 900 },
    symbols: {
      status: 'ok',
      triggerKind: 'http',
      triggerSource: 'GET /search',
      principal: of.callerOf(one),
      principalKind: 'person',
    },
  }));
}

const everybody = (at: number) => (one: number) => `token-${(at * 31 + one * 7) % 40}`;

/** A feed with an ordinary history: an invocation a second, forty people. */
function afterHistory(): Feed {
  const feed = new Feed();
  for (let at = 0; at < HOURS * 60; at++) {
    feed.rows(minute(at, { count: 20 + (at % 9), durationMs: 400 + (at % 50), callerOf: everybody(at) }));
  }
  return feed;
}

/** Cost findings within an hour of another load. */
function told(
  feed: Feed,
  of: { count: number; durationMs: number; callerOf: (at: number) => (one: number) => string },
): string[] {
  const from = HOURS * 60;
  for (let at = from; at < from + 60; at++) feed.rows(minute(at, { ...of, callerOf: of.callerOf(at) }));
  feed.tick(START_MS + (HOURS + 1) * HOUR_MS + MINUTE_MS);
  return feed.told.filter((one) => one.startsWith('cost.')).map((one) => one.split(' ')[0]);
}

describe('spending', () => {
  describe('fires', () => {
    it('on forty times the cost by longer runs', () => {
      const feed = afterHistory();
      assert.ok(told(feed, { count: 25, durationMs: 40_000, callerOf: everybody }).includes('cost.spend'));
      const [finding] = feed.findings.filter(({ detector }) => detector === 'cost.spend');
      assert.match(finding.sentence, /cost \$0\.\d+ in an hour; in \d+ hours it cost at most \$0\.\d+\./);
    });

    it('on as much by more runs', () => {
      assert.ok(told(afterHistory(), { count: 1500, durationMs: 1500, callerOf: everybody }).includes('cost.spend'));
    });
  });

  describe('stays quiet', () => {
    it('on twice the load', () => {
      assert.deepEqual(told(afterHistory(), { count: 50, durationMs: 420, callerOf: everybody }), []);
    });

    it('on a function that costs next to nothing, however much more it costs', () => {
      const feed = new Feed();
      for (let at = 0; at < HOURS * 60; at += 5) {
        feed.rows(minute(at, { count: 1, durationMs: 20, callerOf: everybody(at) }));
      }
      assert.deepEqual(told(feed, { count: 4, durationMs: 100, callerOf: everybody }), []);
    });
  });
});

describe('one caller', () => {
  describe('fires', () => {
    it('when it makes nearly all of a burst', () => {
      const feed = afterHistory();
      const one = (at: number) => (call: number) => (call % 20 === 0 ? everybody(at)(call) : 'token-scraper');
      assert.ok(told(feed, { count: 200, durationMs: 420, callerOf: one }).includes('cost.concentration'));
    });

    it('also where it is known as an ordinary caller', () => {
      assert.ok(
        told(afterHistory(), { count: 300, durationMs: 420, callerOf: () => () => 'token-3' }).includes(
          'cost.concentration',
        ),
      );
    });
  });

  describe('stays quiet', () => {
    it('when everybody comes at once', () => {
      assert.ok(
        !told(afterHistory(), { count: 200, durationMs: 420, callerOf: everybody }).includes('cost.concentration'),
      );
    });

    it('on a function that only ever had one caller', () => {
      const feed = new Feed();
      const robot = () => () => 'token-robot';
      for (let at = 0; at < HOURS * 60; at++)
        feed.rows(minute(at, { count: 10 + (at % 5), durationMs: 50, callerOf: robot() }));
      assert.ok(!told(feed, { count: 30, durationMs: 50, callerOf: robot }).includes('cost.concentration'));
    });
  });
});
