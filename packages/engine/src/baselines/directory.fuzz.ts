import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StateReader, StateWriter } from '../base/state.ts';
import { Directory } from './directory.ts';

const SEED = 11_817;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 60);
const CAPACITY = 200;
/** Word of a head that holds how often the entity was seen. */
const SEEN = 2;
const ESTABLISHED = 3;

function directory(released: string[] = []): Directory {
  return new Directory({
    headBytes: 16,
    capacityMax: CAPACITY,
    established: (page, word) => page.u32[word + SEEN] >= ESTABLISHED,
    release: (page, word) => released.push(`${page.u32[word]}-${page.u32[word + 1]}`),
  });
}

/** Sees an entity once: what the owner of a directory does for each row. */
function see(entities: Directory, key: number): number {
  const id = entities.ensure(key * 7919, key, () => `e${key}`);
  if (id !== 0) entities.page(id).u32[entities.word(id) + SEEN]++;
  return id;
}

function savedOf(entities: Directory): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  entities.save(out);
  return out.finish();
}

describe('a directory of entities', () => {
  it('finds what it has seen, by key, with a name each', () => {
    const entities = directory();
    const ids = [1, 2, 3].map((key) => see(entities, key));
    assert.deepEqual(ids, [1, 2, 3]);
    assert.deepEqual([see(entities, 2), entities.find(2 * 7919, 2), entities.find(5, 5)], [2, 2, 0]);
    assert.deepEqual(
      [...entities.ids()].map((id) => entities.names[id]),
      ['e1', 'e2', 'e3'],
    );
    assert.equal(entities.count, 3);
  });

  it('forgets on demand, frees what the head owned, and gives the place to the next', () => {
    const released: string[] = [];
    const entities = directory(released);
    for (const key of [1, 2, 3]) see(entities, key);
    entities.remove(2 * 7919, 2);
    entities.remove(99, 99);
    assert.deepEqual(released, ['15838-2']);
    assert.deepEqual([entities.find(2 * 7919, 2), entities.count], [0, 2]);
    const id = see(entities, 4);
    assert.equal(entities.page(id).u32[entities.word(id) + SEEN], 1, 'nothing of the former owner is left');
  });

  it('keeps every established entity through a flood of a hundred thousand newcomers', () => {
    const entities = directory();
    for (let key = 1; key <= 100; key++) for (let at = 0; at < ESTABLISHED; at++) see(entities, key);
    for (let key = 1000; key < 101_000; key++) see(entities, key);
    for (let key = 1; key <= 100; key++) {
      const id = entities.find(key * 7919, key);
      assert.equal(entities.names[id], `e${key}`);
      assert.equal(entities.page(id).u32[entities.word(id) + SEEN], ESTABLISHED);
    }
    assert.equal(entities.count, CAPACITY);
    assert.equal(100 + 100_000, entities.count + entities.evicted + entities.refused);
  });

  it('refuses newcomers, and counts them, when all are established', () => {
    const entities = directory();
    for (let key = 1; key <= CAPACITY; key++) for (let at = 0; at < ESTABLISHED; at++) see(entities, key);
    for (let key = 1000; key < 1010; key++) assert.equal(see(entities, key), 0);
    assert.deepEqual([entities.refused, entities.evicted, entities.count], [10, 0, CAPACITY]);
  });

  it('goes on from its saved state, the place of its hand included', () => {
    const [whole, before] = [directory(), directory()];
    const feed = (entities: Directory, from: number, to: number) => {
      for (let key = from; key < to; key++) for (let at = key % 5; at > 0; at--) see(entities, key);
    };
    feed(whole, 1, 900);
    feed(before, 1, 500);
    const after = directory();
    after.load(new StateReader(savedOf(before)));
    feed(after, 500, 900);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });

  it('never loses count, whatever comes and goes', () => {
    const key = fc.integer({ min: 1, max: 400 });
    const steps = fc.array(fc.tuple(fc.constantFrom('see', 'see', 'see', 'remove'), key), { maxLength: 1500 });
    const property = fc.property(steps, (all) => {
      const released: string[] = [];
      const entities = directory(released);
      let removed = 0;
      let made = 0;
      for (const [what, at] of all) {
        const known = entities.find(at * 7919, at) !== 0;
        if (what === 'see' && see(entities, at) !== 0 && !known) made++;
        if (what === 'remove') entities.remove(at * 7919, at);
        if (what === 'remove' && known) removed++;
      }
      assert.equal(entities.count, made - removed - entities.evicted);
      assert.equal(released.length, removed + entities.evicted);
      const ids = [...entities.ids()];
      assert.equal(ids.length, entities.count);
      for (const id of ids) {
        const { u32 } = entities.page(id);
        assert.equal(entities.find(u32[entities.word(id)], u32[entities.word(id) + 1]), id);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
});
