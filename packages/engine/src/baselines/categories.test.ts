import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { CATEGORY_VALUES_MAX, Categories } from './categories.ts';
import { CATEGORY, keyOf, type Lesson } from './category.ts';
import { TRUST_DAYS } from './value-bits.ts';

const { call, destination, changer } = CATEGORY;
function focused(): Categories {
  const categories = new Categories(8);
  categories.focus(categories.alloc());
  return categories;
}

function on(day: number, training = false): Lesson {
  return { day, training };
}

/** `count` observations of a field that show these values. */
function show(categories: Categories, field: number, of: { values: number[]; count?: number; day?: number }): void {
  for (let at = 0; at < (of.count ?? 1); at++) {
    categories.observe(field);
    for (const value of of.values) categories.learn(field, value, on(of.day ?? 0));
  }
}

function savedOf(categories: Categories): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  categories.save(out);
  return out.finish();
}

describe('values an entity has shown', () => {
  it('are counted, with their share of all observations', () => {
    const categories = focused();
    show(categories, destination, { values: [1], count: 60 });
    show(categories, destination, { values: [1, 2], count: 10 });
    show(categories, destination, { values: [2], count: 30 });
    const [first, second] = categories.values(destination);
    assert.deepEqual([first.key, first.count, first.share], [keyOf(destination, 1), 70, 0.7]);
    assert.deepEqual([second.key, second.count, second.share], [keyOf(destination, 2), 40, 0.4]);
    assert.equal(categories.observations(destination), 100);
  });

  it('are kept apart by field and by entity', () => {
    const categories = focused();
    show(categories, call, { values: [7], count: 3 });
    assert.equal(categories.find(destination, 7), -1);
    assert.deepEqual(categories.values(destination), []);
    categories.focus(categories.alloc());
    assert.equal(categories.find(call, 7), -1);
    assert.equal(categories.observations(call), 0);
  });

  it('are unseen, and are not learned, while nothing is in focus', () => {
    const categories = focused();
    categories.focus(0);
    categories.observe(call);
    assert.equal(categories.learn(call, 7, on(0)), false);
    assert.deepEqual([categories.find(call, 7), categories.observations(call), categories.usualCount], [-1, 0, 0]);
  });

  it('take bounded memory, however many are invented, and little while they are few', () => {
    const categories = focused();
    const empty = categories.bytes;
    for (let value = 1; value <= 26; value++) show(categories, destination, { values: [value] });
    assert.equal(categories.bytes, empty);
    for (let value = 1; value <= 20_000; value++) show(categories, destination, { values: [value] });
    assert.ok(categories.values(destination).length <= CATEGORY_VALUES_MAX);
    assert.equal(categories.bytes - empty, 1536);
  });

  it('of trust, of training and of frequent use are never pushed out by invented ones', () => {
    const categories = focused();
    const [daily, frequent, trained] = [1, 2, 3];
    for (let day = 0; day < TRUST_DAYS; day++) show(categories, destination, { values: [daily], day });
    show(categories, destination, { values: [frequent], count: 8, day: 2 });
    categories.observe(destination);
    categories.learn(destination, trained, on(2, true));
    const kept = () =>
      [daily, frequent, trained].map((value) => categories.countAt(categories.find(destination, value)));
    const before = kept();
    for (let value = 100; value < 20_000; value++) {
      for (const field of [call, destination, changer]) show(categories, field, { values: [value], day: 3 });
    }
    assert.deepEqual(before, [3, 8, 1]);
    assert.deepEqual(kept(), before);
  });

  it('say so when there is no room for a new one', () => {
    const categories = focused();
    let refused = 0;
    for (let value = 1; value <= 300; value++) {
      for (let at = 0; at < 8; at++) {
        categories.observe(call);
        if (!categories.learn(call, value, on(0))) refused++;
      }
    }
    const kept = categories.values(call);
    assert.ok(kept.length <= CATEGORY_VALUES_MAX && kept.every(({ count }) => count === 8));
    assert.equal(refused, (300 - kept.length) * 8);
  });

  it('are all kept when there are thirty destinations with a call each', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const categories = focused();
      const hash = (number: number) => (mix32(seed * 1000 + number) >>> 0) + 1;
      for (let at = 0; at < 2000; at++) {
        show(categories, destination, { values: [hash(at % 30)] });
        show(categories, call, { values: [hash(500 + (at % 30))] });
      }
      assert.deepEqual(
        [destination, call].map((field) => categories.values(field).length),
        [30, 30],
        `seed ${seed}`,
      );
      // Each was new once; a few were pushed out before they were used often.
      assert.ok(categories.novelties(destination, 0) < 35);
    }
  });

  it('keep honest shares after millions of observations', () => {
    const categories = focused();
    show(categories, call, { values: [1, 2], count: 60 });
    show(categories, call, { values: [1], count: 40 });
    // Eight million observations later: one hundred short of where 32-bit counters stop.
    for (let at = 100; at < 8_388_508; at++) show(categories, call, { values: at % 10 < 6 ? [1, 2] : [1] });
    for (let at = 0; at < 500; at++) {
      show(categories, call, { values: [1, ...(at % 10 < 6 ? [2] : []), ...(at >= 100 && at % 2 === 0 ? [3] : [])] });
    }
    const [always, often, late] = categories.values(call);
    assert.ok(always.share > 0.999 && always.usual, `${always.share}`);
    assert.ok(Math.abs(often.share - 0.6) < 0.001 && !often.usual, `${often.share}`);
    assert.ok(late.share > 0 && late.share < 0.0001 && late.count === 200, `${late.share}`);
    assert.ok(categories.observations(call) > 4_000_000);
  });

  it('give the same bytes for the same lessons, and go on after save and load', () => {
    const lessons = Array.from({ length: 3000 }, (_, at) => ({ value: 1 + ((at * 7919) % 150), day: at >> 8 }));
    const teach = (categories: Categories, from: number, to: number) => {
      for (const { value, day } of lessons.slice(from, to)) show(categories, call, { values: [value, 3], day });
    };
    const [first, second, cut] = [focused(), focused(), focused()];
    teach(first, 0, 3000);
    teach(second, 0, 3000);
    teach(cut, 0, 1777);
    const loaded = new Categories(8);
    loaded.load(new StateReader(savedOf(cut)));
    loaded.focus(1);
    teach(loaded, 1777, 3000);
    assert.deepEqual(savedOf(second), savedOf(first));
    assert.deepEqual(savedOf(loaded), savedOf(first));
  });

  it('hand over their names once', () => {
    const categories = focused();
    show(categories, destination, { values: [5] });
    const entry = categories.find(destination, 5);
    assert.deepEqual(
      [categories.wantsName(entry), categories.wantsName(entry), categories.wantsName(-1)],
      [true, false, false],
    );
  });

  it('vouch for themselves once, when seen twenty times and trusted by training or days', () => {
    const categories = focused();
    for (let at = 0; at < 25; at++) {
      categories.learn(destination, 1, { day: 0, training: true });
      categories.learn(destination, 2, on(0));
      categories.learn(destination, 3, on(at));
      categories.learn(destination, 4, on(at), 'suspect');
      categories.learn(changer, 5, { day: 0, training: true });
    }
    assert.deepEqual(categories.created.take(), [keyOf(destination, 1), keyOf(destination, 3)]);
    assert.deepEqual(categories.created.take(), []);
  });
});

