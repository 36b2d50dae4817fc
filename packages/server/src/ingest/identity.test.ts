import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { functionKey, functionOfArn, functionOfReference, type Principal, principalOf } from './identity.ts';
import type { Tokens } from './tokens.ts';

const place = { provider: 'aws', account: '123456789012', region: 'eu-west-1' };
/** Tokens that show what was tokenised. */
const tokens: Tokens = { epoch: 0, person: (value) => `person<${value}>`, network: (address) => `net<${address}>` };
const ISSUER = 'arn:aws:iam::123456789012:role/orders-role';

function session(arn: string, more: object = {}, issuer: string = ISSUER) {
  return {
    type: 'AssumedRole',
    arn,
    accountId: '123456789012',
    sessionContext: { sessionIssuer: { type: 'Role', arn: issuer }, attributes: { mfaAuthenticated: 'false' } },
    ...more,
  };
}

suite('function keys', () => {
  test('a key names provider, account, region and function', () => {
    assert.equal(functionKey(place, 'thumbnail-upload'), 'aws:123456789012:eu-west-1:thumbnail-upload');
  });

  test('unknown and impossible parts become a question mark, so a part cannot smuggle in another', () => {
    assert.equal(functionKey({ provider: 'aws', account: '', region: '' }, 'f'), 'aws:?:?:f');
    assert.equal(functionKey({ provider: 'aws', account: '1:us-east-1:g', region: 'a b' }, 'f'), 'aws:?:?:f');
    assert.equal(functionKey(place, ''), 'aws:123456789012:eu-west-1:?');
  });

  const arns: readonly (readonly [string, string, string])[] = [
    ['arn:aws:lambda:us-east-1:123456789012:function:pay', 'aws:123456789012:us-east-1:pay', ''],
    ['arn:aws:lambda:us-east-1:123456789012:function:pay:42', 'aws:123456789012:us-east-1:pay', '42'],
    ['arn:aws:lambda:us-east-1:123456789012:function:pay:$LATEST', 'aws:123456789012:us-east-1:pay', '$LATEST'],
    ['arn:aws:lambda:us-east-1:123456789012:function:pay:live', 'aws:123456789012:us-east-1:pay', 'live'],
    ['arn:aws-cn:lambda:cn-north-1:123456789012:function:pay', 'aws:123456789012:cn-north-1:pay', ''],
    ['arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:pay', 'aws:123456789012:us-gov-west-1:pay', ''],
  ];
  for (const [arn, key, qualifier] of arns) {
    test(`${arn} is a function`, () => {
      const found = functionOfArn(arn);
      assert.equal(found?.key, key);
      assert.equal(found?.qualifier, qualifier);
    });
  }

  for (const arn of [
    '',
    'pay',
    'arn:aws:s3:::bucket',
    'arn:aws:lambda:us-east-1:123456789012:layer:pay:1',
    'arn:aws:lambda:us-east-1:123456789012:function:',
    'arn:aws:lambda:us-east-1:123456789012:function:pay:live:more',
    'arn:aws:lambda:us-east-1:123456789012:function:a b',
    'arn:aws:lambda:us-east-1:1:2:function:pay',
  ]) {
    test(`'${arn}' is not a function`, () => assert.equal(functionOfArn(arn), undefined));
  }

  test('an API call may mean a function by name, qualified name, partial or full ARN', () => {
    const means = (reference: string) => functionOfReference(reference, place)?.key;
    assert.equal(means('pay'), 'aws:123456789012:eu-west-1:pay');
    assert.equal(means('pay:live'), 'aws:123456789012:eu-west-1:pay');
    assert.equal(means('999999999999:function:pay'), 'aws:999999999999:eu-west-1:pay');
    assert.equal(means('arn:aws:lambda:us-east-1:1:function:pay'), 'aws:1:us-east-1:pay');
    assert.equal(means('arn:aws:s3:::b'), undefined);
    assert.equal(means('no such name'), undefined);
  });
});

