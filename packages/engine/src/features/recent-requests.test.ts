import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { RECENT_REQUESTS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { FACET } from '../event/schema.ts';
import { ARRIVAL, RecentRequests } from './recent-requests.ts';

const KEY = { hi: 11, lo: 12 };

/** What the arrival of a facet is called, by name. Keys are spread like the hashes they stand for. */
function arrive(recent: RecentRequests, of: { kind?: number; second?: number; content?: number; lo?: number }): string {
  const { kind = FACET.sensor, second = 100, content = 5, lo = KEY.lo } = of;
  const arrival = recent.arrive({ hi: KEY.hi, lo: mix32(lo) >>> 0 }, { kind, second, content });
  return Object.entries(ARRIVAL).find(([, value]) => value === arrival)?.[0] ?? '';
}

function savedOf(recent: RecentRequests): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  recent.save(out);
  return out.finish();
}

describe('a facet of a request', () => {
  it('is the first, another, or a copy', () => {
    const recent = new RecentRequests();
    assert.equal(arrive(recent, {}), 'first');
    assert.equal(arrive(recent, { kind: FACET.platform }), 'another');
    assert.equal(arrive(recent, { kind: FACET.platform }), 'duplicate');
    assert.equal(arrive(recent, {}), 'duplicate');
    assert.equal(arrive(recent, { lo: 13 }), 'first');
    assert.equal(
      recent.arrive({ hi: 12, lo: mix32(KEY.lo) >>> 0 }, { kind: 0, second: 100, content: 5 }),
      ARRIVAL.first,
    );
  });

  it('is a conflict when it differs from the first copy of the same second', () => {
    const recent = new RecentRequests();
    arrive(recent, {});
    assert.equal(arrive(recent, { content: 6 }), 'conflict');
    assert.equal(arrive(recent, { content: 6 }), 'conflict', 'the first one keeps counting');
    assert.equal(arrive(recent, {}), 'duplicate');
  });

  it('is a retry when it differs and is later, and its copies are copies', () => {
    const recent = new RecentRequests();
    arrive(recent, {});
    arrive(recent, { kind: FACET.xray });
    assert.equal(arrive(recent, { second: 160, content: 6 }), 'retry');
    assert.equal(arrive(recent, { second: 160, content: 6 }), 'duplicate');
    assert.equal(arrive(recent, { second: 160, content: 7 }), 'conflict');
    assert.equal(arrive(recent, { kind: FACET.xray, second: 160 }), 'another', 'the retry has facets of its own');
    assert.equal(arrive(recent, { second: 300, content: 8 }), 'retry');
  });

  it('is a conflict when it differs and is from before or from soon after: one of the two is forged', () => {
    const recent = new RecentRequests();
    arrive(recent, { second: 160 });
    for (const second of [100, 158, 162, 189]) assert.equal(arrive(recent, { second, content: 6 }), 'conflict');
    assert.equal(arrive(recent, { second: 190, content: 6 }), 'retry');
  });
});

describe('the memory of requests', () => {
  it('is kept while it grows, and after the tables change places', () => {
    const recent = new RecentRequests();
    for (let lo = 1; lo <= RECENT_REQUESTS_MAX; lo++) assert.equal(arrive(recent, { lo, second: lo }), 'first');
    assert.equal(recent.sinceSecond, 0);
    // One more is too many: the full table becomes the older one.
    arrive(recent, { lo: RECENT_REQUESTS_MAX + 1, second: RECENT_REQUESTS_MAX + 1 });
    for (let lo = 1; lo <= RECENT_REQUESTS_MAX; lo += 997)
      assert.equal(arrive(recent, { lo, second: lo }), 'duplicate');
    assert.equal(arrive(recent, { lo: 5, second: 5, kind: FACET.xray }), 'another');
    assert.equal(arrive(recent, { lo: 5, second: 5, kind: FACET.xray }), 'duplicate');
  });

  it('is bounded: requests of two generations ago are forgotten, and it says since when it knows', () => {
    const recent = new RecentRequests();
    const count = 2 * RECENT_REQUESTS_MAX + 1;
    for (let lo = 1; lo <= count; lo++) arrive(recent, { lo, second: lo });
    assert.ok(savedOf(recent).length < 32_000_000, `${savedOf(recent).length} bytes`);
    assert.equal(arrive(recent, { lo: 1, second: 1 }), 'first');
    assert.equal(arrive(recent, { lo: RECENT_REQUESTS_MAX + 1, second: RECENT_REQUESTS_MAX + 1 }), 'duplicate');
    assert.equal(recent.sinceSecond, RECENT_REQUESTS_MAX + 1);
  });

  it('goes on from saved state', () => {
    const feed = (recent: RecentRequests, from: number, to: number) => {
      const arrivals: string[] = [];
      for (let at = from; at < to; at++) {
        const [lo, content] = [1 + ((at * 31) % 3000), at % 7];
        arrivals.push(arrive(recent, { lo, second: at >> 9, kind: at % 3, content }));
      }
      return arrivals;
    };
    const [whole, before, after] = [new RecentRequests(), new RecentRequests(), new RecentRequests()];
    const all = feed(whole, 0, 9000);
    const first = feed(before, 0, 4000);
    after.load(new StateReader(savedOf(before)));
    assert.deepEqual([...first, ...feed(after, 4000, 9000)], all);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });
});
