import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import type { SourceDefaults } from '../decoder.ts';
import { anyValue, attributesOf, decodeAlike, logsRequest, nanosOf, START_MS, type Value } from './otlp.contract.ts';

const LAMBDA = { 'faas.name': 'orders', 'faas.version': '7', 'faas.instance': '2026/01/15/[7]0a1b' };
const ORDERS = 'aws:123456789012:eu-west-1:orders';
const RECORD = {
  requestId: '79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11',
  status: 'timeout',
  errorType: 'Sandbox.Timedout',
  metrics: { durationMs: 98.5, billedDurationMs: 99, memorySizeMB: 256, maxMemoryUsedMB: 91, initDurationMs: 310.25 },
};
const EVENT = { time: '2025-10-09T08:53:20.102Z', type: 'platform.report', record: RECORD };

interface LogSample {
  readonly body?: Value;
  readonly attributes?: { readonly [key: string]: Value };
  readonly more?: { readonly [key: string]: unknown };
}

function decode({ body = '', attributes = {}, more = {} }: LogSample, defaults: Partial<SourceDefaults> = {}) {
  const record = { timeUnixNano: nanosOf(5), body: anyValue(body), attributes: attributesOf(attributes), ...more };
  return decodeAlike(logsRequest(LAMBDA, [record]), defaults);
}

suite('otlp logs', () => {
  for (const [name, sample] of [
    ['JSON text', { body: JSON.stringify(EVENT) }],
    ['a structured body', { body: EVENT }],
    ['the record alone, its type beside it', { body: RECORD, attributes: { type: 'platform.report' } }],
    ['the record alone as text', { body: JSON.stringify(RECORD), attributes: { type: 'platform.report' } }],
  ] as const) {
    test(`a platform report as ${name}`, () => {
      const { rows, rejects } = decode(sample);
      assert.deepEqual(rejects, []);
      assert.deepEqual(rows, [
        {
          kind: 'platform',
          eventMs: START_MS + 5,
          flags: FLAG.cold,
          trust: TRUST.sensor,
          durationMs: 98.5,
          billedMs: 99,
          initMs: 310.25,
          memoryMb: 91,
          memorySizeMb: 256,
          function: ORDERS,
          revision: '7',
          status: 'timeout',
          errorType: 'Sandbox.Timedout',
          instance: '2026/01/15/[7]0a1b',
          account: '123456789012',
          requestId: '79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11',
        },
      ]);
    });
  }

  test('a platform report as a line, if its type stands beside it', () => {
    const body = `REPORT RequestId: ${RECORD.requestId}\tDuration: 98.50 ms\tBilled Duration: 99 ms\tMemory Size: 256 MB\tMax Memory Used: 91 MB\t`;
    const [row] = decode({ body, attributes: { type: 'platform.report' } }).rows;
    assert.deepEqual([row.durationMs, row.billedMs, row.memoryMb], [98.5, 99, 91]);
    assert.deepEqual(decode({ body }).notes, ['application-line']);
  });

  test('the start of a sandbox is flagged as such', () => {
    const [row] = decode({ body: { type: 'platform.initReport', record: { metrics: { durationMs: 310 } } } }).rows;
    assert.deepEqual([row.initMs, row.flags, row.durationMs], [310, FLAG.init, undefined]);
  });

  test('trace and span of the record are kept', () => {
    const more = { traceId: 'AB'.repeat(16), spanId: 'CD'.repeat(8) };
    const [row] = decode({ body: EVENT, more }).rows;
    assert.deepEqual([row.traceId, row.spanId], ['ab'.repeat(16), 'cd'.repeat(8)]);
  });

  test('the time of observation stands in for that of the event', () => {
    const [row] = decode({ body: EVENT, more: { timeUnixNano: '0', observedTimeUnixNano: nanosOf(9) } }).rows;
    assert.equal(row.eventMs, START_MS + 9);
  });

  for (const [name, body, note] of [
    ['a line of the application', 'paid 12 EUR', 'application-line'],
    ['an object of the application', { level: 'info', type: 'payment' }, 'application-line'],
    ['JSON of the application', '{"level":"info"}', 'application-line'],
    ['JSON that quotes a report', JSON.stringify({ message: '"platform.report"' }), 'application-line'],
    ['damaged JSON', '{"type":"platform.report",', 'application-line'],
    ['a report longer than reports are', JSON.stringify({ ...EVENT, padding: 'x'.repeat(20_000) }), 'application-line'],
    ['another record of the platform', { type: 'platform.start', record: {} }, 'platform-record'],
    ['dropped logs', { type: 'platform.logsDropped', record: { droppedRecords: 3 } }, 'logs-dropped'],
  ] as const) {
    test(`${name} is counted and not kept`, () => {
      const { rows, rejects, notes } = decode({ body });
      assert.deepEqual([rows, rejects, notes], [[], [], [note]]);
    });
  }

  test('a report without its request is rejected', () => {
    const { rows, rejects } = decode({ body: { type: 'platform.report', record: { metrics: { durationMs: 1 } } } });
    assert.deepEqual([rows, rejects], [[], ['missing-field: requestId of a platform report']]);
  });

  test('a report of another function than its envelope is rejected', () => {
    const { rows, rejects } = decode({ body: EVENT }, { envelopeFunction: 'billing' });
    assert.deepEqual(rows, []);
    assert.match(rejects.join(), /^identity-mismatch: report of aws:\S+:orders from aws:\S+:billing$/);
  });
});
