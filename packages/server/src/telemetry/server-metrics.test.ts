import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { apiUnderTest } from '../api/api.contract.ts';
import type { ServiceStatus } from '../runtime/service.ts';
import { serverMetrics } from './server-metrics.ts';

const MANUAL = join(import.meta.dirname, '../../../../docs/reference/metrics.md');
const NOW_MS = 1_764_000_000_000;
const STATUS: ServiceStatus = {
  startedMs: NOW_MS - 60_000,
  state: 'running',
  appended: 12,
  consumed: 11,
  lagMs: 1500,
  steppedMs: NOW_MS - 900,
  diskFreeBytes: 5e9,
  logBytes: 1e6,
  functions: 3,
  findings: 2,
  incidents: 1,
  engineBytes: 7e6,
  engineRestarts: 0,
  checkpointOrdinal: 10,
  checkpointMs: NOW_MS - 30_000,
  seriesDropped: { expired: 4, 'file-full': 0 },
};
const REFUSED = { absent: 0, unknown: 6, expired: 0, revoked: 0 };
const NO_REQUESTS = { requests: new Map(), clients: 0, clientsRefused: 0, clientsDropped: 0, eventsSent: 0 };

describe('the metrics of a server', () => {
  it('say where the log and the engine are, at one moment', () => {
    let asked = 0;
    const status = () => ({ ...STATUS, appended: 100 + asked++ });
    const { text } = serverMetrics({
      version: '1.2.3',
      status,
      refused: REFUSED,
      api: NO_REQUESTS,
      nowMs: () => NOW_MS,
    });
    const page = text();
    assert.equal(asked, 2, 'once at the start and once for the page');
    for (const line of [
      'gait_service_build{version="1.2.3"} 1',
      'gait_service_state{state="running"} 1',
      'gait_service_state{state="failed"} 0',
      'gait_log_appended_records_total 101',
      'gait_engine_consumed_records_total 11',
      'gait_engine_lag_seconds 1.5',
      'gait_engine_idle_seconds 0.9',
      'gait_checkpoint_age_seconds 30',
      'gait_log_head_failing 0',
      'gait_series_dropped_rows_total{reason="expired"} 4',
      'gait_heartbeat_failed_total{reason="timeout"} 0',
      'gait_access_refused_tokens_total{reason="unknown"} 6',
    ]) {
      assert.ok(page.split('\n').includes(line), line);
    }
  });

  it('say what failed and what has not happened yet', () => {
    const status = () => ({ ...STATUS, headFailure: 'disk', checkpointMs: 0 });
    const page = serverMetrics({ version: '1', status, refused: REFUSED, api: NO_REQUESTS }).text();
    assert.match(page, /^gait_log_head_failing 1$/m);
    assert.match(page, /^gait_checkpoint_age_seconds NaN$/m);
  });

  it('take what the ingest and the heartbeat count', () => {
    const ingest = () => [
      { name: 'gait_ingest_records_total', labels: { format: 'xray', outcome: 'accepted' }, value: 9 },
      { name: 'gait_ingest_unheard_of_total', labels: {}, value: 9 },
    ];
    const heartbeat = { sent: 5, withheld: 1, failed: { network: 0, timeout: 2, redirect: 0, status: 0 } };
    const page = serverMetrics({
      version: '1',
      status: () => STATUS,
      refused: REFUSED,
      api: NO_REQUESTS,
      ingest,
      heartbeat,
    }).text();
    assert.match(page, /^gait_ingest_records_total\{format="xray",outcome="accepted"\} 9$/m);
    assert.ok(!page.includes('unheard'));
    assert.match(page, /^gait_heartbeat_sent_total 5$/m);
    assert.match(page, /^gait_heartbeat_failed_total\{reason="timeout"\} 2$/m);
  });

  it('count the requests of the real API by method, route and class', async (test) => {
    const api = await apiUnderTest(test);
    const { text, apiSeconds } = serverMetrics({
      version: '1',
      status: () => STATUS,
      refused: REFUSED,
      api: api.counters,
    });
    await api.send('/api/v1/findings');
    await api.send('/api/v1/findings/ffff');
    await api.send('/elsewhere');
    apiSeconds.observe(0.002);
    const page = text();
    assert.match(page, /^gait_api_requests_total\{method="GET",route="\/api\/v1\/findings",status="2xx"\} 1$/m);
    assert.match(page, /^gait_api_requests_total\{method="GET",route="\/api\/v1\/findings\/\{id\}",status="4xx"\} 1$/m);
    assert.match(page, /^gait_api_answer_seconds_bucket\{le="0.0025"\} 1$/m);
  });

  it('are all in the manual, with their labels, and no others', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const rows = manual.split('\n').filter((line) => /^\| `gait_\w+` \|/.test(line));
    const { definitions } = serverMetrics({ version: '1', status: () => STATUS, refused: REFUSED, api: NO_REQUESTS });
    const table = definitions.map(({ name, type, labels = [], help }) => {
      const words = labels.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${words} | ${help} |`;
    });
    assert.deepEqual(rows, table);
  });
});
