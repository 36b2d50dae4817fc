import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draws } from './draws.ts';
import { recordDecades } from './record-tail.ts';

const PRIOR = { kappa: 0.5, meanBreak: 0.3, effect: 4 };

describe('breaking a record', () => {
  it('is nothing while the record stands', () => {
    for (const value of [0, 5, 10, Number.NaN])
      assert.equal(recordDecades(value, 10, { windows: 100, prior: PRIOR }), 0);
  });

  it('is rarer the further it goes, and the longer the record stood', () => {
    let before = 0;
    for (const value of [11, 15, 30, 100, 10_000]) {
      const decades = recordDecades(value, 10, { windows: 100, prior: PRIOR });
      assert.ok(decades > before);
      assert.ok(recordDecades(value, 10, { windows: 1000, prior: PRIOR }) > decades);
      before = decades;
    }
  });

  it('hardly counts on tiny numbers', () => {
    const of = { windows: 100, prior: PRIOR };
    assert.ok(recordDecades(3, 1, of) < recordDecades(3000, 1000, of));
  });

  it('is cautious: windows of a steady load break their record about as often as said, or less', () => {
    const draws = new Draws(5);
    let said = 0;
    const rounds = 20_000;
    for (let round = 0; round < rounds; round++) {
      let record = 0;
      for (let window = 0; window < 20; window++) record = Math.max(record, 50 + 20 * draws.uniform());
      const value = 50 + 20 * draws.uniform();
      if (recordDecades(value, record, { windows: 20, prior: PRIOR }) >= 2) said++;
    }
    assert.ok(said / rounds <= 0.01, `${said} of ${rounds}`);
  });
});
