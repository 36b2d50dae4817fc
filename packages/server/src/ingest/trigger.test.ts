import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { withOtherTypes } from './decoder.contract.ts';
import type { Tokens } from './tokens.ts';
import { type Trigger, triggerOf } from './trigger.ts';

const place = { provider: 'aws', account: '123456789012', region: 'eu-west-1' };
const tokens: Tokens = {
  epoch: 0,
  person: (value) => `person<${value}>`,
  network: (address) => (address === '' ? '' : `net<${address}>`),
};
const identity = { sourceIp: '203.0.113.9', userAgent: 'Mozilla/5.0 Chrome/131' };
const arn = (service: string, name: string) => `arn:aws:${service}:eu-west-1:123456789012:${name}`;

const SHAPES: readonly (readonly [string, unknown, Trigger])[] = [
  [
    'REST API',
    {
      resource: '/orders/{id}',
      path: '/orders/17',
      httpMethod: 'POST',
      requestContext: { identity, authorizer: { claims: { sub: 'Alice' } }, apiId: 'abc', stage: 'dev' },
    },
    {
      triggerKind: 'http',
      triggerSource: 'POST /orders/{id}',
      principal: 'person<alice>',
      principalKind: 'person',
      network: 'net<203.0.113.9>',
      client: 'browser',
    },
  ],
  [
    'HTTP API',
    {
      version: '2.0',
      routeKey: 'GET /orders/{id}',
      rawPath: '/orders/17',
      requestContext: {
        routeKey: 'GET /orders/{id}',
        http: { method: 'GET', path: '/orders/17', sourceIp: '203.0.113.9', userAgent: 'curl/8' },
        authorizer: { jwt: { claims: { sub: 'u-1' } } },
      },
    },
    {
      triggerKind: 'http',
      triggerSource: 'GET /orders/{id}',
      principal: 'person<u-1>',
      principalKind: 'person',
      network: 'net<203.0.113.9>',
      client: 'tool',
    },
  ],
  [
    'function URL',
    {
      version: '2.0',
      requestContext: {
        domainName: 'abc.lambda-url.eu-west-1.on.aws',
        http: { method: 'GET', path: '/users/17', sourceIp: '203.0.113.9', userAgent: '' },
        authorizer: { iam: { userArn: 'arn:aws:sts::123456789012:assumed-role/reader/i-0123456789' } },
      },
    },
    {
      triggerKind: 'http',
      triggerSource: 'GET /users/{}',
      principal: 'arn:aws:iam::123456789012:role/reader',
      principalKind: 'role',
      network: 'net<203.0.113.9>',
      client: '',
    },
  ],
  [
    'WebSocket',
    { requestContext: { connectionId: 'x', eventType: 'MESSAGE', routeKey: 'send', identity } },
    { triggerKind: 'http', triggerSource: 'MESSAGE send', network: 'net<203.0.113.9>', client: 'browser' },
  ],
  [
    'load balancer, whose caller is the address it appended',
    {
      httpMethod: 'GET',
      path: '/users/17',
      headers: { 'X-Forwarded-For': '1.1.1.1, 203.0.113.9', 'user-agent': 'curl/8' },
      requestContext: { elb: { targetGroupArn: arn('elasticloadbalancing', 'targetgroup/x') } },
    },
    { triggerKind: 'http', triggerSource: 'GET /users/{}', network: 'net<203.0.113.9>', client: 'tool' },
  ],
  [
    'load balancer with lists of headers',
    {
      httpMethod: 'GET',
      path: '/',
      multiValueHeaders: { 'x-forwarded-for': ['203.0.113.9'] },
      requestContext: { elb: {} },
    },
    { triggerKind: 'http', triggerSource: 'GET /', network: 'net<203.0.113.9>', client: '' },
  ],
  [
    'authorizer',
    { type: 'TOKEN', authorizationToken: 'secret', methodArn: arn('execute-api', 'abc/dev/GET/') },
    { triggerKind: 'http', triggerSource: 'authorizer:abc' },
  ],
  [
    'SQS',
    {
      Records: [
        {
          eventSource: 'aws:sqs',
          eventSourceARN: arn('sqs', 'jobs'),
          body: 'secret',
          attributes: { SenderId: 'AROAEXAMPLE:x' },
        },
        { eventSource: 'aws:sqs', eventSourceARN: arn('sqs', 'jobs') },
      ],
    },
    {
      triggerKind: 'queue',
      triggerSource: 'sqs/jobs',
      batchSize: 2,
      principal: 'role:AROAEXAMPLE',
      principalKind: 'role',
    },
  ],
  [
    'SNS',
    { Records: [{ EventSource: 'aws:sns', Sns: { TopicArn: arn('sns', 'news'), Message: 'secret' } }] },
    { triggerKind: 'topic', triggerSource: 'sns/news', batchSize: 1 },
  ],
  [
    'S3',
    {
      Records: [
        {
          eventSource: 'aws:s3',
          userIdentity: { principalId: 'AWS:AIDAEXAMPLE' },
          requestParameters: { sourceIPAddress: '203.0.113.9' },
          s3: { bucket: { name: 'photos' }, object: { key: 'secret' } },
        },
      ],
    },
    {
      triggerKind: 'object',
      triggerSource: 's3/photos',
      batchSize: 1,
      principal: 'person<aidaexample>',
      principalKind: 'person',
      network: 'net<203.0.113.9>',
    },
  ],
  [
    'DynamoDB stream',
    { Records: [{ eventSource: 'aws:dynamodb', eventSourceARN: arn('dynamodb', 'table/orders/stream/2026') }] },
    { triggerKind: 'stream', triggerSource: 'dynamodb/orders', batchSize: 1 },
  ],
  [
    'Kinesis',
    { Records: [{ eventSource: 'aws:kinesis', eventSourceARN: arn('kinesis', 'stream/clicks') }] },
    { triggerKind: 'stream', triggerSource: 'kinesis/clicks', batchSize: 1 },
  ],
  [
    'schedule',
    { source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [arn('events', 'rule/nightly')], detail: {} },
    { triggerKind: 'timer', triggerSource: 'events/nightly' },
  ],
  [
    'event bus',
    { source: 'shop.orders', 'detail-type': 'OrderPaid', resources: [], detail: { card: 'secret' } },
    { triggerKind: 'topic', triggerSource: 'events/shop.orders/OrderPaid' },
  ],
  ['CloudWatch Logs', { awslogs: { data: 'H4sI' } }, { triggerKind: 'stream', triggerSource: 'logs' }],
  [
    'Kafka',
    { eventSource: 'SelfManagedKafka', records: { 'orders-0': [{ value: 'secret' }, {}], 'orders-1': [{}] } },
    { triggerKind: 'stream', triggerSource: 'kafka/orders', batchSize: 3 },
  ],
  [
    'ActiveMQ',
    { eventSource: 'aws:mq', eventSourceArn: arn('mq', 'broker:jobs:b-1'), messages: [{}] },
    { triggerKind: 'queue', triggerSource: 'mq/broker/jobs:b-1', batchSize: 1 },
  ],
  [
    'RabbitMQ',
    { eventSource: 'aws:rmq', eventSourceArn: arn('mq', 'broker:jobs:b-1'), rmqMessagesByQueue: { 'a::/': [{}, {}] } },
    { triggerKind: 'queue', triggerSource: 'mq/broker/jobs:b-1', batchSize: 2 },
  ],
  [
    'Cognito',
    { triggerSource: 'PreSignUp_SignUp', userPoolId: 'eu_1', userName: 'Alice', request: {} },
    {
      triggerKind: 'other',
      triggerSource: 'cognito-idp/eu_1 PreSignUp_SignUp',
      principal: 'person<alice>',
      principalKind: 'person',
    },
  ],
  [
    'Firehose',
    { deliveryStreamArn: arn('firehose', 'deliverystream/clicks'), records: [] },
    { triggerKind: 'stream', triggerSource: 'firehose/deliverystream/clicks' },
  ],
  [
    'edge',
    { Records: [{ cf: { config: { distributionId: 'E1' }, request: { clientIp: '203.0.113.9' } } }] },
    { triggerKind: 'edge', triggerSource: 'cloudfront/E1', network: 'net<203.0.113.9>' },
  ],
  [
    'object lambda',
    {
      userRequest: {},
      configuration: { accessPointArn: arn('s3-object-lambda', 'accesspoint/x') },
      userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/bob' },
    },
    {
      triggerKind: 'object',
      triggerSource: 's3-object-lambda/accesspoint/x',
      principal: 'person<arn:aws:iam::1:user/bob>',
      principalKind: 'person',
    },
  ],
  [
    'batch job',
    { job: {}, tasks: [{ s3BucketArn: 'arn:aws:s3:::photos' }] },
    { triggerKind: 'object', triggerSource: 's3/photos' },
  ],
  [
    'secret rotation',
    { Step: 'x', SecretId: arn('secretsmanager', 'secret:db-a1B2c3') },
    { triggerKind: 'other', triggerSource: 'secretsmanager/db' },
  ],
  ['direct invocation', { order: 17 }, { triggerKind: 'other', triggerSource: '' }],
  ['no object', 'hello', { triggerKind: 'other', triggerSource: '' }],
];

suite('triggers', () => {
  for (const [name, event, expected] of SHAPES) {
    test(`${name}: ${expected.triggerKind} ${expected.triggerSource}`, () => {
      assert.deepEqual(triggerOf(event, { tokens, place }), expected);
    });
  }

  test('bodies, keys and tokens appear nowhere', () => {
    for (const [name, event] of SHAPES) {
      assert.ok(!JSON.stringify(triggerOf(event, { tokens, place })).includes('secret"'), name);
    }
  });

  test('any value of another type is survived', () => {
    for (const [, event] of SHAPES) {
      for (const changed of withOtherTypes(event)) {
        assert.equal(typeof triggerOf(changed, { tokens, place }).triggerSource, 'string');
      }
    }
  });
});
