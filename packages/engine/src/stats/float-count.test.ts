import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { COUNT_CODE_MAX, decodeCount, encodeCount, incrementCount } from './float-count.ts';

/** Code after `events` events. */
function counted(events: number, seed: number): number {
  let code = 0;
  for (let event = 0; event < events; event++) code = incrementCount(code, mix32(seed * 7919 + event));
  return code;
}

describe('one-byte counters', () => {
  it('are exact up to 16, where tails live', () => {
    for (let events = 0; events <= 16; events++) assert.equal(decodeCount(counted(events, 1)), events);
  });

  it('keep the mean, and single ones within their documented error', () => {
    for (const events of [100, 3000]) {
      const counts = Array.from({ length: 60 }, (_, seed) => decodeCount(counted(events, seed)));
      const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
      assert.ok(Math.abs(mean / events - 1) < 0.06, `mean ${mean} of ${events}`);
      const far = counts.filter((count) => Math.abs(count / events - 1) > 0.45);
      assert.equal(far.length, 0, 'none is off by three standard deviations');
    }
  });

  it('grow strictly with their code', () => {
    for (let code = 1; code <= COUNT_CODE_MAX; code++) assert.ok(decodeCount(code) > decodeCount(code - 1));
  });

  it('stay at their largest value', () => {
    assert.equal(incrementCount(COUNT_CODE_MAX, 0), COUNT_CODE_MAX);
    assert.equal(encodeCount(1e12, 0), COUNT_CODE_MAX);
  });

  it('encode what they decode', () => {
    for (let code = 0; code <= COUNT_CODE_MAX; code++) assert.equal(encodeCount(decodeCount(code), 0.5), code);
  });

  it('round at random so that halving keeps the mean', () => {
    let sum = 0;
    for (let step = 0; step < 1000; step++) sum += decodeCount(encodeCount(0.5, (step + 0.5) / 1000));
    assert.equal(sum, 500);
  });
});
