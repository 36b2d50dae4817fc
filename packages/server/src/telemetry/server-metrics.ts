import type { Standing } from '@gait/engine/standing';
import type { Refused } from '../access/access.ts';
import type { ServiceStatus } from '../runtime/service.ts';
import { HEARTBEAT_FAILURES, type HeartbeatCounters } from './heartbeat.ts';
import { type Histogram, type MetricDefinition, type MetricSample, Registry } from './registry.ts';

/** Upper bounds of answer times, s: from what a look-up takes to where people lose patience. */
const SECONDS_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const STATES = ['catching-up', 'running', 'closing', 'failed'] as const satisfies readonly ServiceStatus['state'][];
const MICROSECONDS = 1_000_000;

/** What the API counts: see `ApiCounters`. */
export interface ApiCounts {
  /** By `METHOD ROUTE CLASS`. */
  readonly requests: ReadonlyMap<string, number>;
  readonly clients: number;
  readonly clientsRefused: number;
  readonly clientsDropped: number;
  readonly eventsSent: number;
}

/** A value the ingest counts, by the name it has here. */
export interface IngestSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Where the metrics of a server are read. */
export interface MetricSources {
  readonly version: string;
  status(): ServiceStatus;
  readonly api: ApiCounts;
  /** Tokens that were refused, by reason. */
  readonly refused: Readonly<Record<Refused, number>>;
  /** How the promises stand, as it was written last; nothing before. */
  standing?(): Standing | undefined;
  /** Nothing where telemetry does not come over HTTP. */
  ingest?(): readonly IngestSample[];
  readonly heartbeat?: HeartbeatCounters;
  /** Connections that were not taken because there were as many as may be. */
  droppedConnections?(): number;
  /** Wall clock, ms since 1970. */
  readonly nowMs?: () => number;
}

/** The page of metrics, and what has to be told to it. */
export interface ServerMetrics {
  /** Every metric there is. */
  readonly definitions: readonly MetricDefinition[];
  /** The page, all of it of one moment. */
  text(): string;
  /** How long each answer of the API took, s. */
  readonly apiSeconds: Histogram;
}

/** Every metric of a server. Documented in docs/reference/metrics.md. */
export function serverMetrics(given: MetricSources): ServerMetrics {
  const registry = new Registry();
  let status = given.status();
  const sources = { ...given, status: () => status };
  serviceMetrics(registry, sources);
  logMetrics(registry, sources);
  engineMetrics(registry, sources);
  standingMetrics(registry, sources);
  ingestMetrics(registry, sources);
  heartbeatMetrics(registry, sources);
  const apiSeconds = apiMetrics(registry, sources);
  const text = (): string => {
    status = given.status();
    return registry.text();
  };
  return { definitions: registry.definitions, text, apiSeconds };
}

type Row = readonly [type: 'counter' | 'gauge', name: string, help: string, value: () => number];

function single(registry: Registry, rows: readonly Row[]): void {
  for (const [type, name, help, value] of rows) registry.read({ type, name, help }, () => [{ value: value() }]);
}

function serviceMetrics(registry: Registry, { version, status, droppedConnections }: MetricSources): void {
  const build: MetricDefinition = {
    type: 'gauge',
    name: 'gait_service_build',
    help: 'Always 1; the version is in the label.',
    labels: ['version'],
  };
  registry.read(build, () => [{ labels: { version }, value: 1 }]);
  const state: MetricDefinition = {
    type: 'gauge',
    name: 'gait_service_state',
    help: '1 for the state the service is in.',
    labels: ['state'],
  };
  registry.read(state, () => {
    const now = status().state;
    return STATES.map((one) => ({ labels: { state: one }, value: one === now ? 1 : 0 }));
  });
  single(registry, [
    ['gauge', 'gait_service_start_seconds', 'When it started, since 1970.', () => status().startedMs / 1000],
    [
      'counter',
      'gait_service_dropped_connections_total',
      'Connections beyond the limit.',
      () => droppedConnections?.() ?? 0,
    ],
    ['gauge', 'gait_process_resident_bytes', 'Memory of the process.', () => process.memoryUsage.rss()],
    ['counter', 'gait_process_cpu_seconds_total', 'Processor time of the process.', cpuSeconds],
  ]);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / MICROSECONDS;
}

