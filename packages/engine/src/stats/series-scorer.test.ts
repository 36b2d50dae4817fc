import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Slab } from '../base/slab.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { Draws } from './draws.ts';
import { type Channel, SERIES_BYTES, SeriesScorer } from './series-scorer.ts';
import { statisticContract } from './statistic.contract.ts';

const STEP_SECONDS = 300;

/** A scorer with a block of its own. */
class Series {
  readonly slab = new Slab(SERIES_BYTES, 4);
  readonly scorer = new SeriesScorer();
  readonly id: number;
  #at = 0;

  constructor() {
    this.id = this.slab.alloc();
    this.#focus();
  }

  add(value: number): void {
    this.scorer.next(STEP_SECONDS * this.#at++, value);
  }

  /** Points and channels of the alarms of a series. */
  alarms(values: readonly number[]): { at: number; channel: Channel }[] {
    const alarms: { at: number; channel: Channel }[] = [];
    for (const [at, value] of values.entries()) {
      this.add(value);
      if (this.scorer.alarm) alarms.push({ at, channel: this.scorer.channel });
    }
    return alarms;
  }

  save(): Uint8Array<ArrayBuffer> {
    const out = new StateWriter();
    out.f64(this.#at);
    this.slab.save(out);
    return out.finish();
  }

  load(bytes: Uint8Array): this {
    const from = new StateReader(bytes);
    this.#at = from.f64();
    this.slab.load(from);
    this.#focus();
    return this;
  }

  #focus(): void {
    this.scorer.at(this.slab.pages[0], this.id * SERIES_BYTES);
  }
}

function made(count: number, value: (at: number, draws: Draws) => number, seed = 1): number[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, (_, at) => value(at, draws));
}

const noise = (draws: Draws) => draws.uniform() + draws.uniform() + draws.uniform() - 1.5;
const daily = (at: number, draws: Draws) => 50 + 30 * Math.sin((2 * Math.PI * at) / 288) + 3 * noise(draws);

statisticContract({
  name: 'the series scorer',
  make: () => new Series(),
  learn: (to, value) => {
    if (!Number.isFinite(value)) throw new Error('refused by the caller');
    to.add(value);
  },
  judge: (by, value) => {
    const copy = new Series().load(by.save());
    copy.add(value);
    return [copy.scorer.score, copy.scorer.channel, copy.scorer.rarity];
  },
  save: (of) => of.save(),
  load: (bytes) => new Series().load(bytes),
  values: made(600, daily),
  asked: [50, 0, 1000, -20],
  refuses: (by, value) => {
    assert.throws(() => {
      if (!Number.isFinite(value)) throw new Error('refused by the caller');
      by.add(value);
    });
    return true;
  },
});

describe('the series scorer fires', () => {
  it('on a spike, by its value', () => {
    const values = made(2000, (_, draws) => 10 + noise(draws));
    values[1500] = 60;
    assert.deepEqual(new Series().alarms(values), [{ at: 1500, channel: 'value' }]);
  });

  it('on a value in a gap between two levels, as odd', () => {
    const values = made(6000, (at, draws) => (at % 12 < 2 ? 100 : 10) + noise(draws));
    values[5500] = 40;
    assert.deepEqual(new Series().alarms(values), [{ at: 5500, channel: 'odd' }]);
  });

  it('soon after a level moved by little more than the noise', () => {
    const values = made(5000, (at, draws) => 100 + 10 * noise(draws) + (at >= 4000 ? 12 : 0));
    const alarms = new Series().alarms(values).filter(({ at }) => at > 500);
    assert.ok(alarms.length > 0 && alarms.every(({ at }) => at >= 4000), JSON.stringify(alarms));
    assert.ok(alarms[0].at < 4100);
  });

  it('on a day that stays as the night, by the time of day', () => {
    const values = made(288 * 28, (at, draws) => (at % 288 > 96 && at % 288 < 240 ? 80 : 10) + 2 * noise(draws));
    for (let at = 288 * 27; at < 288 * 28; at++) values[at] = 10 + (at % 3);
    const alarms = new Series().alarms(values).filter(({ at }) => at > 500);
    assert.ok(alarms.length > 0 && alarms.every(({ at }) => at >= 288 * 27), JSON.stringify(alarms));
    assert.ok(alarms.some(({ channel }) => channel === 'time-of-day'));
  });

  it('on a flat line where there was always noise, as quiet', () => {
    const values = made(4000, (_, draws) => 50 + 5 * noise(draws));
    for (let at = 3500; at < 3700; at++) values[at] = 50;
    const alarms = new Series().alarms(values);
    assert.ok(alarms.length > 0 && alarms[0].at >= 3500 && alarms[0].channel === 'quiet', JSON.stringify(alarms));
  });
});

describe('the series scorer stays quiet', () => {
  const alarmsOf = (values: readonly number[]) => new Series().alarms(values).length;

  it('on constants, ramps and clean days', () => {
    assert.equal(alarmsOf(made(5000, () => 7)), 0);
    assert.equal(alarmsOf(made(5000, (at) => at)), 0);
    // The first morning is news.
    assert.deepEqual(
      new Series().alarms(made(288 * 20, daily)).filter(({ at }) => at > 288),
      [],
    );
  });

  it('after a step to another constant but for the step itself', () => {
    const alarms = new Series().alarms(made(6000, (at) => (at < 3000 ? 5 : 9)));
    assert.ok(alarms.length <= 2 && alarms.every(({ at }) => at < 3050), JSON.stringify(alarms));
  });

  it('on rare equal spikes, whose scale drifts', () => {
    assert.ok(alarmsOf(made(20_000, (_, draws) => (draws.uniform() < 0.01 ? 1 : 0))) <= 10);
  });

  it('on heavy tails, but for a few in 20,000 points', () => {
    assert.ok(alarmsOf(made(20_000, (_, draws) => Math.exp(2 * noise(draws)))) <= 20);
    assert.ok(alarmsOf(made(20_000, (_, draws) => Math.tan(Math.PI * (draws.uniform() - 0.5)))) <= 25);
  });

  it('for a while after an alarm, unless it gets far worse', () => {
    const values = made(2000, (_, draws) => 10 + noise(draws));
    values[1500] = 15;
    values[1510] = 15.2;
    values[1520] = 600;
    assert.deepEqual(
      new Series().alarms(values).map(({ at }) => at),
      [1500, 1520],
    );
  });
});

describe('the series scorer', () => {
  it('works at any size of numbers', () => {
    for (const size of [1e-300, 1e300]) {
      const series = new Series();
      for (const value of made(400, daily)) {
        series.add(value * size);
        assert.ok(Number.isFinite(series.scorer.score) && series.scorer.rarity > 0 && series.scorer.rarity <= 1);
      }
    }
  });

  it('claims rarities that happen about as often as claimed, or less', () => {
    const series = new Series();
    let rare = 0;
    const values = made(20_000, (_, draws) => 10 + noise(draws));
    for (const [at, value] of values.entries()) {
      series.add(value);
      if (at >= 1000 && series.scorer.rarity <= 0.01) rare++;
    }
    assert.ok(rare <= 0.015 * 19_000, `${rare} of 19000`);
  });
});
