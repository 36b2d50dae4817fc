import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { decodeRecord, decoderContract, rowsOf } from './decoder.contract.ts';
import type { Decoder } from './decoder.ts';
import { lambdaLogsDecoder } from './lambda-logs.ts';
import { triggerEventDecoder } from './trigger-event.ts';
import { SAMPLE_LINE } from './triggers/samples.ts';

const decoder = lambdaLogsDecoder();
const REQUEST = '8f507cfc-1234-4697-b07a-ac58fc914c95';
const STREAM = '2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef';
const TRACE = '1-68e7d000-0123456789abcdef01234567';
const T = Date.UTC(2026, 0, 31, 12);
const PAY = 'aws:123456789012:eu-west-1:pay';

const report = `REPORT RequestId: ${REQUEST}\tDuration: 79.67 ms\tBilled Duration: 80 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t`;
const coldReport = `${report}Init Duration: 841.60 ms\t\nXRAY TraceId: ${TRACE}\tSegmentId: 0123456789abcdef\tSampled: true\t\n`;
const platformReport = {
  time: '2026-01-31T12:00:00.123Z',
  type: 'platform.report',
  record: {
    requestId: REQUEST,
    status: 'success',
    tracing: {
      spanId: '0123456789abcdef',
      type: 'X-Amzn-Trace-Id',
      value: `Root=${TRACE};Parent=fedcba9876543210;Sampled=1`,
    },
    metrics: { durationMs: 79.67, billedDurationMs: 80, memorySizeMB: 128, maxMemoryUsedMB: 73, initDurationMs: 841.6 },
  },
};
const insights = {
  _aws: {
    Timestamp: T,
    CloudWatchMetrics: [{ Namespace: 'LambdaInsights', Dimensions: [['function_name']], Metrics: [] }],
  },
  event_type: 'performance',
  function_name: 'pay',
  version: '7',
  request_id: REQUEST,
  trace_id: TRACE,
  duration: 45,
  billed_duration: 46,
  cold_start: true,
  init_duration: 221,
  tmp_free: 500_000_000,
  tmp_max: 551_346_176,
  threads_max: 12,
  used_memory_max: 62,
  total_memory: 128,
  cpu_user_time: 30,
  cpu_system_time: 10,
  cpu_total_time: 40,
  fd_use: 96,
  fd_max: 1024,
  tx_bytes: 1722,
  rx_bytes: 7110,
};
function subscription(...messages: readonly string[]) {
  return {
    messageType: 'DATA_MESSAGE',
    owner: '123456789012',
    logGroup: '/aws/lambda/pay',
    logStream: STREAM,
    subscriptionFilters: ['all'],
    logEvents: messages.map((message, at) => ({ id: `${at}`, timestamp: T + at, message })),
  };
}

function decode(record: unknown, defaults = {}, sensor?: Decoder) {
  const { batch, rejects, notes } = decodeRecord(lambdaLogsDecoder(sensor), record, defaults);
  return { rows: rowsOf(batch), rejects, notes };
}
const declared = { envelopeFunction: 'pay' };

decoderContract(
  decoder,
  new Map<string, unknown>([
    ['a REPORT line', coldReport],
    ['a line of a tail', `2026-01-31T12:00:00.123000+00:00 ${STREAM} ${report}`],
    ['a platform record', platformReport],
    ['a batch of platform records', [platformReport]],
    ['a performance record', insights],
    ['a subscription record', subscription(coldReport, JSON.stringify(platformReport))],
    ['events of a log', { events: [{ logStreamName: STREAM, timestamp: T, message: report, eventId: '1' }] }],
  ]),
  declared,
);