function logMetrics(registry: Registry, { status, nowMs = Date.now }: MetricSources): void {
  single(registry, [
    ['counter', 'gait_log_appended_records_total', 'Records in the log, ever.', () => status().appended],
    ['gauge', 'gait_log_size_bytes', 'Size of the log.', () => status().logBytes],
    ['gauge', 'gait_log_free_bytes', 'Free space where the log is.', () => status().diskFreeBytes],
    ['gauge', 'gait_log_head_failing', '1 while heads cannot be signed.', () => (status().headFailure ? 1 : 0)],
    [
      'gauge',
      'gait_checkpoint_age_seconds',
      'Since the state was saved; NaN before the first time.',
      () => (status().checkpointMs > 0 ? Math.max(0, nowMs() - status().checkpointMs) / 1000 : Number.NaN),
    ],
    ['gauge', 'gait_checkpoint_ordinal', 'Next ordinal of the state that was saved.', () => status().checkpointOrdinal],
  ]);
  const dropped: MetricDefinition = {
    type: 'counter',
    name: 'gait_series_dropped_rows_total',
    help: 'Rows of charts that were not kept.',
    labels: ['reason'],
  };
  registry.read(dropped, () => samplesOf(status().seriesDropped, 'reason'));
}

function engineMetrics(registry: Registry, { status, nowMs = Date.now }: MetricSources): void {
  single(registry, [
    ['counter', 'gait_engine_consumed_records_total', 'Records the engine has taken.', () => status().consumed],
    ['gauge', 'gait_engine_lag_seconds', 'How long the oldest record has been waiting.', () => status().lagMs / 1000],
    [
      'gauge',
      'gait_engine_idle_seconds',
      'Since the engine last moved; it ticks each second.',
      () => Math.max(0, nowMs() - status().steppedMs) / 1000,
    ],
    ['gauge', 'gait_engine_functions', 'Functions that are known.', () => status().functions],
    ['counter', 'gait_engine_findings_total', 'Findings since the start.', () => status().findings],
    ['counter', 'gait_engine_incidents_total', 'Incidents since the start.', () => status().incidents],
    [
      'counter',
      'gait_engine_restarts_total',
      'Times the engine died and was started again.',
      () => status().engineRestarts,
    ],
    ['gauge', 'gait_engine_state_bytes', 'Memory of what was learned.', () => status().engineBytes],
  ]);
}

function standingMetrics(registry: Registry, { standing = () => undefined }: MetricSources): void {
  const week: MetricDefinition = {
    type: 'gauge',
    name: 'gait_alerts_week_pages',
    help: 'Pages of the last seven model days; only those of reason budget count against the promise.',
    labels: ['reason'],
  };
  registry.read(week, () => samplesOf(standing()?.budget.lastWeek ?? {}, 'reason'));
  const reviewed: MetricDefinition = {
    type: 'gauge',
    name: 'gait_alerts_paged_incidents',
    help: 'Incidents people were paged for, by what they said of them.',
    labels: ['verdict'],
  };
  registry.read(reviewed, () => {
    const budget = standing()?.budget;
    if (budget === undefined) return [];
    const { confirmedTrue, confirmedFalse, unreviewed } = budget;
    return samplesOf({ true: confirmedTrue, false: confirmedFalse, unreviewed }, 'verdict');
  });
  single(registry, [
    ['gauge', 'gait_alerts_budget_pages', 'Pages a week that were asked for.', () => standing()?.budget.perWeek ?? 0],
  ]);
  for (const side of ['expected', 'observed'] as const) {
    const definition: MetricDefinition = {
      type: 'gauge',
      name: `gait_calibration_${side}_exceedances`,
      help: `Rarities at or below a level: ${side === 'expected' ? 'how many are due' : 'how many were claimed'}.`,
      labels: ['detector', 'level'],
    };
    registry.read(definition, () =>
      (standing()?.calibration ?? []).map((row) => ({
        labels: { detector: row.detector, level: String(row.level) },
        value: row[side],
      })),
    );
  }
}

