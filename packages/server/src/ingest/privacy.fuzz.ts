import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { suite, test } from 'node:test';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { encodeBatch } from '@gait/engine/event/codec';
import fc from 'fast-check';
import { cloudtrailDecoder } from './cloudtrail.ts';
import { TEST_DEFAULTS } from './decoder.contract.ts';
import type { Decoder } from './decoder.ts';
import { lambdaLogsDecoder } from './lambda-logs.ts';
import { LAMBDA, logsRequest, metricsRequest, nanosOf, traceRequest } from './otlp/otlp.contract.ts';
import { otlpJsonDecoder } from './otlp/otlp-json.ts';
import { MemoryTokens } from './tokens-memory.ts';
import { triggerEventDecoder } from './trigger-event.ts';
import { SAMPLE_LINE, SAMPLE_MESSAGES } from './triggers/samples.ts';
import { xrayDecoder } from './xray.ts';

const RUNS = 60 * Number(process.env['GAIT_SEEDS'] ?? 5);
const NAME = 'heidi.canary';
const SESSION = 'ivan-canary';
const SECRET = 'stolen-4c6f72656d';
/** What each value below is searched for: a part that no honest encoding changes. */
const CANARIES: readonly (readonly [value: string, needle: string])[] = [
  ['frank.canary@corp.example', 'canary'],
  ['Frank Canary <frank.canary@corp.example>', 'canary'],
  ['team/frank.canary%40corp.example', 'canary'],
  ['photos?email=canary-q&token=canary-t', 'canary'],
  ['https://canary-user:canary-pass@api.example.com/x?token=canary-t#canary-f', 'canary'],
  ['arn:aws:iam::123456789012:user/team/heidi.canary', 'canary'],
  ['arn:aws:iam::123456789012:mfa/heidi.canary', 'canary'],
  ['arn:aws:sts::123456789012:federated-user/heidi.canary', 'canary'],
  ['arn:aws:sts::123456789012:assumed-role/Admin/heidi.canary', 'canary'],
  ['arn:aws:ses:eu-west-1:123456789012:identity/canary@corp.example', 'canary'],
  ['198.51.100.77', '198.51.100.77'],
  ['2001:db8:77::77', '2001:db8:77'],
];
/**
 * Facts that are meant to stay clear. Fields whose whole content is one are not replaced by addresses: where a function
 * sends data is not where a person sits, and versions may have four numbers.
 */
const ADDRESS_STAYS =
  /((server\.address|url\.full|faas\.version)\)\.stringValue|request\.url|sql\.url|subsegments\.\d+\.name)$/;
const PUBLIC = [
  'pay-role',
  'aws:123456789012:eu-west-1:pay',
  'aws:123456789012:eu-west-1:orders',
  's3/photos',
  'dynamodb/orders',
  'sns/news',
  'example.com',
  '*.example.com/v1/users/{}',
  'POST /orders/{id}',
  's3:GetObject',
  'iam:CreateAccessKey',
  '2026/01/31/[3]0123456789abcdef0123456789abcdef',
];

