import { SLOT } from './attribute-names.ts';
import { Attributes } from './attributes.ts';
import { ATTRIBUTES_READ_MAX, EVENTS_READ_MAX } from './limits.ts';
import { msOfWords, restOfWords } from './nanos.ts';
import type { ProtobufAttributes } from './protobuf-attributes.ts';
import type { SpanDetail, SpanReader } from './span-detail.ts';
import type { SpanHead } from './span-table.ts';
import { SPAN_ERROR } from './status.ts';
import type { Texts } from './texts.ts';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** Fields of `Span` (opentelemetry/proto/trace/v1). */
const TRACE_ID = 1;
const SPAN_ID = 2;
const PARENT_SPAN_ID = 4;
const KIND = 6;
const START = 7;
const END = 8;
const ATTRIBUTES = 9;
const EVENTS = 11;
const LINKS = 13;
const STATUS = 15;
const FLAGS = 16;
const STATUS_CODE = 3;
/** Tag of an attribute: field 9, length-delimited. */
const ATTRIBUTE_TAG = 0x4a;
const EVENT_ATTRIBUTES = 3;

/** Reads `Span` messages: heads first, the rest when asked. */
export class ProtobufSpans implements SpanReader {
  readonly exact = true;
  readonly #reader: ProtobufAttributes;
  readonly #span = new WireScanner();
  readonly #part = new WireScanner();
  readonly #event: Attributes;
  /** Where the events of the span in work stand. */
  readonly #events = new Uint32Array(2 * EVENTS_READ_MAX);
  #eventCount = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(reader: ProtobufAttributes, texts: Texts) {
    this.#reader = reader;
    this.#event = new Attributes(texts);
  }

  /** Sets the bytes that ranges refer to. */
  over(bytes: Uint8Array): void {
    this.#bytes = bytes;
  }

  /** Fills `head` from the span in `bytes[start, end)`. */
  readHead(start: number, end: number, head: SpanHead): void {
    const span = this.#span.open(this.#bytes, start, end);
    head.clear();
    head.from = start;
    head.to = end;
    head.rest = end;
    for (let at = start; span.next(); at = span.at) {
      if (span.field < ATTRIBUTES) this.#readHeadField(span, head);
      else if (head.rest === end) head.rest = at;
      if (span.field === ATTRIBUTES) while (span.nextShort(ATTRIBUTE_TAG));
    }
    if (span.failure !== '') head.fail('bad-protobuf', 'span');
  }

  #readHeadField(span: WireScanner, head: SpanHead): void {
    const { field, type } = span;
    if (type === WIRE.bytes) {
      if (field === TRACE_ID) this.#id(span, head.trace, head);
      else if (field === SPAN_ID) this.#id(span, head.span, head);
      else if (field === PARENT_SPAN_ID) this.#id(span, head.parent, head);
    } else if (type === WIRE.fixed64) {
      const rest = restOfWords(span.high, span.low);
      const ms = msOfWords(span.high, span.low, rest);
      if (field === START) {
        head.startMs = ms;
        head.startRest = rest;
      } else if (field === END) {
        head.endMs = ms;
        head.endRest = rest;
      }
    } else if (field === KIND && type === WIRE.varint) head.kind = kindOf(span.value);
  }

  read(rest: number, to: number, detail: SpanDetail): void {
    const span = this.#span.open(this.#bytes, rest, to);
    this.#eventCount = 0;
    let attributes = 0;
    for (;;) {
      while (attributes < ATTRIBUTES_READ_MAX && span.nextShort(ATTRIBUTE_TAG)) {
        attributes++;
        if (!this.#reader.read(span.start, span.stop, detail.attributes)) detail.problem = 'bad-protobuf';
      }
      if (!span.next()) break;
      const { field, type } = span;
      if (field === ATTRIBUTES && type === WIRE.bytes) {
        if (++attributes > ATTRIBUTES_READ_MAX) detail.attributesCut = true;
        else if (!this.#reader.read(span.start, span.stop, detail.attributes)) detail.problem = 'bad-protobuf';
      } else if (field === EVENTS && type === WIRE.bytes) this.#noteEvent(span);
      else if (field === LINKS && type === WIRE.bytes) this.#link(span, detail);
      else if (field === STATUS && type === WIRE.bytes) detail.statusCode = this.#statusCode(span);
      else if (field === FLAGS && type === WIRE.fixed32) detail.flags = span.value & 0xff;
    }
    if (detail.statusCode === SPAN_ERROR && !detail.attributes.has(SLOT.errorType)) {
      detail.exceptionType = this.#exceptionType();
    }
  }

  #noteEvent(span: WireScanner): void {
    const at = 2 * (this.#eventCount++ % EVENTS_READ_MAX);
    this.#events[at] = span.start;
    this.#events[at + 1] = span.stop;
  }

  #statusCode(span: WireScanner): number {
    let code = 0;
    const status = this.#part.open(this.#bytes, span.start, span.stop);
    while (status.next()) if (status.field === STATUS_CODE && status.type === WIRE.varint) code = status.value;
    return code;
  }

  #link(span: WireScanner, detail: SpanDetail): void {
    const link = this.#part.open(this.#bytes, span.start, span.stop);
    let trace = -1;
    let id = -1;
    while (link.next()) {
      if (link.type !== WIRE.bytes) continue;
      if (link.field === TRACE_ID && link.stop - link.start === 16) trace = link.start;
      else if (link.field === SPAN_ID && link.stop - link.start === 8) id = link.start;
    }
    if (trace < 0 || id < 0) return;
    const words = detail.nextLink();
    if (words === undefined) return;
    this.#words(trace, words.subarray(0, 4));
    this.#words(id, words.subarray(4));
  }

  /** Type of the exception noted last: the one that ended the span. */
  #exceptionType(): string {
    const kept = Math.min(this.#eventCount, EVENTS_READ_MAX);
    for (let back = 1; back <= kept; back++) {
      const at = 2 * ((this.#eventCount - back) % EVENTS_READ_MAX);
      const event = this.#part.open(this.#bytes, this.#events[at], this.#events[at + 1]);
      this.#event.clear();
      for (let read = 0; read < ATTRIBUTES_READ_MAX && event.next(); ) {
        if (event.field !== EVENT_ATTRIBUTES || event.type !== WIRE.bytes) continue;
        this.#reader.read(event.start, event.stop, this.#event);
        read++;
      }
      const type = this.#event.text(SLOT.exceptionType);
      if (type !== '') return type;
    }
    return '';
  }

  /** An id of as many bytes as `words` holds; an empty one is absent. */
  #id(span: WireScanner, words: Uint32Array, head: SpanHead): void {
    const length = span.stop - span.start;
    if (length === 4 * words.length) this.#words(span.start, words);
    else if (length !== 0) head.fail('wrong-type', 'trace or span id of a wrong length');
  }

  #words(from: number, words: Uint32Array): void {
    const bytes = this.#bytes;
    for (let word = 0, at = from; word < words.length; word++, at += 4) {
      words[word] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
  }
}

/** Kinds not known count as unspecified. */
function kindOf(value: number): number {
  return value >= 0 && value <= 5 ? value : 0;
}