suite('REPORT lines', () => {
  test('a line with everything is an invocation with everything', () => {
    assert.deepEqual(decode(`2026-01-31T12:00:00.123Z ${coldReport}`, declared).rows, [
      {
        kind: 'platform',
        eventMs: T + 123,
        flags: FLAG.cold | FLAG.sampled,
        trust: TRUST.platform,
        durationMs: 79.67,
        billedMs: 80,
        initMs: 841.6,
        memoryMb: 73,
        memorySizeMb: 128,
        function: PAY,
        account: '123456789012',
        requestId: REQUEST,
        traceId: TRACE,
        spanId: '0123456789abcdef',
      },
    ]);
  });

  const prefixes: readonly (readonly [string, number, string | undefined])[] = [
    ['2026-01-31T12:00:00.123Z ', T + 123, undefined],
    ['2026-01-31T12:00:00 ', T, undefined],
    ['2026-01-31T13:00:00.123000+01:00 ', T + 123, undefined],
    [`2026-01-31T12:00:00.123000+00:00 ${STREAM} `, T + 123, STREAM],
    [`${STREAM} 2026-01-31T12:00:00.123000 `, T + 123, STREAM],
    ['2026-01-31T12:00:00.123000+00:00 2026/01/31/[$LATEST]abc ', T + 123, '2026/01/31/[$LATEST]abc'],
    ['2026-01-31T12:00:00.123000+00:00 2026/01/31/pay[12]Abc-1 ', T + 123, '2026/01/31/pay[12]Abc-1'],
    [`${T},"`, T, undefined],
    ['', Number.NaN, undefined],
  ];
  for (const [prefix, eventMs, instance] of prefixes) {
    test(`'${prefix}' in front gives ${Number.isNaN(eventMs) ? 'no time' : 'the time'}`, () => {
      const [row] = decode(prefix + report, declared).rows;
      assert.equal(row.eventMs, eventMs);
      assert.equal(row.instance, instance);
      assert.equal(row.flags, Number.isNaN(eventMs) ? FLAG.clamped : 0);
      assert.equal(row.durationMs, 79.67);
    });
  }

  test('a copy with spaces instead of tabs reads the same', () => {
    assert.deepEqual(decode(report.replaceAll('\t', ' '), declared).rows, decode(report, declared).rows);
  });

  test('a report behind unknown words is rejected in a file, and text of the application in an envelope', () => {
    const line = `2026-01-31T12:00:00.123000+00:00 some/stream ${report}`;
    assert.deepEqual(decode(line, declared).rejects, [
      { reason: 'unknown-format', detail: 'REPORT behind what is neither time nor log stream', line: 1 },
    ]);
    const printed = JSON.stringify({ message: report }, null, 2).split('\n')[1];
    assert.equal(decode(printed, declared).rejects[0].reason, 'unknown-format');
    assert.deepEqual(decode(subscription(line)), { rows: [], rejects: [], notes: ['application-line'] });
  });

  test('outcome and class of the error are read, unknown words are left out', () => {
    const status = (tail: string) => decode(report + tail, declared).rows[0];
    assert.equal(status('Status: timeout').status, 'timeout');
    assert.equal(status('Status: error\tError Type: Runtime.ExitError').errorType, 'Runtime.ExitError');
    assert.equal(status('Status: fine\tError Type: alice@example.com').status, undefined);
    assert.equal(status('Status: fine\tError Type: alice@example.com').errorType, undefined);
  });

  test('the start of a sandbox is not an invocation', () => {
    const [init] = decode('INIT_REPORT Init Duration: 10008.64 ms\tPhase: init\tStatus: timeout', declared).rows;
    assert.equal(init.flags, FLAG.init | FLAG.clamped);
    assert.equal(init.initMs, 10_008.64);
    assert.equal(init.status, 'timeout');
    const [restore] = decode('RESTORE_REPORT Restore Duration: 395.44 ms', declared).rows;
    assert.equal(restore.flags, FLAG.init | FLAG.clamped);
    assert.equal(restore.initMs, 395.44);
  });

  test('a restored sandbox is a cold start', () => {
    const [row] = decode(`${report}Restore Duration: 395.44 ms\tBilled Restore Duration: 160 ms`, declared).rows;
    assert.equal(row.initMs, 395.44);
    assert.equal(row.billedMs, 80);
    assert.equal(row.flags, FLAG.cold | FLAG.clamped);
  });

  for (const line of ['REPORT RequestId: 8f507cfc-1234', `REPORT RequestId: ${REQUEST}\tDur`, 'INIT_REPORT Init']) {
    test(`'${line}' is cut`, () => {
      assert.deepEqual(
        decode(line, declared).rejects.map((each) => each.reason),
        ['truncated'],
      );
    });
  }

  const badLines: readonly (readonly [string, string])[] = [
    [`REPORT RequestId: ${REQUEST}\tDuration: -5.00 ms\tBilled Duration: 5 ms`, 'out-of-range'],
    [`REPORT RequestId: ${REQUEST}\tDuration: 1e300 ms\tBilled Duration: 5 ms`, 'out-of-range'],
    [`REPORT RequestId: ${REQUEST}\tDuration: ${'9'.repeat(150)} ms\tBilled Duration: 5 ms`, 'out-of-range'],
    [`REPORT RequestId: ${REQUEST}\tDuration: long ms\tBilled Duration: 5 ms`, 'wrong-type'],
    [`REPORT RequestId: ${REQUEST}\tDuration: 79.`, 'truncated'],
    ['INIT_REPORT Init Duration: -1.00 ms\tPhase: init', 'out-of-range'],
    ['RESTORE_REPORT Restore Duration: -1.00 ms\tStatus: timeout', 'out-of-range'],
  ];
  for (const [line, reason] of badLines) {
    test(`'${line.slice(0, 90)}' is rejected as ${reason}`, () => {
      const { rows, rejects } = decode(line, declared);
      assert.deepEqual([rows, rejects.map((each) => each.reason)], [[], [reason]]);
    });
  }

  test('other amounts that are absurd are left out and counted', () => {
    const { rows, rejects, notes } = decode(report.replace('73 MB', '-73 MB'), declared);
    assert.equal(rows[0].memoryMb, undefined);
    assert.deepEqual([rejects, notes], [[], ['time-clamped', 'number-ignored']]);
  });

  const noted: readonly (readonly [string, string])[] = [
    [`START RequestId: ${REQUEST} Version: $LATEST`, 'start-line'],
    [`END RequestId: ${REQUEST}`, 'end-line'],
    [`XRAY TraceId: ${TRACE}\tSegmentId: 0123456789abcdef\tSampled: true`, 'xray-line'],
    ['INIT_START Runtime Version: nodejs:20.v1\tRuntime Version ARN: arn:aws:lambda', 'init-start-line'],
    ['EXTENSION\tName: x\tState: Ready\tEvents: [INVOKE]', 'extension-line'],
    ['order 17 paid', 'application-line'],
    ['REPORT of the day', 'application-line'],
    ['my REPORT RequestId: 1', 'application-line'],
    ['{"level":"info","message":"paid"}', 'application-line'],
    ['{"level":"info","message":', 'application-line'],
    [`2026-01-31T12:00:00.123Z\t${REQUEST}\tINFO\tpaid`, 'application-line'],
  ];
  for (const [line, name] of noted) {
    test(`'${line.slice(0, 40)}' is only counted, as ${name}`, () => {
      const { rows, rejects, notes } = decode(line);
      assert.deepEqual([rows, rejects, notes], [[], [], [name]]);
    });
  }

  test('without a function a report is rejected with a sentence that says what to do', () => {
    const { rows, rejects } = decode(report);
    assert.equal(rows.length, 0);
    assert.equal(rejects[0].reason, 'missing-field');
    assert.match(rejects[0].detail, /--function NAME/);
  });
});

