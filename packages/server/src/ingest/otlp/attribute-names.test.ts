import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ATTRIBUTE_NAMES, knownName, knownNameOfBytes, SLOT } from './attribute-names.ts';

const NAMES: readonly string[] = Object.values(ATTRIBUTE_NAMES).flat();

function ofBytes(name: string) {
  const bytes = Buffer.from(`>>${name}<<`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return knownNameOfBytes(view, 2, bytes.length - 2);
}

suite('attribute names', () => {
  test('each is listed once, and found as text and as bytes', () => {
    assert.equal(new Set(NAMES).size, NAMES.length);
    for (const name of NAMES) {
      assert.equal(knownName(name)?.name, name);
      assert.equal(ofBytes(name), knownName(name));
    }
  });

  test('others are not found, however alike', () => {
    for (const name of NAMES) {
      const last = name.charCodeAt(name.length - 1);
      const near = [`${name}x`, `x${name}`, name.slice(1), name.slice(0, -1), name.toUpperCase()];
      const changed = name.slice(0, -1) + String.fromCharCode(last ^ 1);
      for (const other of [...near, changed].filter((each) => !NAMES.includes(each))) {
        assert.equal(ofBytes(other), undefined, other);
        assert.equal(knownName(other), undefined, other);
      }
    }
    for (const other of ['', 'a', 'ab', 'abc', '__proto__', 'constructor']) assert.equal(ofBytes(other), undefined);
  });

  test('the first name of a meaning has the best rank', () => {
    assert.deepEqual(knownName('faas.invocation_id'), { name: 'faas.invocation_id', slot: SLOT.invocationId, rank: 0 });
    assert.equal(knownName('faas.execution')?.rank, 1);
  });

  test('all of them are in the reference', () => {
    const reference = readFileSync(join(import.meta.dirname, '../../../../../docs/reference/otel.md'), 'utf8');
    for (const name of NAMES)
      assert.ok(reference.includes(`\`${name}\``), `${name} is missing in docs/reference/otel.md`);
  });
});
