import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import type { DecodedRow } from '../decoder.contract.ts';
import { decodeAlike, type SpanSample, START_MS, traceRequest, type Value } from './otlp.contract.ts';

const LAMBDA = {
  'service.name': 'orders',
  'cloud.provider': 'aws',
  'cloud.platform': 'aws_lambda',
  'cloud.region': 'eu-west-1',
  'cloud.account.id': '123456789012',
  'faas.name': 'orders',
  'faas.version': '7',
  'faas.instance': '2026/01/15/[7]0a1b',
  'faas.max_memory': 268_435_456,
};
const ORDERS = 'aws:123456789012:eu-west-1:orders';

const handler: SpanSample = {
  id: '01',
  kind: 'server',
  for: 100,
  attributes: { 'faas.invocation_id': 'request-1', 'faas.trigger': 'http' },
};

/** Rows of spans of the function above. */
function rowsFor(...spans: readonly SpanSample[]): readonly DecodedRow[] {
  const decoded = decodeAlike(traceRequest([LAMBDA, spans]));
  assert.deepEqual(decoded.rejects, []);
  return decoded.rows;
}

/** The only row of an invocation with these attributes. */
function invocationWith(attributes: { readonly [key: string]: Value }, more: Partial<SpanSample> = {}): DecodedRow {
  const rows = rowsFor({ ...handler, attributes, ...more });
  assert.equal(rows.length, 1);
  return rows[0];
}

function callsOf(row: DecodedRow | undefined): readonly DecodedRow[] {
  return Array.isArray(row?.calls) ? row.calls : [];
}

