import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROBOTS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { type Hands, Robots } from './robots.ts';

const ROBOT: Hands = { principal: 11, network: 22, client: 33 };

/** `count` changes of `targets` things on `days` days. */
function deployed(robots: Robots, of: { count: number; targets: number; days: number; hands?: Hands }): Robots {
  for (let at = 0; at < of.count; at++) {
    const lesson = { day: Math.floor((at * of.days) / of.count), training: false };
    robots.learn(of.hands ?? ROBOT, 1000 + (at % of.targets), lesson);
  }
  return robots;
}

describe('a deploy robot', () => {
  it('is recognised by how many things it deploys on how many days', () => {
    assert.ok(deployed(new Robots(), { count: 40, targets: 20, days: 10 }).knows(ROBOT));
  });

  it('is nobody who deploys often but one thing, many things on one day, or little', () => {
    assert.ok(!deployed(new Robots(), { count: 400, targets: 2, days: 40 }).knows(ROBOT));
    assert.ok(!deployed(new Robots(), { count: 400, targets: 50, days: 2 }).knows(ROBOT));
    assert.ok(!deployed(new Robots(), { count: 12, targets: 12, days: 12 }).knows(ROBOT));
  });

  it('is another one from another network or by another client', () => {
    const robots = deployed(new Robots(), { count: 40, targets: 20, days: 10 });
    assert.ok(!robots.knows({ ...ROBOT, network: 23 }));
    assert.ok(!robots.knows({ ...ROBOT, client: 34 }));
  });

  it('is recognised at once where an operator declared the time normal', () => {
    const robots = new Robots();
    for (let at = 0; at < 30; at++) robots.learn(ROBOT, at, { day: 0, training: true });
    assert.ok(robots.knows(ROBOT));
  });

  it('is not pushed out by a flood of newcomers', () => {
    const robots = deployed(new Robots(), { count: 40, targets: 20, days: 10 });
    for (let at = 0; at < ROBOTS_MAX + 1000; at++) {
      robots.learn({ ...ROBOT, principal: 1000 + at }, 1, { day: 1, training: false });
    }
    assert.ok(robots.knows(ROBOT));
    assert.ok(robots.size <= ROBOTS_MAX);
  });

  it('is known after save and load', () => {
    const out = new StateWriter();
    deployed(new Robots(), { count: 40, targets: 40, days: 10 }).save(out);
    const loaded = new Robots();
    loaded.load(new StateReader(out.finish()));
    assert.ok(loaded.knows(ROBOT));
    assert.equal(loaded.size, 1);
  });
});
