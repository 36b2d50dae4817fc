import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnchoredCusum, CUSUM_LIMIT, CUSUM_WORDS } from './anchored-cusum.ts';
import { Draws } from './draws.ts';
import { statisticContract } from './statistic.contract.ts';

class Own {
  readonly words = new Float32Array(CUSUM_WORDS);
  readonly sum = new AnchoredCusum().at(this.words, 0);

  /** Closes a day of an amount. */
  day(amount: number, revised = false): boolean {
    return this.sum.close(Math.log(amount), {
      held: false,
      revised,
      excess: (expected) => amount - Math.exp(expected),
    });
  }
}

/** Days until the sum is a finding, of amounts around 1000 that vary by `spread`; Infinity when it never is. */
function daysUntilFound(spread: number, seed: number, change: (day: number) => number, days = 120): number {
  const own = new Own();
  const draws = new Draws(seed);
  for (let day = 0; day < days; day++) {
    own.day(1000 * Math.exp(spread * draws.normal()) * change(day));
    if (own.sum.sum >= CUSUM_LIMIT) return day;
  }
  return Number.POSITIVE_INFINITY;
}

const seeds = Array.from({ length: 40 }, (_, at) => at + 1);

statisticContract<Own>({
  name: 'an anchored sum',
  make: () => new Own(),
  learn: (to, value) => to.sum.close(value, { held: false, revised: false, excess: () => value }),
  judge: (by) => [by.sum.sum, by.sum.score, by.sum.anchor, by.sum.excess],
  save: (of) => new Uint8Array(of.words.buffer.slice(0)),
  load: (bytes) => {
    const own = new Own();
    own.words.set(new Float32Array(bytes.buffer, bytes.byteOffset, CUSUM_WORDS));
    return own;
  },
  values: Array.from({ length: 60 }, (_, at) => 7 + ((at * 7919) % 13) / 100),
  asked: [0],
  refuses: (by, value) => !by.sum.close(value, { held: false, revised: false, excess: () => 0 }),
});

describe('an anchored sum', () => {
  it('finds a drip of a fifth within ten days, with days that vary by a twentieth, in two functions of three', () => {
    const found = seeds.filter((seed) => daysUntilFound(0.05, seed, (day) => (day < 21 ? 1 : 1.2), 31) < 31);
    assert.ok(found.length >= 27, `${found.length} of ${seeds.length}`);
  });

  it('does not learn a drip that goes on', () => {
    const own = new Own();
    for (let day = 0; day < 21; day++) own.day(1000 + (day % 3) * 10);
    for (let day = 0; day < 20; day++) own.day(1200);
    assert.ok(own.sum.sum >= CUSUM_LIMIT);
    assert.ok(Math.exp(own.sum.anchor) < 1100);
  });

  it('stays quiet on ordinary days for a year, in at least 39 of 40 functions', () => {
    const found = seeds.filter((seed) => daysUntilFound(0.2, seed, () => 1, 365) < 365);
    assert.ok(found.length <= 1, `${found.length} of ${seeds.length}`);
  });

  it('stays quiet for a hundred days on a drift of 0.2 % a day, in at least 39 of 40 functions', () => {
    const drift = (day: number) => Math.exp(0.002 * day);
    const found = seeds.filter((seed) => daysUntilFound(0.05, seed, drift, 100) < 100);
    assert.ok(found.length <= 1, `${found.length} of ${seeds.length}`);
  });

  it('stays quiet on weeks whose working days differ from their ends', () => {
    const weekly = (day: number) => (day % 7 >= 5 ? 0.6 : 1);
    const found = seeds.filter((seed) => daysUntilFound(0.05, seed, weekly, 180) < 180);
    assert.equal(found.length, 0);
  });

  it('follows what a deployment does to the level, even when the day of it is half old and half new', () => {
    const own = new Own();
    for (let day = 0; day < 21; day++) own.day(1000 + (day % 3) * 10);
    own.day(1150, true);
    for (let day = 0; day < 30; day++) own.day(1300 + (day % 3) * 10);
    assert.ok(own.sum.sum < CUSUM_LIMIT / 2, `${own.sum.sum}`);
  });

  it('stays quiet when one day in nine brings a deployment that moves the level by a twentieth', () => {
    const found = seeds.filter((seed) => {
      const own = new Own();
      const draws = new Draws(seed);
      let level = 1000;
      for (let day = 0; day < 180; day++) {
        const revised = draws.uniform() < 1 / 9;
        if (revised) level *= Math.exp(0.05 * draws.normal());
        own.day(level * Math.exp(0.03 * draws.normal()), revised);
        if (own.sum.sum >= CUSUM_LIMIT) return true;
      }
      return false;
    });
    assert.ok(found.length <= 2, `${found.length} of ${seeds.length}`);
  });

  it('is not kept from judging by deployments a day that do nothing to the level', () => {
    const found = seeds.filter((seed) => {
      const own = new Own();
      const draws = new Draws(seed);
      for (let day = 0; day < 75; day++) {
        own.day((day < 60 ? 1000 : 1300) * Math.exp(0.02 * draws.normal()), true);
        if (own.sum.sum >= CUSUM_LIMIT) return day >= 60;
      }
      return false;
    });
    assert.ok(found.length >= 30, `${found.length} of ${seeds.length}`);
  });
});