suite('invocations of real emitters', () => {
  test('a Python function with botocore and requests', () => {
    // opentelemetry-instrumentation-aws-lambda 0.5x: no resource detector, everything stands on the span.
    const rows = decodeAlike(
      traceRequest([
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
      ]),
    );
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
      { ...handler, attributes: { 'faas.invocation_id': 'request-1' } },
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
    const old = {
      'faas.id': 'arn:aws:lambda:us-east-1:210987654321:function:legacy',
      'faas.name': 'legacy',
      'faas.version': '$LATEST',
      'faas.max_memory': 128,
    };
    const { rows, rejects } = decodeAlike(
      traceRequest([
        old,
        [
          {
            ...handler,
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
      ]),
    );
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
        { verb: 'http:GET', resource: 'api.example.com/v1/users/{}', destination: 'example.com' },
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
          { ...handler, attributes: { 'faas.name': 'checkout', 'faas.trigger': 'http', 'faas.coldstart': true } },
          {
            ...handler,
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
            ...handler,
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

suite('which spans are invocations', () => {
  test('frameworks below the handler add what the handler does not know, and no invocation', () => {
    const rows = rowsFor(
      { ...handler, attributes: { 'faas.invocation_id': 'request-1' } },
      {
        id: '02',
        parent: '01',
        kind: 'server',
        attributes: { 'http.request.method': 'PUT', 'http.route': '/orders/{id}', 'http.response.status_code': 503 },
      },
    );
    assert.equal(rows.length, 1);
    assert.equal(rows[0].triggerSource, 'PUT /orders/{id}');
    assert.equal(rows[0].status, 'error');
    assert.equal(rows[0].requestId, 'request-1');
  });

  test('a span of another request below the handler is an invocation', () => {
    const rows = rowsFor(handler, {
      id: '02',
      parent: '01',
      kind: 'server',
      attributes: { 'faas.invocation_id': 'request-2' },
    });
    assert.deepEqual(
      rows.map(({ requestId }) => requestId),
      ['request-1', 'request-2'],
    );
  });

  test('a function that calls itself is invoked twice', () => {
    const rows = rowsFor(
      { ...handler, attributes: {} },
      { id: '02', parent: '01', kind: 'client', at: 5, attributes: { 'faas.invoked_name': 'orders' } },
      { id: '03', parent: '02', kind: 'server', at: 6 },
      {
        id: '04',
        parent: '03',
        kind: 'client',
        at: 7,
        attributes: { 'http.request.method': 'GET', 'server.address': 'a.example' },
      },
    );
    assert.deepEqual(
      rows.map((row) => callsOf(row).map(({ verb, destination }) => `${verb} ${destination}`)),
      [[`lambda:Invoke lambda/${ORDERS}`], ['http:GET a.example']],
    );
  });

  test('polling a queue is a call, not an invocation', () => {
    const rows = rowsFor(handler, {
      id: '02',
      parent: '01',
      kind: 'consumer',
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'SQS',
        'rpc.method': 'ReceiveMessage',
        'url.full': 'https://sqs.eu-west-1.amazonaws.com/210987654321/jobs',
      },
    });
    assert.equal(rows.length, 1);
    assert.deepEqual(
      callsOf(rows[0]).map(({ verb, destination }) => [verb, destination]),
      [['sqs:ReceiveMessage', 'sqs/jobs@210987654321']],
    );
  });

  test('a program that is no function gives no rows and is counted', () => {
    const { rows, notes, rejects } = decodeAlike(
      traceRequest([
        { 'service.name': 'shop', 'cloud.platform': 'aws_ecs' },
        [
          { id: '01', kind: 'server', attributes: { 'http.request.method': 'GET' } },
          { id: '02', parent: '01', kind: 'client', attributes: { 'db.system.name': 'redis' } },
        ],
      ]),
    );
    assert.deepEqual([rows, rejects], [[], []]);
    assert.deepEqual(notes, ['span-not-function', 'call-without-function']);
  });

  test('an attribute that only functions have makes an invocation of a span whose resource says nothing', () => {
    const spans: readonly SpanSample[] = [
      {
        id: '01',
        kind: 'server',
        attributes: { 'aws.lambda.invoked_arn': 'arn:aws:lambda:eu-west-1:123456789012:function:orders' },
      },
    ];
    const { rows } = decodeAlike(traceRequest([{}, spans]));
    assert.equal(rows[0].function, ORDERS);
  });

  test('a function that does not say its name is rejected', () => {
    const { rows, rejects } = decodeAlike(
      traceRequest([{}, [{ id: '01', kind: 'server', attributes: { 'faas.trigger': 'http' } }]]),
    );
    assert.deepEqual(rows, []);
    assert.deepEqual(rejects, ['missing-field: invocation without the name of its function']);
  });
});

suite('calls and their invocation', () => {
  const call = (id: string, parent: string, at = 5): SpanSample => ({
    id,
    parent,
    kind: 'client',
    at,
    attributes: {
      'rpc.system': 'aws-api',
      'rpc.service': 'DynamoDB',
      'rpc.method': `Op${id}`,
      'aws.dynamodb.table_names': ['t'],
    },
  });

  test('calls stand in order of start, whatever the order of the document', () => {
    const [row] = rowsFor(
      call('04', '01', 30),
      call('03', '02', 20),
      { id: '02', parent: '01', at: 1 },
      call('05', '01', 10),
      handler,
    );
    assert.deepEqual(
      callsOf(row).map(({ verb, offsetMs }) => [verb, offsetMs]),
      [
        ['dynamodb:Op05', 10],
        ['dynamodb:Op03', 20],
        ['dynamodb:Op04', 30],
      ],
    );
  });

  test('the invocation may stand in another resource entry of the same process', () => {
    const { rows } = decodeAlike(traceRequest([LAMBDA, [call('02', '01')]], [LAMBDA, [handler]]));
    assert.equal(rows.length, 1);
    assert.equal(callsOf(rows[0]).length, 1);
  });

  test("calls of a program that the function calls are not the function's", () => {
    const service = { 'service.name': 'ledger' };
    const { rows, notes } = decodeAlike(
      traceRequest(
        [LAMBDA, [handler, call('02', '01')]],
        [service, [{ id: '03', parent: '02', kind: 'server' }, call('04', '03')]],
      ),
    );
    assert.equal(rows.length, 1);
    assert.deepEqual(
      callsOf(rows[0]).map(({ verb }) => verb),
      ['dynamodb:Op02'],
    );
    assert.deepEqual(notes.toSorted(), ['call-without-function', 'span-not-function']);
  });

  test('two functions in one request keep their calls apart', () => {
    const billing = { ...LAMBDA, 'faas.name': 'billing', 'faas.instance': 'b' };
    const { rows } = decodeAlike(
      traceRequest(
        [LAMBDA, [handler, call('02', '01')]],
        [billing, [{ ...handler, id: '03', parent: '02' }, call('04', '03')]],
      ),
    );
    assert.deepEqual(
      rows.map((row) => [row.function, callsOf(row).map(({ verb }) => verb)]),
      [
        [ORDERS, ['dynamodb:Op02']],
        ['aws:123456789012:eu-west-1:billing', ['dynamodb:Op04']],
      ],
    );
  });

  test('a call without its invocation is a link row that carries it', () => {
    const rows = rowsFor(call('02', '01'));
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.equal(row.flags, FLAG.link);
    assert.equal(row.function, ORDERS);
    assert.equal(row.parentSpanId, '01'.padEnd(16, '0'));
    assert.equal(row.requestId, undefined);
    assert.deepEqual(
      callsOf(row).map(({ verb, spanId, offsetMs }) => [verb, spanId, offsetMs]),
      [['dynamodb:Op02', '02'.padEnd(16, '0'), undefined]],
    );
  });

  test('an inner span becomes a link only where it connects a row to its parent', () => {
    const rows = rowsFor({ id: '02', parent: '01' }, call('03', '02'), { id: '04', parent: '01' });
    assert.deepEqual(
      rows.map((row) => [row.spanId, row.parentSpanId, row.flags, callsOf(row).length]),
      [
        ['02'.padEnd(16, '0'), '01'.padEnd(16, '0'), FLAG.link, 0],
        ['03'.padEnd(16, '0'), '02'.padEnd(16, '0'), FLAG.link, 1],
      ],
    );
    const whole = rowsFor(handler, { id: '02', parent: '01' }, call('03', '02'));
    assert.equal(whole.length, 1);
  });

  test('an inner span between two functions is a link', () => {
    const billing = { ...LAMBDA, 'faas.name': 'billing', 'faas.instance': 'b' };
    const { rows } = decodeAlike(
      traceRequest(
        [LAMBDA, [handler, { id: '02', parent: '01' }]],
        [billing, [{ ...handler, id: '03', parent: '02' }]],
      ),
    );
    assert.deepEqual(
      rows.map((row) => [row.spanId, row.flags]),
      [
        ['01'.padEnd(16, '0'), 0],
        ['02'.padEnd(16, '0'), FLAG.link],
        ['03'.padEnd(16, '0'), 0],
      ],
    );
  });

  test('an outbound request below an operation of the SDK is a call of its own', () => {
    const http = { 'http.request.method': 'POST', 'server.address': 'dynamodb.eu-west-1.amazonaws.com' };
    const [row] = rowsFor(handler, call('02', '01'), {
      id: '03',
      parent: '02',
      kind: 'client',
      at: 6,
      attributes: http,
    });
    assert.deepEqual(
      callsOf(row).map(({ verb, destination }) => `${verb} ${destination}`),
      ['dynamodb:Op02 dynamodb/t', 'http:POST dynamodb'],
    );
  });

  test('more calls than a row holds are cut, flagged and counted', () => {
    const many = Array.from({ length: 130 }, (_, at) => call((at + 16).toString(16), '01', at));
    const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [handler, ...many]]));
    assert.equal(callsOf(rows[0]).length, 128);
    assert.equal(rows[0].flags, FLAG.callsCut);
    assert.deepEqual(notes, ['calls-cut', 'calls-cut']);
  });

  test('spans that are their own ancestors end no program and are counted', () => {
    const { notes, rows } = decodeAlike(
      traceRequest([
        LAMBDA,
        [
          { id: '01', parent: '01', kind: 'server' },
          { id: '02', parent: '03' },
          { id: '03', parent: '02' },
          call('04', '03'),
        ],
      ]),
    );
    assert.deepEqual(
      notes.filter((name) => name === 'parent-loop'),
      ['parent-loop', 'parent-loop'],
    );
    assert.ok(rows.length >= 2);
  });

  test('a chain of ten thousand spans exhausts no stack', () => {
    const id = (at: number) => (at + 1).toString(16).padStart(4, '0');
    const chain = Array.from(
      { length: 10_000 },
      (_, at): SpanSample => ({ id: id(at), ...(at === 0 ? {} : { parent: id(at - 1) }) }),
    );
    const [row] = rowsFor({ ...handler, id: id(0) }, ...chain.slice(1), call('ffff', id(9_999)));
    assert.equal(callsOf(row).length, 1);
  });
});

suite('what an invocation says', () => {
  for (const [name, attributes, kind, source] of [
    ['a route', { 'faas.trigger': 'http', 'http.request.method': 'get', 'http.route': '/a/{b}' }, 'http', 'GET /a/{b}'],
    ['a request without trigger', { 'http.request.method': 'GET' }, 'http', 'GET'],
    ['a schedule', { 'faas.trigger': 'timer', 'faas.cron': '0/5 * * * ? *' }, 'timer', '0/5 * * * ? *'],
    [
      'a queue',
      { 'faas.trigger': 'pubsub', 'messaging.system': 'aws_sqs', 'messaging.destination.name': 'jobs' },
      'queue',
      'sqs/jobs',
    ],
    [
      'a queue by its URL',
      { 'messaging.system': 'aws_sqs', 'aws.sqs.queue.url': 'https://sqs.eu-west-1.amazonaws.com/1/jobs' },
      'queue',
      'sqs/jobs',
    ],
    [
      'a topic',
      { 'faas.trigger': 'pubsub', 'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:123456789012:news' },
      'topic',
      'sns/news',
    ],
    [
      'a topic of somebody else',
      { 'faas.trigger': 'pubsub', 'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:210987654321:news' },
      'topic',
      'sns/news@210987654321',
    ],
    [
      'a stream',
      { 'faas.trigger': 'pubsub', 'messaging.system': 'kafka', 'messaging.destination.name': 'clicks' },
      'stream',
      'kafka/clicks',
    ],
    ['a bucket', { 'faas.trigger': 'datasource', 'aws.s3.bucket': 'photos' }, 'object', 's3/photos'],
    ['a collection', { 'faas.trigger': 'datasource', 'faas.document.collection': 'photos' }, 'object', 'photos'],
    [
      'a table',
      { 'faas.trigger': 'datasource', 'db.system.name': 'aws.dynamodb', 'faas.document.collection': 'orders' },
      'stream',
      'dynamodb/orders',
    ],
    ['anything else', { 'faas.trigger': 'other' }, 'other', undefined],
    ['a word nobody knows', { 'faas.trigger': 'moon' }, 'other', undefined],
    ['nothing', {}, undefined, undefined],
  ] as const) {
    test(`${name} as trigger`, () => {
      const row = invocationWith(attributes);
      assert.deepEqual([row.triggerKind, row.triggerSource], [kind, source]);
    });
  }

  for (const [name, attributes, more, status, errorType] of [
    ['ends well', { 'http.response.status_code': 404 }, {}, 'ok', undefined],
    [
      'fails',
      { 'error.type': 'java.lang.IllegalStateException' },
      { failed: true },
      'error',
      'java.lang.IllegalStateException',
    ],
    ['answers with a failure', { 'http.response.status_code': 500 }, {}, 'error', undefined],
    ['runs out of time', { 'error.type': 'timeout' }, { failed: true }, 'timeout', 'timeout'],
    ['notes an exception', {}, { failed: true, exception: '*url.Error' }, 'error', '*url.Error'],
    ['notes a message in place of a type', {}, { failed: true, exception: 'no such user: ann' }, 'error', undefined],
    ['notes an exception it survives', {}, { exception: 'ValueError' }, 'ok', undefined],
  ] as const) {
    test(`an invocation that ${name}`, () => {
      const row = invocationWith(attributes, more);
      assert.deepEqual([row.status, row.errorType], [status, errorType]);
    });
  }

  test('current names win over old ones, in any order', () => {
    const old = { 'http.status_code': 500, 'faas.execution': 'old' };
    const current = { 'http.response.status_code': 200, 'faas.invocation_id': 'new' };
    for (const attributes of [
      { ...old, ...current },
      { ...current, ...old },
    ]) {
      const row = invocationWith(attributes);
      assert.deepEqual([row.status, row.requestId], ['ok', 'new']);
    }
  });

  test('of one name given twice, the first counts', () => {
    const request = traceRequest([LAMBDA, [handler]]);
    const twice = JSON.parse(
      JSON.stringify(request).replace(
        '{"key":"faas.invocation_id","value":{"stringValue":"request-1"}}',
        '{"key":"faas.invocation_id","value":{"stringValue":"a"}},{"key":"faas.invocation_id","value":{"stringValue":"b"}}',
      ),
    );
    assert.equal(decodeAlike(twice).rows[0].requestId, 'a');
  });

  test('numbers may be written as text', () => {
    const row = invocationWith({
      'http.request.body.size': '12',
      'messaging.batch.message_count': '3',
      'faas.coldstart': 'true',
    });
    assert.deepEqual([row.requestBytes, row.batchSize, row.flags], [12, 3, FLAG.cold]);
  });

  test('absurd numbers are left out', () => {
    const row = invocationWith({ 'http.request.body.size': -1, 'http.response.body.size': 1e300 });
    assert.deepEqual([row.requestBytes, row.responseBytes], [undefined, undefined]);
  });

  test('an address that is none gives no network', () => {
    assert.equal(invocationWith({ 'client.address': 'ann' }).network, undefined);
  });
});

suite('times', () => {
  test('are exact to the nanosecond', () => {
    const [row] = rowsFor(
      { ...handler, at: 0.000_001, for: 0.1 },
      {
        id: '02',
        parent: '01',
        kind: 'client',
        at: 0.000_002,
        for: 0.25,
        attributes: { 'server.address': 'a.example' },
      },
    );
    assert.equal(row.durationMs, 0.1);
    const [first] = callsOf(row);
    assert.equal(first.offsetMs, Math.fround(0.000_001));
    assert.equal(first.durationMs, 0.25);
  });

  for (const [name, at] of [
    ['before the year 2000', -START_MS + 86_400_000],
    ['from the future', 10 * 365 * 86_400_000],
  ] as const) {
    test(`${name} are replaced, flagged and counted`, () => {
      const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [{ ...handler, at }]]));
      assert.ok(Number.isNaN(rows[0].eventMs));
      assert.equal(rows[0].flags, FLAG.clamped);
      assert.equal(rows[0].durationMs, 100);
      assert.deepEqual(notes, ['time-clamped']);
    });
  }

  for (const [name, duration] of [
    ['negative', -1],
    ['a month', 30 * 86_400_000],
  ] as const) {
    test(`a duration that is ${name} rejects the span`, () => {
      const { rows, rejects } = decodeAlike(traceRequest([LAMBDA, [{ ...handler, for: duration }]]));
      assert.deepEqual(rows, []);
      assert.deepEqual(rejects, ['out-of-range: span ends before it starts, or days later']);
    });
  }
});

