import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMES_MAX } from './limits.ts';
import { Names } from './names.ts';
import { StateReader, StateWriter } from './state.ts';

describe('names kept for explanations', () => {
  it('are given back, and a value without one is shown by its hash', () => {
    const names = new Names();
    names.add(7, 's3/invoices');
    names.add(8, '');
    assert.equal(names.get(7), 's3/invoices');
    assert.deepEqual([names.has(8), names.get(8), names.get(0xabcdef)], [false, '#00000008', '#00abcdef']);
  });

  it('are bounded: those in use stay while invented ones pass through', () => {
    const names = new Names();
    for (let key = 1; key <= 3 * NAMES_MAX; key++) {
      names.add(key, `name ${key}`);
      assert.equal(names.get(1), 'name 1');
    }
    assert.equal(names.get(3 * NAMES_MAX), `name ${3 * NAMES_MAX}`);
    assert.ok(!names.has(2));
  });

  it('that hold the token of a person are forgotten with the person', () => {
    const names = new Names();
    names.add(1, 'person_0123 (developer)');
    names.add(2, 'person_4567');
    names.forget('person_0123');
    assert.deepEqual([names.has(1), names.has(2)], [false, true]);
  });

  it('go on from saved state', () => {
    const names = new Names();
    for (let key = 1; key < 100; key++) names.add(key, `näme ${key}`);
    const out = new StateWriter();
    names.save(out);
    const loaded = new Names();
    loaded.add(500, 'before');
    loaded.load(new StateReader(out.finish()));
    assert.deepEqual([loaded.get(42), loaded.has(500)], ['näme 42', false]);
  });
});
