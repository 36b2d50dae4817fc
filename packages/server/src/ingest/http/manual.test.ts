import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { eventsRoute } from './events-route.ts';
import { firehoseRoute } from './firehose-route.ts';
import {
  BODIES_HELD_BYTES_MAX,
  BODY_BYTES_MAX,
  BODY_MS_MAX,
  DECODING_MAX,
  DELIVERIES_REMEMBERED_MAX,
  DELIVERY_RECORDS_MAX,
  EVENT_AGE_MS_MAX,
  EVENT_AHEAD_MS_MAX,
  RECORDS_PER_REQUEST_MAX,
  REJECTS_TOLD_MAX,
  WAITING_MAX,
  WHOLE_BYTES_MAX,
} from './limits.ts';
import { otlpRoute } from './otlp-routes.ts';
import { REFUSALS } from './refusal.ts';
import { telemetryRoute } from './telemetry-route.ts';

const MANUAL = join(import.meta.dirname, '../../../../../docs/reference/ingest.md');
const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

suite('the manual of the ingest', () => {
  test('lists every route, and no other', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const routes = [
      ...(['traces', 'metrics', 'logs'] as const).map(otlpRoute),
      eventsRoute(),
      telemetryRoute(),
      firehoseRoute(),
    ];
    const listed = [...manual.matchAll(/^\| `POST (\S+)` \|/gm)].map(([, path]) => path);
    assert.deepEqual(
      listed,
      routes.map(({ path }) => path),
    );
  });

  test('explains every refusal with its status, and no other', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const listed = [...manual.matchAll(/^\| `([\w-]+)` \| (\d{3}) \| \S/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const refusals = Object.entries(REFUSALS).map(([code, { status }]) => [code, status]);
    assert.deepEqual(Object.fromEntries(listed), Object.fromEntries(refusals));
  });

  test('gives the limits that are in force', async () => {
    const manual = (await readFile(MANUAL, 'utf8')).replaceAll(/\s+/g, ' ');
    const number = (value: number) => value.toLocaleString('en');
    for (const text of [
      `after inflation | ${BODY_BYTES_MAX / MIB} MiB`,
      `all requests together | ${BODIES_HELD_BYTES_MAX / MIB} MiB`,
      `to arrive | ${BODY_MS_MAX / 1000} s`,
      `in one request | ${number(RECORDS_PER_REQUEST_MAX)}`,
      `delivery of Firehose | ${number(DELIVERY_RECORDS_MAX)}`,
      `decoded at once | ${DECODING_MAX}`,
      `wait for it | ${WAITING_MAX}`,
      `the first ${REJECTS_TOLD_MAX};`,
      `the last ${number(DELIVERIES_REMEMBERED_MAX)} since`,
      `above ${WHOLE_BYTES_MAX / MIB} MiB`,
      `older than ${EVENT_AGE_MS_MAX / DAY_MS} days or more than ${EVENT_AHEAD_MS_MAX / 60_000} minutes`,
    ]) {
      assert.ok(manual.includes(text), text);
    }
  });
});
