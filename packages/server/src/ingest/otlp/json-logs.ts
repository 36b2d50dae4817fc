import { isObject, own, ownText } from '../json-document.ts';
import { plainValue, readAttributes } from './json-attributes.ts';
import { type LogRecord, mayBePlatform } from './logs.ts';
import { momentOf } from './nanos.ts';

/** Fills `record` from a log record of a parsed document; false when it is none. */
export function readLogRecord(value: unknown, record: LogRecord): boolean {
  record.clear();
  if (!isObject(value)) return false;
  readAttributes(own(value, 'attributes'), record.attributes);
  record.timeMs = momentOf(own(value, 'timeUnixNano'));
  record.observedMs = momentOf(own(value, 'observedTimeUnixNano'));
  record.traceId = hexOf(ownText(value, 'traceId'), 32);
  record.spanId = hexOf(ownText(value, 'spanId'), 16);
  const body = own(value, 'body');
  const text = own(body, 'stringValue');
  const isLongOrPlain = typeof text === 'string' && !mayBePlatform(text.charCodeAt(0), Buffer.byteLength(text));
  record.body = isLongOrPlain ? undefined : plainValue(body);
  return true;
}

function hexOf(text: string, digits: number): string {
  return text.length === digits && /^[0-9a-f]+$/i.test(text) ? text.toLowerCase() : '';
}