suite('platform records', () => {
  test('a report is an invocation', () => {
    assert.deepEqual(decode(platformReport, declared).rows, [
      {
        kind: 'platform',
        eventMs: T + 123,
        flags: FLAG.cold | FLAG.sampled,
        trust: TRUST.platform,
        durationMs: 79.67,
        billedMs: 80,
        initMs: 841.6,
        memoryMb: 73,
        memorySizeMb: 128,
        function: PAY,
        status: 'ok',
        account: '123456789012',
        requestId: REQUEST,
        traceId: TRACE,
        spanId: '0123456789abcdef',
        parentSpanId: 'fedcba9876543210',
      },
    ]);
  });

  test('managed instances report only the duration', () => {
    const record = { requestId: REQUEST, status: 'failure', errorType: 'Error', metrics: { durationMs: 5 } };
    const [row] = decode({ ...platformReport, record }, declared).rows;
    assert.equal(row.durationMs, 5);
    assert.equal(row.status, 'error');
    assert.equal(row.errorType, 'Error');
    assert.equal(row.billedMs, undefined);
  });

  test('starts and restores of a sandbox are not invocations', () => {
    for (const type of ['platform.initReport', 'platform.restoreReport']) {
      const [row] = decode(
        { ...platformReport, type, record: { status: 'success', metrics: { durationMs: 125 } } },
        declared,
      ).rows;
      assert.equal(row.flags, FLAG.init);
      assert.equal(row.initMs, 125);
      assert.equal(row.durationMs, undefined);
    }
  });

  test('dropped logs are a matter of health', () => {
    const record = { reason: 'Consumer seems to have fallen behind', droppedRecords: 123, droppedBytes: 12_345 };
    const [row] = decode({ ...platformReport, type: 'platform.logsDropped', record }, declared).rows;
    assert.equal(row.kind, 'health');
    assert.equal(row.action, 'platform:logsDropped');
    assert.equal(row.batchSize, 123);
  });

  for (const type of ['platform.start', 'platform.runtimeDone', 'platform.initStart', 'platform.extension']) {
    test(`${type} is only counted: its numbers stand in the report`, () => {
      const { rows, rejects, notes } = decode({ ...platformReport, type }, declared);
      assert.deepEqual([rows, rejects, notes], [[], [], [type]]);
    });
  }

  const badRecords: readonly (readonly [unknown, string])[] = [
    [{}, 'missing-field'],
    ['x', 'missing-field'],
    [null, 'missing-field'],
    [{ requestId: REQUEST }, 'missing-field'],
    [{ requestId: REQUEST, metrics: { durationMs: null } }, 'missing-field'],
    [{ requestId: REQUEST, metrics: { durationMs: '5' } }, 'wrong-type'],
    [{ requestId: REQUEST, metrics: { durationMs: -5 } }, 'out-of-range'],
    [{ requestId: REQUEST, metrics: { durationMs: 1e300 } }, 'out-of-range'],
    [{ requestId: 7, metrics: { durationMs: 5 } }, 'wrong-type'],
  ];
  for (const [record, reason] of badRecords) {
    test(`a report of ${JSON.stringify(record)} is rejected as ${reason}`, () => {
      const { rows, rejects } = decode({ ...platformReport, record }, declared);
      assert.deepEqual([rows, rejects.map((each) => each.reason)], [[], [reason]]);
    });
  }

  test('a start of a sandbox that took less than no time is rejected', () => {
    const record = { metrics: { durationMs: -1 } };
    assert.equal(
      decode({ ...platformReport, type: 'platform.initReport', record }, declared).rejects[0].reason,
      'out-of-range',
    );
  });

  test('a deep or cut record is rejected', () => {
    const deep = `{"type":"platform.report","record":${'['.repeat(100)}${']'.repeat(100)}}`;
    assert.equal(decode(deep, declared).rejects[0].reason, 'too-deep');
    assert.equal(decode('{"type":"platform.report","record":{', declared).rejects[0].reason, 'truncated');
  });
});

