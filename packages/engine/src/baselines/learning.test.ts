import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Categories } from './categories.ts';
import { CATEGORY } from './category.ts';
import { learnValue } from './learning.ts';

const FIELD = CATEGORY.destination;
const VALUE = 42;
const BASE = 2;
const TODAY = 5;

type Before = 'new and strange' | 'new to a young function' | 'known' | 'suspect';
type After = 'trusted' | 'suspect' | 'suspect, nothing learned';

/** The whole truth table of the gate: what a value is before, and the three conditions, against what it is afterwards. */
const TABLE: readonly [Before, held: number, training: number, covered: number, After, novelty: number][] = [
  ['new and strange', 0, 0, 0, 'suspect', 0],
  ['new and strange', 0, 0, 1, 'trusted', 0],
  ['new and strange', 0, 1, 0, 'trusted', 1],
  ['new and strange', 0, 1, 1, 'trusted', 1],
  ['new and strange', 1, 0, 0, 'suspect', 0],
  ['new and strange', 1, 0, 1, 'trusted', 0],
  ['new and strange', 1, 1, 0, 'trusted', 1],
  ['new and strange', 1, 1, 1, 'trusted', 1],
  ['new to a young function', 0, 0, 0, 'trusted', 1],
  ['new to a young function', 0, 0, 1, 'trusted', 1],
  ['new to a young function', 0, 1, 0, 'trusted', 1],
  ['new to a young function', 0, 1, 1, 'trusted', 1],
  ['new to a young function', 1, 0, 0, 'suspect', 0],
  ['new to a young function', 1, 0, 1, 'trusted', 0],
  ['new to a young function', 1, 1, 0, 'trusted', 1],
  ['new to a young function', 1, 1, 1, 'trusted', 1],
  ['known', 0, 0, 0, 'trusted', 0],
  ['known', 0, 0, 1, 'trusted', 0],
  ['known', 0, 1, 0, 'trusted', 0],
  ['known', 0, 1, 1, 'trusted', 0],
  ['known', 1, 0, 0, 'trusted', 0],
  ['known', 1, 0, 1, 'trusted', 0],
  ['known', 1, 1, 0, 'trusted', 0],
  ['known', 1, 1, 1, 'trusted', 0],
  ['suspect', 0, 0, 0, 'suspect', 0],
  ['suspect', 0, 0, 1, 'suspect', 0],
  ['suspect', 0, 1, 0, 'trusted', 0],
  ['suspect', 0, 1, 1, 'trusted', 0],
  ['suspect', 1, 0, 0, 'suspect, nothing learned', 0],
  ['suspect', 1, 0, 1, 'suspect, nothing learned', 0],
  ['suspect', 1, 1, 0, 'trusted', 0],
  ['suspect', 1, 1, 1, 'trusted', 0],
];

function prepared(before: Before): Categories {
  const categories = new Categories(2);
  categories.focus(categories.alloc());
  const count = before === 'new to a young function' ? 40 : 400;
  for (let at = 0; at < count; at++) {
    categories.observe(FIELD);
    categories.learn(FIELD, 1, { day: 0, training: false });
  }
  if (before === 'known' || before === 'suspect') {
    categories.learn(FIELD, VALUE, { day: TODAY - 1, training: false }, before === 'suspect' ? 'suspect' : 'plain');
  }
  categories.observe(FIELD);
  return categories;
}

describe('the learn gate', () => {
  it('has a row for each of the 32 cases', () => {
    assert.equal(new Set(TABLE.map((row) => row.slice(0, 4).join())).size, 32);
  });

  for (const [before, held, training, covered, after, novelty] of TABLE) {
    const conditions = [held && 'held', training && 'training', covered && 'covered'].filter(Boolean).join(', ');
    it(`makes a value that is ${before} ${after} (${conditions || 'nothing special'})`, () => {
      const categories = prepared(before);
      const countBefore = categories.countAt(Math.max(0, categories.find(FIELD, VALUE)));
      const known = categories.find(FIELD, VALUE) >= 0;
      const noveltiesBefore = categories.novelties(FIELD, TODAY);
      const value = { field: FIELD, hash: VALUE, base: BASE, held: held === 1, covered: covered === 1 };
      assert.ok(learnValue(categories, value, { day: TODAY, training: training === 1 }));
      const entry = categories.find(FIELD, VALUE);
      assert.equal(categories.isSuspect(entry), after !== 'trusted');
      const expected = !known ? 1 : countBefore + (after === 'suspect, nothing learned' ? 0 : 1);
      assert.equal(categories.countAt(entry), expected);
      assert.equal(categories.novelties(FIELD, TODAY) - noveltiesBefore, novelty);
    });
  }

  it('lets a suspect earn no day while it is held, and trust over three days when it is not', () => {
    const days = (heldUntil: number) => {
      const categories = prepared('new and strange');
      for (let day = TODAY; ; day++) {
        if (day > TODAY && !categories.isSuspect(categories.find(FIELD, VALUE))) return day - TODAY;
        learnValue(
          categories,
          { field: FIELD, hash: VALUE, base: BASE, held: day < heldUntil },
          { day, training: false },
        );
      }
    };
    assert.equal(days(0), 3);
    assert.equal(days(TODAY + 10), 12);
  });

  it('says when there was no room', () => {
    const categories = new Categories(2);
    categories.focus(0);
    assert.ok(!learnValue(categories, { field: FIELD, hash: 1, base: BASE, held: false }, { day: 0, training: false }));
  });
});
