import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { assertWellFormed, decodeRecord } from '../decoder.contract.ts';
import { ATTRIBUTE_NAMES, knownName, knownNameOfBytes } from './attribute-names.ts';
import {
  attributesOf,
  decodeAlike,
  encodeRequest,
  logsRequest,
  metricsRequest,
  type SpanSample,
  traceRequest,
  type Value,
} from './otlp.contract.ts';
import { otlpJsonDecoder } from './otlp-json.ts';
import { otlpProtobufDecoder } from './otlp-protobuf.ts';
import { RECORDED_LOGS, RECORDED_METRICS, RECORDED_SPANS } from './otlp-recorded.contract.ts';
import { WireScanner } from './wire-scanner.ts';

const RUNS = 40 * Number(process.env['GAIT_SEEDS'] ?? 5);
const NAMES: readonly string[] = Object.values(ATTRIBUTE_NAMES).flat();

/** Texts that some attribute takes for something, and texts that none does. */
const telling = fc.constantFrom(
  'aws-api',
  'S3',
  'PutObject',
  'aws_sqs',
  'http',
  'pubsub',
  'timer',
  'GET',
  'aws',
  'azure',
  'aws_lambda',
  'https://sqs.eu-west-1.amazonaws.com/210987654321/jobs',
  'https://user@api.example.net:8080/users/17?x=1',
  'arn:aws:lambda:eu-west-1:123456789012:function:orders:live',
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/app',
  '203.0.113.9',
  '$LATEST',
  '12',
);
const text = fc.oneof(telling, fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
/** JSON writes no NaN and no -0, so neither is compared. */
const number = fc.oneof(
  fc.integer({ min: -5, max: 600 }),
  fc.maxSafeInteger().map((value) => value + 0),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 2, arbitrary: number },
  fc.boolean(),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(text, text, { maxKeys: 2 }),
);
const attributes = fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...NAMES) }, text), value, {
  maxKeys: 12,
  noNullPrototype: true,
});
const id = fc.constantFrom('01', '02', '03', '04', '05', '06', '07', '08');
const span: fc.Arbitrary<SpanSample> = fc.record(
  {
    trace: fc.constantFrom('aaaa', 'bbbb'),
    id,
    parent: id,
    kind: fc.constantFrom('internal', 'server', 'client', 'producer', 'consumer'),
    at: fc.integer({ min: -1000, max: 1000 }),
    for: fc.integer({ min: -1, max: 1000 }),
    attributes,
    links: fc.array(fc.tuple(id, id), { maxLength: 3 }),
    failed: fc.boolean(),
    exception: text,
  },
  { requiredKeys: ['id'] },
);
const resource = fc.oneof(fc.constant({ 'faas.name': 'orders' }), fc.constant({ 'service.name': 'shop' }), attributes);
const traces = fc
  .array(fc.tuple(resource, fc.array(span, { maxLength: 8 })), { maxLength: 3 })
  .map((entries) => traceRequest(...entries));
const nanos = fc.bigInt({ min: 0n, max: 2n ** 63n }).map(String);
const point = fc.record(
  {
    timeUnixNano: nanos,
    asInt: fc.maxSafeInteger().map(String),
    asDouble: fc.double({ noNaN: true, noDefaultInfinity: true }),
    count: nanos,
    sum: fc.double({ noNaN: true, noDefaultInfinity: true }),
    flags: fc.integer({ min: 0, max: 3 }),
    attributes: attributes.map(attributesOf),
  },
  { requiredKeys: [] },
);
/** A plain point has one value: which of two counts differs between encodings. */
const plainPoint = point.map(({ asDouble, ...rest }) =>
  rest.asInt === undefined ? { ...rest, asDouble: asDouble ?? 1 } : rest,
);
const metric = fc
  .record({
    name: fc.constantFrom('faas.invocations', 'faas.errors', 'faas.invoke_duration', 'faas.net_io', 'other'),
    unit: fc.constantFrom('', '1', 's', 'By', '{x}'),
    form: fc.constantFrom('sum', 'gauge', 'histogram', 'exponentialHistogram', 'summary'),
    aggregationTemporality: fc.integer({ min: 0, max: 3 }),
    plain: fc.array(plainPoint, { maxLength: 3 }),
    distribution: fc.array(point, { maxLength: 3 }),
  })
  .map(({ name, unit, form, aggregationTemporality, plain, distribution }) => {
    const dataPoints = form === 'sum' || form === 'gauge' ? plain : distribution;
    const temporality = form === 'sum' || form.endsWith('istogram') ? { aggregationTemporality } : {};
    return { name, unit, [form]: { dataPoints, ...temporality } };
  });
const report = { type: 'platform.report', record: { requestId: 'request-1', metrics: { durationMs: 1.5 } } };
const log = fc.record({
  timeUnixNano: nanos,
  severityNumber: fc.integer({ min: 1, max: 24 }),
  body: fc.oneof(
    fc.constant({ stringValue: JSON.stringify(report) }),
    text.map((stringValue) => ({ stringValue })),
  ),
  attributes: attributes.map(attributesOf),
});
const metrics = fc
  .tuple(resource, fc.array(metric, { maxLength: 3 }))
  .map(([from, list]) => metricsRequest(from, list));
