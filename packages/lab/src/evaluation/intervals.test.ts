import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { poissonInterval, proportionInterval, proportionText, rateText } from './intervals.ts';

function near(observed: number, expected: number, within: number): void {
  assert.ok(Math.abs(observed - expected) <= within, `${observed} is not ${expected}`);
}

describe('exact intervals', () => {
  it('of proportions agree with the tables of Clopper and Pearson', () => {
    const cases: [number, number, number, number][] = [
      [0, 10, 0, 0.3085],
      [10, 10, 0.6915, 1],
      [5, 10, 0.1871, 0.8129],
      [1, 20, 0.0013, 0.2487],
      [471, 478, 0.9701, 0.9941],
    ];
    for (const [hits, all, low, high] of cases) {
      const found = proportionInterval(hits, all);
      near(found.low, low, 2e-4);
      near(found.high, high, 2e-4);
    }
    assert.deepEqual(proportionInterval(0, 0), { low: 0, high: 1 });
  });

  it('of Poisson means agree with the tables of Garwood', () => {
    const cases: [number, number, number][] = [
      [0, 0, 3.689],
      [1, 0.0253, 5.572],
      [3, 0.6187, 8.767],
      [10, 4.795, 18.39],
      [400, 361.8, 441.2],
    ];
    for (const [count, low, high] of cases) {
      const found = poissonInterval(count);
      near(found.low, low, low * 1e-3 + 1e-4);
      near(found.high, high, high * 1e-3);
    }
  });

  it('are written with their counts', () => {
    assert.equal(proportionText(471, 478), '98.5 % (471/478, 97.0-99.4 %)');
    assert.equal(proportionText(0, 0), 'no cases');
    assert.equal(rateText(3, 900), '0.0033 (3 in 900, 0.00069-0.0097)');
    assert.equal(rateText(0, 0), 'nothing observed');
  });
});
