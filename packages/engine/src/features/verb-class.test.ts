import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { VERB_CLASS, verbClassOf } from './verb-class.ts';

const CASES: readonly (readonly [number, readonly string[]])[] = [
  [
    VERB_CLASS.read,
    ['s3:GetObject', 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'postgresql:SELECT', 'redis:MGET'],
  ],
  [VERB_CLASS.read, ['secretsmanager:GetSecretValue', 'ssm:GetParameter', 'mongodb:find', 'http:GET', 'kms:Decrypt']],
  [VERB_CLASS.list, ['s3:ListObjectsV2', 'dynamodb:Scan', 'dynamodb:DescribeTable', 's3:ListBuckets']],
  [
    VERB_CLASS.write,
    ['s3:PutObject', 'dynamodb:UpdateItem', 'dynamodb:BatchWriteItem', 's3:CopyObject', 'mysql:INSERT', 'http:POST'],
  ],
  [VERB_CLASS.delete, ['s3:DeleteObject', 's3:DeleteObjects', 'dynamodb:DeleteItem', 'postgresql:DROP', 'http:DELETE']],
  [VERB_CLASS.child, ['exec:sh', 'exec:convert']],
  [
    VERB_CLASS.none,
    ['lambda:Invoke', 'sts:AssumeRole', 'sqs:SendMessage', 'tcp:connect', 's3:Frobnicate', 'plain', ''],
  ],
];

describe('the class of a verb', () => {
  for (const [found, verbs] of CASES) {
    it(`is the same for ${verbs.join(', ')}`, () => {
      assert.deepEqual(
        verbs.map((verb) => [verb, verbClassOf(verb)]),
        verbs.map((verb) => [verb, found]),
      );
    });
  }

  it('does not depend on how a service is spelled in upper and lower case', () => {
    assert.equal(verbClassOf('DynamoDB:DeleteItem'), VERB_CLASS.delete);
  });
});
