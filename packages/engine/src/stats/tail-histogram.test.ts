import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { Draws } from './draws.ts';
import { log2Steps } from './log-table.ts';
import { countInTail, TAIL_PAIR_BYTES, TailHistogram, tailBin } from './tail-histogram.ts';

/** A histogram with its own bytes, asked in plain values. */
class Histogram {
  readonly bytes = new Uint8Array(TAIL_PAIR_BYTES);
  readonly view = new TailHistogram().at(this.bytes, 0);
  count = 0;

  add(...values: readonly number[]): this {
    for (const value of values) {
      const bin = tailBin(value < 0, log2Steps(Math.abs(value)));
      countInTail(this.bytes, 0, { bin, draw: mix32(this.count) });
      this.count++;
    }
    return this;
  }

  tail(value: number): number {
    return this.view.tail(value < 0, log2Steps(Math.abs(value)), this.count);
  }

  oddity(value: number): number {
    return this.view.oddity(value < 0, log2Steps(Math.abs(value)), this.count);
  }
}

function normals(count: number, seed: number): number[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, () => draws.normal());
}

describe('the tail of a histogram', () => {
  it('is at most the true one for values that were seen, and less than half a decade below', () => {
    const histogram = new Histogram().add(...normals(20_000, 1));
    // One-sided: 0.135 % of normal values lie beyond 3. Bins are wide, and the tolerance costs a sixth of a decade.
    for (const value of [3, -3]) {
      const decades = histogram.tail(value);
      assert.ok(decades > 2.37 && decades < 2.9, `${decades}`);
    }
  });

  it('scores ordinary values with 0', () => {
    const histogram = new Histogram().add(...normals(2000, 2));
    for (const value of [-1.5, -0.4, 0, 0.1, 1.5]) assert.equal(histogram.tail(value), 0);
  });

  it('grades values beyond the record instead of calling all of them equally rare', () => {
    const histogram = new Histogram().add(...normals(1000, 3));
    const scores = [5, 8, 12, 20, 100, 1000, 1e6].map((value) => histogram.tail(value));
    for (let at = 1; at < scores.length; at++) assert.ok(scores[at] > scores[at - 1], `${scores}`);
    assert.ok(scores[0] > 3 && scores[0] < 4, 'just beyond the record the record speaks');
  });

  it('claims less beyond the record of heavy tails than of light ones', () => {
    const draws = new Draws(4);
    const heavy = new Histogram().add(...Array.from({ length: 1000 }, () => draws.pareto(1, 1)));
    const light = new Histogram().add(...normals(1000, 4));
    const record = 1000;
    assert.ok(heavy.tail(record * 100) < light.tail(record * 100));
  });

  it('keeps the sides apart', () => {
    const histogram = new Histogram().add(...normals(1000, 5).map(Math.abs), 40, 45, 50);
    assert.ok(histogram.tail(-4) > 3, 'nothing was ever below');
    assert.ok(histogram.tail(42) < 3, 'three of a thousand were above');
  });

  it('takes values beyond its last bin as equal once one was seen', () => {
    const histogram = new Histogram().add(...normals(1000, 6), 1000);
    assert.equal(histogram.tail(2000), histogram.tail(900_000));
    assert.ok(histogram.tail(2000) < 3);
  });

  it('does not let equal spikes score by a little drift of the scale', () => {
    const spikes = Array.from({ length: 50 }, (_, at) => 30 * (1 + 0.002 * at));
    const histogram = new Histogram().add(...normals(950, 7).map((value) => value / 4), ...spikes);
    assert.ok(histogram.tail(30 * 1.11) < 2, `${histogram.tail(30 * 1.11)}`);
  });
});

describe('oddity', () => {
  it('finds values between the usual ones', () => {
    const histogram = new Histogram();
    for (const value of normals(1000, 8)) histogram.add(40 + value, -40 + value);
    assert.ok(histogram.oddity(2) > 2.5);
    assert.equal(histogram.oddity(40), 0);
    assert.equal(histogram.oddity(-40), 0);
  });

  it('is mild on what is merely uncommon', () => {
    const histogram = new Histogram().add(...normals(2000, 9));
    assert.ok(histogram.oddity(2.3) < 1.5);
  });
});

describe('quantiles and shrinking', () => {
  it('bound the bulk on both sides', () => {
    const histogram = new Histogram().add(...normals(5000, 10));
    const high = histogram.view.quantile(1, 0.005, histogram.count);
    const low = histogram.view.quantile(-1, 0.005, histogram.count);
    assert.ok(high >= 2.5 && high < 3.3, `${high}`);
    assert.ok(low <= -2.5 && low > -3.3, `${low}`);
    assert.equal(new Histogram().view.quantile(1, 0.005, 0), 0);
  });

  it('halve the counts and forget about half of the single ones', () => {
    const spread = Array.from({ length: 30 }, (_, at) => Math.exp(at * 0.23));
    const histogram = new Histogram().add(...normals(4000, 11), ...spread);
    const before = histogram.tail(3);
    histogram.view.shrink(0.5, 99);
    histogram.count /= 2;
    assert.ok(Math.abs(histogram.tail(3) - before) < 0.3, 'shares stay');
    assert.ok(histogram.bytes.some((code) => code > 0));
  });

  it('shrink to nothing without a trace', () => {
    const histogram = new Histogram().add(...normals(100, 12));
    histogram.view.shrink(0, 1);
    assert.equal(histogram.view.quantile(1, 0, 0), 0);
    assert.ok(histogram.bytes.every((code) => code === 0));
  });
});
