import { own, ownAmount, ownNumber, ownPath, ownText } from './json-document.ts';
import {
  amountFault,
  type BadReport,
  EMPTY_REPORT,
  errorTypeOf,
  identifierOf,
  type Report,
  spanIdOf,
  statusOf,
  traceIdOf,
} from './lambda-report.ts';

/** A record of the platform: a report, dropped logs, or one that is only counted, by name. */
export type PlatformRecord =
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'logs-dropped'; readonly records: number }
  | { readonly type: 'other'; readonly name: string }
  | { readonly type: 'bad'; readonly bad: BadReport };

/** Resource use of one invocation as the Lambda Insights extension writes it. */
export interface InsightsRecord {
  readonly functionName: string;
  readonly timeMs: number;
  readonly requestId: string;
  readonly traceId: string;
  /** Published version, '' for `$LATEST`. */
  readonly revision: string;
  readonly isCold: boolean;
  readonly status: string;
  readonly amounts: { readonly [field in (typeof INSIGHTS_FIELDS)[number][0]]: number } & {
    readonly initMs: number;
    readonly tmpBytes: number;
  };
}

/** Columns and the names of the metrics they hold. Sizes are MB, /tmp bytes, network bytes, times ms. */
const INSIGHTS_FIELDS = [
  ['durationMs', 'duration'],
  ['billedMs', 'billed_duration'],
  ['memoryMb', 'used_memory_max'],
  ['memorySizeMb', 'total_memory'],
  ['cpuMs', 'cpu_total_time'],
  ['bytesOut', 'tx_bytes'],
  ['bytesIn', 'rx_bytes'],
  ['threads', 'threads_max'],
  ['files', 'fd_use'],
] as const;

/** Whether a JSON object is a record of the platform (`{time, type: "platform...", record}`). */
export function isPlatformRecord(value: unknown): boolean {
  return ownText(value, 'type').startsWith('platform.');
}

/** Reads a record of the platform (JSON log format and Telemetry API are the same). */
export function parsePlatformRecord(value: unknown): PlatformRecord {
  const type = ownText(value, 'type');
  const record = own(value, 'record');
  if (type === 'platform.report') return reportOf(record);
  if (type === 'platform.initReport' || type === 'platform.restoreReport') return startOf(record);
  if (type === 'platform.logsDropped') return { type: 'logs-dropped', records: ownAmount(record, 'droppedRecords') };
  return { type: 'other', name: /^platform\.[A-Za-z]{1,40}$/.test(type) ? type : 'platform.unknown' };
}

/** Whether a JSON object is a performance record of Lambda Insights in embedded metric format. */
export function isInsightsRecord(value: unknown): boolean {
  return own(value, '_aws') !== undefined && ownText(value, 'event_type') === 'performance';
}

/** Reads a performance record of Lambda Insights. */
export function parseInsightsRecord(value: unknown): InsightsRecord {
  const amounts = INSIGHTS_FIELDS.map(([field, name]) => [field, ownNumber(value, name)] as const);
  const used = ownAmount(value, 'tmp_used');
  const version = ownText(value, 'version');
  const hasTimedOut = own(value, 'timeout') === true || ownAmount(value, 'timeout') === 1;
  const hasFailed = ownText(value, 'shutdown_reason').toLowerCase() === 'failure';
  const isCold = own(value, 'cold_start') === true || ownAmount(value, 'cold_start') === 1;
  const initMs = ownNumber(value, 'init_duration');
  return {
    functionName: ownText(value, 'function_name'),
    timeMs: ownAmount(value, '_aws', 'Timestamp'),
    requestId: identifierOf(ownText(value, 'request_id')),
    traceId: traceIdOf(ownText(value, 'trace_id')),
    revision: /^\d{1,10}$/.test(version) ? version : '',
    isCold,
    status: hasTimedOut ? 'timeout' : hasFailed ? 'error' : '',
    amounts: {
      ...fromEntries(amounts),
      // Warm invocations, which initialise nothing, say 0.
      initMs: initMs === 0 && !isCold ? Number.NaN : initMs,
      tmpBytes: Number.isNaN(used) ? ownAmount(value, 'tmp_max') - ownAmount(value, 'tmp_free') : used,
    },
  };
}

function reportOf(record: unknown): PlatformRecord {
  const id = own(record, 'requestId');
  const requestId = identifierOf(ownText(record, 'requestId'));
  if (requestId === '') return badOf(id === undefined || id === null ? 'missing-field' : 'wrong-type', 'requestId');
  const fault = amountFault(ownPath(record, 'metrics', 'durationMs'));
  if (fault !== undefined) return badOf(fault, 'metrics.durationMs');
  const amount = (name: string) => ownNumber(record, 'metrics', name);
  const restoreMs = amount('restoreDurationMs');
  const trace = ownText(record, 'tracing', 'value');
  const report: Report = {
    ...EMPTY_REPORT,
    requestId,
    durationMs: amount('durationMs'),
    billedMs: amount('billedDurationMs'),
    initMs: Number.isNaN(restoreMs) ? amount('initDurationMs') : restoreMs,
    memoryMb: amount('maxMemoryUsedMB'),
    memorySizeMb: amount('memorySizeMB'),
    responseBytes: amount('producedBytes'),
    status: statusOf(ownText(record, 'status')),
    errorType: errorTypeOf(ownText(record, 'errorType')),
    traceId: traceIdOf(/Root=([^;]{1,64})/.exec(trace)?.[1] ?? ''),
    spanId: spanIdOf(ownText(record, 'tracing', 'spanId')),
    parentSpanId: spanIdOf(/Parent=([^;]{1,64})/.exec(trace)?.[1] ?? ''),
    isSampled: /Sampled=1/.test(trace),
  };
  return { type: 'report', report };
}

/** Start of a sandbox: module load or restoring a snapshot. */
function startOf(record: unknown): PlatformRecord {
  const fault = amountFault(ownPath(record, 'metrics', 'durationMs'));
  if (fault !== undefined) return badOf(fault, 'metrics.durationMs');
  const report: Report = {
    ...EMPTY_REPORT,
    kind: 'start',
    initMs: ownNumber(record, 'metrics', 'durationMs'),
    status: statusOf(ownText(record, 'status')),
    errorType: errorTypeOf(ownText(record, 'errorType')),
  };
  return { type: 'report', report };
}

function badOf(reason: BadReport['reason'], field: string): PlatformRecord {
  return { type: 'bad', bad: { reason, field } };
}

function fromEntries<K extends string>(entries: readonly (readonly [K, number])[]): { readonly [key in K]: number } {
  return Object.fromEntries(entries) as { readonly [key in K]: number };
}
