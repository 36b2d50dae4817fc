import { clientClass } from './client.ts';
import type { DecodeContext, Decoder, RecordRange, RejectReason } from './decoder.ts';
import { defaultKey, functionOfReference, sameFunction } from './identity.ts';
import {
  isObject,
  type JsonObject,
  own,
  ownAmount,
  ownArray,
  ownPath,
  ownText,
  parseJson,
  parseJsonText,
} from './json-document.ts';
import { traceIdOf } from './lambda-report.ts';
import { errorClass } from './names.ts';
import { type RecordPlace, setAmounts, setIds, setNames, startRow } from './row.ts';
import { HTTP_SHAPES } from './triggers/http.ts';
import { RECORD_SHAPES } from './triggers/records.ts';
import { isAnswer } from './triggers/responses.ts';
import { SERVICE_SHAPES } from './triggers/services.ts';
import { momentOf, resourceOf, type Shape, type Told } from './triggers/told.ts';

/** Envelopes around an event: list, queue message, log line, record of an invocation's outcome. */
const ENVELOPES_MAX = 6;
/** Lines of the beginning of a file that are looked at to recognise it. */
const SNIFF_LINES_MAX = 16;
const SHAPES: readonly Shape[] = [...RECORD_SHAPES, ...HTTP_SHAPES, ...SERVICE_SHAPES];

/**
 * Events that fired a function, as somebody kept them: a function that logs what it is given, a dead-letter queue, a test
 * suite. One event is one `trigger` row, whatever is in it: what fired the function, who is named as the cause, when, how
 * many records. Documents, lists and lines of events are read, log lines of Powertools with an event in them, messages of
 * a queue as `receive-message` prints them, and the records that Lambda sends to a destination.
 *
 * Anybody who may invoke the function can send it any event, and whoever keeps one can change it: the row has the least
 * trust there is. The function is the declared one; events rarely name it. Silent about everything that happens after the
 * event arrived, and about events that nobody kept.
 */
export const triggerEventDecoder: Decoder = { format: 'trigger-event', framing: 'either', sniff, decode };

