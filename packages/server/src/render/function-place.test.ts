import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { placeOfFunction, shortName } from './function-place.ts';

suite('the place of a function', () => {
  test('is read from its key, unknown parts left empty', () => {
    assert.deepEqual(placeOfFunction('aws:123456789012:eu-west-1:pay'), {
      provider: 'aws',
      account: '123456789012',
      region: 'eu-west-1',
      name: 'pay',
      arn: 'arn:aws:lambda:eu-west-1:123456789012:function:pay',
    });
    assert.deepEqual(placeOfFunction('azure:?:?:app/fn'), {
      provider: 'azure',
      account: '',
      region: '',
      name: 'app/fn',
      arn: '',
    });
  });

  test('is unknown for texts that are no key', () => {
    for (const text of ['', 'pay', 'a:b:c', 'a:b:c:', ':b:c:d', 'arn:aws:iam::123456789012:role/pay', 'person_0f']) {
      assert.equal(placeOfFunction(text), undefined, text);
    }
  });

  const names: readonly (readonly [key: string, name: string])[] = [
    ['aws:123456789012:eu-west-1:pay', 'pay'],
    ['aws:1:r:a -> aws:1:r:b', 'a -> b'],
    ['arn:aws:iam::123456789012:role/pay', 'role pay'],
    ['arn:aws:iam::1:role/aws-reserved/sso.amazonaws.com/Admin', 'role Admin'],
    ['arn:aws:iam::1:root', 'root'],
    ['person_0123456789abcdef@arn:aws:iam::1:role/ops', 'person_0123456789abcdef as role ops'],
    ['service:s3 for arn:aws:iam::1:role/ops', 'service:s3 for role ops'],
    ['aws:1:r:?', 'aws:1:r:?'],
    ['person_0123456789abcdef', 'person_0123456789abcdef'],
    ['', ''],
  ];
  for (const [key, name] of names) {
    test(`makes '${key}' short as '${name}'`, () => assert.equal(shortName(key), name));
  }
});