const ROLE = 'arn:aws:iam::123456789012:role/pay-role';
const EVENT = {
  eventVersion: '1.11',
  eventTime: '2026-01-31T12:00:00Z',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '198.51.100.77',
  userAgent: `tool/1 (${SECRET})`,
  requestID: '11111111-2222-3333-4444-555555555555',
  eventID: '66666666-7777-8888-9999-000000000000',
  recipientAccountId: '123456789012',
};
const SESSION_OF = (name: string) => ({
  type: 'AssumedRole',
  principalId: `AROAEXAMPLE:${name}`,
  arn: `arn:aws:sts::123456789012:assumed-role/pay-role/${name}`,
  accountId: '123456789012',
  userName: 'pay-role',
  sessionContext: {
    sourceIdentity: NAME,
    sessionIssuer: { type: 'Role', arn: ROLE },
    attributes: { mfaAuthenticated: 'true' },
  },
});
const TRAIL = {
  Records: [
    {
      ...EVENT,
      userIdentity: { ...SESSION_OF(SESSION), invokedBy: 'athena.amazonaws.com' },
      eventSource: 's3.amazonaws.com',
      eventName: 'GetObject',
      errorCode: 'NoSuchKey',
      errorMessage: `no ${SECRET}`,
      requestParameters: { bucketName: 'photos', key: SECRET },
      resources: [{ ARN: `arn:aws:s3:::photos/${SECRET}`, accountId: '123456789012' }],
    },
    {
      ...EVENT,
      userIdentity: { ...SESSION_OF(SESSION), sessionContext: { sessionIssuer: { type: 'Role', arn: ROLE } } },
      eventSource: 'dynamodb.amazonaws.com',
      eventName: 'GetItem',
      requestParameters: { tableName: 'orders', key: { id: SECRET } },
    },
    {
      ...EVENT,
      userIdentity: { type: 'IAMUser', userName: NAME, arn: `arn:aws:iam::123456789012:user/${NAME}` },
      eventSource: 'iam.amazonaws.com',
      eventName: 'CreateAccessKey',
      requestParameters: { userName: NAME },
      responseElements: { accessKey: { secretAccessKey: SECRET } },
    },
    {
      ...EVENT,
      userIdentity: { type: 'WebIdentityUser', userName: NAME, principalId: `cognito:${NAME}` },
      eventSource: 'sts.amazonaws.com',
      eventName: 'GetFederationToken',
      requestParameters: { name: NAME },
      resources: [{ ARN: `arn:aws:sts::123456789012:federated-user/${NAME}` }],
    },
    {
      ...EVENT,
      userIdentity: { type: 'AWSAccount', accountId: '999999999999', principalId: NAME },
      vpcEndpointId: 'vpce-0a1b2c3d',
      eventSource: 'lambda.amazonaws.com',
      eventName: 'UpdateAlias20150331',
      requestParameters: { functionName: 'pay', name: 'live' },
      responseElements: { codeSha256: 'Pt1c8vVaBygmNtAeSyjlpdy7r8nHRqJAAL++HEGlQkc=' },
    },
    {
      ...EVENT,
      userIdentity: { type: 'AWSService', invokedBy: 'lambda.amazonaws.com' },
      eventSource: 'quicksight.amazonaws.com',
      eventName: 'DescribeUser',
      resources: [{ ARN: `arn:aws:quicksight:eu-west-1:123456789012:user/default/${NAME}` }],
    },
  ],
};