suite('performance records of Lambda Insights', () => {
  test('in the log of the function they are an invocation with its resources', () => {
    const { rows, rejects } = decode(subscription(JSON.stringify(insights)));
    assert.deepEqual(rejects, []);
    assert.deepEqual(rows, [
      {
        kind: 'insights',
        eventMs: T,
        flags: FLAG.cold,
        trust: TRUST.platform,
        durationMs: 45,
        billedMs: 46,
        initMs: 221,
        memoryMb: 62,
        memorySizeMb: 128,
        cpuMs: 40,
        tmpBytes: 51_346_176,
        bytesOut: 1722,
        bytesIn: 7110,
        threads: 12,
        files: 96,
        function: PAY,
        revision: '7',
        instance: STREAM,
        account: '123456789012',
        requestId: REQUEST,
        traceId: TRACE,
        eventId: '0',
      },
    ]);
  });

  test('in the log group that all functions share the name in the record counts, with less trust', () => {
    const shared = { ...subscription(JSON.stringify(insights)), logGroup: '/aws/lambda-insights', logStream: 'pay' };
    const [row] = decode(shared).rows;
    assert.equal(row.function, PAY);
    assert.equal(row.trust, TRUST.sensor);
  });

  test('a record that names another function than its log is rejected', () => {
    const { rows, rejects } = decode(subscription(JSON.stringify({ ...insights, function_name: 'ship' })));
    assert.equal(rows.length, 0);
    assert.equal(rejects[0].reason, 'identity-mismatch');
  });

  test('a warm invocation initialised nothing, whatever the record says', () => {
    const [warm] = decode({ ...insights, cold_start: false, init_duration: 0 }, declared).rows;
    assert.deepEqual([warm.initMs, warm.flags], [undefined, 0]);
    const [cold] = decode({ ...insights, init_duration: 0 }, declared).rows;
    assert.deepEqual([cold.initMs, cold.flags], [0, FLAG.cold]);
  });

  test('used space under either name, timeouts and failures are read', () => {
    const [row] = decode({ ...insights, tmp_used: 5, timeout: true }, declared).rows;
    assert.equal(row.tmpBytes, 5);
    assert.equal(row.status, 'timeout');
    assert.equal(decode({ ...insights, shutdown_reason: 'Failure' }, declared).rows[0].status, 'error');
  });

  test('other embedded metrics are the application’s own', () => {
    assert.deepEqual(decode({ ...insights, event_type: 'order' }, declared).notes, ['application-line']);
  });
});

