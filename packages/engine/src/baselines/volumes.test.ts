import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { PLACES_FROM, RECORD, SLOT, Volumes } from './volumes.ts';

const PLAIN = { held: false, training: false };
const HELD = { held: true, training: false };
const SLOTS = 6;

function made(): Volumes {
  const volumes = new Volumes(100, SLOTS);
  volumes.focus(volumes.alloc());
  return volumes;
}

/** Learns `count` invocations of a day that send `amount` to a place. */
function day(
  volumes: Volumes,
  at: number,
  of: { place: number; amount: number; count?: number; revised?: boolean },
): void {
  for (let i = 0; i < (of.count ?? 1); i++) {
    volumes.begin({ day: at, training: false }, { held: false, revised: i === 0 && of.revised === true });
    volumes.learnFixed(SLOT.total, of.amount, PLAIN);
    volumes.learnPlace(of.place, of.amount, PLAIN);
  }
}

describe('the amounts of a function', () => {
  it('are kept by place, per invocation and per day', () => {
    const volumes = made();
    for (let at = 0; at < 3; at++) day(volumes, at, { place: 7, amount: 1000, count: 10 });
    const slot = volumes.find(7);
    assert.equal(slot, PLACES_FROM);
    assert.deepEqual([volumes.tail(slot).count, Math.round(volumes.tail(slot).max)], [30, 1000]);
    assert.deepEqual([volumes.dayTail(slot).count, Math.round(volumes.dayTail(slot).max)], [2, 10_000]);
    assert.deepEqual([volumes.today(slot, 2), volumes.today(slot, 3), volumes.invocationsToday(2)], [10_000, 0, 10]);
  });

  it('tell once that the day of a slot was closed', () => {
    const volumes = made();
    day(volumes, 0, { place: 7, amount: 10 });
    assert.equal(volumes.takeClosed(), 0);
    day(volumes, 1, { place: 7, amount: 10 });
    assert.equal(volumes.takeClosed(), (1 << SLOT.total) | (1 << PLACES_FROM));
    assert.equal(volumes.takeClosed(), 0);
  });

  it('keep established places whatever new ones come, and count what finds no room', () => {
    const volumes = made();
    for (let place = 1; place <= SLOTS - PLACES_FROM; place++) day(volumes, 0, { place, amount: 5, count: 20 });
    for (let at = 0; at < 5; at++) for (let place = 100; place < 200; place++) day(volumes, at, { place, amount: 5 });
    for (let place = 1; place <= SLOTS - PLACES_FROM; place++) assert.ok(volumes.find(place) >= 0);
    assert.equal(volumes.refused.crowded, 500);
  });

  it('give the slot of a place met a few times to a new one on a later day', () => {
    const volumes = made();
    for (let place = 1; place <= SLOTS - PLACES_FROM; place++) day(volumes, 0, { place, amount: 5, count: 3 });
    day(volumes, 0, { place: 50, amount: 5 });
    assert.equal(volumes.find(50), -1);
    day(volumes, 2, { place: 50, amount: 5 });
    assert.ok(volumes.find(50) >= 0);
  });

  it('do not learn what is strange while the gate is closed, and little of what makes a finding', () => {
    const volumes = made();
    day(volumes, 0, { place: 7, amount: 1000, count: 50 });
    const slot = volumes.find(7);
    const before = volumes.tail(slot).max;
    volumes.learnPlace(7, 1e9, HELD);
    assert.equal(volumes.tail(slot).max, before);
    volumes.learnPlace(7, 1e9, PLAIN);
    assert.ok(volumes.tail(slot).max < 100 * before);
  });

  it('count distinct destinations of an hour within a fifth', () => {
    const volumes = made();
    const hashes = Uint32Array.from({ length: 60 }, (_, at) => mix32(at + 1) >>> 0);
    assert.ok(Math.abs(volumes.distinctWith(5, hashes, 60) - 60) <= 12);
    volumes.learnDistinct(5, hashes, { count: 60, held: false });
    assert.equal(volumes.distinctWith(5, hashes, 60), 0);
    assert.ok(volumes.distinctWith(6, hashes, 2) <= 2);
    volumes.learnDistinct(6, hashes, { count: 1, held: false });
    assert.equal(volumes.record(RECORD.hour).count, 1);
  });

  it('count what principals read, of the busiest few, until the day is over', () => {
    const volumes = made();
    day(volumes, 0, { place: 7, amount: 10 });
    for (let at = 0; at < 10; at++) volumes.addToPrincipal(11, 1000);
    for (let other = 20; other < 30; other++) volumes.addToPrincipal(other, 1);
    assert.equal(volumes.ofPrincipal(11, 0), 10_000);
    assert.equal(volumes.ofPrincipal(11, 1), 0);
    day(volumes, 1, { place: 7, amount: 10 });
    assert.equal(volumes.ofPrincipal(11, 1), 0);
    assert.equal(Math.round(volumes.record(RECORD.principal).max), 10_000);
  });

  it('refuse what is no amount', () => {
    const volumes = made();
    day(volumes, 0, { place: 7, amount: 10, count: 3 });
    const slot = volumes.find(7);
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, -1]) volumes.learnPlace(7, amount, PLAIN);
    assert.deepEqual([volumes.tail(slot).count, volumes.today(slot, 0)], [3, 30]);
  });

  it('go on after save and load as if nothing had happened', () => {
    const saved = (of: Volumes): Uint8Array => {
      const out = new StateWriter();
      of.save(out);
      return out.finish();
    };
    const whole = made();
    for (let at = 0; at < 20; at++)
      day(whole, at, { place: 1 + (at % 4), amount: 100 * at, count: 5, revised: at === 9 });
    const half = made();
    for (let at = 0; at < 11; at++)
      day(half, at, { place: 1 + (at % 4), amount: 100 * at, count: 5, revised: at === 9 });
    const loaded = new Volumes(100, SLOTS);
    loaded.load(new StateReader(saved(half)));
    loaded.focus(1);
    for (let at = 11; at < 20; at++) day(loaded, at, { place: 1 + (at % 4), amount: 100 * at, count: 5 });
    assert.deepEqual(saved(loaded), saved(whole));
  });

  it('are empty in block 0', () => {
    const volumes = new Volumes(100, SLOTS);
    volumes.focus(0);
    assert.deepEqual([volumes.known, volumes.find(7), volumes.today(3, 0), volumes.takeClosed()], [false, -1, 0, 0]);
  });
});
