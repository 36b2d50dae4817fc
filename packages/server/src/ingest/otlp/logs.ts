import { FLAG, TRUST } from '@gait/engine/event/schema';
import { envelopeKey } from '../identity.ts';
import { parseJsonText } from '../json-document.ts';
import { isPlatformRecord, type PlatformRecord, parsePlatformRecord } from '../lambda-records.ts';
import { isReport, parseReportLine, type Report } from '../lambda-report.ts';
import { type RecordPlace, setAmounts, setIds, setNames, startRow } from '../row.ts';
import { SLOT } from './attribute-names.ts';
import { Attributes } from './attributes.ts';
import { REPORT_BYTES_MAX } from './limits.ts';
import type { Texts } from './texts.ts';
import { allowedKey, type Sender, Whose } from './whose.ts';

const PLATFORM_TYPE = /^platform\.[A-Za-z]{1,40}$/;
const OPEN_OBJECT = 0x7b;
const LETTER_R = 0x52;

/** One log record. One object is reused. */
export class LogRecord {
  readonly attributes: Attributes;
  /** Time of the event, else of its observation; ms since 1970, NaN when absent. */
  timeMs = Number.NaN;
  observedMs = Number.NaN;
  /** Lower-case hexadecimal digits, '' when absent. */
  traceId = '';
  spanId = '';
  /** Text or plain object; undefined when it cannot be a report. */
  body: unknown;

  constructor(texts: Texts) {
    this.attributes = new Attributes(texts);
  }

  clear(): void {
    this.attributes.clear();
    this.timeMs = Number.NaN;
    this.observedMs = Number.NaN;
    this.traceId = '';
    this.spanId = '';
    this.body = undefined;
  }
}

/** Whether a body of so many bytes, starting with this one, is worth reading: a JSON object or a REPORT line. */
export function mayBePlatform(first: number | undefined, bytes: number): boolean {
  return (first === OPEN_OBJECT || first === LETTER_R) && bytes <= REPORT_BYTES_MAX;
}

/**
 * Turns the platform reports among log records into `platform` rows. They are recognised as the Telemetry API delivers
 * them, `{time, type, record}` as JSON text or as structured body; and, where the collector's receiver has put the type
 * into an attribute, as the record alone or as a REPORT line. What an application logs is only counted, never kept.
 *
 * Their trust is that of a sensor: inside a function, anybody can send such a record.
 */
export class LogMapper {
  readonly record: LogRecord;
  readonly #source: string;
  readonly #whose = new Whose();

  constructor(source: string, texts: Texts) {
    this.#source = source;
    this.record = new LogRecord(texts);
  }

  sender(attributes: Attributes, place: RecordPlace): Sender {
    return this.#whose.sender(attributes, place.context.defaults);
  }

  /** Writes the row of the record filled in, or counts it. */
  add(sender: Sender, place: RecordPlace): void {
    const { sink } = place.context;
    const platform = this.#platform();
    if (platform === undefined) sink.note('application-line');
    else if (platform.type === 'report') this.#report(platform.report, sender, place);
    else if (platform.type === 'bad') {
      sink.reject(platform.bad.reason, `${platform.bad.field} of a platform report`, place.range.line);
    } else sink.note(platform.type === 'other' ? 'platform-record' : 'logs-dropped');
  }

  #report(report: Report, sender: Sender, place: RecordPlace): void {
    const { record } = this;
    const { sink, defaults } = place.context;
    const named = this.#whose.named(record.attributes, sender).key;
    const envelope = envelopeKey(defaults);
    const key = allowedKey(named, envelope);
    if (key === undefined) {
      sink.claimed?.(named);
      sink.reject('identity-mismatch', `report of ${named} from ${envelope}`, place.range.line);
      return;
    }
    if (key === '') {
      sink.reject('missing-field', 'report without the name of its function', place.range.line);
      return;
    }
    const eventMs = Number.isNaN(record.timeMs) ? record.observedMs : record.timeMs;
    const rows = startRow(place, { kind: 'platform', source: this.#source, eventMs });
    rows.trust(TRUST.sensor);
    const { revision, instance } = sender;
    const { status, errorType, requestId } = report;
    setNames(place, rows, { function: key, revision, instance, account: defaults.account, status, errorType });
    setIds(rows, {
      requestId,
      traceId: record.traceId || report.traceId,
      spanId: record.spanId || report.spanId,
    });
    if (report.kind === 'start') rows.flag(FLAG.init);
    else if (!Number.isNaN(report.initMs)) rows.flag(FLAG.cold);
    const { durationMs, billedMs, initMs, memoryMb, memorySizeMb, responseBytes } = report;
    setAmounts(place, rows, { durationMs, billedMs, initMs, memoryMb, memorySizeMb, responseBytes });
    rows.end();
  }

  /** What the platform says in the record, undefined when it says nothing. */
  #platform(): PlatformRecord | undefined {
    const { body, attributes } = this.record;
    const type = attributes.text(SLOT.recordType);
    const isTyped = PLATFORM_TYPE.test(type);
    if (typeof body === 'string' && !isTyped && !body.includes('"platform.')) return undefined;
    const line = isTyped && typeof body === 'string' ? parseReportLine(body) : undefined;
    if (line !== undefined) return isReport(line) ? { type: 'report', report: line } : { type: 'bad', bad: line };
    const parsed = typeof body === 'string' ? parseJsonText(body) : { value: body };
    const value = 'reason' in parsed ? undefined : parsed.value;
    if (isPlatformRecord(value)) return parsePlatformRecord(value);
    return isTyped ? parsePlatformRecord({ type, record: value }) : undefined;
  }
}
