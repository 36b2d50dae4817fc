import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Draws } from '../stats/draws.ts';
import { METRIC, METRICS } from './metric-block.ts';
import { MetricStore } from './metrics.ts';

const SEED = 41_300;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 60);
/** Exact in 32-bit floats: scaled values round as the plain ones do. */
const MILLION = 1_048_576;

/** What metrics look like: constant, spread, heavy-tailed, of two kinds, mostly zero. */
const stream = fc
  .record({
    seed: fc.integer({ min: 1, max: 1e9 }),
    kind: fc.constantFrom('constant', 'spread', 'heavy', 'two', 'sparse'),
    length: fc.integer({ min: 20, max: 700 }),
    size: fc.integer({ min: 200, max: 100_000 }),
  })
  .map(({ seed, kind, length, size }) => {
    const draws = new Draws(seed);
    const next = (): number => {
      if (kind === 'constant') return size;
      if (kind === 'heavy') return draws.pareto(size, 1.3);
      if (kind === 'two') return draws.lognormal(draws.uniform() < 0.3 ? size * 10 : size, 0.2);
      if (kind === 'sparse') return draws.uniform() < 0.98 ? 0 : size;
      return draws.lognormal(size, 0.5);
    };
    return Array.from({ length }, next);
  });

function taught(values: readonly number[], metric: number, scale = 1): { metrics: MetricStore; group: number } {
  const metrics = new MetricStore(2);
  const group = metrics.alloc();
  for (const value of values) metrics.learn(group, metric, value * scale);
  return { metrics, group };
}

describe('metric baselines', () => {
  it('never score a larger overshoot lower', () => {
    const property = fc.property(stream, fc.double({ min: 1, max: 1e6, noNaN: true }), (values, factor) => {
      const { metrics, group } = taught(values, METRIC.durationMs);
      const max = metrics.describe(group, 'durationMs').max;
      // Only beyond the range: inside, the gap between two usual values may be odder than either.
      let before = 0;
      for (const share of [0.001, 0.01, 0.1, 0.3, 1]) {
        const { score, up } = metrics.score(group, METRIC.durationMs, max + 1e-3 + max * factor * share);
        // A level that was too low before becomes less so.
        if (!up) continue;
        assert.ok(score >= before, `${score} after ${before}`);
        before = score;
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('say the same of values a million times larger', () => {
    const property = fc.property(stream, (values) => {
      // Away from the resolution of a millisecond only shares of the value matter.
      fc.pre(values.every((value) => value >= 100));
      const plain = taught(values, METRIC.durationMs);
      const large = taught(values, METRIC.durationMs, MILLION);
      for (const factor of [0.1, 0.9, 1.3, 3, 30]) {
        const asked = values[values.length - 1] * factor;
        const a = plain.metrics.score(plain.group, METRIC.durationMs, asked).score;
        const b = large.metrics.score(large.group, METRIC.durationMs, asked * MILLION).score;
        assert.ok(Math.abs(a - b) < 0.02, `${a} and ${b}`);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('stay finite and sane whatever they are fed', () => {
    const anything = fc.oneof(
      fc.double(),
      fc.constantFrom(0, -0, 1e15, 1e-300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, -1),
      fc.double({ min: 0, max: 1e15, noNaN: true }),
    );
    const steps = fc.array(fc.tuple(fc.nat(METRICS.length - 1), anything), { maxLength: 300 });
    const property = fc.property(steps, (all) => {
      const metrics = new MetricStore(1);
      const group = metrics.alloc();
      let refused = 0;
      for (const [metric, value] of all) {
        const { score, count } = metrics.score(group, metric, value);
        assert.ok(score >= 0 && score < 1000 && count >= 0);
        if (!(value >= 0 && value <= 1e15)) refused++;
        metrics.learn(group, metric, value);
      }
      assert.equal(metrics.refused['not-a-measure'], refused);
      for (const field of METRICS) {
        for (const number of Object.values(metrics.describe(group, field))) assert.ok(Number.isFinite(number));
        const { low, high, min, max } = metrics.describe(group, field);
        assert.ok(min <= low && low <= high && high <= max, `${field}: ${min} ${low} ${high} ${max}`);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
});