const T = 1_760_000_000;
const TIMES = { start_time: T, end_time: T + 1 };
const AWS = { ...TIMES, namespace: 'aws' };
const REMOTE = { ...TIMES, namespace: 'remote' };
const TRACE = {
  Id: '1-68e7d000-0123456789abcdef01234567',
  Segments: [
    {
      ...TIMES,
      id: '3000000000000001',
      trace_id: '1-68e7d000-0123456789abcdef01234567',
      parent_id: '2000000000000001',
      name: 'orders',
      user: NAME,
      origin: 'AWS::Lambda::Function',
      annotations: { email: SECRET },
      metadata: { body: SECRET },
      aws: {
        account_id: '123456789012',
        region: 'eu-west-1',
        function_arn: 'arn:aws:lambda:eu-west-1:123456789012:function:orders:live',
        request_id: 'request-0001',
      },
      cause: { exceptions: [{ type: 'NoSuchKey', message: SECRET }] },
      error: true,
      subsegments: [
        {
          ...AWS,
          id: '3000000000000002',
          name: 'S3',
          aws: { operation: 'GetObject', bucket_name: 'photos', key: SECRET },
        },
        { ...AWS, id: '3000000000000003', name: 'SES', aws: { operation: 'SendEmail', resource_names: ['mail'] } },
        {
          ...AWS,
          id: '3000000000000004',
          name: 'SNS',
          aws: { operation: 'Publish', topic_arn: 'arn:aws:sns:eu-west-1:123456789012:news' },
        },
        { ...AWS, id: '3000000000000005', name: 'Lambda', aws: { operation: 'Invoke', function_name: 'ship' } },
        {
          ...REMOTE,
          id: '3000000000000006',
          name: `${SECRET}.tenant.example.com`,
          http: {
            request: {
              method: 'GET',
              url: `https://u:${SECRET}@${SECRET}.tenant.example.com:8443/v1/users/${NAME}?token=${SECRET}`,
            },
          },
        },
        {
          ...REMOTE,
          id: '3000000000000007',
          name: 'db',
          sql: { url: `jdbc:postgresql://u:${SECRET}@db.example.com:5432/x`, database_type: 'PostgreSQL', user: NAME },
        },
      ],
    },
    {
      ...TIMES,
      id: '1000000000000001',
      name: 'api/dev',
      origin: 'AWS::ApiGateway::Stage',
      http: { request: { method: 'POST', url: SECRET, client_ip: '198.51.100.77', user_agent: SECRET } },
      aws: { api_gateway: { rest_api_id: 'abc', stage: 'dev', request_id: 'request-0002' } },
    },
    { ...TIMES, id: '1000000000000002', name: `${SECRET}.www.example.com`, origin: 'AWS::ECS::Container' },
    {
      ...TIMES,
      id: '1000000000000003',
      name: 'jobs',
      origin: 'AWS::SQS::Queue',
      aws: { queue_url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' },
    },
  ],
};

const SPANS = traceRequest([
  LAMBDA,
  [
    {
      id: '01',
      kind: 'server',
      failed: true,
      exception: 'NoSuchKey',
      attributes: {
        'faas.invocation_id': 'request-0001',
        'faas.trigger': 'http',
        'http.method': 'POST',
        'http.route': '/orders/{id}',
        'client.address': '198.51.100.77',
        'user_agent.original': SECRET,
        'enduser.id': NAME,
        'url.path': `/orders/${SECRET}`,
      },
    },
    {
      id: '02',
      parent: '01',
      kind: 'client',
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'S3',
        'rpc.method': 'GetObject',
        'aws.s3.bucket': 'photos',
      },
    },
    {
      id: '03',
      parent: '01',
      kind: 'client',
      attributes: {
        'http.method': 'GET',
        'url.full': `https://u:${SECRET}@${SECRET}.api.example.com:8443/v1/users/${NAME}?token=${SECRET}`,
      },
    },
    {
      id: '04',
      parent: '01',
      kind: 'client',
      attributes: { 'http.method': 'GET', 'server.address': `${SECRET}.example.com`, 'url.template': '/orders/{id}' },
    },
    {
      id: '05',
      parent: '01',
      kind: 'client',
      attributes: {
        'db.system': 'postgresql',
        'db.namespace': 'shop',
        'db.collection.name': 'orders',
        'db.operation.name': 'SELECT',
        'db.statement': `select '${SECRET}'`,
        'server.address': 'db.example.com',
      },
    },
    {
      id: '06',
      parent: '01',
      kind: 'producer',
      attributes: {
        'messaging.system': 'kafka',
        'messaging.destination.name': 'clicks',
        'messaging.operation.name': 'publish',
      },
    },
    {
      id: '07',
      parent: '01',
      kind: 'client',
      attributes: { 'rpc.system': 'grpc', 'rpc.service': 'shop.Ledger', 'rpc.method': 'Book' },
    },
    {
      id: '08',
      parent: '01',
      kind: 'client',
      attributes: { 'faas.invoked_name': 'ship', 'faas.invoked_provider': 'aws' },
    },
    {
      id: '09',
      parent: '01',
      kind: 'client',
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'SNS',
        'rpc.method': 'Publish',
        'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:123456789012:news',
      },
    },
    { id: '10', kind: 'server', attributes: { 'faas.trigger': 'timer', 'faas.cron': 'rate(5 minutes)' } },
    {
      id: '11',
      kind: 'consumer',
      attributes: { 'faas.trigger': 'pubsub', 'messaging.system': 'aws_sqs', 'messaging.destination.name': 'jobs' },
    },
    {
      id: '12',
      kind: 'server',
      attributes: { 'faas.trigger': 'datasource', 'faas.document.collection': 'orders', 'db.system': 'mongodb' },
    },
  ],
]);
const METRICS = metricsRequest(LAMBDA, [
  {
    name: 'faas.invocations',
    unit: '1',
    sum: {
      aggregationTemporality: 1,
      dataPoints: [
        { timeUnixNano: nanosOf(0), asInt: '3', attributes: [{ key: 'faas.trigger', value: { stringValue: 'http' } }] },
      ],
    },
  },
]);
const RECORD = JSON.stringify({
  time: '2026-01-31T12:00:00.000Z',
  type: 'platform.report',
  record: {
    requestId: 'request-0001',
    metrics: { durationMs: 12, billedDurationMs: 13 },
    status: 'error',
    errorType: 'Runtime.Unknown',
  },
});
const LOGS = logsRequest(LAMBDA, [
  { timeUnixNano: nanosOf(0), body: { stringValue: RECORD } },
  { timeUnixNano: nanosOf(0), body: { stringValue: SECRET } },
]);
const SUBSCRIPTION = {
  messageType: 'DATA_MESSAGE',
  owner: '123456789012',
  logGroup: '/aws/lambda/pay',
  logStream: '2026/01/31/[3]0123456789abcdef0123456789abcdef',
  subscriptionFilters: ['x'],
  logEvents: [
    {
      id: '36',
      timestamp: T * 1000,
      message:
        'REPORT RequestId: 11111111-2222-3333-4444-555555555555\tDuration: 2 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB\tStatus: error\tError Type: Runtime.Unknown',
    },
    { id: '37', timestamp: T * 1000, message: RECORD },
    { id: '38', timestamp: T * 1000, message: `2026-01-31T12:00:00Z\t1\tINFO\t{"email":"${SECRET}"}` },
    {
      id: '39',
      timestamp: T * 1000,
      message: JSON.stringify({
        _aws: { Timestamp: T * 1000 },
        event_type: 'performance',
        function_name: 'pay',
        version: '3',
        request_id: 'request-0001',
        duration: 4,
      }),
    },
  ],
};

