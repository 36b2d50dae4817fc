import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Bucket } from './bucket.ts';

describe('a bucket', () => {
  it('lets two seconds through at once and says when more will pass', () => {
    const bucket = new Bucket(100, 0);
    assert.deepEqual(bucket.take(200, 0), { ok: true });
    assert.deepEqual(bucket.take(1, 0), { ok: false, retryAfterMs: 10 });
    assert.deepEqual(bucket.take(1, 10), { ok: true });
  });

  it('lets what is larger than itself through when full, and is paid afterwards', () => {
    const bucket = new Bucket(100, 0);
    assert.deepEqual(bucket.take(500, 0), { ok: true });
    assert.deepEqual(bucket.take(1, 0), { ok: false, retryAfterMs: 3010 });
    assert.deepEqual(bucket.take(1, 3010), { ok: true });
  });

  it('never holds more than two seconds, and is not filled by a clock that goes back', () => {
    const bucket = new Bucket(1, 0);
    assert.ok(bucket.take(2, 1e9).ok);
    assert.ok(!bucket.take(1, 0).ok);
    assert.ok(!bucket.take(1, 1e9).ok);
  });

  it('keeps to its rate in the long run, whatever is asked, and is true to its word about when', () => {
    const asks = fc.array(fc.tuple(fc.nat(3000), fc.nat(50)), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), asks, (perSecond, steps) => {
        const bucket = new Bucket(perSecond, 0);
        let now = 0;
        let taken = 0;
        for (const [passed, records] of steps) {
          now += passed;
          const before = taken;
          const answer = bucket.take(records, now);
          if (answer.ok) taken += records;
          else {
            now += answer.retryAfterMs;
            assert.ok(bucket.take(records, now).ok, 'passes when it was said to');
            taken += records;
          }
          assert.ok(before <= 2 * perSecond + (now / 1000) * perSecond + 50 + 1e-6);
        }
      }),
    );
  });
});
