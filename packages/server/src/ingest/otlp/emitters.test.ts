import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { callsOf, decodeAlike, HANDLER, rowsFor, START_MS, traceRequest } from './otlp.contract.ts';

/** opentelemetry-instrumentation-aws-lambda for Python: no resource detector, everything stands on the span. */
const PYTHON = traceRequest([
  { 'telemetry.sdk.language': 'python', 'service.name': 'thumbnails' },
  [
    {
      id: '03',
      parent: '02',
      kind: 'client',
      at: 12,
      for: 6,
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'S3',
        'rpc.method': 'GetObject',
        'aws.region': 'eu-west-1',
        'aws.request_id': 'C9ER4AJX75574TDJ',
        retry_attempts: 0,
        'http.status_code': 200,
      },
    },
    { id: '02', parent: '01', at: 10, for: 30 },
    {
      id: '01',
      parent: 'ff',
      kind: 'server',
      for: 50,
      attributes: {
        'cloud.resource_id': 'arn:aws:lambda:eu-west-1:123456789012:function:thumbnails:prod',
        'faas.invocation_id': '79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11',
        'faas.trigger': 'http',
        'http.method': 'POST',
        'http.route': '/images/{id}',
        'http.user_agent': 'curl/8.5',
        'http.status_code': 200,
      },
    },
  ],
]);

/** Names of 2021. */
const OLD_NAMES = traceRequest([
  {
    'faas.id': 'arn:aws:lambda:us-east-1:210987654321:function:legacy',
    'faas.name': 'legacy',
    'faas.version': '$LATEST',
    'faas.max_memory': 128,
  },
  [
    {
      ...HANDLER,
      attributes: {
        'faas.execution': 'request-old',
        'faas.trigger': 'http',
        'http.method': 'GET',
        'http.status_code': 500,
        'http.client_ip': '203.0.113.9',
        'http.request_content_length': 12,
        'http.response_content_length': 34,
        'enduser.id': 'Ann',
      },
      failed: true,
      exception: 'builtins.KeyError',
    },
    {
      id: '02',
      parent: '01',
      kind: 'client',
      at: 5,
      attributes: {
        'db.system': 'postgresql',
        'db.name': 'shop',
        'db.sql.table': 'orders',
        'db.statement': "select * from orders where email = 'ann@example.com'",
        'net.peer.name': 'db.internal.example.com',
        'net.peer.port': 5432,
      },
    },
    {
      id: '03',
      parent: '01',
      kind: 'client',
      at: 9,
      attributes: {
        'http.method': 'GET',
        'http.url': 'https://user:pw@api.example.com:8443/v1/users/17?key=secret',
      },
    },
    {
      id: '04',
      parent: '01',
      kind: 'client',
      at: 9.5,
      attributes: { 'aws.service': 'dynamodb', 'aws.operation': 'PutItem', 'aws.table.name': 'orders' },
    },
  ],
]);