/** By the shape of the first record; an answer of a function is recognised too, so that it is refused with its reason. */
function sniff(head: Uint8Array): number {
  const text = new TextDecoder().decode(head).trim();
  if (!/^[[{]/.test(text)) return 0;
  const whole = parseJsonText(text);
  if ('value' in whole) return certaintyOf(whole.value);
  const lines = text.split('\n', SNIFF_LINES_MAX).map((line) => parseJsonText(line));
  const certainties = lines.map((line) => ('value' in line ? certaintyOf(line.value) : 0));
  const best = Math.max(...certainties);
  if (best > 0) return certainties[0] === best && !/"type"\s*:\s*"platform\./.test(text) ? best : Math.min(best, 0.7);
  return CUT.test(text) ? 0.6 : 0;
}

/** What a damaged event, or one that is larger than the beginning of a file, is recognised by. */
const CUT =
  /"[eE]ventSource"\s*:\s*"(aws:(s3|sns|sqs|dynamodb|kinesis|kafka|mq|rmq|ses|codecommit)|SelfManagedKafka)"|"(deliveryStreamArn|detail-type|targetGroupArn|awslogs|triggerSource)"\s*:|"requestContext"\s*:\s*\{/;

function certaintyOf(value: unknown): number {
  const event = innermost(Array.isArray(value) ? value[0] : value);
  if (shapeOf(event) !== undefined || isOutcome(event)) return 0.92;
  return isAnswer(event) ? 0.3 : 0;
}

/** The event of a log line or of a queue's messages; the value itself when it is neither. */
function innermost(value: unknown): unknown {
  const message = ownArray(value, 'Messages').at(0) ?? value;
  if (isMessage(message)) {
    const body = parseJsonText(ownText(message, 'Body'));
    return 'value' in body ? body.value : undefined;
  }
  return isLogLine(value) ? eventOfLine(value) : value;
}

function shapeOf(value: unknown): Shape | undefined {
  return isObject(value) ? SHAPES.find((shape) => shape.is(value)) : undefined;
}

function decode(bytes: Uint8Array, range: RecordRange, context: DecodeContext): void {
  const document = parseJson(bytes, range.start, range.end);
  const reader = new EventReader({ context, range });
  if ('reason' in document) reader.reject(document.reason, 'trigger event');
  else reader.open(document.value, ENVELOPES_MAX, {});
}

/** What the envelopes of an event say about the invocation. */
interface Wrapped {
  /** The function that was invoked, as an ARN or a name. */
  readonly function?: string;
  /** Id of the invocation. */
  readonly requestId?: string;
  readonly traceId?: string;
  /** When the invocation was logged or ended: nearer to it than what the event says of itself. */
  readonly timeMs?: number;
  readonly status?: 'ok' | 'error';
  readonly errorType?: string;
  readonly revision?: string;
}

/** Turns one record into rows. Lives for one record. */
class EventReader {
  readonly #place: RecordPlace;

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  reject(reason: RejectReason, detail: string): void {
    this.#place.context.sink.reject(reason, detail, this.#place.range.line);
  }

  open(value: unknown, envelopes: number, wrapped: Wrapped): void {
    if (envelopes === 0) this.reject('too-deep', 'trigger event in too many envelopes');
    else if (Array.isArray(value)) for (const each of value) this.open(each, envelopes - 1, wrapped);
    else if (!isObject(value)) this.reject('wrong-type', 'trigger event is not an object');
    else if (Array.isArray(own(value, 'Messages'))) this.open(own(value, 'Messages'), envelopes - 1, wrapped);
    else if (isMessage(value)) this.#message(value, envelopes, wrapped);
    else if (isOutcome(value)) this.#outcome(value, wrapped);
    else if (isLogLine(value)) this.#line(value, envelopes);
    else this.#event(value, wrapped);
  }

  /** A message of a queue that keeps what could not be processed; Lambda writes the request into its attributes. */
  #message(message: JsonObject, envelopes: number, wrapped: Wrapped): void {
    const document = parseJsonText(ownText(message, 'Body'));
    const requestId = ownText(message, 'MessageAttributes', 'RequestID', 'StringValue');
    const failed = requestId === '' ? {} : ({ requestId, status: 'error' } as const);
    if ('reason' in document) this.reject(document.reason, 'body of a queue message');
    else this.open(document.value, envelopes - 1, { ...wrapped, ...failed });
  }

  /** A line of a log. Lines without an event are the application's own. */
  #line(line: JsonObject, envelopes: number): void {
    const event = eventOfLine(line);
    if (event === undefined) {
      this.#place.context.sink.note('application-line');
      return;
    }
    this.open(event, envelopes - 1, {
      function: ownText(line, 'function_arn') || ownText(line, 'function_name'),
      requestId: requestOf(line),
      traceId: traceIdOf(ownText(line, 'xray_trace_id')),
      timeMs: momentOf(ownText(line, 'timestamp').replace(',', '.')),
    });
  }

  /**
   * What Lambda sends to a destination: the outcome of an invocation and its event. Where the source is declared to be of
   * another function, that one received it, and was invoked by the one it is about.
   */
  #outcome(record: JsonObject, wrapped: Wrapped): void {
    const { defaults } = this.#place.context;
    const arn = ownText(record, 'requestContext', 'functionArn');
    const invoked = functionOfReference(arn, { ...defaults, provider: 'aws' });
    const receiver = defaultKey(defaults) || this.#keyOf(wrapped.function ?? '');
    const timeMs = momentOf(own(record, 'timestamp'));
    if (invoked === undefined) this.reject('wrong-type', 'functionArn of an outcome names no function');
    else if (receiver !== '' && !sameFunction(invoked.key, receiver)) {
      this.#row({ kind: 'invoke', source: invoked.key, timeMs }, wrapped);
    } else {
      const payload = own(record, 'requestPayload');
      const shape = shapeOf(payload);
      const told = shape?.tell(payload, { tokens: this.#place.context.tokens, home: invoked.account });
      this.#row(told ?? batchOfOutcome(record, invoked.account), { ...outcomeOf(record), function: arn, timeMs });
    }
  }

  #event(event: JsonObject, wrapped: Wrapped): void {
    const shape = shapeOf(event);
    if (shape !== undefined)
      this.#row(shape.tell(event, { tokens: this.#place.context.tokens, home: this.#homeOf(wrapped) }), wrapped);
    else if (isAnswer(event)) this.reject('not-an-event', 'what a function answers, not what fired it');
    else if (wrapped.function !== undefined && wrapped.function !== '')
      this.#row({ kind: 'other', source: '' }, wrapped);
    else this.reject('unknown-format', 'an event of no known trigger');
  }

  #row(told: Told, wrapped: Wrapped): void {
    const key = this.#functionOf(told, wrapped);
    if (key === undefined) return;
    const { sink, tokens, defaults } = this.#place.context;
    if (told.unread !== undefined) sink.note(told.unread);
    const timeMs = [wrapped.timeMs, told.timeMs].find((time) => time !== undefined && !Number.isNaN(time));
    const rows = startRow(this.#place, { kind: 'trigger', source: 'trigger-event', eventMs: timeMs ?? Number.NaN });
    setAmounts(this.#place, rows, {
      batchSize: told.batchSize ?? Number.NaN,
      requestBytes: told.requestBytes ?? Number.NaN,
    });
    setNames(this.#place, rows, {
      function: key,
      revision: wrapped.revision ?? '',
      triggerKind: told.kind,
      triggerSource: told.source,
      principal: told.principal?.principal ?? '',
      principalKind: told.principal?.kind ?? '',
      network: tokens.network(told.address ?? ''),
      country: told.country ?? tokens.country?.(told.address ?? '') ?? '',
      client: clientClass(told.userAgent ?? ''),
      status: wrapped.status ?? '',
      errorType: wrapped.errorType ?? '',
      account: defaults.account,
    });
    setIds(rows, {
      requestId: wrapped.requestId ?? '',
      traceId: wrapped.traceId || (told.traceId ?? ''),
      eventId: told.eventId ?? '',
    });
    rows.end();
  }

  /**
   * Key of the function that was fired: the declared one, else the one that event or envelope name, '' when none does: the
   * row is then kept, and not judged. Undefined after rejecting.
   * Account and region of what fired it are not the function's: whoever sends the event chooses them, and with them would
   * choose whose record the event is judged by.
   */
  #functionOf(told: Told, wrapped: Wrapped): string | undefined {
    const { defaults } = this.#place.context;
    const declared = defaultKey(defaults);
    const claimed = this.#keyOf(wrapped.function || (told.receiver ?? ''));
    if (declared !== '' && claimed !== '' && !sameFunction(claimed, declared)) {
      this.reject('identity-mismatch', `event of ${claimed} from ${declared}`);
      return undefined;
    }
    if (declared !== '' || claimed !== '') return declared || claimed;
    this.#place.context.sink.note('function-unknown');
    return '';
  }

  /** Key of a function by its ARN or name, '' when it is none. */
  #keyOf(reference: string): string {
    const place = { ...this.#place.context.defaults, provider: 'aws' };
    return reference === '' ? '' : (functionOfReference(reference, place)?.key ?? '');
  }

  /** Account the function lives in, `?` when nobody says. */
  #homeOf(wrapped: Wrapped): string {
    const { defaults } = this.#place.context;
    const key = defaultKey(defaults) || this.#keyOf(wrapped.function ?? '');
    return key.split(':')[1] || defaults.account || '?';
  }
}

