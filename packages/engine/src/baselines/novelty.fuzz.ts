import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Categories } from './categories.ts';
import { CATEGORY } from './category.ts';
import { type Novelty, scoreNovelty } from './novelty.ts';

const SEED = 9_021;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 100);
const FIELD = CATEGORY.call;
const BASE = 2;

/** What is said of a new value after `count` observations with `novelties` new values among them. */
function judged(count: number, novelties: number, day = 0): Novelty {
  const categories = new Categories(1);
  categories.focus(categories.alloc());
  for (let at = 0; at < count; at++) {
    categories.observe(FIELD);
    categories.learn(FIELD, 1, { day: 0, training: false });
    if (at > 0 && at <= novelties) categories.learn(FIELD, 1 + at, { day: 0, training: false });
  }
  const novelty = scoreNovelty(categories, { field: FIELD, entry: -1, day }, BASE);
  assert.ok(novelty !== undefined);
  return novelty;
}

const counts = fc.integer({ min: 40, max: 900 });
const changes = fc.integer({ min: 0, max: 30 });

describe('the strangeness of a new value', () => {
  it('rises with what was observed without one', () => {
    const property = fc.property(counts, fc.integer({ min: 1, max: 300 }), changes, (count, more, novelties) => {
      const [short, long] = [judged(count, novelties), judged(count + more, novelties)];
      assert.ok(long.score > short.score);
      assert.equal(long.threshold, short.threshold);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('falls with each recent novelty, and more is asked for', () => {
    const property = fc.property(counts, changes, (count, novelties) => {
      const [calm, busy] = [judged(count, novelties), judged(count, novelties + 1)];
      assert.ok(busy.score < calm.score);
      assert.ok(busy.threshold > calm.threshold);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('comes back as novelties fade', () => {
    const property = fc.property(counts, fc.integer({ min: 1, max: 30 }), fc.nat(40), (count, novelties, day) => {
      const [now, later] = [judged(count, novelties, day), judged(count, novelties, day + 1)];
      assert.ok(later.score - later.threshold > now.score - now.threshold);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('is finite and never below zero by more than the first observations explain', () => {
    const property = fc.property(fc.integer({ min: 1, max: 900 }), changes, (count, novelties) => {
      const { score, threshold } = judged(count, novelties);
      assert.ok(Number.isFinite(score) && Number.isFinite(threshold) && score > -1.5 && threshold >= BASE);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
});

describe('values that are known', () => {
  const categories = new Categories(1);
  categories.focus(categories.alloc());
  for (let at = 0; at < 120; at++) {
    categories.observe(FIELD);
    if (at === 20) categories.learn(FIELD, 7, { day: 0, training: false }, 'suspect');
    categories.learn(FIELD, 1, { day: 0, training: false });
  }
  const ask = (hash: number) =>
    scoreNovelty(categories, { field: FIELD, entry: categories.find(FIELD, hash), day: 0 }, BASE);

  it('are not strange', () => {
    assert.equal(ask(1), undefined);
  });

  it('stay strange while they are suspect, by what was observed before and since', () => {
    const novelty = ask(7);
    assert.ok(novelty?.suspect);
    assert.equal(novelty.count, 120);
    assert.equal(novelty.before, 20);
    assert.equal(novelty.novelties, 0, 'a suspect is no reason to expect itself');
    assert.equal(ask(8)?.before, 120);
  });
});