describe('usual calls', () => {
  it('are those in 98 % of at least 50 invocations', () => {
    const categories = focused();
    show(categories, call, { values: [1, 2, 3], count: 90 });
    show(categories, call, { values: [1, 2], count: 2 });
    show(categories, call, { values: [1], count: 4 });
    // Usual calls are looked at every 32 observations: this was the 96th.
    const usual = categories.values(call).filter((value) => value.usual);
    assert.deepEqual(
      usual.map(({ key }) => key),
      [keyOf(call, 1)],
    );
    assert.equal(categories.usualCount, 1);
  });

  it('are not known before 50 invocations, and not for other fields', () => {
    const categories = focused();
    show(categories, call, { values: [1], count: 49 });
    show(categories, destination, { values: [1], count: 96 });
    assert.equal(categories.usualCount, 0);
    assert.ok(!categories.isUsual(categories.find(destination, 1)));
  });

  it('stop being usual when the function no longer makes them', () => {
    const categories = focused();
    show(categories, call, { values: [1, 2], count: 64 });
    assert.equal(categories.usualCount, 2);
    show(categories, call, { values: [1], count: 32 });
    assert.equal(categories.usualCount, 1);
  });
});

describe('novelties', () => {
  it('are new values after the first observation', () => {
    const categories = focused();
    show(categories, destination, { values: [1, 2, 3] });
    assert.equal(categories.novelties(destination, 0), 0);
    show(categories, destination, { values: [1, 4, 5] });
    assert.equal(categories.novelties(destination, 0), 2);
    assert.equal(categories.novelties(call, 0), 0);
  });

  it('count nothing when judged strange, and one for each earlier day on which such values came', () => {
    const categories = focused();
    show(categories, destination, { values: [1], count: 2 });
    for (const value of [2, 3, 4]) categories.learn(destination, value, on(0), 'suspect');
    categories.learn(destination, 5, on(0), 'covered');
    assert.equal(categories.novelties(destination, 0), 0);
    for (const value of [6, 7, 8]) categories.learn(destination, value, on(1), 'suspect');
    assert.equal(categories.novelties(destination, 1), 1);
    categories.learn(destination, 9, on(2), 'suspect');
    assert.ok(Math.abs(categories.novelties(destination, 2) - (1 + 0.5 ** (1 / 7))) < 1e-6);
  });

  it('never count for strangers who change things', () => {
    const categories = focused();
    show(categories, changer, { values: [1], count: 2 });
    for (const day of [0, 1, 2]) categories.learn(changer, 2 + day, on(day), 'suspect');
    assert.equal(categories.novelties(changer, 2), 0);
  });

  it('of a training span fade with the observations after them', () => {
    const training = { day: 0, training: true };
    const teach = (categories: Categories, value: number): void => {
      categories.observe(destination);
      categories.learn(destination, value, training);
    };
    // Eight places, all of them shown at the beginning.
    const settled = focused();
    for (let at = 0; at < 3000; at++) teach(settled, 1 + (at % 8));
    assert.ok(settled.novelties(destination, 0) < 0.02, `${settled.novelties(destination, 0)}`);
    // A new place every hundred observations, to the end: it will go on.
    const changing = focused();
    for (let at = 0; at < 3000; at++) teach(changing, 1 + Math.floor(at / 100));
    assert.ok(changing.novelties(destination, 0) > 12, `${changing.novelties(destination, 0)}`);
    // Outside of training only days count.
    const before = changing.novelties(destination, 0);
    show(changing, destination, { values: [1000] });
    assert.ok(Math.abs(changing.novelties(destination, 0) - before - 1) < 0.01);
    show(changing, destination, { values: [1], count: 3000 });
    assert.ok(Math.abs(changing.novelties(destination, 0) - before - 1) < 0.01);
  });

  it('fade by half every seven days', () => {
    const categories = focused();
    for (let value = 1; value <= 9; value++) show(categories, destination, { values: [value], day: 10 });
    assert.equal(categories.novelties(destination, 10), 8);
    assert.equal(categories.novelties(destination, 17), 4);
    assert.equal(categories.novelties(destination, 24), 2);
    assert.ok(categories.novelties(destination, 1000) < 0.02);
    let before = 8;
    for (let day = 11; day < 60; day++) {
      const now = categories.novelties(destination, day);
      assert.ok(now < before && now > 0, `day ${day}`);
      before = now;
    }
  });

  it('do not pile up in an entity that shows one every six days', () => {
    const categories = focused();
    for (let day = 0; day <= 600; day += 6) show(categories, destination, { values: [1000 + day], count: 7, day });
    // One, and what is left of those before it: 1 / (1 - 2^(-6/7)).
    const now = categories.novelties(destination, 600);
    assert.ok(Math.abs(now - 2.23) < 0.01, `${now}`);
  });
});