suite('invocations of real emitters', () => {
  test('a Python function with botocore and requests', () => {
    const rows = decodeAlike(PYTHON);
    assert.deepEqual(rows.rejects, []);
    assert.deepEqual(rows.rows, [
      {
        kind: 'otel',
        eventMs: START_MS,
        flags: 0,
        trust: TRUST.sensor,
        durationMs: 50,
        function: 'aws:123456789012:eu-west-1:thumbnails',
        qualifier: 'prod',
        triggerKind: 'http',
        triggerSource: 'POST /images/{id}',
        client: 'tool',
        status: 'ok',
        account: '123456789012',
        requestId: '79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11',
        traceId: 'aaaa0000000000000000000000000000',
        spanId: '0100000000000000',
        parentSpanId: 'ff00000000000000',
        calls: [
          {
            verb: 's3:GetObject',
            destination: 's3',
            status: 200,
            offsetMs: 12,
            durationMs: 6,
            spanId: '0300000000000000',
          },
        ],
      },
    ]);
  });

  test('a Java function that reads a queue, with a link for each message', () => {
    const rows = rowsFor(
      { ...HANDLER, attributes: { 'faas.invocation_id': 'request-1' } },
      {
        id: '02',
        parent: '01',
        kind: 'consumer',
        at: 1,
        attributes: { 'messaging.system': 'AmazonSQS', 'messaging.operation': 'process' },
        links: [
          ['bb', '0b'],
          ['cc', '0c'],
        ],
      },
      {
        id: '03',
        parent: '02',
        kind: 'consumer',
        at: 2,
        attributes: { 'messaging.system': 'AmazonSQS', 'messaging.destination.name': 'jobs' },
        links: [['bb', '0b']],
      },
    );
    assert.deepEqual(
      rows.map(({ flags, traceId, spanId, parentSpanId }) => ({ flags, traceId, spanId, parentSpanId })),
      [
        { flags: 0, traceId: 'aaaa'.padEnd(32, '0'), spanId: '01'.padEnd(16, '0'), parentSpanId: undefined },
        ...[
          ['bb', '0b'],
          ['cc', '0c'],
          ['bb', '0b'],
        ].map(([trace, parent]) => ({
          flags: FLAG.link,
          traceId: trace.padEnd(32, '0'),
          spanId: '01'.padEnd(16, '0'),
          parentSpanId: parent.padEnd(16, '0'),
        })),
      ],
    );
    assert.equal(rows[0].triggerKind, 'queue');
    assert.equal(rows[0].triggerSource, 'sqs/jobs');
    assert.equal(rows[0].batchSize, 3);
  });

  test('an emitter of 2021 with the old names', () => {
    const { rows, rejects } = decodeAlike(OLD_NAMES);
    assert.deepEqual(rejects, []);
    const [row] = rows;
    assert.equal(row.function, 'aws:210987654321:us-east-1:legacy');
    assert.equal(row.revision, undefined);
    assert.equal(row.requestId, 'request-old');
    assert.equal(row.memorySizeMb, 128);
    assert.equal(row.requestBytes, 12);
    assert.equal(row.responseBytes, 34);
    assert.equal(row.network, 'net<203.0.113.9>');
    assert.equal(row.principal, 'person<ann>');
    assert.equal(row.principalKind, 'person');
    assert.equal(row.status, 'error');
    assert.equal(row.errorType, 'builtins.KeyError');
    assert.deepEqual(
      callsOf(row).map(({ verb, resource, destination }) => ({ verb, resource, destination })),
      [
        { verb: 'postgresql:SELECT', resource: 'shop/orders', destination: 'example.com' },
        { verb: 'http:GET', resource: '*.example.com/v1/users/{}', destination: 'example.com' },
        { verb: 'dynamodb:PutItem', resource: 'orders', destination: 'dynamodb/orders' },
      ],
    );
  });

  test('an Azure application with two functions', () => {
    const application = {
      'cloud.provider': 'azure',
      'cloud.platform': 'azure.functions',
      'cloud.region': 'westeurope',
      'cloud.resource_id':
        '/subscriptions/d2ba53be-0815-4e4b-9d3a-000000000001/resourceGroups/shop/providers/Microsoft.Web/sites/shop-app',
      'faas.name': 'shop-app',
      'faas.instance': 'instance-1',
    };
    const { rows, rejects } = decodeAlike(
      traceRequest([
        application,
        [
          { ...HANDLER, attributes: { 'faas.name': 'checkout', 'faas.trigger': 'http', 'faas.coldstart': true } },
          {
            ...HANDLER,
            trace: 'bbbb',
            kind: 'consumer',
            attributes: {
              'faas.name': 'shop-app/refund',
              'faas.trigger': 'pubsub',
              'messaging.system': 'servicebus',
              'messaging.destination.name': 'refunds',
            },
          },
        ],
      ]),
    );
    assert.deepEqual(rejects, []);
    assert.deepEqual(
      rows.map((row) => [row.function, row.triggerKind, row.triggerSource, row.flags]),
      [
        ['azure:d2ba53be-0815-4e4b-9d3a-000000000001:westeurope:shop-app/checkout', 'http', undefined, FLAG.cold],
        ['azure:d2ba53be-0815-4e4b-9d3a-000000000001:westeurope:shop-app/refund', 'queue', 'servicebus/refunds', 0],
      ],
    );
  });

  test('a Cloud Run service', () => {
    const { rows } = decodeAlike(
      traceRequest([
        {
          'cloud.provider': 'gcp',
          'cloud.platform': 'gcp_cloud_run',
          'cloud.account.id': 'my-project',
          'cloud.region': 'europe-west1',
          'faas.name': 'api',
          'faas.version': 'api-00042-xyz',
          'faas.instance': '00bf4bf02d',
        },
        [
          {
            ...HANDLER,
            attributes: {
              'http.request.method': 'GET',
              'http.route': '/v1/items',
              'http.response.status_code': 429,
              'client.address': '198.51.100.7, 10.0.0.1',
              'geo.country.iso_code': 'SE',
            },
          },
          {
            id: '02',
            parent: '01',
            kind: 'producer',
            attributes: {
              'messaging.system': 'gcp_pubsub',
              'messaging.operation.name': 'send',
              'messaging.operation.type': 'publish',
              'messaging.destination.name': 'audit',
              'messaging.message.body.size': 99,
            },
          },
        ],
      ]),
    );
    const [row] = rows;
    assert.equal(row.function, 'gcp:my-project:europe-west1:api');
    assert.equal(row.revision, 'api-00042-xyz');
    assert.equal(row.status, 'throttle');
    assert.equal(row.network, 'net<198.51.100.7>');
    assert.equal(row.country, 'SE');
    assert.deepEqual(callsOf(row), [
      {
        verb: 'gcp_pubsub:publish',
        resource: 'audit',
        destination: 'gcp_pubsub/audit',
        durationMs: 1,
        spanId: '0200000000000000',
      },
    ]);
  });
});
