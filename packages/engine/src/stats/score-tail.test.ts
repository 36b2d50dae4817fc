import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { Draws } from './draws.ts';
import { ScoreTail } from './score-tail.ts';
import { statisticContract } from './statistic.contract.ts';

const FROM = 1.3;

/** A tail fed with scores that overstate rarity by a factor: 1 is honest. */
function fed(judged: number, overstated: number, seed: number): ScoreTail {
  const tail = new ScoreTail(FROM);
  const draws = new Draws(seed);
  tail.judge(judged);
  for (let at = 0; at < judged; at++) {
    const score = -Math.log10(draws.uniform()) * overstated;
    if (score >= FROM) tail.add(score);
  }
  return tail;
}

const draws = new Draws(1);
statisticContract<ScoreTail>({
  name: 'a score tail',
  make: () => new ScoreTail(FROM),
  learn: (to, value) => {
    to.judge(3);
    to.add(value);
  },
  judge: (by, value) => by.beyond(value),
  save: (of) => {
    const out = new StateWriter();
    of.save(out);
    return out.finish();
  },
  load: (bytes) => {
    const tail = new ScoreTail(FROM);
    tail.load(new StateReader(bytes));
    return tail;
  },
  merge: (into, from) => into.merge(from),
  values: Array.from({ length: 500 }, () => FROM - Math.log10(draws.uniform())),
  asked: [1.3, 1.31, 2, 3.7, 6, 20],
  refuses: (by, value) => {
    if (value === Number.POSITIVE_INFINITY) return true;
    assert.throws(() => by.add(value));
    return true;
  },
});

describe('a score tail', () => {
  it('confirms honest scores within a factor of two inside its data', () => {
    const tail = fed(100_000, 1, 2);
    for (const score of [2, 3, 4]) {
      const decades = -Math.log10(tail.beyond(score) * 0.05);
      assert.ok(Math.abs(decades - score) < 0.3, `${score} is called ${decades}`);
    }
  });

  it('is cautious beyond its data, but not by more than a third of what is claimed there', () => {
    const tail = fed(100_000, 1, 2);
    for (const score of [5, 6, 7]) {
      const decades = -Math.log10(tail.beyond(score) * 0.05);
      assert.ok(decades < score && decades > 4 + (score - 4) / 1.5 - 0.3, `${score} is called ${decades}`);
    }
  });

  it('corrects scores that overstate', () => {
    const tail = fed(100_000, 2, 3);
    const decades = -Math.log10(tail.beyond(7.3) / tail.beyond(3.3));
    assert.ok(Math.abs(decades - 2) < 0.3, `four claimed decades are worth ${decades}`);
  });

  it('falls half as fast as claimed, or slower, while it knows nothing', () => {
    const tail = new ScoreTail(FROM);
    assert.equal(tail.beyond(FROM), 1);
    const decades = -Math.log10(tail.beyond(FROM + 4));
    assert.ok(decades > 1 && decades <= 2, `${decades}`);
  });

  it('never rises, never reaches 0, and is never steeper than honest beyond its data', () => {
    for (const tail of [new ScoreTail(FROM), fed(300, 1, 4), fed(50_000, 0.5, 5), fed(50_000, 2, 6)]) {
      let before = 1;
      for (let score = FROM; score < 40; score += 0.07) {
        const share = tail.beyond(score);
        assert.ok(share <= before && share > 0, `at ${score}`);
        if (score > 13) assert.ok(share >= before * Math.exp(-0.07 * Math.LN10) * 0.999999);
        before = share;
      }
    }
  });

  it('leans on its tenant while it has few scores of its own', () => {
    const tenant = fed(100_000, 1, 7);
    const alone = fed(200, 1, 8);
    assert.ok(alone.beyond(5, tenant) < alone.beyond(5));
  });

  it('forgets half of what it knew once it has judged very much, and keeps its shape', () => {
    const tail = fed(50_000, 1, 9);
    const before = tail.beyond(3);
    const count = tail.count;
    assert.equal(tail.judge(67_108_864), true);
    assert.equal(tail.count, count / 2);
    assert.ok(Math.abs(tail.beyond(3) / before - 1) < 0.15);
  });
});
