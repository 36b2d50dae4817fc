import { own, ownArray } from '../json-document.ts';
import { SLOT } from './attribute-names.ts';
import { Attributes } from './attributes.ts';
import { readAttributes } from './json-attributes.ts';
import { EVENTS_READ_MAX } from './limits.ts';
import { splitNanos } from './nanos.ts';
import type { SpanDetail, SpanReader } from './span-detail.ts';
import type { SpanHead } from './span-table.ts';
import { SPAN_ERROR } from './status.ts';
import type { Texts } from './texts.ts';

const ABSENT = [0, 0] as const;

/** Reads spans of a parsed document. A head's `rest` is the span's number among those met. */
export class JsonSpans implements SpanReader {
  readonly exact = false;
  readonly #event: Attributes;
  #spans: unknown[] = [];

  constructor(texts: Texts) {
    this.#event = new Attributes(texts);
  }

  /** Forgets the spans met, so that the document they belong to can be freed. */
  clear(): void {
    this.#spans = [];
  }

  /** Fills `head` from a span. */
  readHead(span: unknown, head: SpanHead): void {
    head.clear();
    head.rest = this.#spans.push(span) - 1;
    readId(own(span, 'traceId'), head.trace, head);
    readId(own(span, 'spanId'), head.span, head);
    readId(own(span, 'parentSpanId'), head.parent, head);
    const kind = own(span, 'kind') ?? 0;
    if (typeof kind !== 'number') head.fail('wrong-type', 'kind of a span is not a number');
    else head.kind = Number.isInteger(kind) && kind >= 0 && kind <= 5 ? kind : 0;
    [head.startMs, head.startRest] = readTime(own(span, 'startTimeUnixNano'), head);
    [head.endMs, head.endRest] = readTime(own(span, 'endTimeUnixNano'), head);
  }

  read(rest: number, _to: number, detail: SpanDetail): void {
    const span = this.#spans[rest];
    detail.attributesCut = !readAttributes(own(span, 'attributes'), detail.attributes);
    const code = own(own(span, 'status'), 'code');
    if (typeof code === 'number') detail.statusCode = code;
    const flags = own(span, 'flags');
    if (typeof flags === 'number') detail.flags = flags & 0xff;
    for (const link of ownArray(span, 'links')) readLink(link, detail);
    if (detail.statusCode === SPAN_ERROR && !detail.attributes.has(SLOT.errorType)) {
      detail.exceptionType = this.#exceptionType(ownArray(span, 'events'));
    }
  }

  /** Type of the exception noted last: the one that ended the span. */
  #exceptionType(events: readonly unknown[]): string {
    for (let back = 1; back <= Math.min(events.length, EVENTS_READ_MAX); back++) {
      this.#event.clear();
      readAttributes(own(events[events.length - back], 'attributes'), this.#event);
      const type = this.#event.text(SLOT.exceptionType);
      if (type !== '') return type;
    }
    return '';
  }
}

/** A time as whole ms and rest; zeros when absent. */
function readTime(value: unknown, head: SpanHead): readonly [number, number] {
  if (value === undefined || value === null) return ABSENT;
  const time = splitNanos(value);
  if (time === undefined) head.fail('wrong-type', 'time of a span is not a number of nanoseconds');
  return time ?? ABSENT;
}

/** An id in hexadecimal digits of either case; an empty one is absent. */
function readId(value: unknown, words: Uint32Array, head: SpanHead): void {
  if (value === undefined || value === null || value === '') return;
  if (typeof value === 'string' && hexWords(value, words)) return;
  head.fail('wrong-type', 'trace or span id is not hexadecimal of the right length');
}

function readLink(link: unknown, detail: SpanDetail): void {
  const trace = new Uint32Array(4);
  const span = new Uint32Array(2);
  const traceId = own(link, 'traceId');
  const spanId = own(link, 'spanId');
  if (typeof traceId !== 'string' || typeof spanId !== 'string') return;
  if (!hexWords(traceId, trace) || !hexWords(spanId, span)) return;
  const words = detail.nextLink();
  words?.set(trace);
  words?.set(span, trace.length);
}

function hexWords(text: string, words: Uint32Array): boolean {
  if (text.length !== 8 * words.length || !/^[0-9a-f]+$/i.test(text)) return false;
  for (let word = 0; word < words.length; word++) words[word] = Number.parseInt(text.slice(8 * word, 8 * word + 8), 16);
  return true;
}
