import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeRecord, decoderContract, rowsOf } from '../decoder.contract.ts';
import { logsRequest, metricsRequest, START_MS, traceRequest } from './otlp.contract.ts';
import { otlpJsonDecoder } from './otlp-json.ts';

const decoder = otlpJsonDecoder();
const decode = (record: unknown) => decodeRecord(decoder, record);
const LAMBDA = { 'faas.name': 'orders', 'cloud.platform': 'aws_lambda', 'faas.version': '7' };
const REPORT = {
  time: '2025-10-09T08:53:20.102Z',
  type: 'platform.report',
  record: { requestId: 'request-1', status: 'success', metrics: { durationMs: 98.5, billedDurationMs: 99 } },
};

/** The example of the protocol's specification, with a function in place of a service. */
const SPECIFICATION = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'faas.name', value: { stringValue: 'pay' } }] },
      scopeSpans: [
        {
          scope: { name: 'gait', version: '1.0.0', attributes: [] },
          spans: [
            {
              traceId: '5B8EFFF798038103D269B633813FC60C',
              spanId: 'EEE19B7EC3C1B174',
              parentSpanId: 'EEE19B7EC3C1B173',
              name: 'pay',
              startTimeUnixNano: '1760000000000000000',
              endTimeUnixNano: 1760000000100000000,
              kind: 2,
              attributes: [
                { key: 'faas.trigger', value: { stringValue: 'http' } },
                { key: 'faas.coldstart', value: { boolValue: true } },
                { key: 'http.response.status_code', value: { intValue: '200' } },
                { key: 'http.request.body.size', value: { doubleValue: 12 } },
                { key: 'aws.dynamodb.table_names', value: { arrayValue: { values: [{ stringValue: 'orders' }] } } },
                { key: 'unknown', value: { bytesValue: 'AAAA' } },
              ],
              status: { code: 1 },
            },
          ],
        },
      ],
      unknownField: { nested: [1, 2, 3] },
    },
  ],
};

decoderContract(
  decoder,
  new Map<string, unknown>([
    ['a trace request', SPECIFICATION],
    [
      'an invocation with a call',
      traceRequest([
        LAMBDA,
        [
          { id: '01', kind: 'server', attributes: { 'faas.invocation_id': 'request-1' }, links: [['bb', '0b']] },
          {
            id: '02',
            parent: '01',
            kind: 'client',
            attributes: { 'http.request.method': 'GET', 'url.full': 'https://a.example/' },
          },
        ],
      ]),
    ],
    [
      'a metrics request',
      metricsRequest(LAMBDA, [
        {
          name: 'faas.invocations',
          sum: {
            aggregationTemporality: 1,
            dataPoints: [{ timeUnixNano: '1760000000000000000', asInt: '3', attributes: [] }],
          },
        },
      ]),
    ],
    [
      'a logs request',
      logsRequest(LAMBDA, [{ timeUnixNano: '1760000000000000000', body: { stringValue: JSON.stringify(REPORT) } }]),
    ],
  ]),
);

suite('decoder: otlp-json', () => {
  test('identifiers are lower case whatever the sender wrote', () => {
    const { batch, rejects } = decode(SPECIFICATION);
    assert.deepEqual(rejects, []);
    const [row] = rowsOf(batch);
    assert.equal(row.traceId, '5b8efff798038103d269b633813fc60c');
    assert.equal(row.spanId, 'eee19b7ec3c1b174');
    assert.equal(row.parentSpanId, 'eee19b7ec3c1b173');
    assert.equal(row.eventMs, START_MS);
    assert.equal(row.requestBytes, 12);
  });

  test('rows point at the whole document', () => {
    const text = JSON.stringify(SPECIFICATION);
    const { columns } = decode(text).batch;
    assert.deepEqual([columns.originOffset[0], columns.originLength[0], columns.originLine[0]], [0, text.length, 1]);
  });

  test('a request may carry several signals, and scopes under their older name', () => {
    const logs = logsRequest(LAMBDA, [
      { timeUnixNano: '1760000000000000000', body: { stringValue: JSON.stringify(REPORT) } },
    ]);
    const [entry] = SPECIFICATION.resourceSpans;
    const older = { resource: entry.resource, instrumentationLibrarySpans: entry.scopeSpans };
    const { batch } = decode({ ...logs, resourceSpans: [older] });
    assert.deepEqual(
      rowsOf(batch).map(({ kind }) => kind),
      ['otel', 'platform'],
    );
  });

  test('an empty request is no reject', () => {
    for (const empty of [
      {},
      { resourceSpans: [] },
      { resourceSpans: [{}] },
      { resourceSpans: [{ scopeSpans: [{}] }] },
    ]) {
      assert.deepEqual(decode(empty).rejects, []);
    }
  });

  const [entry] = SPECIFICATION.resourceSpans;
  const [scope] = entry.scopeSpans;
  const [span] = scope.spans;
  for (const [name, change, reason] of [
    ['a trace id of the wrong length', { traceId: '5b8e' }, 'wrong-type'],
    ['a trace id in Base64', { traceId: 'W47/95gDgQPSabYzgT/GDAAAAAAAAAAA' }, 'wrong-type'],
    ['no trace id', { traceId: '' }, 'missing-field'],
    ['a trace id of zeros', { traceId: '0'.repeat(32) }, 'missing-field'],
    ['no span id', { spanId: undefined }, 'missing-field'],
    ['a kind by name', { kind: 'SPAN_KIND_SERVER' }, 'wrong-type'],
    ['a time that is no number', { startTimeUnixNano: 'now' }, 'wrong-type'],
    ['a negative time', { startTimeUnixNano: '-1' }, 'wrong-type'],
    ['an end before its start', { endTimeUnixNano: '1759999999999999999' }, 'out-of-range'],
  ] as const) {
    test(`${name} rejects the span and leaves its neighbours`, () => {
      const spans = [
        { ...span, ...change },
        { ...span, spanId: 'eee19b7ec3c1b175' },
      ];
      const { batch, rejects } = decode({ resourceSpans: [{ ...entry, scopeSpans: [{ ...scope, spans }] }] });
      assert.deepEqual(
        rejects.map(({ reason: given, line }) => [given, line]),
        [[reason, 1]],
      );
      assert.equal(batch.rows, 1);
    });
  }

  for (const [name, document, reason] of [
    ['entries that are no list', { resourceSpans: { a: 1 } }, 'wrong-type'],
    ['scopes that are no list', { resourceSpans: [{ scopeSpans: 'x' }] }, 'wrong-type'],
    ['another document', { Records: [] }, 'unknown-format'],
    ['a list', [SPECIFICATION], 'wrong-type'],
  ] as const) {
    test(`${name}: ${reason}`, () => {
      const { batch, rejects } = decode(document);
      assert.equal(batch.rows, 0);
      assert.deepEqual(
        rejects.map(({ reason: given }) => given),
        [reason],
      );
    });
  }

  test('recognises requests by their first key, and others not', () => {
    const sniff = (text: string) => decoder.sniff(new TextEncoder().encode(text), '');
    assert.ok(sniff(JSON.stringify(SPECIFICATION)) > 0.9);
    assert.ok(sniff('{"resourceMetrics":[') > 0.9);
    assert.ok(sniff('\n { "resourceLogs" : [') > 0.9);
    assert.ok(sniff('{"a":1,"resourceSpans":[') > 0.5);
    for (const other of ['', '{}', '[]', '{"Records":[]}', 'resourceSpans', '{"message":"\\"resourceSpans\\":["}']) {
      assert.equal(sniff(other), 0, other);
    }
  });
});
