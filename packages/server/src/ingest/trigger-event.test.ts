import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { decodeRecord, decoderContract, rowsOf } from './decoder.contract.ts';
import type { SourceDefaults } from './decoder.ts';
import { allDecoders } from './decoders.ts';
import { recognise } from './reader/sniff.ts';
import { triggerEventDecoder } from './trigger-event.ts';
import { SAMPLE_EVENTS, SAMPLE_LINE, SAMPLE_MESSAGES, SAMPLE_OUTCOME } from './triggers/samples.ts';

const PAY = 'aws:123456789012:eu-west-1:pay';
const declared = { envelopeFunction: 'pay' };
const nowhere = { account: '?', region: '?', envelopeFunction: 'pay' };

const decode = (record: unknown, defaults: Partial<SourceDefaults> = declared) =>
  decodeRecord(triggerEventDecoder, record, defaults);
const rows = (record: unknown, defaults: Partial<SourceDefaults> = declared) => rowsOf(decode(record, defaults).batch);
const reasons = (record: unknown, defaults: Partial<SourceDefaults> = declared) =>
  decode(record, defaults).rejects.map(({ reason }) => reason);
const sampleOf = (name: string) => SAMPLE_EVENTS.get(name)?.event;
/** An SQS event with other fields in its only record. */
const queue = (fields: object) => ({
  Records: [{ eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:jobs', ...fields }],
});
const chosen = (text: string) =>
  recognise(allDecoders(), Buffer.from(text).subarray(0, 65_536), 'x.json')?.decoder.format;

decoderContract(
  triggerEventDecoder,
  new Map([
    ...[...SAMPLE_EVENTS].map(([name, { event }]) => [name, event] as const),
    ['outcome', SAMPLE_OUTCOME],
    ['log line', SAMPLE_LINE],
    ['queue messages', SAMPLE_MESSAGES],
  ]),
  declared,
);

suite('an event says what fired the function', () => {
  for (const [name, { event, says }] of SAMPLE_EVENTS) {
    test(name, () => {
      const [row, ...others] = rows(event);
      assert.deepEqual(others, []);
      const timed = 'eventMs' in says;
      assert.deepEqual(row, {
        kind: 'trigger',
        eventMs: Number.NaN,
        flags: timed ? 0 : FLAG.clamped,
        trust: TRUST.stdout,
        function: PAY,
        account: '123456789012',
        ...says,
      });
    });
  }

  test('documents, lists and envelopes of events are one row an event, however many records it has', () => {
    const events = [...SAMPLE_EVENTS.values()].map(({ event }) => event);
    assert.equal(rows(events).length, SAMPLE_EVENTS.size);
    const [row, ...others] = rows({ Records: new Array(100_000).fill(queue({ attributes: {} }).Records[0]) });
    assert.deepEqual([row.batchSize, others.length], [100_000, 0]);
  });
});

suite('an event and its function', () => {
  test('without the name of the function it is kept, of no function, and counted', () => {
    const { batch, rejects, notes } = decode(sampleOf('SQS queue'), { account: '123456789012' });
    assert.deepEqual([rejects, notes], [[], ['function-unknown']]);
    assert.deepEqual(
      [batch.rows, batch.symbolText(0, 'function'), batch.symbolText(0, 'triggerSource')],
      [1, '', 'sqs/jobs'],
    );
  });

  test("account and region are the source's, never those of what fired it, and then a queue carries its owner", () => {
    const [row] = rows(sampleOf('SQS queue'), nowhere);
    assert.deepEqual([row.function, row.triggerSource], ['aws:?:?:pay', 'sqs/jobs@123456789012']);
    assert.equal(rows(sampleOf('function URL'), nowhere)[0].function, 'aws:?:?:pay');
  });

  test("another account's queue does not move a function, and is another queue", () => {
    for (const defaults of [declared, nowhere]) {
      const [own, foreign] = ['SQS queue', "another account's SQS queue"].map(
        (name) => rows(sampleOf(name), defaults)[0],
      );
      assert.equal(foreign.function, own.function);
      assert.equal(foreign.triggerSource, 'sqs/jobs@999999999999');
      assert.notEqual(own.triggerSource, foreign.triggerSource);
    }
  });

  test('a mail receipt and a custom resource name the function that got them', () => {
    for (const name of ['SES receipt', 'custom resource']) {
      assert.equal(rows(sampleOf(name), {})[0].function, PAY);
      assert.deepEqual(reasons(sampleOf(name), { envelopeFunction: 'other' }), ['identity-mismatch']);
    }
  });

  test('a pipeline names a function that need not be the one that got the event', () => {
    assert.equal(rows(sampleOf('CodePipeline job'), {})[0].function, undefined);
  });
});

suite('an event in an envelope', () => {
  test('an outcome is an invocation of the function it is about, with its request, status and trigger', () => {
    const [row, ...others] = rows(SAMPLE_OUTCOME, {});
    assert.deepEqual(others, []);
    assert.equal(row.function, PAY);
    assert.equal(row.requestId, '11111111-2222-3333-4444-555555555555');
    assert.deepEqual([row.status, row.errorType, row.revision], ['error', 'NoSuchKey', '7']);
    assert.deepEqual([row.triggerKind, row.triggerSource, row.batchSize], ['object', 's3/photos', 1]);
    assert.deepEqual(rows(SAMPLE_OUTCOME), [row]);
  });

  test('an outcome among the events of another function invoked that one', () => {
    const [row] = rows(SAMPLE_OUTCOME, { envelopeFunction: 'clean-up' });
    assert.deepEqual(
      [row.function, row.triggerKind, row.triggerSource, row.requestId, row.status],
      ['aws:123456789012:eu-west-1:clean-up', 'invoke', PAY, undefined, undefined],
    );
    const logged = { ...SAMPLE_LINE, function_arn: undefined, function_name: 'clean-up', event: SAMPLE_OUTCOME };
    assert.equal(rows({ ...logged, message: 'Lambda invocation event' }, {})[0]?.triggerSource, PAY);
  });

  test('an outcome of a stream tells the batch without its records', () => {
    const record = {
      ...SAMPLE_OUTCOME,
      requestPayload: undefined,
      KinesisBatchInfo: { streamArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/clicks', batchSize: 40 },
    };
    const [row] = rows(record);
    assert.deepEqual([row.triggerKind, row.triggerSource, row.batchSize], ['stream', 'kinesis/clicks', 40]);
  });

  test('a log line names function, request and trace, and its time is that of the invocation', () => {
    for (const line of [SAMPLE_LINE, { ...SAMPLE_LINE, event: undefined, message: SAMPLE_LINE.event }]) {
      const [row] = rows(line, {});
      assert.deepEqual(
        [row.function, row.requestId, row.traceId, row.eventMs, row.triggerSource],
        [PAY, SAMPLE_LINE.function_request_id, SAMPLE_LINE.xray_trace_id, Date.UTC(2026, 0, 31, 12, 0, 1), 'sqs/jobs'],
      );
    }
    assert.deepEqual(reasons(SAMPLE_LINE, { envelopeFunction: 'ship' }), ['identity-mismatch']);
  });

  test('a log line with an event of no known trigger says no more than that; one without an event is passed over', () => {
    const [row] = rows({ ...SAMPLE_LINE, event: { order: 'secret' } });
    assert.deepEqual([row.triggerKind, row.triggerSource], ['other', undefined]);
    for (const line of [
      { ...SAMPLE_LINE, event: undefined },
      { ...SAMPLE_LINE, message: { order: 1 }, event: undefined },
      { ...SAMPLE_LINE, function_request_id: undefined },
    ]) {
      assert.deepEqual([rows(line), decode(line).notes, reasons(line)], [[], ['application-line'], []]);
    }
  });

  test('a message of a dead-letter queue is a failed invocation of the request that it names', () => {
    const [row, ...others] = rows(SAMPLE_MESSAGES);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [row.triggerSource, row.status, row.requestId],
      ['sns/news', 'error', '33333333-2222-3333-4444-555555555555'],
    );
    assert.deepEqual(reasons({ Messages: [{ MessageId: '1', Body: 'hello' }] }), ['bad-json']);
  });
});

suite('what is no event', () => {
  for (const answer of [
    { statusCode: 200, body: 'secret' },
    { principalId: 'alice', policyDocument: { Statement: [] } },
    { isAuthorized: true },
    { isAuthenticated: true, policyDocuments: [] },
    { allowProvisioning: true },
    { dialogAction: { type: 'Close' } },
    { batchItemFailures: [] },
    { records: [{ recordId: '1', result: 'Ok', data: 'secret' }] },
    { invocationSchemaVersion: '1.0', results: [] },
  ]) {
    test(`an answer with ${Object.keys(answer)[0]} is recognised and refused as one`, () => {
      assert.deepEqual(reasons(answer), ['not-an-event']);
      assert.equal(chosen(JSON.stringify(answer)), 'trigger-event');
    });
  }

  test('an object of no known trigger is refused, also among others', () => {
    assert.deepEqual(reasons({ order: 1 }), ['unknown-format']);
    const both = decode([{ order: 1 }, sampleOf('SNS topic'), 7]);
    assert.equal(both.batch.rows, 1);
    assert.deepEqual(
      both.rejects.map(({ reason }) => reason),
      ['unknown-format', 'wrong-type'],
    );
  });

  test('a batch without records is of no known trigger', () => {
    assert.deepEqual(reasons({ Records: [] }), ['unknown-format']);
  });
});

suite('hostile events', () => {
  test('times before 2000 and in the far future are clamped and counted', () => {
    for (const SentTimestamp of ['0', '253402300799000', 'soon']) {
      const { batch, notes } = decode(queue({ attributes: { SentTimestamp } }));
      assert.deepEqual([rowsOf(batch)[0].flags, notes], [FLAG.clamped, ['time-clamped']]);
    }
  });

  test('what stands in the place of a name and cannot be one is left out', () => {
    const arn = 'arn:aws:iam::123456789012:user/alice';
    assert.equal(rows(queue({ eventSourceARN: arn }))[0].triggerSource, 'sqs');
    const route = { ...Object(sampleOf('HTTP API')), routeKey: 'GET /users/alice@example.com/4711' };
    assert.equal(rows(route)[0].triggerSource, 'GET /users/{}/{}');
    const bus = { source: 'https://user:pass@x', 'detail-type': 'alice@example.com' };
    assert.equal(rows(bus)[0].triggerSource, 'events');
  });

  test('senders that differ within a batch name nobody', () => {
    const one = queue({ attributes: { SenderId: 'AIDA1' } }).Records[0];
    const row = rows({ Records: [one, { ...one, attributes: { SenderId: 'AIDA2' } }] })[0];
    assert.deepEqual([row.principal, row.principalKind], [undefined, undefined]);
  });

  test('a batch of more partitions than can be is counted in part, and said so', () => {
    const records = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`clicks-${at}`, [{}]]));
    const { batch, notes } = decode({ eventSource: 'aws:kafka', records });
    assert.equal(rowsOf(batch)[0].batchSize, 1024);
    assert.ok(notes.includes('partitions-cut'));
  });

  test('inherited properties are nothing', () => {
    const event = JSON.parse('{"__proto__":{"awslogs":{"data":"x"}},"constructor":{"Records":[]}}');
    assert.deepEqual(reasons(event), ['unknown-format']);
  });

  test('log data that is damaged or expands too far leaves a log subscription of an unknown group', () => {
    for (const data of [
      'x',
      gzipSync('no JSON').toString('base64'),
      gzipSync(Buffer.alloc(64 << 20)).toString('base64'),
    ]) {
      const [row] = rows({ awslogs: { data } });
      assert.ok(decode({ awslogs: { data } }).notes.includes('log-data-unread'));
      assert.deepEqual([row.triggerKind, row.triggerSource, row.batchSize], ['other', 'logs', undefined]);
    }
  });

  test('the lines of a log subscription are not read as logs of the function they name', () => {
    const found = rows(sampleOf('log subscription'));
    assert.deepEqual(
      found.map((row) => [row.kind, row.function]),
      [['trigger', PAY]],
    );
  });

  test('envelopes in envelopes end', () => {
    const wrap = (value: unknown, times: number): unknown =>
      times === 0 ? value : { MessageId: '1', Body: JSON.stringify(wrap(value, times - 1)) };
    assert.equal(rows(wrap(sampleOf('SNS topic'), 3)).length, 1);
    assert.deepEqual(reasons(wrap(sampleOf('SNS topic'), 7)), ['too-deep']);
  });
});