const logs = fc.tuple(resource, fc.array(log, { maxLength: 3 })).map(([from, list]) => logsRequest(from, list));

suite('otlp, any content', () => {
  for (const [name, document, seed] of [
    ['traces', traces, 31],
    ['metrics', metrics, 32],
    ['logs', logs, 33],
  ] as const) {
    test(`${name} give the same rows in JSON and in protobuf`, () => {
      fc.assert(
        fc.property(document, (request) => {
          decodeAlike(request);
        }),
        { seed, numRuns: RUNS },
      );
    });
  }

  test('every CLIENT span of a function is in a row, whatever the parents', () => {
    const call = span.map(
      (sample): SpanSample => ({ ...sample, kind: 'client', for: 1, attributes: { 'server.address': 'a.example' } }),
    );
    const inner = span.map((sample): SpanSample => ({ ...sample, kind: 'internal', for: 1, attributes: {} }));
    const handler = span.map((sample): SpanSample => ({ ...sample, kind: 'server', for: 1, attributes: {} }));
    const spans = fc.array(fc.oneof(call, inner, handler), { maxLength: 20 });
    fc.assert(
      fc.property(spans, (list) => {
        const { rows } = decodeAlike(traceRequest([{ 'faas.name': 'orders' }, list]));
        const calls = rows.flatMap((row) => (Array.isArray(row.calls) ? row.calls : []));
        assert.equal(calls.length, list.filter(({ kind }) => kind === 'client').length);
        const invocations = rows.filter(({ flags }) => flags === 0).length;
        const entries = list.filter(({ kind }) => kind === 'server').length;
        assert.ok(invocations <= entries && (entries === 0 || invocations > 0));
      }),
      { seed: 34, numRuns: RUNS },
    );
  });
});

suite('otlp, any bytes', () => {
  const recorded = fc.constantFrom(RECORDED_SPANS, RECORDED_METRICS, RECORDED_LOGS, encodeRequest(traceRequest()));
  const protobuf = otlpProtobufDecoder();
  const json = otlpJsonDecoder();

  test('recorded requests with bytes changed, cut out and put in make only well-formed rows', () => {
    const edit = fc.record({
      at: fc.nat(3000),
      remove: fc.nat(8),
      insert: fc.uint8Array({ maxLength: 8 }),
    });
    fc.assert(
      fc.property(recorded, fc.array(edit, { minLength: 1, maxLength: 6 }), (original, edits) => {
        let bytes = Buffer.from(original);
        for (const { at, remove, insert } of edits) {
          const from = bytes.length === 0 ? 0 : at % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)]);
        }
        assertWellFormed(decodeRecord(protobuf, new Uint8Array(bytes)));
      }),
      { seed: 35, numRuns: 5 * RUNS },
    );
  });

  test('noise makes no row and throws nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decoder of [protobuf, json]) {
          decoder.sniff(bytes, '');
          assertWellFormed(decodeRecord(decoder, bytes));
        }
      }),
      { seed: 36, numRuns: 5 * RUNS },
    );
  });

  test('JSON of any shape under the names of OTLP throws nothing', () => {
    const key = fc.constantFrom(
      ...['resourceSpans', 'scopeSpans', 'spans', 'resource', 'attributes', 'key', 'value', 'stringValue', 'links'],
      ...['resourceMetrics', 'scopeMetrics', 'metrics', 'sum', 'dataPoints', 'name', 'arrayValue', 'values', 'events'],
      ...['resourceLogs', 'scopeLogs', 'logRecords', 'body', 'kvlistValue', 'status', '__proto__', 'toString'],
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 7, depthSize: 'large' },
        fc.oneof(fc.constantFrom(null, true, 0, -1, '', 'faas.name', 'orders'), fc.double()),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (document) => {
        assertWellFormed(decodeRecord(json, document));
      }),
      { seed: 37, numRuns: 5 * RUNS },
    );
  });

  test('the scanner moves on or stops, and stays within its range', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(8), fc.nat(8), (bytes, before, after) => {
        const start = Math.min(before, bytes.length);
        const end = Math.max(start, bytes.length - after);
        for (const scanner of [
          new WireScanner().open(bytes, start, end),
          new WireScanner().openPartial(bytes, start, end),
        ]) {
          let at = start;
          while (scanner.next()) {
            assert.ok(scanner.at > at && scanner.at <= end);
            if (scanner.type === 2)
              assert.ok(scanner.start > at && scanner.start <= scanner.stop && scanner.stop <= end);
            at = scanner.at;
          }
        }
      }),
      { seed: 38, numRuns: 20 * RUNS },
    );
  });

  test('attribute names are found alike as text and as bytes', () => {
    const name = fc.oneof(fc.constantFrom(...NAMES), fc.string(), fc.mixedCase(fc.constantFrom(...NAMES)));
    fc.assert(
      fc.property(name, (candidate) => {
        const bytes = Buffer.from(candidate);
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        assert.equal(knownNameOfBytes(view, 0, bytes.length), knownName(candidate));
      }),
      { seed: 39, numRuns: 5 * RUNS },
    );
  });
});