/** Metrics of the ingest, with its names. */
const INGEST: readonly MetricDefinition[] = [
  {
    type: 'counter',
    name: 'gait_ingest_requests_total',
    help: 'Requests with telemetry, by answer.',
    labels: ['route', 'status'],
  },
  {
    type: 'counter',
    name: 'gait_ingest_received_bytes_total',
    help: 'Bytes of bodies as they came.',
    labels: ['route'],
  },
  { type: 'counter', name: 'gait_ingest_decoded_bytes_total', help: 'Bytes after inflating.', labels: ['route'] },
  {
    type: 'counter',
    name: 'gait_ingest_records_total',
    help: 'Records that were understood, and what became of them.',
    labels: ['format', 'outcome'],
  },
  {
    type: 'counter',
    name: 'gait_ingest_rejects_total',
    help: 'Records that were not understood.',
    labels: ['route', 'reason'],
  },
  {
    type: 'counter',
    name: 'gait_ingest_clamped_records_total',
    help: 'Records whose time was not believed and replaced by that of arrival.',
  },
  {
    type: 'counter',
    name: 'gait_ingest_repeated_deliveries_total',
    help: 'Deliveries that came again and were not appended twice.',
  },
  {
    type: 'counter',
    name: 'gait_ingest_notes_total',
    help: 'What was understood in part or passed over.',
    labels: ['note'],
  },
];

function ingestMetrics(registry: Registry, { ingest = () => [] }: MetricSources): void {
  for (const definition of INGEST) {
    registry.read(definition, () => ingest().filter(({ name }) => name === definition.name));
  }
}

function apiMetrics(registry: Registry, { api, refused }: MetricSources): Histogram {
  const refusals: MetricDefinition = {
    type: 'counter',
    name: 'gait_access_refused_tokens_total',
    help: 'Requests without a valid token.',
    labels: ['reason'],
  };
  registry.read(refusals, () => samplesOf(refused, 'reason'));
  const requests: MetricDefinition = {
    type: 'counter',
    name: 'gait_api_requests_total',
    help: 'Answers of the API by route and class of status.',
    labels: ['method', 'route', 'status'],
  };
  registry.read(requests, () => [...api.requests].map(requestSample));
  single(registry, [
    ['gauge', 'gait_api_clients', 'Clients of the stream of events.', () => api.clients],
    ['counter', 'gait_api_refused_clients_total', 'Clients beyond the limit.', () => api.clientsRefused],
    ['counter', 'gait_api_dropped_clients_total', 'Clients that read too slowly.', () => api.clientsDropped],
    ['counter', 'gait_api_sent_events_total', 'Events sent to clients.', () => api.eventsSent],
  ]);
  const seconds = { type: 'histogram', name: 'gait_api_answer_seconds', help: 'How long answers took.' } as const;
  return registry.histogram(seconds, SECONDS_BOUNDS);
}

/** `GET /api/v1/findings 2xx`; a request for no route has no method. */
function requestSample([key, value]: readonly [string, number]): MetricSample {
  const words = key.split(' ');
  const status = words.pop() ?? '';
  const route = words.pop() ?? '';
  return { labels: { method: words[0] ?? 'any', route, status }, value };
}

function heartbeatMetrics(registry: Registry, { heartbeat }: MetricSources): void {
  single(registry, [
    ['counter', 'gait_heartbeat_sent_total', 'Heartbeats that arrived.', () => heartbeat?.sent ?? 0],
    [
      'counter',
      'gait_heartbeat_withheld_total',
      'Heartbeats not sent because the engine did not move.',
      () => heartbeat?.withheld ?? 0,
    ],
  ]);
  const failed: MetricDefinition = {
    type: 'counter',
    name: 'gait_heartbeat_failed_total',
    help: 'Heartbeats that did not arrive.',
    labels: ['reason'],
  };
  registry.read(failed, () =>
    HEARTBEAT_FAILURES.map((reason) => ({ labels: { reason }, value: heartbeat?.failed[reason] ?? 0 })),
  );
}

function samplesOf(counts: Readonly<Record<string, number>>, label: string): readonly MetricSample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