suite('recognising trigger events', () => {
  test('all of them, as documents, lists and lines, printed either way', () => {
    const all = [
      ...[...SAMPLE_EVENTS.values()].map(({ event }) => event),
      SAMPLE_OUTCOME,
      SAMPLE_LINE,
      SAMPLE_MESSAGES,
    ];
    for (const event of all) {
      const line = JSON.stringify(event);
      for (const text of [line, JSON.stringify(event, undefined, 2), `[${line},${line}]`, `${line}\n${line}\n`]) {
        assert.equal(chosen(text), 'trigger-event', text.slice(0, 200));
      }
    }
  });

  test('when damaged, and when larger than the beginning that is looked at', () => {
    assert.equal(chosen('{"Records":[{"eventSource":"aws:sqs","body":"x",}'), 'trigger-event');
    const large = { Records: new Array(5000).fill(queue({ body: 'x'.repeat(40) }).Records[0]) };
    assert.equal(chosen(JSON.stringify(large)), 'trigger-event');
    assert.equal(chosen(JSON.stringify(large, undefined, 2)), 'trigger-event');
  });

  test('after lines of the application', () => {
    const other = JSON.stringify({ level: 'INFO', message: 'cold start' });
    assert.equal(chosen(`${other}\n${JSON.stringify(SAMPLE_LINE)}\n`), 'trigger-event');
  });

  test('but not what other formats are, nor what is none', () => {
    const trail = {
      eventVersion: '1.11',
      userIdentity: {},
      eventSource: 's3.amazonaws.com',
      eventName: 'GetObject',
      requestParameters: {},
    };
    const delivered = {
      ...Object(sampleOf('EventBridge')),
      'detail-type': 'AWS API Call via CloudTrail',
      detail: trail,
    };
    const report = { type: 'platform.report', record: { requestId: '1', metrics: { durationMs: 1 } } };
    const subscription = {
      messageType: 'DATA_MESSAGE',
      logGroup: 'x',
      logEvents: [{ message: JSON.stringify(SAMPLE_LINE) }],
    };
    for (const [text, format] of [
      [JSON.stringify({ Records: [trail] }), 'cloudtrail'],
      [JSON.stringify(delivered), 'cloudtrail'],
      [`${JSON.stringify(report)}\n${JSON.stringify(SAMPLE_LINE)}`, 'lambda-logs'],
      [`${JSON.stringify(SAMPLE_LINE)}\n${JSON.stringify(report)}`, 'lambda-logs'],
      [JSON.stringify(subscription), 'lambda-logs'],
      [JSON.stringify({ resourceSpans: [] }), 'otlp-json'],
      [JSON.stringify({ Id: '1', Segments: [] }), 'xray'],
      ['{"gait":1,"t":1}', 'gait'],
      ['{"order":1}', undefined],
      ['[1,2]', undefined],
      ['hello', undefined],
    ]) {
      assert.equal(chosen(String(text)), format, String(text).slice(0, 200));
    }
  });

  test('an event whose body holds logs, traces and audit events stays an event', () => {
    const trail = JSON.stringify({ Records: [{ eventSource: 's3.amazonaws.com', eventName: 'GetObject' }] });
    for (const body of [
      trail,
      ' REPORT RequestId: 8f507cfc-1234',
      '{"Segments":[],"Id":"1"}',
      '{"type":"platform.report"}',
    ]) {
      assert.equal(chosen(JSON.stringify(queue({ body }))), 'trigger-event', body);
    }
  });
});
