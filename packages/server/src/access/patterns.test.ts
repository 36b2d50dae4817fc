import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KEYS_REMEMBERED_MAX, PATTERN_CHARS_MAX } from './limits.ts';
import { KeySet, patternProblem } from './patterns.ts';

const PAY = 'aws:123456789012:eu-west-1:pay';

describe('patterns of function keys', () => {
  it('match part by part: whole, by its beginning, or anything', () => {
    for (const pattern of [
      PAY,
      'aws:123456789012:eu-west-1:p*',
      'aws:123456789012:*:pay',
      'aws:1*:eu-*:*',
      '*:*:*:*',
    ]) {
      assert.equal(patternProblem(pattern), undefined, pattern);
      assert.ok(new KeySet([pattern]).has(PAY), pattern);
    }
    for (const pattern of ['aws:123456789012:eu-west-1:pa', 'aws:2*:*:*', 'azure:*:*:*', 'aws:*:*:pay2*']) {
      assert.ok(!new KeySet([pattern]).has(PAY), pattern);
    }
  });

  it('never match across the colons of a key, but let names have some', () => {
    assert.ok(!new KeySet(['aws:1*:pay']).has('aws:12:eu:pay'));
    assert.ok(!new KeySet(['*:*:eu:pay']).has('aws:1:us:eu:pay'));
    assert.ok(new KeySet(['aws:1:us:a:*']).has('aws:1:us:a:b'));
  });

  it('take every other character for itself', () => {
    assert.ok(!new KeySet(['aws:1:us:p.y']).has('aws:1:us:pay'));
    assert.ok(new KeySet(['aws:?:?:pay']).has('aws:?:?:pay'));
    assert.ok(!new KeySet(['aws:?:?:pay']).has('aws:1:u:pay'));
  });

  it('are refused when they cannot mean what was written', () => {
    const bad = ['', 'pay', 'aws:1:us:', 'aws::us:pay', 'aws:1:us:*pay', 'aws:1:us:p*y', 'aws:1:us:a b', 'aws:1:u\n:p'];
    for (const pattern of [...bad, 'a'.repeat(PATTERN_CHARS_MAX + 1)]) assert.ok(patternProblem(pattern), pattern);
  });

  it('match nothing when there are none, and nothing that is no key', () => {
    assert.ok(!new KeySet([]).has(PAY));
    for (const key of ['', 'pay', ':::', 'aws:1:us']) assert.ok(!new KeySet(['*:*:*:*']).has(key), key);
  });

  it('name the one function they stand for', () => {
    assert.equal(new KeySet([PAY]).only, PAY);
    for (const patterns of [[], [PAY, PAY], ['aws:1:us:p*']]) assert.equal(new KeySet(patterns).only, undefined);
  });

  it('answer the same again, however many keys were asked about between', () => {
    const keys = new KeySet(['aws:*:*:a*']);
    for (let at = 0; at < 3 * KEYS_REMEMBERED_MAX; at++) assert.equal(keys.has(`aws:1:us:${at}`), false);
    assert.equal(keys.has('aws:1:us:abc'), true);
    assert.equal(keys.has('aws:1:us:abc'), true);
  });

  it('that are accepted match the keys they are the beginning of', () => {
    const part = fc.stringMatching(/^[a-z0-9?-]{1,8}$/);
    fc.assert(
      fc.property(
        fc.tuple(part, part, part, part),
        fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)),
        (key, cuts) => {
          const pattern = key.map((one, at) => (cuts[at] >= one.length ? one : `${one.slice(0, cuts[at])}*`)).join(':');
          assert.equal(patternProblem(pattern), undefined);
          assert.ok(new KeySet([pattern]).has(key.join(':')));
        },
      ),
    );
  });
});