describe('suspects', () => {
  const suspect = () => {
    const categories = focused();
    show(categories, destination, { values: [1], count: 9 });
    categories.learn(destination, 2, on(0), 'suspect');
    return { categories, entry: categories.find(destination, 2) };
  };

  it('are trusted on the third distinct day, and not by frequent use of one day', () => {
    const { categories, entry } = suspect();
    show(categories, destination, { values: [2], count: 500, day: 0 });
    assert.ok(categories.isSuspect(entry));
    show(categories, destination, { values: [2], count: 500, day: 5 });
    assert.ok(categories.isSuspect(entry));
    show(categories, destination, { values: [2], day: 6 });
    assert.ok(!categories.isSuspect(entry));
  });

  it('are trusted at once by a training span that shows them', () => {
    const { categories, entry } = suspect();
    categories.learn(destination, 2, on(0, true));
    assert.ok(!categories.isSuspect(entry));
  });

  it('are trusted, or strange again, by the word of a person', () => {
    const { categories, entry } = suspect();
    categories.setTrusted(destination, 2, true);
    assert.ok(!categories.isSuspect(entry));
    categories.setTrusted(destination, 2, false);
    assert.ok(categories.isSuspect(entry));
    for (let day = 1; day < TRUST_DAYS; day++) show(categories, destination, { values: [2], day });
    assert.ok(categories.isSuspect(entry), 'the days before the word no longer count');
    show(categories, destination, { values: [2], day: TRUST_DAYS });
    assert.ok(!categories.isSuspect(entry));
    categories.setTrusted(destination, 999, true);
    assert.equal(categories.find(destination, 999), -1);
  });
});
