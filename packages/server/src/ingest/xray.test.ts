import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { type DecodedRow, decodeRecord, decoderContract, rowsOf } from './decoder.contract.ts';
import { xrayDecoder } from './xray.ts';

const T = 1_760_000_000;
const TRACE = '1-68e7d000-0123456789abcdef01234567';
const UPLOAD = 'arn:aws:lambda:eu-west-1:123456789012:function:upload';
const RESIZE = 'arn:aws:lambda:eu-west-1:123456789012:function:resize';

const gateway = {
  id: '1000000000000001',
  name: 'photos/dev',
  trace_id: TRACE,
  start_time: T,
  end_time: T + 0.5,
  origin: 'AWS::ApiGateway::Stage',
  http: {
    request: {
      url: 'https://abc.example.com/dev/upload',
      method: 'POST',
      client_ip: '203.0.113.9',
      user_agent: 'curl/8',
    },
    response: { status: 200, content_length: 12 },
  },
  aws: { api_gateway: { account_id: '123456789012', rest_api_id: 'abc', stage: 'dev', request_id: 'gateway-request' } },
  subsegments: [
    {
      id: '1000000000000002',
      name: 'Lambda',
      start_time: T + 0.01,
      end_time: T + 0.5,
      namespace: 'aws',
      aws: { operation: 'Invoke' },
    },
  ],
};
const uploadService = {
  id: '2000000000000001',
  name: 'upload',
  trace_id: TRACE,
  parent_id: '1000000000000002',
  start_time: T + 0.02,
  end_time: T + 0.4,
  origin: 'AWS::Lambda',
  resource_arn: UPLOAD,
  aws: { request_id: 'upload-request' },
};
const uploadFunction = {
  id: '3000000000000001',
  name: 'upload',
  trace_id: TRACE,
  parent_id: '2000000000000001',
  start_time: T + 0.1,
  end_time: T + 0.4,
  origin: 'AWS::Lambda::Function',
  aws: { account_id: '123456789012', function_arn: UPLOAD },
  subsegments: [
    { id: '3000000000000002', name: 'Initialization', start_time: T - 0.4, end_time: T + 0.1 },
    {
      id: '3000000000000003',
      name: 'Invocation',
      start_time: T + 0.125,
      end_time: T + 0.375,
      subsegments: [
        {
          id: '3000000000000005',
          name: 'api.example.com',
          namespace: 'remote',
          start_time: T + 0.3,
          end_time: T + 0.325,
          http: {
            request: { method: 'get', url: 'https://api.example.com/users/17/photos?secret=1' },
            response: { status: 404 },
          },
        },
        {
          id: '3000000000000006',
          name: 'store',
          start_time: T + 0.2,
          end_time: T + 0.3,
          subsegments: [
            {
              id: '3000000000000004',
              name: 'S3',
              namespace: 'aws',
              start_time: T + 0.2,
              end_time: T + 0.275,
              aws: { operation: 'PutObject', bucket_name: 'photos', key: 'private/name.jpg' },
              http: { response: { status: 200, content_length: 7 } },
            },
          ],
        },
      ],
    },
  ],
};
const resizeService = {
  id: '4000000000000001',
  name: 'resize',
  trace_id: TRACE,
  parent_id: '3000000000000004',
  start_time: T + 1,
  end_time: T + 2,
  origin: 'AWS::Lambda',
  resource_arn: RESIZE,
  aws: { request_id: 'resize-request' },
  subsegments: [
    { id: '4000000000000002', name: 'Dwell Time', start_time: T + 1, end_time: T + 1.5 },
    { id: '4000000000000003', name: 'Attempt #1', start_time: T + 1.5, end_time: T + 2 },
  ],
};
const resizeFunction = {
  id: '5000000000000001',
  name: 'resize',
  trace_id: TRACE,
  parent_id: '4000000000000003',
  start_time: T + 1.5,
  end_time: T + 2,
  origin: 'AWS::Lambda::Function',
  aws: { function_arn: `${RESIZE}:live` },
};
const bucket = {
  id: '6000000000000001',
  name: 'S3',
  trace_id: TRACE,
  parent_id: '3000000000000004',
  start_time: T + 0.2,
  end_time: T + 0.275,
  inferred: true,
  origin: 'AWS::S3::Bucket',
  aws: { bucket_name: 'photos' },
};
const SEGMENTS = [resizeFunction, uploadFunction, gateway, uploadService, resizeService, bucket];
/** As the service delivers it: each segment as a string. */
const trace = {
  Id: TRACE,
  Duration: 2,
  Segments: SEGMENTS.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })),
};

