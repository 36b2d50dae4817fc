import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draws } from '../stats/draws.ts';
import { cauchy } from './fusion.ts';

describe('the Cauchy combination', () => {
  it('is nothing special for nobody, and the rarity itself for one', () => {
    assert.equal(cauchy([]), 1);
    for (const rarity of [0, 1e-300, 1e-9, 0.3, 1]) assert.equal(cauchy([rarity]), rarity);
  });

  it('leaves equal rarities as they are', () => {
    for (const rarity of [1e-12, 1e-6, 0.01, 0.4, 0.9]) {
      assert.ok(Math.abs(cauchy([rarity, rarity, rarity]) / rarity - 1) < 1e-9, `${rarity}`);
    }
  });

  it('lets one very rare witness among k count about k times', () => {
    for (const rarity of [1e-3, 1e-9, 1e-200]) {
      const fused = cauchy([rarity, 0.5, 0.5, 0.5]);
      assert.ok(Math.abs(fused / (4 * rarity) - 1) < 0.02, `${fused}`);
    }
  });

  it('does not depend on the order, to the last bit', () => {
    const draws = new Draws(1);
    for (let round = 0; round < 200; round++) {
      const rarities = Array.from({ length: 2 + (round % 7) }, () => Math.exp(-30 * draws.uniform()));
      const shuffled = rarities
        .map((rarity) => ({ rarity, key: draws.uniform() }))
        .sort((a, b) => a.key - b.key)
        .map((one) => one.rarity);
      assert.equal(cauchy(shuffled), cauchy(rarities));
    }
  });

  it('stays between 0 and 1 at the ends of the scale', () => {
    for (const list of [
      [0, 0],
      [0, 1],
      [1, 1],
      [1e-320, 1],
      [1 - 1e-16, 1e-5],
      [0.5, 0.5],
    ]) {
      const fused = cauchy(list);
      assert.ok(fused > 0 && fused <= 1 && Number.isFinite(fused), `${list} give ${fused}`);
    }
  });

  it('is not silenced by a witness that saw nothing', () => {
    assert.ok(cauchy([1e-6, 1]) < 1e-5);
    assert.ok(cauchy([1e-6, 1, 1, 1]) < 1e-5);
  });

  it('falls when any witness finds it rarer', () => {
    let before = 1;
    for (let decades = 0.1; decades < 60; decades += 0.37) {
      const fused = cauchy([Math.exp(-decades * Math.LN10), 0.2, 0.7]);
      assert.ok(fused < before);
      before = fused;
    }
  });

  it('keeps its level for dependent witnesses', () => {
    const draws = new Draws(2);
    let hits = 0;
    const rounds = 100_000;
    for (let round = 0; round < rounds; round++) {
      const shared = draws.uniform();
      const rarities = [shared, draws.uniform() < 0.7 ? shared : draws.uniform(), draws.uniform()];
      if (cauchy(rarities) <= 0.001) hits++;
    }
    assert.ok(hits / rounds < 0.0014 && hits / rounds > 0.0005, `${hits}`);
  });
});
