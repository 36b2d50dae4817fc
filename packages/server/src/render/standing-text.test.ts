import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetText, calibrationText } from './standing-text.ts';

const QUIET = {
  perWeek: 5,
  lastWeek: { budget: 0, impact: 0, young: 0 },
  threshold: 0.5,
  paged: 0,
  confirmedTrue: 0,
  confirmedFalse: 0,
  unreviewed: 0,
};

describe('how the promises stand', () => {
  it('is a line on the budget', () => {
    assert.equal(budgetText(QUIET), 'Paged in seven days: 0 of a budget of 5.');
    const busy = { paged: 7, confirmedTrue: 2, confirmedFalse: 1, unreviewed: 4 };
    assert.equal(
      budgetText({ ...QUIET, ...busy, lastWeek: { budget: 3, impact: 1, young: 2 } }),
      'Paged in seven days: 3 of a budget of 5, beside it 1 grave and certain and 2 of young functions. Of 7 ever: 2 true, 1 false, 4 not reviewed.',
    );
  });

  it('is a table of rarities, where enough are expected to say something', () => {
    const row = { detector: 'timing.tail', level: 1e-3, expected: 20, observed: 19 };
    assert.equal(calibrationText([{ ...row, expected: 9.9 }]), '');
    const text = calibrationText([row, { ...row, level: 1e-2, expected: 200, observed: 401 }]);
    assert.match(text, /timing\.tail {6}1,000 {10}20 {10}19\n/);
    assert.match(text, /timing\.tail {8}100 {9}200 {9}401 {3}claims too much\n/);
  });
});