suite('principals', () => {
  const PAY = 'aws:123456789012:eu-west-1:';
  const forms: readonly (readonly [string, unknown, Principal])[] = [
    ['nothing', undefined, { principal: '', kind: '' }],
    ['an empty identity', {}, { principal: '', kind: '' }],
    [
      'an IAM user',
      { type: 'IAMUser', arn: 'arn:aws:iam::111111111111:user/team/Alice', userName: 'Alice' },
      { principal: 'person<arn:aws:iam::111111111111:user/alice>', kind: 'person' },
    ],
    [
      'an IAM user known by name only',
      { type: 'IAMUser', userName: 'alice' },
      { principal: 'person<arn:aws:iam::123456789012:user/alice>', kind: 'person' },
    ],
    [
      'the root user',
      { type: 'Root', accountId: '111111111111', arn: '' },
      { principal: 'person<arn:aws:iam::111111111111:root>', kind: 'person' },
    ],
    [
      'a federated user of an IAM user',
      {
        type: 'FederatedUser',
        arn: 'arn:aws:sts::1:federated-user/x',
        sessionContext: { sessionIssuer: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/bob' } },
      },
      { principal: 'person<arn:aws:iam::1:user/bob>', kind: 'person' },
    ],
    [
      'a federated user without issuer',
      { type: 'FederatedUser', arn: 'arn:aws:sts::1:federated-user/x' },
      { principal: 'person<arn:aws:sts::1:federated-user/x>', kind: 'person' },
    ],
    [
      'a SAML user',
      { type: 'SAMLUser', userName: 'bob@example.com' },
      { principal: 'person<bob@example.com>', kind: 'person' },
    ],
    [
      'a pipeline with a web identity',
      { type: 'WebIdentityUser', userName: 'repo:org/app:ref:refs/heads/main' },
      { principal: 'role:repo:org/app', kind: 'role' },
    ],
    [
      'a cluster workload with a web identity',
      { type: 'WebIdentityUser', userName: 'system:serviceaccount:shop:pay' },
      { principal: 'role:system:serviceaccount:shop:pay', kind: 'role' },
    ],
    [
      'a person with a web identity',
      { type: 'WebIdentityUser', userName: 'Bob' },
      { principal: 'person<bob>', kind: 'person' },
    ],
    [
      'an identity centre user',
      { type: 'IdentityCenterUser', onBehalfOf: { userId: 'u-1' } },
      { principal: 'person<u-1>', kind: 'person' },
    ],
    [
      'a service',
      { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' },
      { principal: 'service:lambda.amazonaws.com', kind: 'service' },
    ],
    [
      'another account',
      { type: 'AWSAccount', accountId: '999999999999' },
      { principal: 'account:999999999999', kind: 'account' },
    ],
    [
      'nobody',
      { type: 'AWSAccount', accountId: 'ANONYMOUS_PRINCIPAL', principalId: '' },
      { principal: 'anonymous', kind: 'anonymous' },
    ],
    ['an unknown type with a name', { type: 'Unknown', userName: 'X' }, { principal: 'person<x>', kind: 'person' }],
    [
      'a function by the scope of its credentials',
      session('arn:aws:sts::123456789012:assumed-role/shared/anything', {
        inScopeOf: {
          issuerType: 'AWS::Lambda::Function',
          credentialsIssuedTo: 'arn:aws:lambda:us-east-2:123456789012:function:pay',
        },
      }),
      { principal: ISSUER, kind: 'function', functionKey: 'aws:123456789012:us-east-2:pay' },
    ],
    [
      'a session named after its role, which anybody may choose',
      session('arn:aws:sts::123456789012:assumed-role/orders-role/orders'),
      { principal: ISSUER, kind: 'role' },
    ],
    [
      'a developer whose session and role look like those of a function',
      session(
        'arn:aws:sts::123456789012:assumed-role/LambdaDeveloperRole/alicejones',
        {},
        'arn:aws:iam::123456789012:role/LambdaDeveloperRole',
      ),
      { principal: 'arn:aws:iam::123456789012:role/LambdaDeveloperRole', kind: 'role' },
    ],
    [
      'a developer with tools of his own',
      session(
        'arn:aws:sts::123456789012:assumed-role/dave-tools-role/dave',
        {},
        'arn:aws:iam::123456789012:role/dave-tools-role',
      ),
      { principal: 'arn:aws:iam::123456789012:role/dave-tools-role', kind: 'role' },
    ],
    [
      'a role named like an e-mail address',
      session('arn:aws:sts::1:assumed-role/x/y', {}, 'arn:aws:iam::123456789012:role/team/bob@example.com'),
      { principal: 'arn:aws:iam::123456789012:role/team/person<bob@example.com>', kind: 'role' },
    ],
    [
      'a service with something else in its place',
      { type: 'AWSService', invokedBy: 'trent@corp.example' },
      { principal: 'service:aws', kind: 'service' },
    ],
    [
      'something else acting for a person',
      { type: 'IAMUser', arn: 'arn:aws:iam::1:user/bob', invokedBy: 'peggy@corp.example' },
      { principal: 'service:aws for person<arn:aws:iam::1:user/bob>', kind: 'service' },
    ],
    [
      'an account with something else in its place',
      { type: 'AWSAccount', accountId: 'victor@corp.example' },
      { principal: 'account:?', kind: 'account' },
    ],
    [
      'a pipeline that deploys functions',
      session(
        'arn:aws:sts::123456789012:assumed-role/github-lambda-deploy/GitHubActions',
        {},
        'arn:aws:iam::123456789012:role/github-lambda-deploy',
      ),
      { principal: 'arn:aws:iam::123456789012:role/github-lambda-deploy', kind: 'role' },
    ],
    [
      'a session named like its role',
      session('arn:aws:sts::123456789012:assumed-role/orders-role/orders-role'),
      { principal: ISSUER, kind: 'role' },
    ],
    [
      'a session of a program on a machine',
      session('arn:aws:sts::123456789012:assumed-role/orders-role/i-0123456789abcdef0'),
      { principal: ISSUER, kind: 'role' },
    ],
    [
      'a session with a random name, of a role named for Lambda',
      session('arn:aws:sts::123456789012:assumed-role/lambda-x/aws-go-sdk-1722511821294449000'),
      { principal: ISSUER, kind: 'role' },
    ],
    [
      'a session whose name does not fit its role',
      session('arn:aws:sts::123456789012:assumed-role/DevAdministrator/nightly'),
      { principal: ISSUER, kind: 'role' },
    ],
    [
      'a person by e-mail address',
      session('arn:aws:sts::123456789012:assumed-role/orders-role/Bob@Example.com'),
      { principal: `person<bob@example.com>@${ISSUER}`, kind: 'person' },
    ],
    [
      'a person with a second factor',
      session('arn:aws:sts::123456789012:assumed-role/lambda-admin/bob', {
        sessionContext: { sessionIssuer: { arn: ISSUER }, attributes: { mfaAuthenticated: 'true' } },
      }),
      { principal: `person<bob>@${ISSUER}`, kind: 'person' },
    ],
    [
      'a person of single sign-on, from the session alone',
      { type: 'AssumedRole', arn: 'arn:aws:sts::1:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/bob' },
      { principal: 'person<bob>@arn:aws:iam::1:role/AWSReservedSSO_Dev_0123456789abcdef', kind: 'person' },
    ],
    [
      'the first principal of a role chain',
      session('arn:aws:sts::123456789012:assumed-role/deployer/x', {
        sessionContext: { sourceIdentity: 'bob', sessionIssuer: { arn: ISSUER } },
      }),
      { principal: `person<bob>@${ISSUER}`, kind: 'person' },
    ],
    [
      'a role known by name only',
      { type: 'AssumedRole', userName: 'R' },
      { principal: 'arn:aws:iam::123456789012:role/R', kind: 'role' },
    ],
    [
      'a service-linked role',
      session(
        'arn:aws:sts::1:assumed-role/AWSServiceRoleForX/x',
        {},
        'arn:aws:iam::1:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX',
      ),
      { principal: 'service:x.amazonaws.com', kind: 'service' },
    ],
    [
      'a service acting for a role',
      session('arn:aws:sts::123456789012:assumed-role/orders-role/i-0123456789', {
        invokedBy: 'cloudformation.amazonaws.com',
      }),
      { principal: `service:cloudformation.amazonaws.com for ${ISSUER}`, kind: 'service' },
    ],
    [
      'a service acting for a person',
      { type: 'IAMUser', arn: 'arn:aws:iam::1:user/bob', invokedBy: 'cloudformation.amazonaws.com' },
      { principal: 'service:cloudformation.amazonaws.com for person<arn:aws:iam::1:user/bob>', kind: 'service' },
    ],
  ];
  for (const [title, identity, expected] of forms) {
    test(`${title} is ${expected.principal || 'no principal'}`, () => {
      assert.deepEqual(principalOf(identity, { tokens, place }), expected);
    });
  }

  test('software that says it runs in Lambda confirms the session name as a function', () => {
    const identity = session('arn:aws:sts::123456789012:assumed-role/shared/pay');
    const userAgent = 'Boto3/1.26 exec-env/AWS_Lambda_python3.12';
    assert.equal(principalOf(identity, { tokens, place }).functionKey, undefined);
    assert.equal(principalOf(identity, { tokens, place, userAgent }).functionKey, `${PAY}pay`);
  });

  test('a session that a person or a pipeline uses is not the function’s, whatever its name', () => {
    const identity = session('arn:aws:sts::123456789012:assumed-role/orders-role/orders');
    const keyFor = (agent: string) =>
      principalOf(identity, { tokens, place, userAgent: `${agent} exec-env/AWS_Lambda_nodejs22.x` }).functionKey;
    assert.equal(keyFor('Mozilla/5.0 Firefox/124.0'), undefined);
    assert.equal(keyFor('console.amazonaws.com'), undefined);
    assert.equal(keyFor('HashiCorp Terraform/1.1.2'), undefined);
    assert.equal(keyFor('aws-cli/2.15.0'), undefined);
    assert.equal(keyFor('Boto3/1.26'), `${PAY}orders`);
  });

  test('wrong types and inherited names are read as absent', () => {
    const hostile = JSON.parse('{"type":"IAMUser","arn":7,"userName":["x"],"__proto__":{"userName":"eve"}}');
    assert.deepEqual(principalOf(hostile, { tokens, place }), { principal: '', kind: '' });
    assert.deepEqual(principalOf('Root', { tokens, place }), { principal: '', kind: '' });
  });
});
