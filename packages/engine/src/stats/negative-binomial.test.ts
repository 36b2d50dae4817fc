import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countAtLeast, countAtMost, logGamma } from './negative-binomial.ts';

/** Chance of exactly `count`, by the definition. */
function exactly(count: number, mean: number, dispersion: number): number {
  if (dispersion === 0) return Math.exp(count * Math.log(mean) - mean - logGamma(count + 1));
  const size = 1 / dispersion;
  const choose = logGamma(count + size) - logGamma(size) - logGamma(count + 1);
  return Math.exp(choose + count * Math.log(mean / (mean + size)) + size * Math.log(size / (mean + size)));
}

const LAWS = [0.3, 5, 40, 900].flatMap((mean) => [0, 0.02, 0.3, 3].map((dispersion) => ({ mean, dispersion })));

describe('tails of counts', () => {
  it('are the sums of the law, above and below', () => {
    for (const { mean, dispersion } of LAWS) {
      for (const share of [0.2, 0.8, 1, 1.5, 3]) {
        const count = Math.ceil(mean * share);
        let below = 0;
        for (let k = 0; k < count; k++) below += exactly(k, mean, dispersion);
        const text = `${count} of mean ${mean}, dispersion ${dispersion}`;
        assert.ok(Math.abs(countAtMost(count - 1, mean, dispersion) - below) < 1e-9, text);
        assert.ok(Math.abs(countAtLeast(count, mean, dispersion) - (1 - below)) < 1e-9, text);
      }
    }
  });

  it('keep their digits far out', () => {
    for (const { mean, dispersion } of LAWS) {
      const count = Math.ceil(6 * mean + 30);
      let above = 0;
      for (let k = count; k < count + 40_000; k++) above += exactly(k, mean, dispersion);
      // Smaller ones are beyond what a double holds.
      if (above < 1e-290) continue;
      const found = countAtLeast(count, mean, dispersion);
      assert.ok(Math.abs(found / above - 1) < 1e-6, `${found} is not ${above} for ${count} of ${mean}, ${dispersion}`);
    }
  });

  it('never rise with the count, and are sure at nothing', () => {
    for (const { mean, dispersion } of LAWS) {
      assert.equal(countAtLeast(0, mean, dispersion), 1);
      let before = 1;
      for (let count = 1; count < 5 * mean + 50; count += 1 + Math.floor(mean / 20)) {
        const found = countAtLeast(count, mean, dispersion);
        assert.ok(found <= before * (1 + 1e-9) && found >= 0, `${count} of ${mean}, ${dispersion}: ${found}`);
        before = found;
      }
    }
  });

  it('of nothing expected are nothing', () => {
    assert.equal(countAtLeast(1, 0, 0.1), 0);
    assert.equal(countAtMost(0, 0, 0.1), 1);
    assert.equal(countAtMost(-1, 5, 0.1), 0);
  });
});
