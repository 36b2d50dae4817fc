import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { knownName } from './attribute-names.ts';
import { Attributes } from './attributes.ts';
import { Calls } from './calls.ts';
import { callStatus } from './status.ts';
import { Texts } from './texts.ts';

const HOME = { provider: 'aws', account: '123456789012', region: 'eu-west-1' };

function attributesOf(values: { readonly [name: string]: string | number }): Attributes {
  const attributes = new Attributes(new Texts());
  for (const [name, value] of Object.entries(values)) {
    const known = knownName(name);
    assert.ok(known !== undefined, `${name} is listed`);
    if (typeof value === 'string') attributes.putText(known, value);
    else attributes.putNumber(known, value);
  }
  return attributes;
}

suite('what a call is named', () => {
  for (const [name, attributes, verb, resource, destination] of [
    [
      'an object store',
      { 'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject', 'aws.s3.bucket': 'photos' },
      's3:PutObject',
      'photos',
      's3/photos',
    ],
    [
      'an operation in the newest form',
      { 'rpc.system.name': 'aws-api', 'rpc.method': 'DynamoDB/GetItem', 'aws.dynamodb.table_names': 'orders' },
      'dynamodb:GetItem',
      'orders',
      'dynamodb/orders',
    ],
    [
      'a service with a long name',
      { 'rpc.system': 'aws-api', 'rpc.service': 'Secrets Manager', 'rpc.method': 'GetSecretValue' },
      'secretsmanager:GetSecretValue',
      '',
      'secretsmanager',
    ],
    [
      'a secret by its ARN',
      {
        'rpc.system': 'aws-api',
        'rpc.service': 'SecretsManager',
        'rpc.method': 'GetSecretValue',
        'aws.secretsmanager.secret.arn': 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf',
      },
      'secretsmanager:GetSecretValue',
      'db',
      'secretsmanager/db',
    ],
    [
      'a topic of another account',
      {
        'rpc.system': 'aws-api',
        'rpc.service': 'SNS',
        'rpc.method': 'Publish',
        'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:210987654321:news',
      },
      'sns:Publish',
      'news',
      'sns/news@210987654321',
    ],
    [
      'a queue of another account',
      {
        'rpc.system': 'aws-api',
        'rpc.service': 'SQS',
        'rpc.method': 'SendMessage',
        'aws.sqs.queue.url': 'https://sqs.eu-west-1.amazonaws.com/210987654321/jobs',
      },
      'sqs:SendMessage',
      'jobs',
      'sqs/jobs@210987654321',
    ],
    [
      "a queue without the SDK's operation",
      { 'messaging.system': 'aws_sqs', 'messaging.operation.type': 'send', 'messaging.destination.name': 'jobs' },
      'sqs:send',
      'jobs',
      'sqs/jobs',
    ],
    [
      'another function',
      { 'rpc.system': 'aws-api', 'rpc.service': 'Lambda', 'rpc.method': 'Invoke', 'faas.invoked_name': 'billing:live' },
      'lambda:Invoke',
      'billing',
      'lambda/aws:123456789012:eu-west-1:billing',
    ],
    [
      'another function by its ARN',
      { 'faas.invoked_name': 'arn:aws:lambda:us-east-1:210987654321:function:billing', 'faas.invoked_provider': 'aws' },
      'lambda:Invoke',
      'billing',
      'lambda/aws:210987654321:us-east-1:billing',
    ],
    [
      'a database',
      {
        'db.system.name': 'postgresql',
        'db.namespace': 'shop',
        'db.collection.name': 'orders',
        'db.operation.name': 'SELECT',
        'server.address': 'db.internal',
      },
      'postgresql:SELECT',
      'shop/orders',
      'db.internal',
    ],
    [
      'a query by its first word',
      { 'db.system': 'mysql', 'db.statement': "  delete from users where name = 'ann'" },
      'mysql:DELETE',
      '',
      'mysql',
    ],
    [
      'a query that hides its first word',
      { 'db.system': 'mysql', 'db.statement': '/* ann */ select 1' },
      'mysql',
      '',
      'mysql',
    ],
    [
      'a broker',
      {
        'messaging.system': 'kafka',
        'messaging.operation': 'publish',
        'messaging.destination': 'clicks',
        'server.address': 'kafka-1.example.net',
      },
      'kafka:publish',
      'clicks',
      'example.net',
    ],
    [
      'a remote procedure',
      {
        'rpc.system': 'grpc',
        'rpc.service': 'shop.Ledger',
        'rpc.method': 'Book',
        'server.address': 'ledger.example.net',
      },
      'grpc:Book',
      'shop.Ledger',
      'example.net',
    ],
    [
      'a route template',
      { 'http.request.method': 'GET', 'url.full': 'https://api.example.net/users/17', 'url.template': '/users/{id}' },
      'http:GET',
      '*.example.net/users/{id}',
      'example.net',
    ],
    [
      'a place in a shared service',
      { 'http.request.method': 'post', 'url.full': 'https://hooks.slack.com/services/T01/B02/secret' },
      'http:POST',
      'hooks.slack.com/services/{}/{}/secret',
      'hooks.slack.com',
    ],
    [
      'an address literal',
      { 'http.method': 'GET', 'http.url': 'http://203.0.113.9:8080/x' },
      'http:GET',
      'address:203.0.113.9/x',
      'address:203.0.113.9',
    ],
    [
      'a label that may carry something out',
      { 'http.method': 'GET', 'server.address': 'aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8.evil.example' },
      'http:GET',
      '*.evil.example',
      'evil.example',
    ],
    ['a host alone', { 'server.address': 'cache.example.net' }, 'connect', '*.example.net', 'example.net'],
    ['nothing', { 'error.type': 'x' }, '', '', ''],
  ] as const) {
    test(`${name}`, () => {
      const calls = new Calls();
      const expected = { verb, resource, destination };
      for (let time = 0; time < 2; time++) {
        const call = calls.name(attributesOf(attributes), HOME);
        assert.deepEqual({ ...call, destination: call.destination.replace(/#[0-9a-f]{16}$/, '') }, expected);
      }
    });
  }

  test('is remembered by everything that has a say in it', () => {
    const calls = new Calls();
    const named = (attributes: Parameters<typeof attributesOf>[0], home = HOME) =>
      calls.name(attributesOf(attributes), home);
    const put = { 'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'PutObject', 'aws.s3.bucket': 'é' };
    assert.equal(named(put).destination, 's3/é');
    assert.equal(named({ ...put, 'aws.s3.bucket': 'è' }).destination, 's3/è');
    assert.equal(named({ ...put, 'rpc.method': 'GetObject' }).verb, 's3:GetObject');
    const queue = {
      'messaging.system': 'aws_sqs',
      'aws.sqs.queue.url': 'https://sqs.eu-west-1.amazonaws.com/210987654321/q',
    };
    assert.equal(named(queue).destination, 'sqs/q@210987654321');
    assert.equal(named(queue, { ...HOME, account: '210987654321' }).destination, 'sqs/q');
  });
});

suite('how a call ended', () => {
  for (const [name, attributes, statusCode, status] of [
    ['an HTTP status', { 'http.response.status_code': 404 }, 0, 404],
    ['a status that is none', { 'http.response.status_code': 70_000 }, 0, 0],
    ['a gRPC code', { 'rpc.grpc.status_code': 7 }, 0, 403],
    ['a gRPC code by name', { 'rpc.response.status_code': 'UNAVAILABLE' }, 0, 503],
    ['another gRPC code', { 'rpc.grpc.status_code': 13 }, 0, 500],
    ['a refusal', { 'error.type': 'AccessDeniedException' }, 2, 403],
    ['a throttle', { 'error.type': 'ProvisionedThroughputExceededException' }, 2, 429],
    ['a failure', { 'error.type': 'ECONNRESET' }, 2, 500],
    ['nothing', {}, 0, 0],
  ] as const) {
    test(`${name}`, () => assert.equal(callStatus(attributesOf(attributes), statusCode), status));
  }
});