const ARN_OF = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
const SENT = { eventSource: 'aws:sqs', eventSourceARN: ARN_OF('sqs', 'jobs'), awsRegion: 'eu-west-1', body: SECRET };
/** What fired `pay`, with people and secrets wherever such events have them. */
const TRIGGERS = [
  { Records: [{ ...SENT, messageId: 'message-1', attributes: { SenderId: `AROA0123456789ABCDEF:${NAME}` } }] },
  {
    Records: [
      {
        eventSource: 'aws:s3',
        eventTime: '2026-01-31T12:00:00Z',
        awsRegion: 'eu-west-1',
        userIdentity: { principalId: `AWS:${NAME}` },
        requestParameters: { sourceIPAddress: '198.51.100.77' },
        responseElements: { 'x-amz-request-id': 'S3REQUEST1' },
        s3: { bucket: { name: 'photos' }, object: { key: SECRET } },
      },
    ],
  },
  {
    version: '2.0',
    routeKey: 'POST /orders/{id}',
    rawPath: `/orders/${NAME}`,
    rawQueryString: `token=${SECRET}`,
    cookies: [SECRET],
    headers: { authorization: SECRET, 'user-agent': SECRET, 'x-forwarded-for': '198.51.100.77' },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      domainName: 'abc123.execute-api.eu-west-1.amazonaws.com',
      http: { method: 'POST', path: `/orders/${NAME}`, sourceIp: '198.51.100.77', userAgent: SECRET },
      authorizer: { jwt: { claims: { sub: NAME, email: SECRET } } },
      requestId: 'gateway-1',
      timeEpoch: T * 1000,
    },
    body: SECRET,
  },
  {
    resource: '/orders/{id}',
    path: `/orders/${NAME}`,
    httpMethod: 'POST',
    headers: { Authorization: SECRET, 'X-Forwarded-For': '198.51.100.77', 'CloudFront-Viewer-Country': 'NL' },
    pathParameters: { id: NAME },
    requestContext: {
      accountId: '123456789012',
      requestId: 'gateway-2',
      identity: { sourceIp: '198.51.100.77', userAgent: SECRET, userArn: `arn:aws:iam::123456789012:user/${NAME}` },
      authorizer: { principalId: NAME },
    },
    body: SECRET,
  },
  {
    requestContext: { elb: { targetGroupArn: ARN_OF('elasticloadbalancing', 'targetgroup/shop/0123456789abcdef') } },
    httpMethod: 'GET',
    path: `/${NAME}`,
    headers: { 'x-forwarded-for': '198.51.100.77' },
    body: SECRET,
  },
  { type: 'TOKEN', authorizationToken: SECRET, methodArn: ARN_OF('execute-api', `abc123/live/GET/people/${NAME}`) },
  {
    id: 'event-1',
    source: 'shop.orders',
    'detail-type': 'Order placed',
    account: '123456789012',
    region: 'eu-west-1',
    time: '2026-01-31T12:00:00Z',
    resources: [ARN_OF('events', 'rule/nightly')],
    detail: { customer: NAME, card: SECRET },
  },
  {
    triggerSource: 'PreSignUp_SignUp',
    userPoolId: 'eu-west-1_abc',
    region: 'eu-west-1',
    userName: NAME,
    callerContext: { awsSdkVersion: 'aws-sdk-js-3' },
    request: { userAttributes: { email: 'frank.canary@corp.example', phone_number: SECRET }, password: SECRET },
  },
  {
    xAmzRequestId: 'object-1',
    getObjectContext: { inputS3Url: SECRET },
    configuration: { accessPointArn: ARN_OF('s3-object-lambda', 'accesspoint/resized') },
    userRequest: { url: SECRET, headers: { 'User-Agent': SECRET } },
    userIdentity: SESSION_OF(SESSION),
  },
  {
    'connection-id': 'c-1',
    'endpoint-id': 'cvpn-1',
    username: NAME,
    'common-name': NAME,
    'public-ip': '198.51.100.77',
  },
  {
    Details: {
      ContactData: { ContactId: 'contact-1', CustomerEndpoint: { Address: NAME }, Attributes: { a: SECRET } },
    },
  },
  { ...SAMPLE_LINE, event: { Records: [{ ...SENT, messageId: 'message-2' }] }, customer: NAME },
  SAMPLE_MESSAGES,
  {
    timestamp: '2026-01-31T12:00:00Z',
    requestContext: {
      requestId: 'request-3',
      functionArn: ARN_OF('lambda', 'function:pay'),
      condition: 'RetriesExhausted',
    },
    requestPayload: { order: SECRET },
    responsePayload: { errorType: 'NoSuchKey', errorMessage: SECRET },
  },
];