suite('CloudWatch envelopes', () => {
  test('a subscription record gives function, stream, time and event id to its messages', () => {
    const { rows, rejects, notes } = decode(subscription(report, 'hello', JSON.stringify(platformReport)));
    assert.deepEqual(rejects, []);
    assert.deepEqual(notes, ['application-line']);
    assert.equal(rows.length, 2);
    assert.equal(rows[0].function, PAY);
    assert.equal(rows[0].instance, STREAM);
    assert.equal(rows[0].eventMs, T);
    assert.equal(rows[0].eventId, '0');
  });

  const groups: readonly (readonly [object, string, string | undefined])[] = [
    [{ logGroup: '/aws/lambda/ship', logStream: STREAM }, 'aws:123456789012:eu-west-1:ship', undefined],
    [{ logGroup: '/aws/lambda/ship', owner: '999999999999' }, 'aws:999999999999:eu-west-1:ship', undefined],
    [{ logGroup: '/aws/lambda/us-east-1.ship' }, 'aws:123456789012:us-east-1:ship', undefined],
    [
      { logGroup: '/team/logs', logStream: '2026/01/31/ship[7]0123456789abcdef' },
      'aws:123456789012:eu-west-1:ship',
      '7',
    ],
  ];
  for (const [changes, key, revision] of groups) {
    test(`${JSON.stringify(changes)} is the log of ${key}`, () => {
      const [row] = decode({ ...subscription(report), ...changes }).rows;
      assert.equal(row.function, key);
      assert.equal(row.revision, revision);
    });
  }

  test('events listed by a tool belong to the log group they carry, else to the declared function', () => {
    const event = { timestamp: T, message: report };
    const arn = 'arn:aws:logs:us-east-1:999999999999:log-group:/aws/lambda/ship:*';
    assert.equal(
      decode({ events: [event], logGroupIdentifier: arn }).rows[0].function,
      'aws:999999999999:us-east-1:ship',
    );
    assert.equal(
      decode({ events: [{ ...event, logGroupName: '/aws/lambda/ship' }] }).rows[0].function,
      'aws:123456789012:eu-west-1:ship',
    );
    assert.equal(decode({ events: [event] }, declared).rows[0].function, PAY);
    assert.equal(decode({ events: [event] }).rejects[0].reason, 'missing-field');
  });

  test('a log of another function than the declared one is rejected', () => {
    const { rows, rejects } = decode(subscription(report), { envelopeFunction: 'ship' });
    assert.equal(rows.length, 0);
    assert.equal(rejects[0].reason, 'identity-mismatch');
  });

  test('an envelope that a function prints into its own log is not opened', () => {
    const forged = JSON.stringify({ ...subscription(report), logGroup: '/aws/lambda/victim' });
    const { rows, notes } = decode(subscription(forged));
    assert.equal(rows.length, 0);
    assert.deepEqual(notes, ['application-line']);
  });

  test('control messages are noted, messages of the wrong type rejected', () => {
    assert.deepEqual(decode({ ...subscription(), messageType: 'CONTROL_MESSAGE' }).notes, ['control-message']);
    const { rejects } = decode({ ...subscription(), logEvents: [7, { message: 7 }] });
    assert.deepEqual(
      rejects.map((each) => each.reason),
      ['missing-field', 'wrong-type'],
    );
  });

  test('records of the sensor go to its decoder with the identity of the log', () => {
    const seen: unknown[] = [];
    const sensor: Decoder = {
      format: 'gait',
      framing: 'lines',
      sniff: () => 0,
      decode: (bytes, range, context) => {
        const line = new TextDecoder().decode(bytes.subarray(range.start, range.end));
        seen.push([line, context.defaults.envelopeFunction]);
      },
    };
    decode(subscription('{"gait":1,"t":1}'), {}, sensor);
    decode('2026-01-31T12:00:00Z {"gait":1,"t":2}', {}, sensor);
    assert.deepEqual(seen, [
      ['{"gait":1,"t":1}', PAY],
      ['{"gait":1,"t":2}', undefined],
    ]);
    assert.deepEqual(decode('{"gait":1}').notes, ['sensor-line']);
  });

  test('events that the function logged go to their decoder with the identity of the log', () => {
    const line = JSON.stringify({ ...SAMPLE_LINE, function_arn: undefined });
    const logged = decodeRecord(lambdaLogsDecoder(undefined, triggerEventDecoder), subscription(line));
    const [row, ...others] = rowsOf(logged.batch);
    assert.deepEqual([logged.rejects, logged.notes, others], [[], [], []]);
    assert.deepEqual(
      [row.kind, row.trust, row.function, row.requestId, row.triggerSource],
      ['trigger', TRUST.stdout, PAY, SAMPLE_LINE.function_request_id, 'sqs/jobs'],
    );
    const bare = decodeRecord(
      lambdaLogsDecoder(undefined, triggerEventDecoder),
      `2026-01-31T12:00:00Z ${line}`,
      declared,
    );
    assert.equal(bare.batch.rows, 1);
    const forged = subscription(JSON.stringify({ ...SAMPLE_LINE, function_name: 'ship', function_arn: undefined }));
    const { batch, rejects } = decodeRecord(lambdaLogsDecoder(undefined, triggerEventDecoder), forged);
    assert.deepEqual([batch.rows, rejects[0].reason], [0, 'identity-mismatch']);
    assert.deepEqual(decode(subscription(line)).notes, ['application-line']);
  });

  test('an event is found in lines of text and of JSON that the platform wrote for the function, with its request', () => {
    const withEvents = lambdaLogsDecoder(undefined, triggerEventDecoder);
    const event = JSON.stringify(SAMPLE_LINE.event);
    for (const line of [
      `2026-01-31T12:00:00.123Z\t${REQUEST}\tINFO\t${event}\n`,
      `{"timestamp":"2026-01-31T12:00:00.123Z","level":"INFO","requestId":"${REQUEST}","message":${event}}`,
    ]) {
      for (const record of [subscription(line), line]) {
        const { batch, rejects } = decodeRecord(withEvents, record, declared);
        const [row, ...others] = rowsOf(batch);
        assert.deepEqual([rejects, others], [[], []]);
        assert.deepEqual([row.kind, row.requestId, row.triggerSource], ['trigger', REQUEST, 'sqs/jobs']);
      }
    }
    for (const line of [
      `2026-01-31T12:00:00.123Z\t${REQUEST}\tINFO\t{ Records: [] }`,
      `2026-01-31T12:00:00.123Z\t${REQUEST}\tINFO\t{"order":17}`,
      `{"level":"INFO","requestId":"${REQUEST}","message":{"order":17}}`,
    ]) {
      const { batch, rejects, notes } = decodeRecord(withEvents, subscription(line));
      assert.deepEqual([batch.rows, rejects, notes], [0, [], ['application-line']], line);
    }
    assert.equal(decodeRecord(withEvents, platformReport, declared).batch.rows, 1);
  });

  const heads: readonly (readonly [unknown, boolean])[] = [
    [report, true],
    [`2026-01-31T12:00:00.123Z START RequestId: ${REQUEST} Version: $LATEST`, true],
    [platformReport, true],
    [insights, true],
    [subscription('x'), true],
    [{ events: [{ message: 'x' }] }, true],
    ['hello', false],
    [{ Records: [] }, false],
    ['', false],
  ];
  for (const [record, isLog] of heads) {
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    test(`${text.slice(0, 50)} is ${isLog ? '' : 'not '}recognised`, () => {
      assert.equal(decoder.sniff(new TextEncoder().encode(text), 'x.log') > 0.6, isLog);
    });
  }
});
