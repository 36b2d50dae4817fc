import type { Decoder } from '../decoder.ts';
import { isObject, own, ownPath, parseJson } from '../json-document.ts';
import type { RecordPlace } from '../row.ts';
import { Attributes } from './attributes.ts';
import { readAttributes } from './json-attributes.ts';
import { readLogRecord } from './json-logs.ts';
import { readMetric } from './json-metrics.ts';
import { JsonSpans } from './json-spans.ts';
import { LogMapper } from './logs.ts';
import { MetricMapper } from './metrics.ts';
import { SpanMapper } from './spans.ts';
import { Texts } from './texts.ts';
import type { Sender } from './whose.ts';

const SOURCE = 'otlp-json';
/** How sure `sniff` is: a request begins with its entries, or names them further on. */
const SURE = 0.95;
const LIKELY = 0.6;
const SNIFFED_BYTES = 4096;

/** Where the items of the three signals stand, and the older name of their scopes. */
const SIGNALS = {
  spans: { entries: 'resourceSpans', scopes: ['scopeSpans', 'instrumentationLibrarySpans'], items: 'spans' },
  metrics: { entries: 'resourceMetrics', scopes: ['scopeMetrics', 'instrumentationLibraryMetrics'], items: 'metrics' },
  logs: { entries: 'resourceLogs', scopes: ['scopeLogs', 'instrumentationLibraryLogs'], items: 'logRecords' },
} as const;
type Shape = (typeof SIGNALS)[keyof typeof SIGNALS];

/** What is done with the items of one signal. */
interface ItemVisitor {
  sender(attributes: Attributes): Sender;
  item(value: unknown, sender: Sender): void;
}

/**
 * OpenTelemetry's protocol in JSON: one `Export{Trace,Metrics,Logs}ServiceRequest`, or one a line, as the collector's
 * file exporter writes. Unknown fields are ignored; ids are hexadecimal, 64-bit integers strings or numbers, enums
 * numbers. Gives the same rows as the same content in protobuf, except that they point at the whole document. With `only`,
 * a document of another signal is rejected.
 */
export function otlpJsonDecoder(only?: keyof typeof SIGNALS): Decoder {
  const reader = new DocumentReader(only === undefined ? undefined : SIGNALS[only]);
  return {
    format: 'otlp-json',
    framing: 'either',
    sniff,
    decode(bytes, range, context) {
      reader.read(bytes, { range, context });
    },
  };
}

function sniff(head: Uint8Array): number {
  const text = new TextDecoder().decode(head.subarray(0, SNIFFED_BYTES));
  if (/^\s*\{\s*"resource(Spans|Metrics|Logs)"\s*:\s*\[/.test(text)) return SURE;
  return /^\s*\{/.test(text) && /"resource(Spans|Metrics|Logs)"\s*:\s*\[/.test(text) ? LIKELY : 0;
}

/** Reads documents. Its parts are reused from record to record; nothing they keep changes an answer. */
class DocumentReader {
  readonly #texts = new Texts();
  readonly #resource = new Attributes(this.#texts);
  readonly #spans = new JsonSpans(this.#texts);
  readonly #spanMapper = new SpanMapper(SOURCE, this.#texts);
  readonly #metricMapper = new MetricMapper(SOURCE, this.#texts);
  readonly #logMapper = new LogMapper(SOURCE, this.#texts);

  readonly #only: Shape | undefined;

  constructor(only: Shape | undefined) {
    this.#only = only;
  }

  /** Reads one document. */
  read(bytes: Uint8Array, place: RecordPlace): void {
    const { sink } = place.context;
    const { start, end, line } = place.range;
    const document = parseJson(bytes, start, end);
    if ('reason' in document) {
      sink.unreadable?.();
      sink.reject(document.reason, 'OTLP document', line);
      return;
    }
    if (!isObject(document.value)) {
      sink.unreadable?.();
      sink.reject('wrong-type', 'OTLP document is not an object', line);
      return;
    }
    const { value } = document;
    const shapes = Object.values(SIGNALS).filter(({ entries }) => own(value, entries) !== undefined);
    const only = this.#only;
    if (only !== undefined && shapes.some((shape) => shape !== only)) {
      sink.unreadable?.();
      sink.reject('unknown-format', `another signal than ${only.entries}`, line);
      return;
    }
    const isEmpty = Object.keys(value).length === 0;
    if (shapes.length === 0 && !isEmpty) {
      sink.unreadable?.();
      sink.reject('unknown-format', 'no resourceSpans, resourceMetrics or resourceLogs', line);
    }
    for (const shape of shapes) {
      if (shape === SIGNALS.spans) this.#visitSpans(value, place);
      else if (shape === SIGNALS.metrics) this.#visit(value, { shape, place }, this.#metricVisitor(place));
      else this.#visit(value, { shape, place }, this.#logVisitor(place));
    }
  }

  #visitSpans(document: unknown, place: RecordPlace): void {
    const mapper = this.#spanMapper;
    mapper.begin(place, this.#spans);
    this.#visit(
      document,
      { shape: SIGNALS.spans, place },
      {
        sender: (attributes) => mapper.sender(attributes),
        item: (span, sender) => {
          this.#spans.readHead(span, mapper.head);
          mapper.add(sender);
        },
      },
    );
    mapper.finish();
    this.#spans.clear();
  }

  #metricVisitor(place: RecordPlace): ItemVisitor {
    const mapper = this.#metricMapper;
    return {
      sender: (attributes) => mapper.sender(attributes, place),
      item: (metric, sender) => readMetric(metric, mapper, { sender, place }),
    };
  }

  #logVisitor(place: RecordPlace): ItemVisitor {
    const mapper = this.#logMapper;
    return {
      sender: (attributes) => mapper.sender(attributes, place),
      item: (value, sender) => {
        if (readLogRecord(value, mapper.record)) mapper.add(sender, place);
        else place.context.sink.reject('wrong-type', 'log record is not an object', place.range.line);
      },
    };
  }

  /** Walks down to the items. Each list that is something else is rejected once, and the rest is read. */
  #visit(document: unknown, { shape, place }: { shape: Shape; place: RecordPlace }, visitor: ItemVisitor): void {
    const { sink } = place.context;
    const list = (holder: unknown, key: string): readonly unknown[] => {
      const found = own(holder, key);
      if (Array.isArray(found)) return found;
      if (found !== undefined && found !== null) sink.reject('wrong-type', `${key} is not a list`, place.range.line);
      return [];
    };
    for (const entry of list(document, shape.entries)) {
      this.#resource.clear();
      const isWhole = readAttributes(ownPath(entry, 'resource', 'attributes'), this.#resource);
      if (!isWhole) sink.note('attributes-cut');
      const sender = visitor.sender(this.#resource);
      for (const scopes of shape.scopes) {
        for (const scope of list(entry, scopes)) {
          for (const item of list(scope, shape.items)) visitor.item(item, sender);
        }
      }
    }
  }
}
