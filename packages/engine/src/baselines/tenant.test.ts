import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hasher } from '../base/hash.ts';
import { Names } from '../base/names.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import type { Edge } from '../features/edge.ts';
import { CATEGORY, keyOf } from './category.ts';
import { TenantBaselines } from './tenant.ts';

const LESSON = { day: 0, training: false };

function tenant(): TenantBaselines {
  return new TenantBaselines(new Hasher(1, 2), new Names());
}

function edge(caller: string, callee: string): Edge {
  const end = (name: string) => ({ hash: 1, name });
  return { caller: end(caller), callee: end(callee), ordinal: 0, eventMs: 0, traceId: '', requestId: '' };
}

/** Teaches an entity an action. */
function act(of: TenantBaselines, principal: number, action: number): void {
  of.ensure('principal', principal, () => `person_${principal}`);
  of.categories.observe(CATEGORY.action);
  of.categories.learn(CATEGORY.action, action, LESSON);
}

/** What an entity is known to do. */
function knows(of: TenantBaselines, principal: number, action: number): boolean {
  of.focus('principal', principal);
  return of.categories.find(CATEGORY.action, action) >= 0;
}

describe('what the tenant has learned', () => {
  it('is kept apart by kind of entity, and unknown entities know nothing', () => {
    const of = tenant();
    act(of, 5, 100);
    assert.ok(knows(of, 5, 100));
    assert.ok(!knows(of, 6, 100));
    of.focus('touched', 5);
    assert.equal(of.categories.observations(CATEGORY.action), 0);
  });

  it('of a person is forgotten with the person, and of nobody else', () => {
    const of = tenant();
    act(of, 5, 100);
    act(of, 6, 100);
    of.forget('person_5');
    assert.deepEqual([knows(of, 5, 100), knows(of, 6, 100), of.entities.count], [false, true, 1]);
    assert.equal(of.categories.used, 1);
  });

  it('of established principals stays through a flood of others', () => {
    const of = tenant();
    for (let at = 0; at < 20; at++) act(of, 5, 100);
    for (let principal = 10; principal < 140_000; principal++) act(of, principal, 1);
    assert.ok(knows(of, 5, 100));
    assert.ok(of.entities.count <= 131_072 && of.entities.evicted > 0);
  });

  it('counts the functions that show a value', () => {
    const of = tenant();
    assert.equal(of.functionsWith(CATEGORY.destination, 9), 0);
    of.shownBy(keyOf(CATEGORY.destination, 9));
    of.shownBy(keyOf(CATEGORY.destination, 9));
    assert.deepEqual([of.functionsWith(CATEGORY.destination, 9), of.functionsWith(CATEGORY.call, 9)], [2, 0]);
  });

  it('tells edges alike in every account and region, by the names of their ends', () => {
    const of = tenant();
    const one = of.lineageOf(edge('aws:1:eu:front', 'aws:1:eu:pay'));
    assert.equal(of.lineageOf(edge('aws:2:us:front', 'aws:3:us:pay')), one);
    assert.notEqual(of.lineageOf(edge('aws:1:eu:pay', 'aws:1:eu:front')), one);
    assert.notEqual(of.lineageOf(edge('aws:1:eu:fr', 'aws:1:eu:ontpay')), one);
  });

  it('goes on from saved state', () => {
    const of = tenant();
    for (let principal = 1; principal < 300; principal++) act(of, principal, principal % 7);
    of.shownBy(keyOf(CATEGORY.call, 3));
    const out = new StateWriter();
    of.save(out);
    const bytes = out.finish();
    const loaded = tenant();
    loaded.load(new StateReader(bytes));
    assert.ok(knows(loaded, 299, 299 % 7));
    assert.equal(loaded.functionsWith(CATEGORY.call, 3), 1);
    const again = new StateWriter();
    loaded.save(again);
    assert.deepEqual(again.finish(), bytes);
  });
});
