import { errorClass } from './names.ts';

/** Characters of a report line that are looked at; real ones stay below 400. */
const REPORT_CHARS_MAX = 2048;

/** What a REPORT, INIT_REPORT or RESTORE_REPORT line or the record in its place says. Absent amounts are NaN. */
export interface Report {
  /** An invocation, or the start of a sandbox. */
  readonly kind: 'invocation' | 'start';
  readonly requestId: string;
  readonly durationMs: number;
  readonly billedMs: number;
  /** Start of the sandbox: module load, or restoring from a snapshot. */
  readonly initMs: number;
  readonly memoryMb: number;
  readonly memorySizeMb: number;
  readonly responseBytes: number;
  /** ok, error, timeout; '' when the line does not say. */
  readonly status: string;
  readonly errorType: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly isSampled: boolean;
}

/** A report of which nothing is known yet. */
export const EMPTY_REPORT: Report = {
  kind: 'invocation',
  requestId: '',
  durationMs: Number.NaN,
  billedMs: Number.NaN,
  initMs: Number.NaN,
  memoryMb: Number.NaN,
  memorySizeMb: Number.NaN,
  responseBytes: Number.NaN,
  status: '',
  errorType: '',
  traceId: '',
  spanId: '',
  parentSpanId: '',
  isSampled: false,
};

const FIELDS =
  /(RequestId|Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration|Memory Size|Max Memory Used|XRAY TraceId|SegmentId|Sampled|Status|Error Type): ?(\S{1,200})/g;

/** Lines of the platform that are not reports, by their first words, and the name they are counted under. */
const OTHER_LINES: readonly (readonly [string, string])[] = [
  ['START RequestId: ', 'start-line'],
  ['END RequestId: ', 'end-line'],
  ['XRAY TraceId: ', 'xray-line'],
  ['INIT_START ', 'init-start-line'],
  ['RESTORE_START ', 'restore-start-line'],
  ['EXTENSION\t', 'extension-line'],
  ['TELEMETRY\t', 'telemetry-line'],
  ['LOGS\t', 'telemetry-line'],
];

/** Why the amount that a report exists for cannot be used. */
export type AmountFault = 'missing-field' | 'wrong-type' | 'out-of-range';

/** What keeps a report from being one: `truncated` when its line ends in the middle. */
export interface BadReport {
  readonly reason: AmountFault | 'truncated';
  readonly field: string;
}

/**
 * Reads a report line, fields separated by tabs as the platform writes them or by spaces as copies do; the trace may
 * stand on a second line. Undefined when it is no report.
 */
export function parseReportLine(line: string): Report | BadReport | undefined {
  const kind = /^(?:REPORT RequestId:|(INIT_|RESTORE_)REPORT\s)/.exec(line);
  if (kind === null) return undefined;
  const fields = new Map<string, string>();
  for (const [, name, value] of line.slice(0, REPORT_CHARS_MAX).matchAll(FIELDS)) {
    if (!fields.has(name)) fields.set(name, value);
  }
  const isStart = kind[1] !== undefined;
  const restoreMs = amountOf(fields.get('Restore Duration'));
  const report: Report = {
    kind: isStart ? 'start' : 'invocation',
    requestId: identifierOf(fields.get('RequestId')),
    durationMs: amountOf(fields.get('Duration')),
    billedMs: amountOf(fields.get('Billed Duration')),
    initMs: Number.isNaN(restoreMs) ? amountOf(fields.get('Init Duration')) : restoreMs,
    memoryMb: amountOf(fields.get('Max Memory Used')),
    memorySizeMb: amountOf(fields.get('Memory Size')),
    responseBytes: Number.NaN,
    status: statusOf(fields.get('Status') ?? ''),
    errorType: errorTypeOf(fields.get('Error Type') ?? ''),
    traceId: traceIdOf(fields.get('XRAY TraceId') ?? ''),
    spanId: spanIdOf(fields.get('SegmentId') ?? ''),
    parentSpanId: '',
    isSampled: fields.get('Sampled') === 'true',
  };
  if (!isStart && report.requestId === '') return { reason: 'truncated', field: 'RequestId' };
  const field = !isStart ? 'Duration' : fields.has('Restore Duration') ? 'Restore Duration' : 'Init Duration';
  const reason = faultOf(fields.get(field), line);
  return reason === undefined ? report : { reason, field };
}

/** Whether what a function parsed is a report, and not why there is none. */
export function isReport(parsed: Report | BadReport): parsed is Report {
  return 'kind' in parsed;
}

/** What is wrong with an amount, undefined when it can be used: the platform's are finite and not negative. */
export function amountFault(value: unknown): AmountFault | undefined {
  if (value === undefined || value === null) return 'missing-field';
  if (typeof value !== 'number') return 'wrong-type';
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER ? undefined : 'out-of-range';
}

/** The name under which another line of the platform is counted, undefined for the application's own lines. */
export function platformLineName(line: string): string | undefined {
  return OTHER_LINES.find(([words]) => line.startsWith(words))?.[1];
}

/** Outcome in the platform's words. */
export function statusOf(word: string): string {
  if (word === 'success') return 'ok';
  if (word === 'timeout') return 'timeout';
  return word === 'error' || word === 'failure' ? 'error' : '';
}

/** Class of the error; a message in its place is dropped. */
export function errorTypeOf(text: string): string {
  return errorClass(text);
}

/** A request id, '' when it cannot be one. */
export function identifierOf(text: string | undefined): string {
  return text !== undefined && /^[0-9A-Za-z_-]{8,64}$/.test(text) ? text : '';
}

/** An X-Ray trace id, '' when it cannot be one. */
export function traceIdOf(text: string): string {
  return /^1-[0-9a-f]{8}-[0-9a-f]{24}$/.test(text) ? text : '';
}

/** A span id, '' when it cannot be one. */
export function spanIdOf(text: string): string {
  return /^[0-9a-f]{16}$/.test(text) ? text : '';
}

/** Number of a field, of any size and sign; NaN when there is none. */
function amountOf(text: string | undefined): number {
  return text !== undefined && /^-?\d{1,400}(\.\d{1,20})?(e[+-]?\d{1,3})?$/i.test(text) ? Number(text) : Number.NaN;
}

/** What is wrong with the field that a report exists for. Where the line ends in or before it, it is cut. */
function faultOf(text: string | undefined, line: string): BadReport['reason'] | undefined {
  if (text === undefined) return 'truncated';
  const amount = amountOf(text);
  if (!Number.isNaN(amount)) return amountFault(amount);
  return line.trimEnd().endsWith(text) ? 'truncated' : 'wrong-type';
}
