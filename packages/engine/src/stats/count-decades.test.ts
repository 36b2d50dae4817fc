import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countDecades } from './count-decades.ts';

/** P(Y >= count) by adding up what is below it. */
function summed(count: number, mean: number, size: number): number {
  let log = -size * Math.log1p(mean / size);
  let below = 0;
  for (let k = 0; k < count; k++) {
    below += Math.exp(log);
    log += Math.log(((k + size) / (k + 1)) * (mean / (mean + size)));
  }
  return 1 - below;
}

describe('the tail of a negative binomial count', () => {
  it('is what adding up gives, for small and large means, and for all dispersions', () => {
    for (const mean of [0.01, 0.7, 5, 60, 800]) {
      for (const size of [0.2, 1, 7, 90, 9000]) {
        for (const times of [0.2, 0.9, 1, 1.3, 2]) {
          const count = Math.ceil(times * mean);
          const p = summed(count, mean, size);
          if (p < 1e-9) continue;
          const found = countDecades(count, mean, size);
          assert.ok(
            Math.abs(found + Math.log10(p)) < 1e-5,
            `${count} of ${mean}, ${size}: ${found}, ${-Math.log10(p)}`,
          );
        }
      }
    }
  });

  it('goes on where a double ends, and never falls as the count grows', () => {
    let before = 0;
    for (let count = 1; count < 100_000; count = Math.ceil(count * 1.3)) {
      const found = countDecades(count, 3, 1000);
      assert.ok(found >= before && Number.isFinite(found), `${count}`);
      before = found;
    }
    assert.ok(before > 10_000);
  });

  it('is that of a Poisson count where nothing is over-dispersed', () => {
    // P(Y >= 10) with a mean of 3 is 0.00110249.
    assert.ok(Math.abs(countDecades(10, 3, 1e9) + Math.log10(0.00110249)) < 1e-4);
  });

  it('says nothing of a count of 0', () => {
    assert.equal(countDecades(0, 3, 1), 0);
  });
});
