import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { momentOf, momentOfWords, msOfWords, restOfWords, splitNanos } from './nanos.ts';

const TIMES = [
  0n,
  1n,
  999_999n,
  1_000_000n,
  1_760_000_000_000_000_000n,
  1_760_000_000_123_456_789n,
  1_760_000_000_999_999_999n,
  4_294_967_295n,
  4_294_967_296n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

suite('nanoseconds', () => {
  test('are taken apart exactly, from words and from text', () => {
    for (const time of TIMES) {
      const high = Number(time >> 32n);
      const low = Number(time & 0xffff_ffffn);
      const rest = restOfWords(high, low);
      const expected = [Number(time / 1_000_000n), Number(time % 1_000_000n)];
      assert.deepEqual([msOfWords(high, low, rest), rest], expected, String(time));
      assert.deepEqual(splitNanos(String(time)), expected);
    }
  });

  test('as a number are as exact as the number', () => {
    assert.deepEqual(splitNanos(1_500_000), [1, 500_000]);
    assert.deepEqual(splitNanos(1_760_000_000_000_000_000), [1_760_000_000_000, 0]);
  });

  test('that are none are refused', () => {
    for (const value of [
      undefined,
      null,
      '',
      '-1',
      '1.5',
      'x',
      -1,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      {},
      '1'.repeat(21),
    ]) {
      assert.equal(splitNanos(value), undefined);
      assert.ok(Number.isNaN(momentOf(value)));
    }
  });

  test('of zero stand for absent', () => {
    assert.ok(Number.isNaN(momentOf('0')));
    assert.ok(Number.isNaN(momentOfWords(0, 0)));
    assert.equal(momentOf('1500000'), 1.5);
  });
});
