import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { Draws } from '../stats/draws.ts';
import { AlertBudget, type Candidate } from './alert-budget.ts';

const plain: Candidate = {
  incident: 'i',
  entity: 'orders',
  risk: 0.5,
  impact: 0.6,
  confidence: 0.7,
  maturity: 1,
  day: 0,
};

/** Pages of each week of a tenant with `perDay` incidents a day of random risk. */
function weeks(budget: AlertBudget, perDay: number, of: Partial<Candidate> = {}): number[] {
  const draws = new Draws(4);
  const pages = Array.from({ length: 12 }, () => 0);
  for (let at = 0; at < perDay * 84; at++) {
    const day = at / perDay;
    const risk = 0.2 + 0.6 * draws.uniform() * draws.uniform();
    const reason = budget.consider({ ...plain, incident: `i${at}`, entity: `f${at % 50}`, risk, day, ...of });
    if (reason === 'budget') pages[Math.floor(day / 7)]++;
  }
  return pages;
}

describe('C15: the alert budget', () => {
  it('is kept at one, five and twenty pages a week, whatever the noise', () => {
    for (const perWeek of [1, 5, 20]) {
      for (const perDay of [2, 20, 200]) {
        const budget = new AlertBudget();
        budget.perWeek = perWeek;
        const pages = weeks(budget, perDay);
        assert.ok(Math.max(...pages) <= 1.5 * perWeek, `${perWeek} a week, ${perDay} incidents a day: ${pages}`);
        // Calendar weeks and weeks of seven days differ: the budget is used, not just kept.
        if (perDay >= 20) assert.ok(pages.slice(4).reduce((a, b) => a + b) >= 0.5 * perWeek * 8, `${pages}`);
      }
    }
  });

  it('goes to the gravest: a graver incident pages where milder ones do not', () => {
    const budget = new AlertBudget();
    weeks(budget, 20);
    const day = 91;
    assert.equal(budget.consider({ ...plain, incident: 'mild', risk: 0.3, day }), undefined);
    assert.equal(budget.consider({ ...plain, incident: 'grave', risk: 0.8, day }), 'budget');
  });

  it('does not hold back what is grave and certain, and counts it apart', () => {
    const budget = new AlertBudget();
    budget.perWeek = 0;
    assert.equal(budget.consider({ ...plain, impact: 0.9, confidence: 0.8, risk: 0.85 }), 'impact');
    assert.equal(budget.consider({ ...plain, incident: 'j', risk: 0.7 }), undefined);
    assert.deepEqual(budget.report(0).lastWeek, { budget: 0, impact: 1, young: 0 });
  });

  it("has a small budget apart for what rests on others' experience", () => {
    const budget = new AlertBudget();
    const reasons = Array.from({ length: 6 }, (_, at) =>
      budget.consider({ ...plain, incident: `y${at}`, entity: `e${at}`, risk: 0.7, maturity: 0.2 }),
    );
    assert.deepEqual(
      reasons.filter((one) => one !== undefined),
      ['young'],
    );
  });

  it('is not raised by one entity that floods it', () => {
    const [calm, flooded] = [new AlertBudget(), new AlertBudget()];
    for (const budget of [calm, flooded]) weeks(budget, 20);
    for (let at = 0; at < 2000; at++) {
      flooded.consider({ ...plain, incident: `d${at}`, entity: 'decoy', risk: 0.79, day: 84 + at / 1000, impact: 0.5 });
    }
    assert.ok(flooded.threshold(86) <= calm.threshold(86) + 0.1, `${flooded.threshold(86)} over ${calm.threshold(86)}`);
  });

  it('pages once for an incident, and says what people thought of its pages', () => {
    const budget = new AlertBudget();
    assert.equal(budget.consider({ ...plain, risk: 0.6 }), 'budget');
    assert.equal(budget.consider({ ...plain, risk: 0.9 }), undefined);
    budget.consider({ ...plain, incident: 'j', entity: 'b', risk: 0.6 });
    budget.reviewed('i', 'false');
    budget.reviewed('i', 'true');
    budget.reviewed('never paged', 'true');
    const { paged, confirmedTrue, confirmedFalse, unreviewed } = budget.report(0);
    assert.deepEqual([paged, confirmedTrue, confirmedFalse, unreviewed], [2, 1, 0, 1]);
  });

  it('can be looked at without changing anything', () => {
    const budget = new AlertBudget();
    weeks(budget, 5);
    const bytes = () => {
      const out = new StateWriter();
      budget.save(out);
      return out.finish();
    };
    const before = bytes();
    assert.deepEqual(budget.report(400, 1).lastWeek, { budget: 0, impact: 0, young: 0 });
    assert.deepEqual(bytes(), before);
  });

  it('goes on after save and load as if nothing had happened', () => {
    const whole = new AlertBudget();
    weeks(whole, 5);
    const out = new StateWriter();
    whole.save(out);
    const loaded = new AlertBudget();
    loaded.load(new StateReader(out.finish()));
    assert.deepEqual(loaded.report(85), whole.report(85));
    const next = { ...plain, incident: 'next', day: 86 };
    assert.equal(loaded.consider(next), whole.consider(next));
  });
});
