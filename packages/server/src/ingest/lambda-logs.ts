import { FLAG, TRUST } from '@gait/engine/event/schema';
import type { Decoder, RejectReason } from './decoder.ts';
import { defaultKey, envelopeKey, functionKey, sameFunction } from './identity.ts';
import {
  isObject,
  JSON_BYTES_MAX,
  type JsonObject,
  own,
  ownArray,
  ownNumber,
  ownText,
  parseJsonText,
} from './json-document.ts';
import { eventLineOf } from './lambda-event-lines.ts';
import { functionOfLog, isStream, isTrailStream, type LogOrigin, versionOfStream } from './lambda-origin.ts';
import { isInsightsRecord, isPlatformRecord, parseInsightsRecord, parsePlatformRecord } from './lambda-records.ts';
import { type BadReport, isReport, parseReportLine, platformLineName, type Report } from './lambda-report.ts';
import { type RecordPlace, setAmounts, setIds, setNames, startRow, timestampMs } from './row.ts';

/** Words in front of a message that may be its time or its stream. */
const PREFIX_WORDS_MAX = 3;
/** Bytes within which logs usually show what they are. */
const SNIFFED_BYTES = 16_384;
/** How sure `sniff` is of what it only found beyond them. */
const FAR_DOWN = 0.5;
/** A report behind something else, as a tool may have put it there or a cut may have left it of a JSON document. */
const HIDDEN_REPORT = /[\s"]REPORT RequestId: [0-9a-f]{8}-[0-9a-f-]{27}(?:\s{1,4}|\\t)Duration: /;
/** Without one of these a line of JSON is the application's own and is not parsed. */
const OURS = /"(messageType|logEvents|events|_aws)"\s*:|"type"\s*:\s*"(?:platform\.|function")|"gait"\s*:/;

/**
 * Logs of AWS Lambda functions: REPORT lines (text log format) and platform records (JSON log format, Telemetry API),
 * Lambda Insights performance records, bare or with time and stream in front of them, and inside CloudWatch
 * subscription records and the output of `filter-log-events` and `get-log-events`. All of them become `platform` rows,
 * sandbox starts with `FLAG.init`, dropped logs a `health` row. `instance` is the log stream, which is one sandbox.
 *
 * The function is that of the log group, or of the stream in a shared group, or the one the source is declared to be
 * of; never one named inside a message, except for Insights, whose log group all functions share: then the row has the
 * trust of a sensor. The application's own lines are counted and passed over; among them, the sensor's go to `sensor`, and
 * those in which a function logged its event to `events`. Events of a trail that CloudTrail writes into a log group of its
 * own go to `trail`.
 */
export function lambdaLogsDecoder(sensor?: Decoder, events?: Decoder, trail?: Decoder): Decoder {
  return {
    format: 'lambda-logs',
    framing: 'either',
    sniff,
    decode: (bytes, range, context) => new LogReader({ context, range }, { sensor, events, trail }).record(bytes),
  };
}

/** Surest by what stands at the beginning; else a function that logs a lot has pushed the platform's lines far down. */
function sniff(head: Uint8Array): number {
  const near = certaintyOf(head.subarray(0, SNIFFED_BYTES));
  return near > 0 ? near : Math.min(certaintyOf(head), FAR_DOWN);
}

