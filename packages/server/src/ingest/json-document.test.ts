import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  JSON_BYTES_MAX,
  JSON_DEPTH_MAX,
  own,
  ownAmount,
  ownArray,
  ownNumber,
  ownPath,
  ownText,
  parseJson,
  parseJsonText,
} from './json-document.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const reasonOf = (text: string) => {
  const result = parseJsonText(text);
  return 'reason' in result ? result.reason : undefined;
};
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

suite('JSON documents', () => {
  test('a document is read from its place in a buffer', () => {
    assert.deepEqual(parseJson(bytesOf('xx{"a":1}yy'), 2, 9), { value: { a: 1 } });
  });

  test('the deepest document within the limit is read, one level more is not', () => {
    assert.equal(reasonOf(nested(JSON_DEPTH_MAX)), undefined);
    assert.equal(reasonOf(nested(JSON_DEPTH_MAX + 1)), 'too-deep');
    const deep = bytesOf(nested(10_000));
    assert.deepEqual(parseJson(deep, 0, deep.length), { reason: 'too-deep' });
  });

  test('brackets inside strings, also after escapes, do not count as depth', () => {
    assert.equal(reasonOf(JSON.stringify({ a: `\\"${'['.repeat(1000)}` })), undefined);
  });

  test('too large is known before anything is read', () => {
    assert.deepEqual(parseJson(new Uint8Array(1), 0, JSON_BYTES_MAX + 1), { reason: 'too-large' });
  });

  const damaged: readonly (readonly [string, string])[] = [
    ['{"a":', 'truncated'],
    ['{"a":"b', 'truncated'],
    ['[1,2', 'truncated'],
    ['{"a":1}}', 'bad-json'],
    ['{a:1}', 'bad-json'],
    ['', 'bad-json'],
    ['hello', 'bad-json'],
  ];
  for (const [text, reason] of damaged) {
    test(`'${text}' is ${reason}`, () => assert.equal(reasonOf(text), reason));
  }

  test('bytes that are not UTF-8 are not guessed at', () => {
    assert.deepEqual(parseJson(new Uint8Array([0x22, 0xff, 0x22]), 0, 3), { reason: 'bad-utf8' });
  });
});

suite('own properties', () => {
  const hostile: unknown = JSON.parse('{"__proto__":{"name":"eve"},"list":[1],"text":"x","number":-1,"zero":0}');

  test('inherited names are absent, and a key called __proto__ is a key like any other', () => {
    assert.equal(own(hostile, 'toString'), undefined);
    assert.equal(own(hostile, 'name'), undefined);
    assert.equal(ownText(hostile, '__proto__', 'name'), 'eve');
    assert.equal(own(Object.create({ name: 'eve' }), 'name'), undefined);
  });

  test('values of other types are absent', () => {
    assert.equal(ownText(hostile, 'number'), '');
    assert.ok(Number.isNaN(ownNumber(hostile, 'text')));
    assert.ok(Number.isNaN(ownNumber(hostile, 'text', 'length')));
    assert.deepEqual(ownArray(hostile, 'text'), []);
    assert.equal(ownPath(hostile, 'list', '0'), undefined);
    assert.equal(ownPath(null, 'a', 'b'), undefined);
  });

  test('an amount is zero or more', () => {
    assert.equal(ownAmount(hostile, 'zero'), 0);
    assert.ok(Number.isNaN(ownAmount(hostile, 'number')));
    assert.ok(Number.isNaN(ownAmount({ a: 1e300 }, 'a')));
    assert.equal(ownNumber(hostile, 'number'), -1);
  });
});
