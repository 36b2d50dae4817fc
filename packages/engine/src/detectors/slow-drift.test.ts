import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { assertQuiet, claims, DAY_MS, FN, onlyClaim } from './detector.contract.ts';

const RUNS = 40;
const BEFORE = 30;

interface Life {
  readonly fn?: string;
  /** Factor of the bytes sent, and of the duration, at a time in days. */
  readonly bytes?: (day: number) => number;
  readonly duration?: (day: number) => number;
  readonly runs?: (day: number) => number;
  readonly revision?: (day: number) => string;
}

/** Days of a function, with a little noise that depends on day and run alone. */
function life(from: number, to: number, of: Life = {}): Sample[] {
  const rows: Sample[] = [];
  for (let day = from; day < to; day++) {
    const runs = Math.round(RUNS * (of.runs?.(day) ?? 1));
    for (let run = 0; run < runs; run++) {
      const at = day + (run + 0.5) / runs;
      const wobble = 1 + (((day * 31 + run * 17) % 23) - 11) / 60;
      rows.push({
        atMs: START_MS + Math.floor(at * DAY_MS),
        fn: of.fn ?? FN,
        request: `${of.fn ?? FN}-${day}-${run}`,
        numbers: {
          durationMs: 60 * wobble * (of.duration?.(at) ?? 1),
          memoryMb: 80 + (run % 4),
          bytesOut: 1200 * wobble * (of.bytes?.(at) ?? 1),
        },
        symbols: {
          status: 'ok',
          revision: of.revision?.(day) ?? '1',
          triggerKind: 'queue',
          triggerSource: 'sqs:orders',
        },
        calls: ['dynamodb:GetItem orders dynamodb/orders'],
      });
    }
  }
  return rows;
}

function lived(...rows: readonly (readonly Sample[])[]): Feed {
  const feed = new Feed();
  feed.rows(rows.flat().sort((a, b) => a.atMs - b.atMs));
  return feed;
}

const growing = (rate: number) => (day: number) => (1 + rate) ** Math.max(0, day - BEFORE);
/** Days after `BEFORE` at which something was told. */
const daysOf = (feed: Feed, detector: string) =>
  claims(feed, detector).map(({ timeMs }) => (timeMs - START_MS) / DAY_MS - BEFORE);

describe('C1: slow drift fires', () => {
  it('on bytes that grow by 2 and by 25 percent a day, before they double', () => {
    for (const rate of [0.02, 0.25]) {
      const doubled = Math.LN2 / Math.log1p(rate);
      const feed = lived(life(0, BEFORE + Math.ceil(doubled), { bytes: growing(rate) }));
      const [first] = daysOf(feed, 'resource.drift');
      assert.ok(first < doubled, `${rate}: after ${first} days`);
    }
  });

  it('once on run time that stays twice as long, and again when it grows further', () => {
    const feed = lived(life(0, BEFORE + 20, { duration: (day) => (day < BEFORE ? 1 : day < BEFORE + 12 ? 2 : 3) }));
    const days = daysOf(feed, 'timing.drift');
    assert.equal(days.length, 2);
    assert.ok(days[0] <= 1.5 && days[1] >= 12 && days[1] <= 16, days.join());
    const [{ sentence, evidence }] = claims(feed, 'timing.drift');
    assert.match(sentence, /more than the .* that its \d+ known days are anchored at/);
    assert.equal(evidence[0].parameter, 'duration_ms_trend');
  });

  it('on one function while a few of many others move less', () => {
    const others = Array.from({ length: 12 }, (_, at) =>
      life(0, BEFORE + 8, {
        fn: `aws:1:eu-west-1:other-${at}`,
        runs: () => 0.5,
        duration: (day) => (day > BEFORE && at < 3 ? 1.45 : 1),
      }),
    );
    const own = life(0, BEFORE + 8, { duration: (day) => (day > BEFORE ? 4 : 1) });
    assert.ok(claims(lived(own, ...others), 'timing.drift').some(({ function: name }) => name === FN));
  });
});

describe('C1: slow drift stays quiet', () => {
  it('on two tenths of a percent a day, for a hundred days', () => {
    assertQuiet(lived(life(0, 100, { bytes: (day) => 1.002 ** day, duration: (day) => 1.002 ** day })));
  });

  it('on more and more invocations that are each as before', () => {
    assertQuiet(lived(life(0, BEFORE + 30, { runs: (day) => 1.05 ** Math.max(0, day - BEFORE) })));
  });

  it('on a day that is larger every weekend', () => {
    assertQuiet(lived(life(0, 60, { bytes: (day) => (Math.floor(day) % 7 >= 5 ? 1.4 : 1) })));
  });

  it('on a new revision that does more, and keeps an eye on that one', () => {
    const twice = (day: number) => (day < BEFORE ? 1 : 2);
    const feed = lived(life(0, BEFORE + 20, { bytes: twice, revision: (day) => (day < BEFORE ? '1' : '2') }));
    assert.deepEqual(daysOf(feed, 'resource.drift'), []);
    feed.rows(life(BEFORE + 20, BEFORE + 32, { bytes: (day) => 2 * 1.1 ** (day - BEFORE - 20), revision: () => '2' }));
    assert.ok(daysOf(feed, 'resource.drift').length > 0);
  });

  it('when all functions of a tenant move together', () => {
    const all = Array.from({ length: 14 }, (_, at) =>
      life(0, BEFORE + 8, { fn: `aws:1:eu-west-1:fn-${at}`, duration: (day) => (day < BEFORE ? 1 : 1.7) }),
    );
    const told = claims(lived(...all), 'timing.drift');
    assert.deepEqual(
      told.map(({ function: name }) => name),
      [],
    );
  });

  it('after somebody said that it is expected', () => {
    const feed = lived(life(0, BEFORE + 3, { duration: (day) => (day < BEFORE ? 1 : 2) }));
    const { id } = onlyClaim(feed, 'timing.drift');
    feed.control({ kind: 'feedback', finding: id, verdict: 'expected', by: 'test' }, feed.engine.clock.nowMs);
    feed.rows(life(BEFORE + 3, BEFORE + 40, { duration: () => 2 }));
    assert.equal(daysOf(feed, 'timing.drift').length, 1);
    feed.rows(life(BEFORE + 40, BEFORE + 50, { duration: () => 6 }));
    assert.ok(daysOf(feed, 'timing.drift').length <= 2);
  });
});
