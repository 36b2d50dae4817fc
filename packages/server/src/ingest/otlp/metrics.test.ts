import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import type { SourceDefaults } from '../decoder.ts';
import { attributesOf, decodeAlike, metricsRequest, nanosOf, START_MS } from './otlp.contract.ts';

const LAMBDA = {
  'cloud.provider': 'aws',
  'cloud.account.id': '123456789012',
  'cloud.region': 'eu-west-1',
  'faas.name': 'orders',
  'faas.version': '7',
};
const ORDERS = 'aws:123456789012:eu-west-1:orders';
const TIME = { startTimeUnixNano: nanosOf(-60_000), timeUnixNano: nanosOf(0) };

type Json = { readonly [key: string]: unknown };

/** A sum of one point. */
function sum(point: Json, temporality = 1): Json {
  return { sum: { aggregationTemporality: temporality, isMonotonic: true, dataPoints: [{ ...TIME, ...point }] } };
}

function decode(
  metric: Json,
  defaults: Partial<SourceDefaults> = {},
  resource: Parameters<typeof metricsRequest>[0] = LAMBDA,
) {
  return decodeAlike(metricsRequest(resource, [metric]), defaults);
}

suite('otlp metrics', () => {
  test('a counter of invocations is a row with its count', () => {
    const point = { asInt: '3', attributes: attributesOf({ 'faas.trigger': 'http' }) };
    assert.deepEqual(decode({ name: 'faas.invocations', unit: '{invocation}', ...sum(point) }).rows, [
      {
        kind: 'metric',
        eventMs: START_MS,
        flags: 0,
        trust: TRUST.sensor,
        batchSize: 3,
        function: ORDERS,
        revision: '7',
        triggerKind: 'http',
        action: 'faas.invocations',
        shape: 'delta',
        account: '123456789012',
      },
    ]);
  });

  test('delta and cumulative values are both kept as they are', () => {
    const rows = [1, 2].map(
      (temporality) => decode({ name: 'faas.errors', ...sum({ asDouble: 5 }, temporality) }).rows[0],
    );
    assert.deepEqual(
      rows.map(({ shape, batchSize, status }) => [shape, batchSize, status]),
      [
        ['delta', 5, 'error'],
        ['cumulative', 5, 'error'],
      ],
    );
  });

  for (const [name, unit, value, expected] of [
    ['faas.timeouts', '1', 2, { batchSize: 2, status: 'timeout' }],
    ['faas.coldstarts', '{coldstart}', 2, { batchSize: 2, flags: FLAG.cold }],
    ['faas.invoke_duration', 's', 0.25, { durationMs: 250 }],
    ['faas.invoke_duration', 'ms', 250, { durationMs: 250 }],
    ['faas.init_duration', 's', 1.5, { initMs: 1500 }],
    ['faas.mem_usage', 'By', 2 * 1_048_576, { memoryMb: 2 }],
    ['faas.cpu_usage', 's', 0.5, { cpuMs: 500 }],
    ['faas.net_io', 'By', 1000, { bytesOut: 1000 }],
  ] as const) {
    test(`${name} in ${unit}`, () => {
      const [row] = decode({ name, unit, ...sum({ asDouble: value }) }).rows;
      for (const [field, wanted] of Object.entries(expected)) assert.equal(row[field], wanted, field);
    });
  }

  test('what was received is told from what was sent where the point says so', () => {
    const point = { asInt: 7, attributes: attributesOf({ 'network.io.direction': 'receive' }) };
    const [row] = decode({ name: 'faas.net_io', unit: 'By', ...sum(point) }).rows;
    assert.deepEqual([row.bytesIn, row.bytesOut], [7, undefined]);
  });

  for (const form of ['histogram', 'exponentialHistogram'] as const) {
    test(`of a ${form} the sum and the count are kept`, () => {
      const dataPoints = [{ ...TIME, count: '4', sum: 1.5, bucketCounts: ['1', '3'], attributes: [] }];
      const [row] = decode({
        name: 'faas.invoke_duration',
        unit: 's',
        [form]: { aggregationTemporality: 2, dataPoints },
      }).rows;
      assert.deepEqual([row.durationMs, row.batchSize, row.shape], [1500, 4, 'cumulative']);
    });
  }

  test('a summary counts from the start', () => {
    const dataPoints = [{ ...TIME, count: 4, sum: 2 }];
    const [row] = decode({ name: 'faas.invoke_duration', unit: 's', summary: { dataPoints } }).rows;
    assert.deepEqual([row.durationMs, row.batchSize, row.shape], [2000, 4, 'cumulative']);
  });

  test('a gauge has no temporality', () => {
    const [row] = decode({
      name: 'faas.mem_usage',
      unit: 'By',
      gauge: { dataPoints: [{ ...TIME, asInt: 1_048_576 }] },
    }).rows;
    assert.deepEqual([row.memoryMb, row.shape], [1, undefined]);
  });

  for (const [name, metric, note] of [
    [
      'a metric about something else',
      { name: 'http.server.duration', unit: 's', ...sum({ asInt: 1 }) },
      'metric-not-faas',
    ],
    ['a unit nobody expects', { name: 'faas.invoke_duration', unit: 'h', ...sum({ asInt: 1 }) }, 'unit-unknown'],
    [
      'a unit named like a property',
      { name: 'faas.invocations', unit: 'constructor', ...sum({ asInt: 1 }) },
      'unit-unknown',
    ],
    ['a point marked as empty', { name: 'faas.errors', ...sum({ flags: 1, asInt: 0 }) }, 'point-without-value'],
  ] as const) {
    test(`${name} is counted`, () => {
      const { rows, rejects, notes } = decode(metric);
      assert.deepEqual([rows, rejects, notes], [[], [], [note]]);
    });
  }

  for (const [name, metric, reject] of [
    ['no temporality', { name: 'faas.errors', ...sum({ asInt: 1 }, 0) }, 'missing-field: metric without temporality'],
    [
      'an unknown temporality',
      { name: 'faas.errors', ...sum({ asInt: 1 }, 9) },
      'missing-field: metric without temporality',
    ],
    ['a negative count', { name: 'faas.errors', ...sum({ asInt: -1 }) }, 'out-of-range: value of a data point'],
    [
      'an infinite value',
      { name: 'faas.invoke_duration', unit: 's', ...sum({ asDouble: 'Infinity' }) },
      'out-of-range: value of a data point',
    ],
    ['no value', { name: 'faas.errors', ...sum({}) }, 'out-of-range: value of a data point'],
  ] as const) {
    test(`${name} rejects the point`, () => {
      const { rows, rejects } = decode(metric);
      assert.deepEqual([rows, rejects], [[], [reject]]);
    });
  }

  test('a point without a function is counted, unless the envelope knows it', () => {
    const metric = { name: 'faas.errors', ...sum({ asInt: 1 }) };
    assert.deepEqual(decode(metric, {}, {}).notes, ['metric-without-function']);
    assert.equal(decode(metric, { envelopeFunction: ORDERS }, {}).rows[0].function, ORDERS);
  });

  test('a point may name its function itself', () => {
    const point = { asInt: 1, attributes: attributesOf({ 'faas.name': 'billing' }) };
    assert.equal(decode({ name: 'faas.errors', ...sum(point) }).rows[0].function, 'aws:123456789012:eu-west-1:billing');
  });

  test('a point that contradicts its envelope is rejected', () => {
    const { rows, rejects } = decode({ name: 'faas.errors', ...sum({ asInt: 1 }) }, { envelopeFunction: 'billing' });
    assert.deepEqual([rows, rejects], [[], [`identity-mismatch: metric of ${ORDERS}`]]);
  });

  test('a point without time is flagged', () => {
    const { rows, notes } = decode({ name: 'faas.errors', ...sum({ asInt: 1, timeUnixNano: '0' }) });
    assert.ok(Number.isNaN(rows[0].eventMs));
    assert.deepEqual(notes, ['time-clamped']);
  });
});
