import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { ShapeHasher, sizeOf } from './shape.ts';

const hasher = new ShapeHasher(7);
const shape = (event: unknown) => hasher.of(event);

suite('structure of an event', () => {
  test('is the same for other values, another order of fields, more elements and other headers', () => {
    const event = { id: 1, name: 'a', lines: [{ sku: 'x' }], headers: { a: '1' } };
    assert.match(shape(event), /^[0-9a-f]{16}$/);
    assert.equal(
      shape({ name: 'zz', id: 99, headers: { b: '2', c: '3' }, lines: [{ sku: 'y' }, { sku: 'z' }] }),
      shape(event),
    );
  });

  test('is another one for another name, type, depth or place of a field', () => {
    const events = [
      {},
      [],
      { a: 1 },
      { b: 1 },
      { a: '1' },
      { a: null },
      { a: true },
      { a: [] },
      { a: [1] },
      { a: ['1'] },
      { a: {} },
      { a: { a: 1 } },
      { a: 1, b: 1 },
      { ab: 1 },
      { a: { b: 1 }, c: 1 },
      { a: 1, c: { b: 1 } },
    ];
    assert.equal(new Set(events.map(shape)).size, events.length);
  });

  test('depends on the seed, and is none for what is no object', () => {
    assert.notEqual(new ShapeHasher(8).of({ a: 1 }), shape({ a: 1 }));
    for (const value of ['text', 5, null, undefined]) assert.equal(shape(value), '');
  });

  test('takes bounded time for events that are deep, wide or their own parents, and runs no code of theirs', () => {
    let deep: unknown = {};
    for (let level = 0; level < 10_000; level++) deep = { deep };
    const wide = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`key${at}`, at]));
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    for (const event of [deep, wide, loop]) assert.match(shape(event), /^[0-9a-f]{16}$/);
    let ran = 0;
    const trap = Object.defineProperty({}, 'a', { get: () => ran++, enumerable: true });
    shape(trap);
    sizeOf(trap);
    assert.equal(ran, 0);
  });
});

suite('size of a value', () => {
  test('is about that of its JSON', () => {
    const values = [
      {},
      { a: 1 },
      { text: 'x'.repeat(5000) },
      [1, 2, 3],
      { a: { b: [{ c: 'd' }, { c: 'e' }] } },
      'text',
      true,
    ];
    for (const value of values) {
      const exact = JSON.stringify(value).length;
      assert.ok(Math.abs(sizeOf(value) - exact) <= 2 + exact * 0.1, `${sizeOf(value)} for ${exact}`);
    }
  });

  test('of a very long list is estimated from its beginning', () => {
    const list = Array.from({ length: 10_000 }, () => ({ body: 'x'.repeat(100) }));
    const exact = JSON.stringify(list).length;
    assert.ok(Math.abs(sizeOf(list) / exact - 1) < 0.1);
  });
});
