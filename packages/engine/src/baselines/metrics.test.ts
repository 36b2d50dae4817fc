import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { NUMBERS } from '../event/schema.ts';
import { Draws } from '../stats/draws.ts';
import { statisticContract } from '../stats/statistic.contract.ts';
import { METRIC, METRIC_BYTES, METRIC_COUNT_MIN, METRIC_NUMBER, METRICS } from './metric-block.ts';
import { METRIC_GROUP_BYTES, MetricStore } from './metrics.ts';

const DURATION = METRIC.durationMs;
const MEMORY = METRIC.memoryMb;
const BYTES_OUT = METRIC.bytesOut;

/** A store with one group. */
function store(): { metrics: MetricStore; group: number } {
  const metrics = new MetricStore(4);
  return { metrics, group: metrics.alloc() };
}

/** A store that learned values of one metric. */
function taught(metric: number, values: readonly number[]): { metrics: MetricStore; group: number } {
  const one = store();
  for (const value of values) one.metrics.learn(one.group, metric, value);
  return one;
}

function durations(count: number, seed = 1): number[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, () => draws.lognormal(90, 0.3));
}

function bytesOf(metrics: MetricStore): Uint8Array {
  const out = new StateWriter();
  metrics.save(out);
  return out.finish();
}

interface Held {
  readonly metrics: MetricStore;
  readonly group: number;
}

statisticContract<Held>({
  name: 'a metric store',
  make: store,
  learn: (to, value) => to.metrics.learn(to.group, DURATION, value),
  judge: (by, value) => ({ ...by.metrics.score(by.group, DURATION, value) }),
  save: (of) => bytesOf(of.metrics),
  load: (bytes) => {
    const metrics = new MetricStore(4);
    metrics.load(new StateReader(bytes));
    return { metrics, group: 1 };
  },
  values: durations(900),
  asked: [0, 5, 60, 90, 200, 900, 1e5, 1e9],
  refuses: (by, value) => {
    const before = by.metrics.refused['not-a-measure'];
    by.metrics.learn(by.group, DURATION, value);
    return by.metrics.refused['not-a-measure'] === before + 1;
  },
});

describe('scores of a metric', () => {
  it('are 0 for ordinary values and grow with the distance', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    const scores = [90, 110, 500, 1000, 4000, 40_000].map((value) => metrics.score(group, DURATION, value).score);
    assert.deepEqual(scores.slice(0, 2), [0, 0]);
    for (let at = 3; at < scores.length; at++) assert.ok(scores[at] > scores[at - 1], `${scores}`);
    assert.ok(scores[5] > 4);
  });

  it('reach 5 %, 1 % and 0.1 % about as often as they say', () => {
    let judged = 0;
    const reached = [0, 0, 0];
    for (let seed = 0; seed < 40; seed++) {
      const { metrics, group } = store();
      for (const value of durations(1500, seed)) {
        const { score, count } = metrics.score(group, DURATION, value);
        if (count >= METRIC_COUNT_MIN) judged++;
        for (const [at, decades] of [1.3, 2, 3].entries()) if (score >= decades) reached[at]++;
        metrics.learn(group, DURATION, value);
      }
    }
    const ratios = reached.map((count, at) => count / (judged * [0.05, 0.01, 0.001][at]));
    assert.ok(ratios[0] > 0.5 && ratios[0] < 1.6, `5 %: ${ratios[0]}`);
    assert.ok(ratios[1] > 0.4 && ratios[1] < 1.6, `1 %: ${ratios[1]}`);
    assert.ok(ratios[2] < 1, `0.1 % is cautious: ${ratios[2]}`);
  });

  it('know nothing before twenty values', () => {
    const { metrics, group } = taught(DURATION, durations(METRIC_COUNT_MIN - 1));
    assert.equal(metrics.score(group, DURATION, 1e6).score, 0);
    assert.equal(metrics.score(group, DURATION, 1e6).count, METRIC_COUNT_MIN - 1);
  });

  it('stay quiet on 1 % around a constant and speak on ten times it', () => {
    const { metrics, group } = taught(
      MEMORY,
      Array.from({ length: 600 }, () => 80),
    );
    assert.equal(metrics.score(group, MEMORY, 80.8).score, 0);
    assert.ok(metrics.score(group, MEMORY, 84).score < 3.5, 'a small step is new, not more');
    assert.ok(metrics.score(group, MEMORY, 800).score > 5);
    assert.ok(metrics.score(group, MEMORY, 8).score > 3);
  });

  it('take zero for a value, not for the absence of one', () => {
    const { metrics, group } = taught(
      BYTES_OUT,
      Array.from({ length: 300 }, () => 0),
    );
    const band = metrics.describe(group, 'bytesOut');
    assert.deepEqual([band.count, band.min, band.max, band.centre], [300, 0, 0, 0]);
    assert.equal(metrics.score(group, BYTES_OUT, 0).score, 0);
    assert.ok(metrics.score(group, BYTES_OUT, 2_000_000).score > 4);
  });

  it('fade when a value keeps coming back', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    const first = metrics.score(group, DURATION, 2000).score;
    for (const [at, value] of durations(400, 2).entries()) {
      metrics.learn(group, DURATION, at % 10 === 0 ? 2000 : value);
    }
    assert.ok(first > 3);
    assert.ok(metrics.score(group, DURATION, 2000).score < 1.3);
  });

  it('find a value in the gap between two usual ones', () => {
    const draws = new Draws(3);
    const two = Array.from({ length: 1000 }, () => draws.lognormal(draws.uniform() < 0.5 ? 20 : 2000, 0.05));
    const { metrics, group } = taught(DURATION, two);
    const found = metrics.score(group, DURATION, 1250);
    assert.equal(found.channel, 'odd');
    assert.ok(found.score > 1.3);
    assert.equal(metrics.score(group, DURATION, 2010).score, 0);
  });

  it('see a shift that no single value shows', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    const single = metrics.score(group, DURATION, 190).score;
    for (let run = 0; run < 12; run++) metrics.learn(group, DURATION, 190);
    const found = metrics.score(group, DURATION, 190);
    assert.ok(single < 2, 'such a value occurs');
    assert.equal(found.channel, 'level');
    assert.ok(found.levelBeyond > 0 && found.streak >= 12);
    assert.ok(found.recent > 170 && found.recent < 191);
  });

  it('do not take one outlier for a shift', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    metrics.learn(group, DURATION, 9000);
    assert.ok(metrics.score(group, DURATION, 300).streak < 8);
    for (const value of durations(12, 5)) metrics.learn(group, DURATION, value);
    assert.equal(metrics.score(group, DURATION, 90).score, 0);
  });

  it('name range, band and runs for people', () => {
    const { metrics, group } = taught(DURATION, durations(602));
    const found = metrics.score(group, DURATION, 41_200);
    const sorted = durations(602).sort((a, b) => a - b);
    assert.equal(found.runs, 602);
    assert.ok(Math.abs(found.min - sorted[0]) < 0.01 && Math.abs(found.max - sorted[601]) < 0.01);
    assert.ok(found.expectedLow >= found.min && found.expectedHigh <= found.max);
    assert.ok(Math.abs(found.centre - sorted[301]) < 10);
    assert.equal(found.up, true);
  });
});

