import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TRUST } from '../event/schema.ts';
import { confidenceOf, priorityOf, riskOf } from './risk.ts';

const RARITIES = [0.5, 0.05, 1e-2, 1e-3, 1e-4, 1e-6];
const certain = { rarity: 1e-9, maturity: 1, trust: TRUST.platform };

describe('confidence', () => {
  it('rises with rarity and stops at one in a million', () => {
    const all = RARITIES.map((rarity) => confidenceOf({ ...certain, rarity }));
    for (let at = 1; at < all.length; at++) assert.ok(all[at] > all[at - 1]);
    assert.equal(confidenceOf(certain), 1);
    assert.equal(confidenceOf({ ...certain, rarity: 1e-6 }), 1);
    assert.equal(confidenceOf({ ...certain, rarity: 0 }), 1);
  });

  it('rises with maturity, and is never nothing', () => {
    const all = [0, 0.3, 0.7, 1].map((maturity) => confidenceOf({ ...certain, maturity }));
    for (let at = 1; at < all.length; at++) assert.ok(all[at] > all[at - 1]);
    assert.equal(all[0], 0.5);
    assert.equal(confidenceOf({ rarity: 1, maturity: 0, trust: TRUST.platform }), 0.125);
  });

  it('falls with the ease of forging the evidence', () => {
    const all = Object.values(TRUST)
      .toSorted()
      .map((trust) => confidenceOf({ ...certain, trust }));
    for (let at = 1; at < all.length; at++) assert.ok(all[at] <= all[at - 1]);
    assert.equal(confidenceOf({ ...certain, trust: TRUST.stdout }), 0.5);
    assert.equal(confidenceOf({ ...certain, trust: 99 }), 0.5, 'an unknown class is the least trusted');
  });
});

describe('risk', () => {
  it('is impact, halved where nothing is certain, and never hidden by low confidence', () => {
    assert.equal(riskOf(0.8, 1), 0.8);
    assert.equal(riskOf(0.8, 0), 0.4);
    assert.equal(riskOf(0, 1), 0);
    for (const impact of [0.3, 0.9])
      for (const confidence of [0, 0.5, 1]) assert.ok(riskOf(impact, confidence) >= impact / 2);
  });

  it('has a priority by quarters', () => {
    assert.deepEqual([0, 0.249, 0.25, 0.499, 0.5, 0.749, 0.75, 1].map(priorityOf), [
      'low',
      'low',
      'medium',
      'medium',
      'high',
      'high',
      'critical',
      'critical',
    ]);
  });
});
