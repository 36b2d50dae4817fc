import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** Opens a scanner over a message given as bytes, with a byte before and after that do not belong to it. */
function scan(...bytes: readonly number[]): WireScanner {
  return new WireScanner().open(new Uint8Array([0x77, ...bytes, 0x77]), 1, 1 + bytes.length);
}

suite('wire scanner', () => {
  test('reads the examples of the encoding guide', () => {
    const number = scan(0x08, 0x96, 0x01);
    assert.ok(number.next());
    assert.deepEqual([number.field, number.type, number.value], [1, WIRE.varint, 150]);
    assert.ok(!number.next());
    assert.equal(number.failure, '');

    const text = scan(0x12, 0x07, ...Buffer.from('testing'));
    assert.ok(text.next());
    assert.deepEqual([text.field, text.type, text.start, text.stop], [2, WIRE.bytes, 3, 10]);
  });

  for (const [name, bytes, value] of [
    ['zero', [0], 0],
    ['2^28', [0x80, 0x80, 0x80, 0x80, 0x01], 2 ** 28],
    ['2^32 - 1', [0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
    ['2^53 - 1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 53 - 1],
    ['-1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], -1],
    ['-2^53', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xf0, 0xff, 0x01], -(2 ** 53)],
    ['zero in three bytes', [0x80, 0x80, 0x00], 0],
  ] as const) {
    test(`reads ${name} as a varint`, () => {
      const scanner = scan(0x08, ...bytes);
      assert.ok(scanner.next());
      assert.equal(scanner.value, value);
    });
  }

  test('reads fixed numbers', () => {
    const wide = scan(0x09, ...new Uint8Array(new BigInt64Array([-5n]).buffer));
    assert.ok(wide.next());
    assert.deepEqual([wide.type, wide.signed(), wide.unsigned()], [WIRE.fixed64, -5, 2 ** 64 - 5]);
    const double = scan(0x09, ...new Uint8Array(new Float64Array([-0.1]).buffer));
    assert.ok(double.next());
    assert.equal(double.double(), -0.1);
    const narrow = scan(0x0d, 0xff, 0xff, 0xff, 0xff);
    assert.ok(narrow.next());
    assert.deepEqual([narrow.type, narrow.value], [WIRE.fixed32, 2 ** 32 - 1]);
  });

  test('reads field numbers of several bytes', () => {
    const scanner = scan(0xf8, 0xff, 0xff, 0xff, 0x0f, 0x01);
    assert.ok(scanner.next());
    assert.equal(scanner.field, 2 ** 29 - 1);
  });

  for (const [name, bytes, failure] of [
    ['a tag that does not end', [0x88], 'truncated'],
    ['a tag of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00], 'bad-protobuf'],
    ['field number zero', [0x00, 0x00], 'bad-protobuf'],
    ['the start of a group', [0x0b], 'bad-protobuf'],
    ['the end of a group', [0x0c], 'bad-protobuf'],
    ['wire type 6', [0x0e], 'bad-protobuf'],
    ['wire type 7', [0x0f], 'bad-protobuf'],
    ['a varint that does not end', [0x08, 0x80], 'truncated'],
    ['a varint of eleven bytes', [0x08, ...new Array<number>(11).fill(0x80)], 'bad-protobuf'],
    ['a fixed64 of seven bytes', [0x09, 1, 2, 3, 4, 5, 6, 7], 'truncated'],
    ['a fixed32 of three bytes', [0x0d, 1, 2, 3], 'truncated'],
    ['no length', [0x0a], 'truncated'],
    ['a payload beyond the end', [0x0a, 0x02, 0x01], 'truncated'],
    ['a length of 2^64 - 1', [0x0a, ...new Array<number>(9).fill(0xff), 0x01], 'truncated'],
  ] as const) {
    test(`stops at ${name}, for good`, () => {
      const scanner = scan(...bytes);
      assert.ok(!scanner.next());
      assert.equal(scanner.failure, failure);
      assert.ok(!scanner.next());
    });
  }

  test('takes short fields of one tag quickly, and leaves others to next', () => {
    const scanner = scan(0x4a, 0x01, 0x61, 0x4a, 0x80, 0x00, 0x52, 0x00);
    assert.ok(scanner.nextShort(0x4a));
    assert.deepEqual([scanner.start, scanner.stop], [3, 4]);
    assert.ok(!scanner.nextShort(0x4a));
    assert.ok(scanner.next());
    assert.deepEqual([scanner.field, scanner.stop - scanner.start], [9, 0]);
    assert.ok(!scanner.nextShort(0x4a));
    assert.ok(!scan(0x4a).nextShort(0x4a));
    assert.ok(!scan(0x4a, 0x02, 0x61).nextShort(0x4a));
  });

  test('of the beginning of a message, cuts the payload that goes on', () => {
    const scanner = new WireScanner().openPartial(new Uint8Array([0x0a, 0x7f, 0x61, 0x62]), 0, 4);
    assert.ok(scanner.next());
    assert.deepEqual([scanner.start, scanner.stop, scanner.failure], [2, 4, '']);
    assert.ok(!scanner.next());
  });
});