function certaintyOf(head: Uint8Array): number {
  const text = new TextDecoder().decode(head);
  if (/"messageType"\s*:\s*"(DATA|CONTROL)_MESSAGE"/.test(text)) return 0.95;
  if (/(^|[\s"])(REPORT|START|END) RequestId: [0-9a-f]{8}-/.test(text)) return 0.9;
  if (/"type"\s*:\s*"platform\.[a-zA-Z]+"/.test(text)) return 0.9;
  if (/"_aws"\s*:/.test(text) && /"event_type"\s*:\s*"performance"/.test(text)) return 0.9;
  if (/^\s*\{\s*"events"\s*:\s*\[/.test(text) && /"message"\s*:/.test(text)) return 0.9;
  return /(^|\s)INIT_START Runtime Version: /.test(text) ? 0.8 : 0;
}

/** Decoders of what stands in a log among the platform's lines. */
interface LineDecoders {
  readonly sensor: Decoder | undefined;
  readonly events: Decoder | undefined;
  readonly trail: Decoder | undefined;
}

/** Turns one record into rows. Lives for one record. */
class LogReader {
  readonly #place: RecordPlace;
  readonly #lines: LineDecoders;
  /** The function that the source speaks for, '' when it says none. */
  readonly #envelope: string;
  /** The function of messages whose log says none, '' when nobody declared one. */
  readonly #declared: string;

  constructor(place: RecordPlace, lines: LineDecoders) {
    this.#place = place;
    this.#lines = lines;
    this.#envelope = envelopeKey(place.context.defaults);
    this.#declared = defaultKey(place.context.defaults);
  }

  /** Reads a line, or a whole JSON document. */
  record(bytes: Uint8Array): void {
    const { start, end } = this.#place.range;
    if (end - start > JSON_BYTES_MAX) {
      this.#reject('too-large', 'log record');
      return;
    }
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    const { message, timeMs, stream } = withoutPrefix(text);
    if (message === '') return;
    const origin = this.#origin('', stream, { timeMs, eventId: '' });
    if (!/^[[{]/.test(message)) this.#line(message, origin);
    else if (this.#eventLine(message, origin)) return;
    else if (!OURS.test(message)) this.#note('application-line');
    else if (/^\{\s*"gait"/.test(message)) this.#sensorLine(message, origin);
    else this.#json(message, origin);
  }

  #json(message: string, origin: LogOrigin): void {
    const document = parseJsonText(message);
    if ('reason' in document) this.#reject(document.reason, 'JSON log record');
    else if (Array.isArray(document.value)) for (const each of document.value) this.#telemetry(each, origin);
    else if (!isObject(document.value)) this.#note('application-line');
    else if (ownText(document.value, 'messageType') === 'CONTROL_MESSAGE') this.#note('control-message');
    else if (Array.isArray(own(document.value, 'logEvents'))) this.#subscription(document.value);
    else if (Array.isArray(own(document.value, 'events'))) this.#events(document.value);
    else this.#value(document.value, origin);
  }

  /**
   * A record of the Telemetry API. Its type says who wrote it, so that a line of the function that looks like a report of
   * the platform is only a line; the sensor's are told by their first key, also where JSON logging has parsed them.
   */
  #telemetry(value: unknown, origin: LogOrigin): void {
    const type = ownText(value, 'type');
    if (type !== 'function' && type !== 'extension') {
      this.#value(value, origin);
      return;
    }
    const record = own(value, 'record');
    const line = isObject(record) ? JSON.stringify(record) : typeof record === 'string' ? record.trim() : '';
    const timeMs = timestampMs(ownText(value, 'time'));
    const timed = Number.isNaN(timeMs) ? origin : { ...origin, timeMs };
    if (type === 'extension') this.#note('extension-line');
    else if (/^\{\s*"gait"/.test(line)) this.#sensorLine(line, timed);
    else if (!this.#eventLine(line, timed)) this.#note('application-line');
  }

  /** A record of a CloudWatch Logs subscription: one log stream, many messages. */
  #subscription(record: JsonObject): void {
    const [group, stream, owner] = [
      ownText(record, 'logGroup'),
      ownText(record, 'logStream'),
      ownText(record, 'owner'),
    ];
    for (const event of ownArray(record, 'logEvents')) {
      const at = { timeMs: ownNumber(event, 'timestamp'), eventId: ownText(event, 'id') };
      const origin = this.#origin(group, stream, at, owner);
      if (origin.functionKey === '' && isTrailStream(stream)) this.#trail(event, { owner, stream });
      else this.#message(event, origin);
    }
  }

  /** An event of a trail that is delivered to CloudWatch Logs: of the account that owns the log, or that its stream names. */
  #trail(event: unknown, { owner, stream }: { readonly owner: string; readonly stream: string }): void {
    const { context, range } = this.#place;
    const message = ownText(event, 'message');
    const document = parseJsonText(message);
    const account = 'value' in document ? ownText(document.value, 'recipientAccountId') : '';
    if (this.#lines.trail === undefined) this.#note('trail-line');
    else if (account !== '' && account !== owner && !stream.includes(account)) {
      this.#claim(`aws:${/^\d{12}$/.test(account) ? account : '?'}:?:?`);
      this.#reject('identity-mismatch', `event of account ${account} in a log of ${owner}`);
    } else {
      const bytes = new TextEncoder().encode(message);
      const inner = { start: 0, end: bytes.length, originOffset: range.originOffset + range.start, line: range.line };
      const defaults = /^\d{12}$/.test(owner) ? { ...context.defaults, account: owner } : context.defaults;
      this.#lines.trail.decode(bytes, inner, { ...context, defaults });
    }
  }

  /** Output of `filter-log-events` or `get-log-events`, as it is or with the log group added. */
  #events(record: JsonObject): void {
    for (const event of ownArray(record, 'events')) {
      const group = logGroupOf(event) || logGroupOf(record);
      const at = { timeMs: ownNumber(event, 'timestamp'), eventId: ownText(event, 'eventId') };
      this.#message(
        event,
        this.#origin(group, ownText(event, 'logStreamName') || ownText(record, 'logStreamName'), at),
      );
    }
  }

  /** One message of an envelope. What looks like an envelope inside it is only text of the application. */
  #message(event: unknown, origin: LogOrigin): void {
    const raw = own(event, 'message');
    if (typeof raw !== 'string') {
      this.#reject(raw === undefined ? 'missing-field' : 'wrong-type', 'message of a log event');
      return;
    }
    const message = raw.trim();
    if (this.#declared !== '' && origin.functionKey !== '' && !sameFunction(origin.functionKey, this.#declared)) {
      this.#claim(origin.functionKey);
      this.#reject('identity-mismatch', `log of ${origin.functionKey} from ${this.#declared}`);
    } else if (!message.startsWith('{')) this.#text(message, origin);
    else if (this.#eventLine(message, origin)) return;
    else if (!OURS.test(message)) this.#note('application-line');
    else if (/^\{\s*"gait"/.test(message)) this.#sensorLine(message, origin);
    else {
      const document = parseJsonText(message);
      if ('reason' in document) this.#reject(document.reason, 'JSON log message');
      else this.#value(document.value, origin);
    }
  }

  /** A line of text without an envelope: a report in it counts even where what stands in front of it is unknown. */
  #line(message: string, origin: LogOrigin): void {
    if (HIDDEN_REPORT.test(message))
      this.#reject('unknown-format', 'REPORT behind what is neither time nor log stream');
    else this.#text(message, origin);
  }

  #text(message: string, origin: LogOrigin): void {
    const report = parseReportLine(message);
    if (report !== undefined) this.#reported(report, origin, 'REPORT line');
    else if (!this.#eventLine(message, origin)) this.#note(platformLineName(message) ?? 'application-line');
  }

  #value(value: unknown, origin: LogOrigin): void {
    if (isInsightsRecord(value)) this.#insights(value, origin);
    else if (isPlatformRecord(value)) this.#platform(value, origin);
    else this.#note('application-line');
  }

  #platform(value: unknown, origin: LogOrigin): void {
    const record = parsePlatformRecord(value);
    const timeMs = timestampMs(ownText(value, 'time'));
    const timed = Number.isNaN(timeMs) ? origin : { ...origin, timeMs };
    if (record.type === 'report') this.#report(record.report, timed);
    else if (record.type === 'logs-dropped') this.#logsDropped(record.records, timed);
    else if (record.type === 'other') this.#note(record.name);
    else this.#reported(record.bad, timed, ownText(value, 'type'));
  }

  #reported(parsed: Report | BadReport, origin: LogOrigin, what: string): void {
    if (isReport(parsed)) this.#report(parsed, origin);
    else this.#reject(parsed.reason, `${parsed.field} of ${what}`);
  }

  #report(report: Report, origin: LogOrigin): void {
    const rows = this.#row('platform', origin);
    if (rows === undefined) return;
    setAmounts(this.#place, rows, {
      durationMs: report.durationMs,
      billedMs: report.billedMs,
      initMs: report.initMs,
      memoryMb: report.memoryMb,
      memorySizeMb: report.memorySizeMb,
      responseBytes: report.responseBytes,
    });
    const { status, errorType, requestId, traceId, spanId, parentSpanId } = report;
    setNames(this.#place, rows, { status, errorType });
    setIds(rows, { requestId, traceId, spanId, parentSpanId });
    if (report.kind === 'start') rows.flag(FLAG.init);
    else if (!Number.isNaN(report.initMs)) rows.flag(FLAG.cold);
    if (report.isSampled) rows.flag(FLAG.sampled);
    rows.end();
  }

  #logsDropped(records: number, origin: LogOrigin): void {
    const rows = this.#row('health', origin);
    if (rows === undefined) return;
    setAmounts(this.#place, rows, { batchSize: records });
    setNames(this.#place, rows, { action: 'platform:logsDropped', status: 'error' });
    rows.end();
  }

  #insights(value: unknown, origin: LogOrigin): void {
    const record = parseInsightsRecord(value);
    const claimed = record.functionName === '' ? '' : functionKey(this.#place.context.defaults, record.functionName);
    if (origin.functionKey !== '' && claimed !== '' && !sameFunction(nameOnly(claimed), nameOnly(origin.functionKey))) {
      this.#claim(claimed);
      this.#reject('identity-mismatch', `performance record of ${claimed} from ${origin.functionKey}`);
      return;
    }
    const timeMs = Number.isNaN(record.timeMs) ? origin.timeMs : record.timeMs;
    const isDeclared = claimed === '' || sameFunction(nameOnly(claimed), nameOnly(this.#declared));
    const owner = origin.functionKey || (isDeclared ? this.#declared : claimed);
    const rows = this.#row('insights', {
      ...origin,
      timeMs,
      functionKey: owner,
      revision: record.revision || origin.revision,
    });
    if (rows === undefined) return;
    if (origin.functionKey === '') rows.trust(TRUST.sensor);
    setAmounts(this.#place, rows, record.amounts);
    setNames(this.#place, rows, { status: record.status });
    setIds(rows, { requestId: record.requestId, traceId: record.traceId });
    if (record.isCold) rows.flag(FLAG.cold);
    rows.end();
  }

  /** Begins a row of the function the message belongs to; rejects the message when nothing says which that is. */
  #row(kind: 'platform' | 'insights' | 'health', origin: LogOrigin) {
    const owner = origin.functionKey || this.#declared;
    if (owner === '') {
      this.#reject('missing-field', 'platform record without its function; pass --function NAME');
      return undefined;
    }
    const rows = startRow(this.#place, { kind, source: 'lambda-logs', eventMs: origin.timeMs });
    const { instance, revision, account, eventId } = origin;
    setNames(this.#place, rows, { function: owner, instance, revision, account });
    setIds(rows, { eventId });
    return rows;
  }

  /** A record of the sensor among the log's lines, for its own decoder, with the identity of this log. */
  #sensorLine(message: string, origin: LogOrigin): void {
    if (this.#lines.sensor === undefined) this.#note('sensor-line');
    else this.#handOver(this.#lines.sensor, message, { ...origin, needsMac: true });
  }

  /** Hands over a line with an event in it; false when it is none. */
  #eventLine(message: string, origin: LogOrigin): boolean {
    const line = this.#lines.events === undefined ? '' : eventLineOf(message);
    if (line !== '') this.#handOver(this.#lines.events, line, origin);
    return line !== '';
  }

  /** A line of the application that has its own decoder, with the identity of this log. */
  #handOver(decoder: Decoder | undefined, message: string, origin: LogOrigin & { readonly needsMac?: boolean }): void {
    const { context, range } = this.#place;
    const bytes = new TextEncoder().encode(message);
    const known = {
      ...(origin.functionKey === '' ? {} : { envelopeFunction: origin.functionKey }),
      ...(origin.needsMac === true ? { needsMac: true } : {}),
    };
    const inner = { start: 0, end: bytes.length, originOffset: range.originOffset + range.start, line: range.line };
    decoder?.decode(bytes, inner, { ...context, defaults: { ...context.defaults, ...known } });
  }

  #origin(group: string, given: string, at: Pick<LogOrigin, 'timeMs' | 'eventId'>, owner = ''): LogOrigin {
    const { defaults } = this.#place.context;
    const stream = given || (defaults.logStream ?? '');
    const account = /^\d{12}$/.test(owner) ? owner : defaults.account;
    const place = { ...defaults, account };
    return {
      ...at,
      account,
      functionKey: functionOfLog(group, stream, place) || this.#envelope,
      instance: stream,
      revision: versionOfStream(stream),
    };
  }

  #claim(functionKey: string): void {
    this.#place.context.sink.claimed?.(functionKey);
  }

  #note(name: string): void {
    this.#place.context.sink.note(name);
  }

  #reject(reason: RejectReason, detail: string): void {
    this.#place.context.sink.reject(reason, detail, this.#place.range.line);
  }
}

/** Name of the log group, under any of the names that tools give it. */
function logGroupOf(value: unknown): string {
  return ownText(value, 'logGroupName') || ownText(value, 'logGroup') || ownText(value, 'logGroupIdentifier');
}

/** A key of which only the name counts: the body of a record does not know its account and region. */
function nameOnly(key: string): string {
  return `?:?:?:${key.split(':').slice(3).join(':')}`;
}

/**
 * Takes time and stream off the front of a line, in either order, as exports, `logs tail` and local tools write them:
 * ISO times, or ms since 1970 and a comma.
 */
function withoutPrefix(line: string): { readonly message: string; readonly timeMs: number; readonly stream: string } {
  let message = line.trim();
  let timeMs = Number.NaN;
  let stream = '';
  for (let words = 0; words < PREFIX_WORDS_MAX; words++) {
    const match = /^"?([^\s,"]{1,200})"?[\s,]\s*"?(?=\S)/.exec(message);
    if (match === null) break;
    const time = /^\d{13}$/.test(match[1]) ? Number(match[1]) : timestampMs(match[1]);
    if (!Number.isNaN(time) && Number.isNaN(timeMs)) timeMs = time;
    else if (isStream(match[1]) && stream === '') stream = match[1];
    else break;
    message = message.slice(match[0].length);
  }
  return { message, timeMs, stream };
}
