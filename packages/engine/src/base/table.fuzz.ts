import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EngineError } from './errors.ts';
import { StateReader, StateWriter } from './state.ts';
import { Table } from './table.ts';

const SEED = 7_301;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 150);
/** Below the 33 keys there are, so that tables fill up. */
const CAPACITY = 20;

/** Few low words, so that probes run into each other and around the end; `hi` alone tells some keys apart. */
const key = fc.tuple(
  fc.constantFrom(0, 1, 0xffff_ffff),
  fc.constantFrom(0, 1, 2, 6, 7, 8, 14, 15, 16, 23, 0xffff_ffff),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('set'), key, value: fc.integer({ min: 1, max: 0xffff_ffff }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key, value: fc.constant(0) }) },
);
type Step = { readonly do: string; readonly key: readonly [number, number]; readonly value: number };

/** Does the same to a table and to a map. */
function apply(table: Table, model: Map<string, number>, { do: what, key: [hi, lo], value }: Step): void {
  const name = `${hi} ${lo}`;
  if (what === 'delete') {
    table.delete(hi, lo);
    model.delete(name);
    return;
  }
  const fits = model.has(name) || model.size < CAPACITY;
  assert.equal(table.set(hi, lo, value), fits);
  if (fits) model.set(name, value);
}

function compare(table: Table, model: ReadonlyMap<string, number>, steps: readonly Step[]): void {
  assert.equal(table.size, model.size);
  for (const {
    key: [hi, lo],
  } of steps) {
    assert.equal(table.get(hi, lo), model.get(`${hi} ${lo}`) ?? 0);
  }
}

function saved(table: Table): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  table.save(out);
  return out.finish();
}

describe('a table', () => {
  it('holds what a map holds after any sets and deletes, growing and full', () => {
    const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const table = new Table(CAPACITY, 8);
      const model = new Map<string, number>();
      for (const one of steps) {
        apply(table, model, one);
        compare(table, model, [one]);
      }
      compare(table, model, steps);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('holds the same after save and load, and goes on', () => {
    const property = fc.property(fc.array(step, { maxLength: 120 }), fc.nat(120), (steps, cut) => {
      const [whole, model] = [new Table(CAPACITY, 8), new Map<string, number>()];
      const before = new Table(CAPACITY, 8);
      const half = new Map<string, number>();
      for (const one of steps) apply(whole, model, one);
      for (const one of steps.slice(0, cut)) apply(before, half, one);
      const after = new Table(CAPACITY, 8);
      after.load(new StateReader(saved(before)));
      for (const one of steps.slice(cut)) apply(after, half, one);
      compare(after, model, steps);
      assert.deepEqual(saved(after), saved(whole));
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('takes negative words as the unsigned ones they stand for', () => {
    const table = new Table(4, 8);
    table.set(-1, -2, 5);
    assert.equal(table.get(0xffff_ffff, 0xffff_fffe), 5);
    table.delete(0xffff_ffff, 0xffff_fffe);
    assert.equal(table.get(-1, -2), 0);
  });

  it('refuses saved slots that leave no free one, where a look-up would never end', () => {
    const out = new StateWriter();
    out.u32(2);
    out.u32Array(Uint32Array.from([1, 1, 1, 2, 2, 2]));
    assert.throws(() => new Table(4, 8).load(new StateReader(out.finish())), EngineError);
  });
});