describe('sifting', () => {
  const numbers = new Float64Array(NUMBERS.length).fill(Number.NaN);
  const sifted = (of: Held, value: number): boolean => {
    numbers[METRIC_NUMBER[DURATION]] = value;
    return of.metrics.sift(of.group, numbers, 1 << DURATION) === 0;
  };

  it('leaves out most values, and hardly one that would be handed on', () => {
    for (const spread of [0, 0.005, 0.05, 0.2, 0.5, 1]) {
      const one = store();
      const draws = new Draws(12);
      let [left, lost] = [0, 0];
      for (let run = 0; run < 3000; run++) {
        const value = draws.lognormal(100, spread);
        if (run >= 100 && sifted(one, value)) {
          left++;
          if (one.metrics.score(one.group, DURATION, value).score >= 1.3) lost++;
        }
        one.metrics.learn(one.group, DURATION, value);
      }
      assert.ok(left > 0.85 * 2900, `spread ${spread}: ${left} left out`);
      assert.ok(lost <= 1, `spread ${spread}: ${lost} lost`);
    }
  });

  it('lets no value through that lies far out, and none of a shift that no single value shows', () => {
    const one = taught(DURATION, durations(600));
    for (const value of [1, 9000]) assert.ok(!sifted(one, value));
    assert.ok(sifted(one, 130));
    for (let run = 0; run < 20; run++) one.metrics.learn(one.group, DURATION, 130);
    assert.ok(!sifted(one, 130));
  });

  it('says how many values it judged', () => {
    const { metrics, group } = taught(DURATION, durations(100));
    numbers[METRIC_NUMBER[DURATION]] = 90;
    numbers[METRIC_NUMBER[MEMORY]] = 80;
    assert.equal(metrics.sift(group, numbers, (1 << DURATION) | (1 << MEMORY)), 0);
    assert.equal(metrics.sifted, 1, 'nothing is known of memory');
    metrics.sift(0, numbers, 1 << DURATION);
    assert.equal(metrics.sifted, 0);
  });
});

