import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { destinationOfHost, plainHost, plainRoute, routeTemplate } from './destination.ts';
import { errorClass, isSafeName, plainId, safeName } from './names.ts';

/** Tokens that show what was tokenised. */
const context = {
  tokens: { epoch: 0, person: (value: string) => `P(${value})`, network: (address: string) => `N(${address})` },
  account: '123456789012',
};

suite('names that a row keeps', () => {
  for (const name of [
    '',
    's3/photos',
    's3/their-photos@999999999999',
    'lambda/aws:123456789012:eu-west-1:pay',
    'aws:?:?:pay',
    'iam/role/team/deployer',
    'iam/policy/AdministratorAccess',
    'dynamodb/users',
    'ssm/parameter/pay/key',
    'logs//aws/lambda/user-service',
    'events/aws.s3/Object Created',
    'POST /users/{id}',
    'GET /user/orders',
    'cron(0 12 * * ? *)',
    '*.example.com/v1/user/orders',
    'address:203.0.113.9',
    'address:2001:db8::1',
    '2026/01/15/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9',
    'github.com#0f3a9b1c2d4e5f60',
    'postgresql:SELECT',
    'arn:aws:iam::123456789012:role/orders-role',
    'sts/assumed-role/Admin',
  ]) {
    test(`'${name}' stays`, () => {
      assert.equal(safeName(name, context), name);
      assert.ok(isSafeName(name));
    });
  }

  const BOB = 'P(arn:aws:iam::123456789012:user/bob)';
  const replaced: readonly (readonly [string, string])[] = [
    ['frank@corp.example', 'P(frank@corp.example)'],
    ['ses/Frank@Corp.example', 'ses/P(frank@corp.example)'],
    ['sqs/frank%40corp.example', 'sqs/P(frank@corp.example)'],
    ['aws:123456789012:eu-west-1:frank@corp.example', 'aws:123456789012:eu-west-1:P(frank@corp.example)'],
    ['s3/frank@corp.example@999999999999', 's3/P(frank@corp.example)@999999999999'],
    ['iam/user/Bob', `iam/user/${BOB}`],
    ['iam/user/team/bob', `iam/user/${BOB}`],
    ['iam/user/bob/', `iam/user/${BOB}`],
    ['iam/mfa/bob', `iam/mfa/${BOB}`],
    ['iam/user/bob@999999999999', 'iam/user/P(arn:aws:iam::999999999999:user/bob)@999999999999'],
    ['arn:aws:iam::999999999999:user/bob', 'arn:aws:iam::999999999999:user/P(arn:aws:iam::999999999999:user/bob)'],
    ['sts/federated-user/erin', 'sts/federated-user/P(arn:aws:sts::123456789012:federated-user/erin)'],
    ['sts/assumed-role/Admin/niaj', 'sts/assumed-role/Admin/P(niaj)'],
    ['quicksight/user/default/judy', 'quicksight/user/P(judy)'],
    ['apigateway:203.0.113.9', 'apigateway:N(203.0.113.9)'],
    ['sqs/2001:db8::1', 'sqs/N(2001:db8::1)'],
    ['address:203.0.113.9/x/frank@corp.example', 'address:203.0.113.9/x/P(frank@corp.example)'],
    ['app/photos?token=secret', 'app/photos'],
  ];
  for (const [name, safe] of replaced) {
    test(`'${name}' becomes '${safe}'`, () => {
      assert.equal(safeName(name, context), safe);
      assert.ok(!isSafeName(name));
    });
  }

  test('a hostile name costs time in proportion to its length', () => {
    for (const part of [
      '#',
      'arn:',
      'arn:a:',
      '//',
      'assumed-role/',
      '@',
      '/user/',
      ':',
      '1.',
      '?',
      '%40/',
      'a:',
      '::1 ',
    ]) {
      assert.equal(typeof safeName(`iam/user/${part.repeat(50_000)}`, context), 'string');
      assert.equal(typeof safeName(part.repeat(50_000), context), 'string');
    }
  });

  test('errors are classes and status codes, identifiers are one word', () => {
    for (const type of ['Runtime.Unknown', 'builtins.KeyError', '404', 'java/lang/Error'])
      assert.equal(errorClass(type), type);
    for (const type of ['203.0.113.9', 'fe80::1', 'no such user bob', 'a@b', '']) assert.equal(errorClass(type), '');
    for (const id of ['1-68e7d000-0123456789abcdef01234567', 'C9ER4AJX75574TDJ', 'abc=']) assert.equal(plainId(id), id);
    for (const id of ['203.0.113.9', '2001:db8::1', 'frank@corp.example', 'two words']) assert.equal(plainId(id), '');
  });
});

suite('hosts and routes that a row keeps', () => {
  const hosts: readonly (readonly [string, string])[] = [
    ['example.com', 'example.com'],
    ['alice-secret-4c6f72656d.tenant.example.com', '*.example.com'],
    ['API.Example.com', '*.example.com'],
    ['photos.s3.eu-west-1.amazonaws.com', 's3/photos'],
    ['203.0.113.9', 'address:203.0.113.9'],
    ['redis', 'redis'],
    ['frank@corp.example', ''],
  ];
  for (const [host, kept] of hosts) {
    test(`${host} is kept as '${kept}'`, () => assert.equal(plainHost(host, destinationOfHost(host)), kept));
  }

  test('the place in a shared service is in the destination only', () => {
    assert.equal(plainHost('github.com', destinationOfHost('github.com', '/us/app')), 'github.com');
  });

  test('a path keeps plain words, but not after a word for people', () => {
    assert.equal(routeTemplate('/users/alice/orders/17?token=x'), '/users/{}/orders/{}');
    assert.equal(routeTemplate('/users/me/orders'), '/users/me/orders');
    assert.equal(routeTemplate('/mail/bob@corp.example'), '/mail/{}');
  });

  const routes: readonly (readonly [string, string])[] = [
    ['', ''],
    ['/orders/{id}', '/orders/{id}'],
    ['/orders/:id', '/orders/:id'],
    ['/users/<int:pk>/{proxy+}', '/users/<int:pk>/{proxy+}'],
    ['orders/{id}', 'orders/{id}'],
    ['$default', '$default'],
    ['/files/**', '/files/**'],
    ['/u/bob@corp.example/x?email=q@corp.example', '/u/{}/x'],
    ['/orders/17', '/orders/{}'],
  ];
  for (const [route, kept] of routes) {
    test(`the route '${route}' is kept as '${kept}'`, () => assert.equal(plainRoute(route), kept));
  }
});