suite('identity', () => {
  test('the envelope names functions that do not say who they are', () => {
    const { rows } = decodeAlike(traceRequest([{}, [{ ...handler, attributes: {} }]]), { envelopeFunction: ORDERS });
    assert.equal(rows[0].function, ORDERS);
  });

  test('the envelope completes what a record leaves open', () => {
    const { rows } = decodeAlike(traceRequest([{ 'faas.name': 'orders' }, [handler]]), {
      account: '',
      envelopeFunction: ORDERS,
    });
    assert.equal(rows[0].function, ORDERS);
  });

  test('a record that claims another function than its envelope is rejected, with everything below it counted', () => {
    const spans: readonly SpanSample[] = [
      handler,
      { id: '02', parent: '01', kind: 'client' },
      { id: '03', parent: 'ff', kind: 'client' },
    ];
    const { rows, rejects, notes } = decodeAlike(traceRequest([LAMBDA, spans]), {
      envelopeFunction: 'aws:123456789012:eu-west-1:billing',
    });
    assert.deepEqual(rows, []);
    assert.equal(rejects.length, 2);
    for (const reject of rejects)
      assert.match(reject, /^identity-mismatch: span of aws:\S+:orders from aws:\S+:billing$/);
    assert.deepEqual(notes, ['span-of-refused']);
  });

  test('what an outbound span says of the other side does not move the function', () => {
    const rows = rowsFor({
      id: '02',
      parent: '01',
      kind: 'client',
      attributes: { 'cloud.region': 'us-east-1', 'cloud.account.id': '999999999999', 'faas.invoked_name': 'other' },
    });
    assert.equal(rows[0].function, ORDERS);
  });
});