describe('what a metric store refuses', () => {
  it('are values that measure nothing, counted by reason, without learning from them', () => {
    const { metrics, group } = taught(DURATION, durations(100));
    const before = metrics.describe(group, 'durationMs');
    for (const value of [-1, -1e-9, Number.NaN, Number.POSITIVE_INFINITY, 1e300]) metrics.learn(group, DURATION, value);
    assert.equal(metrics.refused['not-a-measure'], 5);
    assert.deepEqual(metrics.describe(group, 'durationMs'), before);
    assert.equal(metrics.score(group, DURATION, Number.NaN).score, 0);
  });

  it('are metrics it has no memory for, counted too', () => {
    const metrics = new MetricStore(4, 2);
    const group = metrics.alloc();
    for (let metric = 0; metric < 5; metric++) metrics.learn(group, metric, 1);
    assert.equal(metrics.refused.full, 3);
    assert.equal(metrics.describe(group, METRICS[0]).count, 1);
    assert.equal(metrics.describe(group, METRICS[4]).count, 0);
  });

  it('stays in bounds after a million functions', () => {
    const metrics = new MetricStore(1000, 2000);
    let refused = 0;
    for (let at = 0; at < 1_000_000; at++) {
      const group = metrics.alloc();
      if (group === 0) refused++;
      else metrics.learn(group, DURATION, at);
    }
    assert.equal(refused, 1_000_000 - 4000);
    assert.equal(metrics.refused.full, 2000);
    assert.ok(metrics.bytes < 1_000_000);
  });

  it('has nothing to say of group 0', () => {
    const metrics = new MetricStore(4);
    assert.equal(metrics.score(0, DURATION, 5).score, 0);
    assert.equal(metrics.describe(0, 'durationMs').count, 0);
  });
});

describe('memory of a group', () => {
  it('is a list, and a block only for the metrics that occur', () => {
    assert.equal(METRIC_BYTES, 240);
    assert.equal(METRIC_GROUP_BYTES + 5 * METRIC_BYTES, 1240);
  });

  it('comes back clean after it was freed', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    metrics.free(group);
    const next = metrics.alloc();
    assert.equal(next, group);
    assert.equal(metrics.describe(next, 'durationMs').count, 0);
    metrics.learn(next, DURATION, 7);
    assert.equal(metrics.describe(next, 'durationMs').max, 7);
  });

  it('starts a new revision from the old one, at less weight', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    const heir = metrics.alloc();
    metrics.inherit(group, heir);
    const old = { ...metrics.score(group, DURATION, 9000) };
    const young = { ...metrics.score(heir, DURATION, 9000) };
    assert.ok(young.score > 2 && young.score < old.score);
    assert.ok(young.count <= 64 && young.ownCount === 0 && young.maturity === 0);
    assert.equal(metrics.describe(heir, 'durationMs').max, metrics.describe(group, 'durationMs').max);
    for (const value of durations(60, 9)) metrics.learn(heir, DURATION, value * 3);
    const centre = metrics.describe(heir, 'durationMs').centre;
    assert.ok(centre > 160, `it learns its own level fast: ${centre}`);
    assert.ok(metrics.describe(heir, 'durationMs').maturity > 0.5);
    assert.equal(metrics.describe(group, 'durationMs').count, 600, 'the old one is untouched');
  });
});

describe('time in a metric store', () => {
  it('does not matter to an idle function', () => {
    const { metrics, group } = taught(DURATION, durations(600));
    const before = { ...metrics.score(group, DURATION, 900) };
    metrics.day = 300;
    assert.deepEqual({ ...metrics.score(group, DURATION, 900) }, before);
  });

  it('lets a busy function remember yesterday', () => {
    const { metrics, group } = store();
    const draws = new Draws(6);
    metrics.learn(group, DURATION, 90);
    for (let run = 0; run < 2000; run++)
      metrics.learn(group, DURATION, draws.lognormal(run % 100 === 0 ? 3000 : 90, 0.3));
    metrics.day = 1;
    for (let run = 0; run < 200_000; run++) metrics.learn(group, DURATION, draws.lognormal(90, 0.3));
    const found = metrics.score(group, DURATION, 3000);
    assert.ok(found.valueBeyond < 0 && found.max > 3000, 'it has seen twenty of these');
    assert.ok(found.count < 16_384, 'and has not let the new day outweigh the old one');
  });

  it('forgets the range of long ago, so that one outlier does not blind it for ever', () => {
    const { metrics, group } = store();
    metrics.learn(group, DURATION, 90);
    metrics.learn(group, DURATION, 60_000);
    const draws = new Draws(7);
    for (let day = 0; day < 80; day++) {
      metrics.day = day;
      for (let run = 0; run < 20; run++) metrics.learn(group, DURATION, draws.lognormal(90, 0.3));
    }
    assert.ok(metrics.describe(group, 'durationMs').max < 1000);
  });

  it('keeps the band inside the range when the level moved and the old range was forgotten', () => {
    const { metrics, group } = store();
    const draws = new Draws(8);
    for (let day = 0; day < 120; day++) {
      metrics.day = day;
      for (let run = 0; run < 20; run++) metrics.learn(group, DURATION, draws.lognormal(day < 30 ? 5000 : 50, 0.2));
      const { low, high, min, max } = metrics.describe(group, 'durationMs');
      assert.ok(min <= low && low <= high && high <= max, `day ${day}`);
    }
    assert.ok(metrics.describe(group, 'durationMs').max < 200);
  });
});
