import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeWireRecord } from '@gait/sensor/wire';
import { TEST_DEFAULTS, TEST_TOKENS } from '../decoder.contract.ts';
import type { Decoder } from '../decoder.ts';
import { allDecoders } from '../decoders.ts';
import { LINES_ASKED_MAX, LINES_OF_TEXT_MAX } from './limits.ts';
import { readInputs } from './read.ts';
import { recognise } from './sniff.ts';

const TRACE = '1-68e7d000-0123456789abcdef01234567';
const REPORT =
  'REPORT RequestId: 8f507cfc-1234-4697-b07a-ac58fc914c95\tDuration: 79.67 ms\tBilled Duration: 80 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t';

const SENSOR_LINE = encodeWireRecord({
  timeMs: 1_767_225_600_000,
  function: 'aws:123456789012:eu-west-1:pay',
  calls: [{ verb: 'http:GET', resource: '/orders', destination: 'example.com' }],
});
const SEGMENT = {
  id: '0123456789abcdef',
  trace_id: TRACE,
  name: 'pay',
  origin: 'AWS::Lambda::Function',
  start_time: 1_767_225_600,
  end_time: 1_767_225_601,
};
const TRACE_LINE = JSON.stringify({ Id: TRACE, Segments: [{ Id: SEGMENT.id, Document: JSON.stringify(SEGMENT) }] });
const AUDIT_EVENT = {
  eventVersion: '1.11',
  userIdentity: { type: 'IAMUser', accountId: '123456789012', userName: 'ada' },
  eventTime: '2026-01-31T12:00:00Z',
  eventSource: 's3.amazonaws.com',
  eventName: 'GetObject',
  awsRegion: 'eu-west-1',
};
const AUDIT_LINE = JSON.stringify(AUDIT_EVENT);
const OTLP_LINE = JSON.stringify({ resourceSpans: [] });
const HTTP_LINE = JSON.stringify({
  resource: '/orders',
  httpMethod: 'GET',
  headers: {},
  requestContext: { requestId: '8f507cfc-1234-4697-b07a-ac58fc914c95', stage: 'live' },
});

async function read(context: TestContext, content: string | Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), 'gait-sniff-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'input'), content);
  const defaults = { ...TEST_DEFAULTS, declaredFunction: 'pay' };
  const reading = readInputs([folder], { decoders: allDecoders(), defaults, tokens: TEST_TOKENS });
  for await (const batch of reading.batches) assert.ok(batch.rows > 0);
  const { report } = reading;
  const rejected = Object.entries(report.rejected).filter(([, count]) => count > 0);
  return { rows: report.rows, formats: report.formats, rejected: Object.fromEntries(rejected), notes: report.notes };
}

const formatOf = (text: string) => recognise(allDecoders(), Buffer.from(text), 'input')?.decoder.format;

suite('a broken beginning', () => {
  const whole = [
    ['gait', SENSOR_LINE],
    ['xray', TRACE_LINE],
    ['cloudtrail', AUDIT_LINE],
  ] as const;
  for (const [format, line] of whole) {
    const rest = `${line}\n${line}\n${line}\n`;
    for (const broken of ['garbage', '{"half":', line.slice(-40), line.slice(line.length / 2)]) {
      test(`'${broken.slice(0, 20)}' before records of ${format} costs one record`, async (context) => {
        const { rows, formats, rejected } = await read(context, `${broken}\n${rest}`);
        assert.deepEqual([rows, formats], [3, { [format]: 1 }]);
        const [count, ...others] = Object.values(rejected);
        assert.deepEqual([count, others], [1, []]);
      });
    }
  }

  test('a file whose beginning was cut anywhere gives all of its whole records', async (context) => {
    const text = Buffer.from(`${AUDIT_LINE}\n`.repeat(3));
    for (let from = 1; from < AUDIT_LINE.length; from += 7) {
      const { rows } = await read(context, text.subarray(from));
      assert.equal(rows, 2, `cut at ${from}`);
    }
  });

  test('so does a list, printed with an event on each line or a field on each', async (context) => {
    const lines = `{"Records":[\n${[AUDIT_LINE, AUDIT_LINE, AUDIT_LINE].join(',\n')}\n]}\n`;
    assert.equal((await read(context, lines.slice(40))).rows, 2);
    const printed = JSON.stringify({ Records: [AUDIT_EVENT, AUDIT_EVENT, AUDIT_EVENT] }, null, 2);
    assert.equal((await read(context, printed.slice(60))).rows, 2);
  });

  test('a log is recognised by a report far below what the function logged, compressed or not', async (context) => {
    const log = `${'2026-01-31T12:00:00.000Z\tabc\tINFO\thello\n'.repeat(2000)}2026-01-31T12:00:00.000Z ${REPORT}\n`;
    for (const content of [log, gzipSync(log)]) {
      const { rows, notes } = await read(context, content);
      assert.deepEqual([rows, notes], [1, { 'application-line': 2000 }]);
    }
  });
});

suite('what nobody knows', () => {
  test('no other format is taken for one because of what comes later', () => {
    assert.equal(formatOf(`${HTTP_LINE}\n${SENSOR_LINE}\n`), 'trigger-event');
    assert.equal(formatOf(`${OTLP_LINE}\n${SENSOR_LINE}\n`), 'otlp-json');
    assert.equal(formatOf(`${AUDIT_LINE}\n2026-01-31T12:00:00.000Z ${REPORT}\n`), 'cloudtrail');
  });

  test('a document of no known format is not searched for one', () => {
    assert.equal(formatOf(`{\n  "items": [\n    ${SENSOR_LINE}\n  ]\n}\n`), undefined);
  });

  test('a text with an example in it stays a text', () => {
    const text = 'How to read a record.\n'.repeat(LINES_OF_TEXT_MAX + 1);
    assert.equal(formatOf(`${text}${SENSOR_LINE}\n`), undefined);
  });

  test('a few lines are asked about and no more', () => {
    let asked = 0;
    const sniff = () => {
      asked++;
      return 0;
    };
    const nobody: Decoder = { format: 'gait', framing: 'lines', sniff, decode: () => undefined };
    const binary: Decoder = { ...nobody, format: 'otlp-protobuf', framing: 'whole' };
    assert.equal(recognise([nobody], Buffer.from('{"a":1}\n'.repeat(1000)), 'input'), undefined);
    assert.equal(asked, 1 + LINES_ASKED_MAX);
    asked = 0;
    recognise([binary], Buffer.from('{"a":1}\n'.repeat(1000)), 'input');
    recognise([nobody], Buffer.alloc(100_000, 10), 'input');
    recognise([nobody], Buffer.from('some text\n'.repeat(10_000)), 'input');
    assert.equal(asked, 3);
  });
});