suite('limits', () => {
  test('attributes beyond the 256th are not read, and the cut is counted', () => {
    const padding = Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`x.${at}`, 'y']));
    const { rows, notes } = decodeAlike(
      traceRequest([
        LAMBDA,
        [{ ...handler, attributes: { 'faas.trigger': 'http', ...padding, 'error.type': 'Late' }, failed: true }],
      ]),
    );
    assert.equal(rows[0].triggerKind, 'http');
    assert.equal(rows[0].errorType, undefined);
    assert.deepEqual(notes, ['attributes-cut']);
  });

  test('links beyond the sixteenth are counted only', () => {
    const links = Array.from({ length: 20 }, (_, at) => ['bb', (at + 16).toString(16)] as const);
    const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [{ ...handler, links }]]));
    assert.equal(rows.length, 17);
    assert.equal(rows[0].batchSize, 20);
    assert.deepEqual(notes, ['links-cut', 'links-cut', 'links-cut', 'links-cut']);
  });

  test('a long text is cut at a character', () => {
    const row = invocationWith({ 'faas.invocation_id': 'é'.repeat(5000) });
    assert.equal(typeof row.requestId, 'string');
    const url = `https://a.example/${'x'.repeat(10_000)}`;
    const [cut] = rowsFor(handler, {
      id: '02',
      parent: '01',
      kind: 'client',
      attributes: { 'http.request.method': 'GET', 'url.full': url },
    });
    assert.equal(callsOf(cut)[0].resource, 'a.example/{}');
  });
});