function decode(record: unknown, defaults = {}) {
  const { batch, rejects, notes } = decodeRecord(xrayDecoder, record, defaults);
  return { rows: rowsOf(batch), rejects, notes };
}

/** The one row of a segment of the function `upload` with other values. */
function uploadWith(changes: object): DecodedRow {
  const { rows, rejects } = decode({ ...uploadFunction, ...changes });
  assert.deepEqual(rejects, []);
  assert.equal(rows.length, 1);
  return rows[0];
}

decoderContract(
  xrayDecoder,
  new Map<string, unknown>([
    ['a trace of strings', trace],
    ['a trace of objects', { Id: TRACE, Segments: [uploadFunction, resizeService] }],
    ['a segment document', uploadFunction],
    ['a segment document in a string', JSON.stringify(JSON.stringify(resizeFunction))],
  ]),
);

suite('X-Ray traces', () => {
  test('a segment of a function is an invocation with its calls in order of start', () => {
    const [, upload] = decode(trace).rows;
    assert.deepEqual(upload, {
      kind: 'xray',
      eventMs: (T + 0.1) * 1000,
      flags: FLAG.cold,
      trust: TRUST.xray,
      durationMs: (T + 0.375) * 1000 - (T + 0.125) * 1000,
      initMs: (T + 0.1) * 1000 - (T - 0.4) * 1000,
      function: 'aws:123456789012:eu-west-1:upload',
      status: 'ok',
      account: '123456789012',
      requestId: 'upload-request',
      traceId: TRACE,
      spanId: '3000000000000001',
      parentSpanId: '2000000000000001',
      calls: [
        {
          verb: 's3:PutObject',
          resource: 'photos',
          destination: 's3/photos',
          status: 200,
          bytesIn: 7,
          offsetMs: 100,
          durationMs: 75,
          spanId: '3000000000000004',
        },
        {
          verb: 'http:GET',
          resource: '*.example.com/users/{}/photos',
          destination: 'example.com',
          status: 404,
          offsetMs: 200,
          durationMs: 25,
          spanId: '3000000000000005',
        },
      ],
    });
  });

  test('segments of services only link spans: attempts and dwell time can be parents', () => {
    const link = decode(trace).rows[4];
    assert.equal(link.flags, FLAG.link);
    assert.equal(link.function, 'aws:123456789012:eu-west-1:resize');
    assert.equal(link.requestId, 'resize-request');
    assert.equal(link.parentSpanId, '3000000000000004');
    assert.deepEqual(link.calls, [
      { verb: 'link', durationMs: 500, spanId: '4000000000000002' },
      { verb: 'link', offsetMs: 500, durationMs: 500, spanId: '4000000000000003' },
    ]);
  });

  test('a function called with several attempts has the request id of its service segment', () => {
    const [resize] = decode(trace).rows;
    assert.equal(resize.parentSpanId, '4000000000000003');
    assert.equal(resize.requestId, 'resize-request');
    assert.equal(resize.qualifier, 'live');
  });

  test('a gateway is an edge row that names route, network and client, but with the trust of a trace', () => {
    const edge = decode(trace).rows[2];
    assert.equal(edge.kind, 'edge');
    assert.equal(edge.trust, TRUST.xray);
    assert.equal(edge.flags, FLAG.link);
    assert.equal(edge.function, undefined);
    assert.equal(edge.triggerKind, 'http');
    assert.equal(edge.triggerSource, 'apigateway:abc/dev POST');
    assert.equal(edge.network, 'net<203.0.113.9>');
    assert.equal(edge.client, 'tool');
    assert.equal(edge.responseBytes, 12);
    assert.equal(edge.requestId, 'gateway-request');
    assert.equal(edge.traceId, TRACE);
  });

  test('inferred buckets and tables are no rows of their own', () => {
    const { rows, notes } = decode(trace);
    assert.equal(rows.length, 5);
    assert.deepEqual(notes, ['inferred-segment']);
  });

  test('object keys, queries and raw addresses appear nowhere', () => {
    const text = JSON.stringify(decode(trace).rows);
    for (const secret of ['private', 'secret', 'curl']) assert.ok(!text.includes(secret), secret);
  });

  test('a parent span that no row carries becomes the nearest enclosing one that is carried', () => {
    const under = (parent_id: string) =>
      decode({ Id: TRACE, Segments: [uploadFunction, { ...resizeService, parent_id }] }).rows[1].parentSpanId;
    assert.equal(under('3000000000000006'), '3000000000000001');
    assert.equal(under('3000000000000004'), '3000000000000004');
    assert.equal(under('9999999999999999'), '9999999999999999');
  });

  test('a parent span beyond the call limit leads to the function', () => {
    const calls = Array.from({ length: 200 }, (_, at) => ({
      id: (0xa000 + at).toString(16).padStart(16, '0'),
      name: 'DynamoDB',
      namespace: 'aws',
      start_time: T + at,
      aws: { operation: 'GetItem', table_name: 'orders' },
    }));
    const busy = { ...uploadFunction, subsegments: calls };
    const child = { ...resizeService, parent_id: calls[150].id };
    const [upload, link] = decode({ Id: TRACE, Segments: [busy, child] }).rows;
    assert.equal((upload.calls as readonly unknown[]).length, 128);
    assert.equal(upload.flags, FLAG.callsCut);
    assert.equal(link.parentSpanId, uploadFunction.id);
  });

  test('without Invocation the duration is that of the segment', () => {
    assert.equal(uploadWith({ subsegments: [] }).durationMs, (T + 0.4) * 1000 - (T + 0.1) * 1000);
  });

  test('a segment in progress is kept without duration and outcome', () => {
    const row = uploadWith({ end_time: undefined, in_progress: true, subsegments: [] });
    assert.equal(row.durationMs, undefined);
    assert.equal(row.status, undefined);
  });

  const outcomes: readonly (readonly [object, string, string | undefined])[] = [
    [{ error: true, cause: { exceptions: [{ type: 'TypeError', message: 'no' }] } }, 'error', 'TypeError'],
    [
      { fault: true, cause: { exceptions: [{ message: 'RequestId: 1 Error: Task timed out after 3.00 seconds' }] } },
      'timeout',
      undefined,
    ],
    [{ throttle: true, error: true }, 'throttle', undefined],
    [{ error: true, cause: { exceptions: [{ type: 'alice@example.com could not log in' }] } }, 'error', undefined],
    [{ error: false }, 'ok', undefined],
  ];
  for (const [changes, status, errorType] of outcomes) {
    test(`${JSON.stringify(changes)} is ${status}`, () => {
      const row = uploadWith(changes);
      assert.equal(row.status, status);
      assert.equal(row.errorType, errorType);
    });
  }

  const touched: readonly (readonly [string, object, string, string])[] = [
    ['DynamoDB', { operation: 'Query', table_name: 'orders' }, 'dynamodb:Query', 'dynamodb/orders'],
    ['AmazonDynamoDBv2', { operation: 'Query', table_name: 'orders' }, 'dynamodb:Query', 'dynamodb/orders'],
    ['SNS', { operation: 'Publish', topic_arn: 'arn:aws:sns:eu-west-1:123456789012:news' }, 'sns:Publish', 'sns/news'],
    [
      'SNS',
      { operation: 'Publish', topic_arn: 'arn:aws:sns:eu-west-1:999999999999:news' },
      'sns:Publish',
      'sns/news@999999999999',
    ],
    [
      'SQS',
      { operation: 'SendMessage', queue_url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' },
      'sqs:SendMessage',
      'sqs/jobs',
    ],
    [
      'SQS',
      { operation: 'SendMessage', queue_url: 'https://sqs.eu-west-1.amazonaws.com/999999999999/jobs' },
      'sqs:SendMessage',
      'sqs/jobs@999999999999',
    ],
    [
      'Lambda',
      { operation: 'Invoke', function_name: 'resize' },
      'lambda:Invoke',
      'lambda/aws:123456789012:eu-west-1:resize',
    ],
    [
      'Lambda',
      { operation: 'Invoke', function_name: RESIZE, region: 'us-east-1' },
      'lambda:Invoke',
      'lambda/aws:123456789012:eu-west-1:resize',
    ],
    ['stepfunctions', { operation: 'StartExecution' }, 'states:StartExecution', 'states'],
    [
      'SecretsManager',
      {
        operation: 'GetSecretValue',
        resource_names: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3'],
      },
      'secretsmanager:GetSecretValue',
      'secretsmanager/db',
    ],
    ['S3', { operation: 'a b' }, 's3', 's3'],
  ];
  for (const [name, aws, verb, destination] of touched) {
    test(`a call of ${name} ${JSON.stringify(aws)} goes to ${destination}`, () => {
      const row = uploadWith({ subsegments: [{ id: 'a'.repeat(16), name, namespace: 'aws', start_time: T, aws }] });
      const [call] = row.calls as readonly DecodedRow[];
      assert.equal(call.verb, verb);
      assert.equal(call.destination, destination);
    });
  }

  test('a query of a database names the host of its connection', () => {
    const sql = { url: 'jdbc:postgresql://user:secret@db.example.com:5432/app', database_type: 'PostgreSQL' };
    const row = uploadWith({
      subsegments: [{ id: 'a'.repeat(16), name: 'app@db.example.com', namespace: 'remote', start_time: T, sql }],
    });
    assert.deepEqual(row.calls, [
      {
        verb: 'sql:postgresql',
        destination: 'example.com',
        offsetMs: Math.fround(T * 1000 - (T + 0.1) * 1000),
        spanId: 'a'.repeat(16),
      },
    ]);
  });

  test('queues, topics and state machines are links with a trigger', () => {
    const links: readonly (readonly [object, string, string])[] = [
      [
        {
          origin: 'AWS::SQS::Queue',
          inferred: true,
          aws: { queue_url: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' },
        },
        'queue',
        'sqs/jobs',
      ],
      [
        { origin: 'AWS::SNS', inferred: true, aws: { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:news' } },
        'topic',
        'sns/news',
      ],
      [
        {
          origin: 'AWS::StepFunctions::StateMachine',
          resource_arn: 'arn:aws:states:eu-west-1:123456789012:stateMachine:flow',
        },
        'invoke',
        'states/flow',
      ],
      [{ name: 'web', origin: 'AWS::EC2::Instance' }, 'other', 'ec2/web'],
      [{ name: 'web' }, 'other', 'app/web'],
    ];
    for (const [segment, triggerKind, triggerSource] of links) {
      const { rows } = decode({
        id: 'a'.repeat(16),
        trace_id: TRACE,
        start_time: T,
        end_time: T,
        name: 'x',
        ...segment,
      });
      assert.equal(rows[0].flags, FLAG.link);
      assert.equal(rows[0].triggerKind, triggerKind);
      assert.equal(rows[0].triggerSource, triggerSource);
    }
  });
});

suite('X-Ray envelopes', () => {
  const shapes: readonly (readonly [string, unknown])[] = [
    ['output of batch-get-traces', { Traces: [trace, trace], UnprocessedTraceIds: [] }],
    ['list of traces', [trace, trace]],
    [
      'input of put-trace-segments',
      { TraceSegmentDocuments: [...SEGMENTS, ...SEGMENTS].map((each) => JSON.stringify(each)) },
    ],
    ['list of segments', [...SEGMENTS, ...SEGMENTS]],
  ];
  for (const [name, record] of shapes) {
    test(`${name} is opened`, () => {
      const { rows, rejects } = decode(record);
      assert.deepEqual(rejects, []);
      assert.equal(rows.length, 10);
    });
  }

  const group = {
    memorySize: 256,
    traces: [{ Id: TRACE, Segments: [{ origin: 'AWS::Lambda::Function', start_time: T, end_time: T + 1 }] }],
  };

  test('segments without a name belong to the function the envelope speaks for, with the memory of their group', () => {
    const { rows, rejects } = decode([group], { envelopeFunction: 'resize' });
    assert.deepEqual(rejects, []);
    assert.equal(rows[0].function, 'aws:123456789012:eu-west-1:resize');
    assert.equal(rows[0].memorySizeMb, 256);
    assert.equal(rows[0].durationMs, 1000);
  });

  test('segments without a name and without an envelope are rejected with a sentence that says what to do', () => {
    const { rows, rejects } = decode([group]);
    assert.equal(rows.length, 0);
    assert.equal(rejects[0].reason, 'missing-field');
    assert.match(rejects[0].detail, /--function NAME/);
  });

  test('a segment that claims another function than its envelope is rejected', () => {
    const { rows, rejects } = decode(uploadFunction, { envelopeFunction: 'resize' });
    assert.equal(rows.length, 0);
    assert.equal(rejects[0].reason, 'identity-mismatch');
    assert.equal(decode(uploadFunction, { envelopeFunction: 'upload', region: '', account: '' }).rows.length, 1);
  });

  const rejected: readonly (readonly [unknown, string])[] = [
    [{ ...uploadFunction, start_time: undefined }, 'missing-field'],
    [{ ...uploadFunction, start_time: '1' }, 'wrong-type'],
    [{ Id: TRACE, Segments: 'none' }, 'wrong-type'],
    [{ Traces: {} }, 'wrong-type'],
    [{ Id: TRACE, Segments: [{ Document: '{"a":' }] }, 'truncated'],
    [{ Id: TRACE, Segments: [{ Document: 'x' }] }, 'bad-json'],
    [{ Id: TRACE, Segments: [{ Document: '7' }] }, 'wrong-type'],
    [{ Id: TRACE, Segments: [{ Document: '['.repeat(1000) }] }, 'too-deep'],
    [{ hello: 'world' }, 'unknown-format'],
  ];
  for (const [record, reason] of rejected) {
    test(`${JSON.stringify(record).slice(0, 60)} is rejected as ${reason}`, () => {
      assert.deepEqual(
        decode(record).rejects.map((each) => each.reason),
        [reason],
      );
    });
  }

  test('one bad segment does not cost the others', () => {
    const { rows, rejects } = decode({ Id: TRACE, Segments: [{ Document: 'x' }, uploadFunction] });
    assert.equal(rows.length, 1);
    assert.equal(rejects.length, 1);
  });

  test('times before 2000 or from the future are dropped and flagged', () => {
    for (const start_time of [0, -1, 1e300, 4e9]) {
      const { rows, notes } = decode({ ...resizeFunction, start_time });
      assert.ok(Number.isNaN(rows[0].eventMs));
      assert.equal(rows[0].flags, FLAG.clamped);
      assert.ok(notes.includes('time-clamped'));
    }
  });

  test('a negative duration is left out and counted', () => {
    const { rows, notes } = decode({ ...resizeFunction, end_time: T });
    assert.equal(rows[0].durationMs, undefined);
    assert.deepEqual(notes, ['number-ignored']);
  });

  const heads: readonly (readonly [unknown, boolean])[] = [
    [trace, true],
    [[{ memorySize: 1, traces: [{ Id: TRACE, Segments: [{ origin: 'AWS::Lambda' }] }] }], true],
    [uploadFunction, true],
    [{ Records: [{ eventSource: 'x' }] }, false],
    ['REPORT RequestId: 1', false],
    ['', false],
  ];
  for (const [record, isTrace] of heads) {
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    test(`${text.slice(0, 40)} is ${isTrace ? '' : 'not '}recognised`, () => {
      assert.equal(xrayDecoder.sniff(new TextEncoder().encode(text), 'x.json') > 0.6, isTrace);
    });
  }
});