const FORMATS: readonly (readonly [string, Decoder, object])[] = [
  ['CloudTrail', cloudtrailDecoder, TRAIL],
  ['X-Ray', xrayDecoder, TRACE],
  ['OTLP spans', otlpJsonDecoder(), SPANS],
  ['OTLP metrics', otlpJsonDecoder(), METRICS],
  ['OTLP logs', otlpJsonDecoder(), LOGS],
  ['Lambda logs', lambdaLogsDecoder(), SUBSCRIPTION],
  ['trigger events', triggerEventDecoder, TRIGGERS],
];
/** One for all: it is as large as a batch may get. `finish` empties it. */
const builder = new BatchBuilder();
const clear: string[] = [];

suite('privacy of what is decoded', () => {
  for (const [format, decoder, sample] of FORMATS) {
    test(`${format}: names, secrets and addresses in their usual places are nowhere in the encoded rows`, () => {
      const bytes = encoded(decoder, sample);
      for (const needle of [NAME, SESSION, SECRET, 'canary', '198.51.100.77'])
        assert.ok(!bytes.includes(needle), needle);
      clear.push(bytes.toString('latin1'));
    });

    const leaves = [...leavesOf(sample)];
    for (const [value, needle] of CANARIES) {
      test(`${format}: ${value} in any text is nowhere in the encoded rows`, () => {
        const isAddress = isIP(value) !== 0;
        for (const { path, text } of leaves) {
          if (isAddress && ADDRESS_STAYS.test(path)) continue;
          for (const planted of isAddress ? [value] : [value, text + value, `${text}/${value}`]) {
            const bytes = encoded(decoder, replaced(sample, path, planted));
            assert.ok(!bytes.includes(needle), `${path}: ${planted}`);
          }
        }
      });
    }
  }

  test('e-mail addresses of any form, in any two texts at once, are nowhere in the encoded rows', () => {
    const address = fc
      .tuple(fc.stringMatching(/^[A-Za-z0-9._+-]{0,8}$/), fc.stringMatching(/^[a-z0-9.-]{0,12}$/))
      .map(([local, domain]) => `${local}canary@${domain}`);
    const words = fc.stringMatching(/^[A-Za-z0-9 /:.,?&=#-]{0,12}$/);
    const choice = fc.nat();
    fc.assert(
      fc.property(
        fc.nat({ max: FORMATS.length - 1 }),
        choice,
        choice,
        fc.tuple(words, address, words),
        (at, one, two, parts) => {
          const [, decoder, sample] = FORMATS[at];
          const leaves = [...leavesOf(sample)];
          const first = replaced(sample, leaves[one % leaves.length].path, parts.join('/'));
          const both = replaced(first, leaves[two % leaves.length].path, parts[1]);
          assert.ok(!encoded(decoder, both).includes('canary'));
        },
      ),
      { numRuns: RUNS },
    );
  });

  test('what is public stays readable: roles, functions, buckets, tables, services, domains, routes, sandboxes', () => {
    const all = clear.join('\n');
    for (const name of PUBLIC) assert.ok(all.includes(name), name);
  });
});

/** The rows that a decoder makes of a document, as the log stores them. */
function encoded(decoder: Decoder, document: unknown): Buffer {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  const origin = builder.addOrigin({ name: 'test', from: 0, to: bytes.length, sha256: '' });
  const sink = { builder: () => builder, origin, reject: () => undefined, note: () => undefined };
  const defaults = decoder.format === 'trigger-event' ? { ...TEST_DEFAULTS, envelopeFunction: 'pay' } : TEST_DEFAULTS;
  const context = { sink, defaults, tokens: new MemoryTokens() };
  decoder.decode(bytes, { start: 0, end: bytes.length, originOffset: 0, line: 1 }, context);
  const rows = builder.finish();
  // The log writer puts the time of arrival in the place of times that make no sense.
  for (const times of [rows.columns.eventMs, rows.columns.receivedMs]) {
    for (const [row, time] of times.entries()) if (Number.isNaN(time)) times[row] = TEST_DEFAULTS.newestMs;
  }
  const batch = encodeBatch(rows);
  return Buffer.from(batch.buffer, batch.byteOffset, batch.byteLength);
}

/** All texts of a document with their places; attributes are known by their key. */
function* leavesOf(value: unknown, path = ''): Generator<{ readonly path: string; readonly text: string }> {
  if (typeof value === 'string') yield { path, text: value };
  else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) yield* leavesOf(each, `${path}.${named(value, key)}`);
  }
}

/** The document with another text in one place. */
function replaced(value: unknown, at: string, text: string, path = ''): unknown {
  if (path === at) return text;
  if (typeof value !== 'object' || value === null || !at.startsWith(path)) return value;
  const entries = Object.entries(value).map(([key, each]) => [
    key,
    replaced(each, at, text, `${path}.${named(value, key)}`),
  ]);
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}

/** Key of a property; that of an attribute's value tells the attribute: `value(faas.name)`. */
function named(of: object, key: string): string {
  const attribute: unknown = Reflect.get(of, 'key');
  return key === 'value' && typeof attribute === 'string' ? `value(${attribute})` : key;
}
