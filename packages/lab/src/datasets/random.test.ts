import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Random } from './random.ts';

const COUNT = 20_000;

function many(draw: () => number): number[] {
  return Array.from({ length: COUNT }, draw);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('Random', () => {
  test('gives the same numbers for the same seed and stream, for ever', () => {
    const random = new Random(7, 'a');
    assert.deepEqual([random.word(), random.word(), random.hex(9)], [3330843353, 3588315178, 'ad379ac35']);
  });

  test('gives other numbers for another seed or another stream', () => {
    const first = new Random(7, 'a').word();
    assert.notEqual(first, new Random(8, 'a').word());
    assert.notEqual(first, new Random(7, 'b').word());
  });

  test('is even over its range', () => {
    const random = new Random(1, 'even');
    const counts = new Array<number>(10).fill(0);
    for (const value of many(() => random.below(10))) counts[value]++;
    for (const count of counts) assert.ok(Math.abs(count - COUNT / 10) < 4 * Math.sqrt(COUNT / 10), `${counts}`);
  });

  test('draws normal, log-normal and Poisson numbers with the mean and spread asked for', () => {
    const random = new Random(2, 'shapes');
    const normal = many(() => random.normal());
    assert.ok(Math.abs(mean(normal)) < 0.03);
    assert.ok(Math.abs(mean(normal.map((value) => value * value)) - 1) < 0.05);
    const logs = many(() => Math.log(random.logNormal(50, 0.3) / 50));
    assert.ok(Math.abs(mean(logs)) < 0.01);
    assert.ok(Math.abs(mean(many(() => random.poisson(3.5))) - 3.5) < 0.06);
    assert.equal(random.poisson(0), 0);
  });

  test('picks by weight and never what has none', () => {
    const random = new Random(3, 'weights');
    const list = [{ weight: 0 }, { weight: 3 }, { weight: 1 }];
    const picked = many(() => list.indexOf(random.weighted(list)));
    assert.equal(picked.filter((at) => at === 0).length, 0);
    assert.ok(Math.abs(picked.filter((at) => at === 1).length / COUNT - 0.75) < 0.02);
  });

  test('writes identifiers in their usual form', () => {
    const random = new Random(4, 'ids');
    assert.match(random.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.match(random.hex(17), /^[0-9a-f]{17}$/);
  });
});
