import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LEDGERS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { type Accumulated, Ledgers, type Signal } from './ledgers.ts';

const DAY_MS = 86_400_000;

function signal(day: number, identity: string, rarity = 1e-3): Signal {
  return {
    finding: `f${day}-${identity}`,
    detector: identity.split('|')[0],
    identity,
    rarity,
    maturity: 1,
    timeMs: day * DAY_MS,
    day,
  };
}

/** What crosses when one different signal of `rarity` comes every `everyDays` days. */
function campaign(everyDays: number, steps: number, rarity = 1e-3): { step: number; crossed: Accumulated }[] {
  const ledgers = new Ledgers();
  const told: { step: number; crossed: Accumulated }[] = [];
  for (let step = 0; step < steps; step++) {
    for (const crossed of ledgers.add(signal(step * everyDays, `kind|${step}`, rarity), 'orders', [])) {
      told.push({ step, crossed });
    }
  }
  return told;
}

describe('ledgers', () => {
  it('tell of one weak step every three days for three weeks, once', () => {
    const told = campaign(3, 7);
    assert.equal(told.length, 1);
    assert.ok(told[0].step >= 3, `at step ${told[0].step}`);
    assert.equal(told[0].crossed.halfLifeDays, 30);
    assert.ok(told[0].crossed.contributors.length >= 4);
  });

  it('tell of some weak steps within a day sooner', () => {
    const told = campaign(0.05, 4);
    assert.equal(told.length, 1);
    assert.equal(told[0].crossed.halfLifeDays, 1);
  });

  it('stay quiet when the same signal comes every day for a year', () => {
    const ledgers = new Ledgers();
    for (let day = 0; day < 365; day++) {
      assert.deepEqual(ledgers.add(signal(day, 'kind|same'), 'orders', []), []);
    }
  });

  it('stay quiet on a different weak signal every three weeks', () => assert.deepEqual(campaign(21, 20, 1e-2), []));

  it('add up along the call graph', () => {
    const ledgers = new Ledgers();
    const crossed: Accumulated[] = [];
    for (let step = 0; step < 12; step++) {
      const at = ['front', 'orders', 'mailer'][step % 3];
      const next = { front: ['orders'], orders: ['front', 'mailer'], mailer: ['orders'] }[at] ?? [];
      crossed.push(...ledgers.add(signal(step * 2, `kind|${step}`), at, next));
    }
    assert.equal(crossed[0]?.entity, 'orders');
  });

  it('count no more what people explained, but everything else, until that is taken back', () => {
    const ledgers = new Ledgers();
    for (let step = 0; step < 3; step++) ledgers.add(signal(0, `a|${step}`), 'orders', []);
    const level = () => ledgers.levels('orders', 1)[1];
    ledgers.explain('orders', true);
    ledgers.explain('never seen', true);
    const before = level();
    ledgers.add(signal(1, 'a|1'), 'orders', []);
    assert.ok(level() <= before);
    ledgers.add(signal(1, 'b|1'), 'orders', []);
    assert.ok(level() > before + 2);
    const other = level();
    ledgers.explain('orders', false);
    ledgers.add(signal(1, 'a|1'), 'orders', []);
    assert.ok(level() > other);
  });

  it('forget by half-lives', () => {
    const ledgers = new Ledgers();
    ledgers.add(signal(0, 'a|1'), 'orders', []);
    const [dayBefore, monthBefore] = ledgers.levels('orders', 0);
    const [dayAfter, monthAfter] = ledgers.levels('orders', 30);
    assert.ok(Math.abs(monthAfter - monthBefore / 2) < 1e-9);
    assert.ok(dayAfter < dayBefore / 1e8);
  });

  it('are bounded, and what holds much stays', () => {
    const ledgers = new Ledgers();
    for (let step = 0; step < 3; step++) ledgers.add(signal(0, `a|${step}`), 'orders', []);
    for (let at = 0; at < LEDGERS_MAX + 5000; at++) ledgers.add(signal(0, 'b|1', 1e-2), `made-up-${at}`, []);
    assert.ok(ledgers.size <= LEDGERS_MAX);
    assert.ok(ledgers.evicted >= 5000);
    assert.ok(ledgers.levels('orders', 0)[1] > 5);
  });

  it('go on after save and load as if nothing had happened', () => {
    const whole = new Ledgers();
    for (let step = 0; step < 3; step++) whole.add(signal(step, `a|${step}`), 'orders', ['front']);
    whole.explain('front', true);
    const out = new StateWriter();
    whole.save(out);
    const loaded = new Ledgers();
    loaded.load(new StateReader(out.finish()));
    for (let step = 3; step < 6; step++) {
      assert.deepEqual(
        loaded.add(signal(step, `a|${step}`), 'orders', ['front']),
        whole.add(signal(step, `a|${step}`), 'orders', ['front']),
      );
    }
  });
});
