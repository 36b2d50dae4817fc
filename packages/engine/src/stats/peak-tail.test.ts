import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draws } from './draws.ts';
import { PEAK_WORDS, PeakTail } from './peak-tail.ts';
import { statisticContract } from './statistic.contract.ts';

/** A record with its own memory. */
class Own {
  readonly words = new Float32Array(PEAK_WORDS);
  readonly tail = new PeakTail().at(this.words, 0);
}

function fed(values: readonly number[]): PeakTail {
  const own = new Own();
  for (const value of values) own.tail.learn(value);
  return own.tail;
}

/** Sizes whose logarithms are normal. */
function sizes(count: number, spread: number, seed: number): number[] {
  const draws = new Draws(seed);
  return Array.from({ length: count }, () => 2000 * Math.exp(spread * draws.normal()));
}

statisticContract<Own>({
  name: 'a record of large ones',
  make: () => new Own(),
  learn: (to, value) => to.tail.learn(value),
  judge: (by, value) => [by.tail.score(value), by.tail.beyond(value)],
  save: (of) => new Uint8Array(of.words.buffer.slice(0)),
  load: (bytes) => {
    const own = new Own();
    own.words.set(new Float32Array(bytes.buffer, bytes.byteOffset, PEAK_WORDS));
    return own;
  },
  values: sizes(300, 0.7, 3),
  asked: [0, 10, 2000, 1e4, 1e6, 1e9],
  refuses: (by, value) => !by.tail.learn(value),
});

describe('a record of large ones', () => {
  it('asks the more of a value, the more sizes vary', () => {
    const [steady, wild] = [fed(sizes(400, 0.1, 1)), fed(sizes(400, 1.5, 1))];
    assert.ok(steady.limit(2) / steady.max < 4);
    assert.ok(wild.limit(2) / wild.max > 20);
  });

  it('scores what was seen below the record, and a value at the limit two decades beyond', () => {
    const tail = fed(sizes(200, 0.5, 2));
    assert.ok(tail.score(2000) < 1);
    assert.ok(Math.abs(tail.beyond(tail.limit(2)) - 2) < 1e-4);
    assert.ok(tail.score(tail.max * 1.001) >= Math.log10(201));
  });

  it('overstates the rarity of new records of sizes that vary over decades in hardly one of a hundred', () => {
    let claimed = 0;
    let judged = 0;
    for (let seed = 1; seed <= 40; seed++) {
      const own = new Own();
      for (const [at, value] of sizes(1000, 1.2, seed).entries()) {
        if (at >= 50) judged++;
        if (at >= 50 && own.tail.beyond(value) >= 2) claimed++;
        own.tail.learn(value);
      }
    }
    assert.ok(claimed <= 2, `${claimed} of ${judged}`);
  });

  it('takes zero for a value', () => {
    const tail = fed(new Array(30).fill(0));
    assert.deepEqual([tail.count, tail.max, tail.score(0)], [30, 0, 0]);
    assert.ok(tail.beyond(1e6) > 2);
  });

  it('forgets a single record by and by', () => {
    const tail = fed([...sizes(100, 0.2, 4), 1e9]);
    for (let day = 0; day < 200; day++) tail.fade(0.975);
    assert.ok(tail.max < 1e6);
  });
});
