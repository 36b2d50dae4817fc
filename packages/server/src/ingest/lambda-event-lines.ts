import { isObject, parseJsonText } from './json-document.ts';

/** A line of JSON with the request it belongs to and an object as its message, as loggers and the platform write them. */
const JSON_LINE = /^\{(?=.*"(?:function_request_id|requestId)"\s*:).*"(?:event|message)"\s*:\s*\{/s;
/** A record of the platform, which is no line of the application. */
const PLATFORM = /"type"\s*:\s*"platform\./;
/** A line of text as the platform writes it for the application: time, request, level, and what was logged, here JSON. */
const TEXT_LINE = /^(?:[\d:.TZ-]{20,32}\t)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\t[A-Z]{4,5}\t(\{.*\})\s*$/s;

/**
 * A line in which a function may have logged the event it was invoked with, as one line of JSON with its `requestId`; '' for
 * any other line. Costs a look at the beginning of most lines, and a reading of those that end in JSON.
 */
export function eventLineOf(message: string): string {
  if (message.startsWith('{')) return JSON_LINE.test(message) && !PLATFORM.test(message) ? message : '';
  const match = TEXT_LINE.exec(message);
  if (match === null) return '';
  const logged = parseJsonText(match[2]);
  const isEvent = 'value' in logged && isObject(logged.value);
  return isEvent ? `{"level":"INFO","requestId":"${match[1]}","message":${match[2]}}` : '';
}
