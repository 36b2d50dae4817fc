import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { TRUST } from '@gait/engine/event/schema';
import { decodeRecord, rowsOf, TEST_DEFAULTS, TEST_TOKENS } from './decoder.contract.ts';
import type { Format, SourceDefaults } from './decoder.ts';
import { allDecoders } from './decoders.ts';
import { readInputs } from './reader/read.ts';

const REQUEST = '8f507cfc-1234-4697-b07a-ac58fc914c95';
const T = Date.UTC(2026, 0, 31, 12);
const PAY = 'aws:123456789012:eu-west-1:pay';
const SHIP = 'aws:123456789012:eu-west-1:ship';
const DECLARED = { declaredFunction: 'pay' };

const REPORT = `2026-01-31T12:00:00.000Z REPORT RequestId: ${REQUEST}\tDuration: 79.67 ms\tBilled Duration: 80 ms\t`;
const SENSOR = `{"gait":1,"t":${T},"fn":"${SHIP}"}`;
const SEGMENT = {
  id: '0123456789abcdef',
  trace_id: '1-68e7d000-0123456789abcdef01234567',
  name: 'ship',
  origin: 'AWS::Lambda::Function',
  start_time: T / 1000,
  end_time: T / 1000 + 1,
};
const SPAN = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'faas.name', value: { stringValue: 'ship' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: '0123456789abcdef0123456789abcdef',
              spanId: '0123456789abcdef',
              name: 'ship',
              kind: 2,
              startTimeUnixNano: `${T}000000`,
              endTimeUnixNano: `${T + 5}000000`,
            },
          ],
        },
      ],
    },
  ],
};
const INSIGHTS = { _aws: { Timestamp: T }, event_type: 'performance', function_name: 'ship', duration: 45 };
const LOG_OF_SHIP = {
  messageType: 'DATA_MESSAGE',
  logGroup: '/aws/lambda/ship',
  logEvents: [{ id: '1', timestamp: T, message: REPORT.slice(25) }],
};
const HTTP = {
  resource: '/orders',
  httpMethod: 'GET',
  headers: {},
  requestContext: { requestId: REQUEST, stage: 'live' },
};
const LOGGED_BY_SHIP = {
  level: 'INFO',
  message: 'Lambda invocation event',
  function_name: 'ship',
  function_request_id: REQUEST,
  event: HTTP,
};

function decode(format: Format, record: unknown, defaults: Partial<SourceDefaults> = DECLARED) {
  const decoder = allDecoders().find((each) => each.format === format);
  assert.ok(decoder !== undefined);
  const { batch, rejects } = decodeRecord(decoder, record, defaults);
  return { rows: rowsOf(batch), reasons: rejects.map(({ reason }) => reason) };
}

/** The function of the only row. */
function functionOf(format: Format, record: unknown): unknown {
  const { rows, reasons } = decode(format, record);
  assert.deepEqual([rows.length, reasons], [1, []]);
  return rows[0].function;
}

suite('a declared function', () => {
  test('is that of log lines, trigger events, segments and records that do not name theirs', () => {
    assert.equal(functionOf('lambda-logs', REPORT), PAY);
    assert.equal(functionOf('trigger-event', HTTP), PAY);
    assert.equal(functionOf('xray', { ...SEGMENT, name: '' }), PAY);
    assert.equal(functionOf('gait', `{"gait":1,"t":${T}}`), PAY);
    assert.equal(functionOf('lambda-logs', { ...INSIGHTS, function_name: '' }), PAY);
    assert.equal(functionOf('lambda-logs', `{"gait":1,"t":${T}}`), PAY);
  });

  test('is not that of records that name another one, which their format always lets them do', () => {
    assert.equal(functionOf('gait', SENSOR), SHIP);
    assert.equal(functionOf('xray', SEGMENT), SHIP);
    assert.equal(functionOf('otlp-json', SPAN), SHIP);
    assert.equal(functionOf('lambda-logs', INSIGHTS), SHIP);
    assert.equal(functionOf('lambda-logs', SENSOR), SHIP);
  });

  test('makes no function of programs that are none', () => {
    const program = JSON.parse(JSON.stringify(SPAN).replace('faas.name', 'service.name'));
    assert.deepEqual(decode('otlp-json', program), decode('otlp-json', program, {}));
  });

  test('contradicts a log group or a trigger event that names another one', () => {
    assert.deepEqual(decode('lambda-logs', LOG_OF_SHIP), { rows: [], reasons: ['identity-mismatch'] });
    assert.deepEqual(decode('trigger-event', LOGGED_BY_SHIP), { rows: [], reasons: ['identity-mismatch'] });
  });

  test('completes the account and region that a performance record of it does not carry', () => {
    const declaredFunction = 'arn:aws:lambda:us-east-1:999999999999:function:ship';
    const [row] = decode('lambda-logs', INSIGHTS, { declaredFunction }).rows;
    assert.equal(row.function, 'aws:999999999999:us-east-1:ship');
    assert.equal(row.trust, TRUST.sensor);
  });

  test('gives way to a real envelope, which no record may contradict', () => {
    const envelope = { ...DECLARED, envelopeFunction: 'refund' };
    for (const [format, record] of [
      ['gait', SENSOR],
      ['xray', SEGMENT],
      ['otlp-json', SPAN],
      ['lambda-logs', INSIGHTS],
      ['lambda-logs', SENSOR],
      ['lambda-logs', LOG_OF_SHIP],
    ] as const) {
      assert.deepEqual(decode(format, record, envelope), { rows: [], reasons: ['identity-mismatch'] }, format);
    }
    assert.match(String(decode('lambda-logs', REPORT, envelope).rows[0].function), /:refund$/);
    const printed = { ...LOG_OF_SHIP, logEvents: [{ timestamp: T, message: SENSOR.replace('ship', 'pay') }] };
    assert.deepEqual(decode('lambda-logs', printed, {}).reasons, ['identity-mismatch']);
  });
});

suite('the function that a person says files are of', () => {
  async function read(context: TestContext, files: Readonly<Record<string, unknown>>) {
    const folder = mkdtempSync(join(tmpdir(), 'gait-declared-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    }
    const defaults = { ...TEST_DEFAULTS, declaredFunction: 'pay' };
    const reading = readInputs([folder], { decoders: allDecoders(), defaults, tokens: TEST_TOKENS });
    const functions: unknown[] = [];
    for await (const batch of reading.batches) functions.push(...rowsOf(batch).map((row) => row.function));
    return { functions, rejected: reading.report.rejected };
  }

  test('is a default, and no envelope', async (context) => {
    const { functions, rejected } = await read(context, {
      'a.log': REPORT,
      'b.ndjson': SENSOR,
      'c.json': { Id: SEGMENT.trace_id, Segments: [SEGMENT] },
      'd.json': SPAN,
      'e.json': INSIGHTS,
      'f.json': HTTP,
      'g.json': LOG_OF_SHIP,
    });
    assert.deepEqual(functions, [PAY, SHIP, SHIP, SHIP, SHIP, PAY]);
    assert.equal(rejected['identity-mismatch'], 1);
  });
});
