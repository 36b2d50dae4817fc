import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AnchoredCusum, CUSUM_LIMIT, CUSUM_WORDS } from './anchored-cusum.ts';
import { Draws } from './draws.ts';
import { statisticContract } from './statistic.contract.ts';

class Own {
  readonly words = new Float32Array(CUSUM_WORDS);
  readonly sum = new AnchoredCusum().at(this.words, 0);

  /** Closes a day of an amount. */
  day(amount: number, held = false): boolean {
    return this.sum.close(Math.log(amount), { held, excess: (expected) => amount - Math.exp(expected) });
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
  learn: (to, value) => to.sum.close(value, { held: false, excess: () => value }),
  judge: (by) => [by.sum.sum, by.sum.score, by.sum.anchor, by.sum.excess],
  save: (of) => new Uint8Array(of.words.buffer.slice(0)),
  load: (bytes) => {
    const own = new Own();
    own.words.set(new Float32Array(bytes.buffer, bytes.byteOffset, CUSUM_WORDS));
    return own;
  },
  values: Array.from({ length: 60 }, (_, at) => 7 + ((at * 7919) % 13) / 100),
  asked: [0],
  refuses: (by, value) => !by.sum.close(value, { held: false, excess: () => 0 }),
});

describe('an anchored sum', () => {
  it('finds a drip of a fifth within ten days, with days that vary by a twentieth', () => {
    const found = seeds.filter((seed) => daysUntilFound(0.05, seed, (day) => (day < 21 ? 1 : 1.2), 31) < 31);
    assert.ok(found.length >= 36, `${found.length} of ${seeds.length}`);
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

  it('draws its anchor anew after a deployment', () => {
    const own = new Own();
    for (let day = 0; day < 21; day++) own.day(1000 + (day % 3) * 10);
    own.sum.revise();
    for (let day = 0; day < 30; day++) own.day(1500 + (day % 3) * 10);
    assert.ok(own.sum.sum < CUSUM_LIMIT / 2, `${own.sum.sum}`);
  });

  it('is not kept from judging by a deployment a day', () => {
    const own = new Own();
    let found = false;
    for (let day = 0; day < 60; day++) {
      own.sum.revise();
      own.day(day < 22 ? 1000 + (day % 3) * 10 : 1300);
      found ||= own.sum.sum >= CUSUM_LIMIT;
    }
    assert.ok(found);
  });
});
