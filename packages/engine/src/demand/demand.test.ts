import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { Draws } from '../stats/draws.ts';
import { Demand } from './demand.ts';

const QUEUE = 11;
const CALLER = 12;
const WORKER = 21;

/** A demand that has seen `minutes` minutes of a worker that runs twice for each message, a minute later. */
function learned(minutes: number, arrivals: (minute: number) => number): Demand {
  const demand = new Demand();
  demand.fires({ functionHash: WORKER, driver: QUEUE });
  run(demand, { from: 0, minutes, arrivals, ratio: 2 });
  return demand;
}

function run(
  demand: Demand,
  of: { from: number; minutes: number; arrivals: (minute: number) => number; ratio: number },
): void {
  for (let minute = of.from; minute < of.from + of.minutes; minute++) {
    const counts = [{ driver: QUEUE, count: of.arrivals(minute) }];
    if (minute > 0) counts.push({ driver: WORKER, count: of.ratio * of.arrivals(minute - 1) });
    demand.minute(minute, counts);
  }
}

/** Messages by day and night, with noise. */
function daily(seed: number): (minute: number) => number {
  const draws = new Draws(seed);
  const noise = Array.from({ length: 4000 }, () => draws.uniform());
  return (minute) => Math.round(10 + 8 * Math.sin(minute / 200) + 6 * noise[minute % noise.length]);
}

describe('demand', () => {
  it('knows how many invocations what arrived makes', () => {
    const arrivals = daily(1);
    const demand = learned(600, arrivals);
    const count = demand.invocations(WORKER, 599, 10);
    const explained = demand.explain(WORKER, { minute: 599, minutes: 10, count });
    assert.ok(explained !== undefined && Math.abs(explained.expected / count - 1) < 0.2, JSON.stringify(explained));
    assert.ok(explained.atLeast > 0.01 && explained.atMost > 0.01);
  });

  it('explains a burst that what fires the function explains, and not one that it does not', () => {
    const usual = daily(2);
    const demand = learned(600, usual);
    run(demand, { from: 600, minutes: 12, arrivals: (minute) => 30 * usual(minute), ratio: 2 });
    const sale = demand.invocations(WORKER, 611, 10);
    assert.ok((demand.explain(WORKER, { minute: 611, minutes: 10, count: sale })?.atLeast ?? 0) > 0.01, `${sale}`);

    const other = learned(600, usual);
    run(other, { from: 600, minutes: 12, arrivals: usual, ratio: 20 });
    const abuse = other.invocations(WORKER, 611, 10);
    const explained = other.explain(WORKER, { minute: 611, minutes: 10, count: abuse });
    assert.ok(explained !== undefined && explained.atLeast < 1e-9, JSON.stringify(explained));
    assert.ok(explained.expected < abuse / 5);
  });

  it('notices what arrives and is not worked off', () => {
    const usual = daily(3);
    const demand = learned(600, usual);
    run(demand, { from: 600, minutes: 12, arrivals: usual, ratio: 0 });
    const explained = demand.explain(WORKER, { minute: 611, minutes: 10, count: 0 });
    assert.ok(explained !== undefined && explained.atMost < 1e-6, JSON.stringify(explained));
  });

  it('says nothing of functions whose cause nobody sees, and of those it has hardly seen', () => {
    assert.equal(new Demand().explain(WORKER, { minute: 5, minutes: 10, count: 1 }), undefined);
    const demand = learned(40, daily(4));
    assert.equal(demand.explain(WORKER, { minute: 39, minutes: 10, count: 500 }), undefined);
  });

  it('does not learn what it calls strange, so that it cannot be taught quickly', () => {
    const usual = daily(5);
    const demand = learned(600, usual);
    run(demand, { from: 600, minutes: 300, arrivals: usual, ratio: 20 });
    const explained = demand.explain(WORKER, { minute: 899, minutes: 10, count: 4000 });
    assert.ok(explained !== undefined && explained.atLeast < 1e-9, JSON.stringify(explained));
  });

  it('adds up several drivers, and ignores what does not belong', () => {
    const demand = new Demand();
    demand.fires({ functionHash: WORKER, driver: QUEUE });
    demand.fires({ functionHash: WORKER, driver: CALLER });
    demand.fires({ functionHash: WORKER, driver: WORKER });
    const draws = new Draws(6);
    for (let minute = 0; minute < 600; minute++) {
      const [a, b] = [Math.round(5 + 10 * draws.uniform()), Math.round(20 * draws.uniform())];
      demand.minute(minute, [
        { driver: QUEUE, count: a },
        { driver: CALLER, count: b },
        { driver: 99, count: 1000 },
        { driver: WORKER, count: a + b },
      ]);
    }
    const count = demand.invocations(WORKER, 599, 10);
    const explained = demand.explain(WORKER, { minute: 599, minutes: 10, count });
    assert.ok(explained !== undefined && Math.abs(explained.expected / count - 1) < 0.25, JSON.stringify(explained));
  });

  it('is the same after minutes in which nothing happened, and after saving', () => {
    const demand = learned(600, daily(7));
    demand.minute(6000, [{ driver: QUEUE, count: 10 }]);
    assert.equal(demand.invocations(WORKER, 6000, 10), 0);
    const out = new StateWriter();
    demand.save(out);
    const loaded = new Demand();
    loaded.load(new StateReader(out.finish()));
    for (const one of [demand, loaded]) run(one, { from: 6001, minutes: 30, arrivals: daily(8), ratio: 2 });
    const again = new StateWriter();
    const first = new StateWriter();
    demand.save(first);
    loaded.save(again);
    assert.deepEqual(again.finish(), first.finish());
  });

  it('stays within its bounds', () => {
    const demand = new Demand();
    for (let at = 1; at <= 70_000; at++) demand.fires({ functionHash: at, driver: QUEUE });
    assert.ok(demand.size <= 65_536);
    assert.ok(demand.refused > 0);
    for (let driver = 1; driver <= 20; driver++) demand.fires({ functionHash: 5, driver: 1000 + driver });
    assert.ok(demand.refused >= 12);
  });
});