/** Whether a value is a message as `receive-message` prints it. */
function isMessage(value: unknown): boolean {
  return typeof own(value, 'Body') === 'string' && typeof own(value, 'MessageId') === 'string';
}

/** Whether a value is a line that a logger of a function wrote. */
function isLogLine(value: unknown): boolean {
  return typeof own(value, 'level') === 'string' && own(value, 'message') !== undefined;
}

/**
 * The event in a line of a log that says whose it is, undefined when there is none: an object of a known shape, or of any
 * where the logger says that it logged the event.
 */
function eventOfLine(line: unknown): JsonObject | undefined {
  if (requestOf(line) === '') return undefined;
  const isSaid = ownText(line, 'message') === 'Lambda invocation event';
  for (const value of [own(line, 'event'), own(line, 'message')]) {
    if (isObject(value) && (isSaid || shapeOf(value) !== undefined)) return value;
  }
  return undefined;
}

/** Whether a value is the record of an invocation's outcome. */
function isOutcome(value: unknown): boolean {
  return ownText(value, 'requestContext', 'functionArn') !== '' && ownText(value, 'requestContext', 'condition') !== '';
}

/** The invocation that wrote a line, under the name that loggers give it, or the platform. */
function requestOf(line: unknown): string {
  return ownText(line, 'function_request_id') || ownText(line, 'requestId');
}

function outcomeOf(record: JsonObject): Wrapped {
  const version = ownText(record, 'responseContext', 'executedVersion');
  const isDone = ownText(record, 'requestContext', 'condition') === 'Success';
  return {
    requestId: ownText(record, 'requestContext', 'requestId'),
    status: isDone ? 'ok' : 'error',
    errorType: isDone ? '' : errorClass(ownText(record, 'responsePayload', 'errorType')),
    revision: /^\d{1,10}$/.test(version) ? version : '',
  };
}

/** A batch of a stream that failed is told by its place in the stream, without its records. */
function batchOfOutcome(record: JsonObject, home: string): Told {
  for (const [field, service] of [
    ['KinesisBatchInfo', 'kinesis'],
    ['DDBStreamBatchInfo', 'dynamodb'],
  ]) {
    const arn = ownText(record, field, 'streamArn');
    if (arn === '') continue;
    const timeMs = momentOf(ownPath(record, field, 'approximateArrivalOfLastRecord'));
    return {
      kind: 'stream',
      source: resourceOf(service, arn, home),
      batchSize: ownAmount(record, field, 'batchSize'),
      timeMs,
    };
  }
  return { kind: 'other', source: '' };
}
