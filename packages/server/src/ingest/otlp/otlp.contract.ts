import assert from 'node:assert/strict';
import { type Decoded, type DecodedRow, decodeRecord, rowsOf } from '../decoder.contract.ts';
import type { SourceDefaults } from '../decoder.ts';
import { otlpJsonDecoder } from './otlp-json.ts';
import { otlpProtobufDecoder } from './otlp-protobuf.ts';

/** A value as attributes hold it in tests; lists and objects become `arrayValue` and `kvlistValue`. */
export type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };

/** A span in short: ids are padded to their length, times are ms after `START_MS`. */
export interface SpanSample {
  readonly trace?: string;
  readonly id: string;
  readonly parent?: string;
  readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly at?: number;
  readonly for?: number;
  readonly attributes?: { readonly [key: string]: Value };
  /** Spans it links to, by trace and id. */
  readonly links?: readonly (readonly [string, string])[];
  readonly failed?: boolean;
  /** Type of an exception noted in it. */
  readonly exception?: string;
}

/** Time of all samples. */
export const START_MS = 1_760_000_000_000;

const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
type Json = { readonly [key: string]: unknown };

/** A trace request: each entry is a resource with its spans. */
export function traceRequest(...entries: readonly [{ readonly [key: string]: Value }, readonly SpanSample[]][]): Json {
  return {
    resourceSpans: entries.map(([resource, spans]) => ({
      resource: { attributes: attributesOf(resource) },
      scopeSpans: [{ scope: { name: 'tests', version: '1' }, spans: spans.map(spanOf) }],
    })),
  };
}

/** A metrics request of one resource. */
export function metricsRequest(resource: { readonly [key: string]: Value }, metrics: readonly Json[]): Json {
  const entry = { resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ metrics }] };
  return { resourceMetrics: [entry] };
}

/** A logs request of one resource. */
export function logsRequest(resource: { readonly [key: string]: Value }, logRecords: readonly Json[]): Json {
  const entry = { resource: { attributes: attributesOf(resource) }, scopeLogs: [{ logRecords }] };
  return { resourceLogs: [entry] };
}

/** Attributes as OTLP lists them. */
export function attributesOf(attributes: { readonly [key: string]: Value }): readonly Json[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** A value as OTLP wraps it. */
export function anyValue(value: Value): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (isList(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributesOf(value) } };
}

/** Nanoseconds of a time given as ms after `START_MS`. */
export function nanosOf(ms: number): string {
  return String(BigInt(START_MS) * 1_000_000n + BigInt(Math.round(ms * 1_000_000)));
}

/** What a document decodes to. */
export interface Sameness {
  readonly rows: readonly DecodedRow[];
  /** `reason: detail` each. */
  readonly rejects: readonly string[];
  readonly notes: readonly string[];
}

/** Decodes a document in both encodings, asserts that they agree on everything but places, and returns what they say. */
export function decodeAlike(document: unknown, defaults: Partial<SourceDefaults> = {}): Sameness {
  const protobuf = comparable(decodeRecord(otlpProtobufDecoder(), encodeRequest(document), defaults));
  const json = comparable(decodeRecord(otlpJsonDecoder(), document, defaults));
  assert.deepEqual(json, protobuf);
  return protobuf;
}

/** Rows, rejects and notes without what may differ: places, line numbers and the decoder's name. */
export function comparable(decoded: Decoded) {
  const { batch, rejects, notes } = decoded;
  const { calls } = batch.columns;
  return {
    rows: rowsOf(batch),
    bytes: [Array.from(calls.bytesOut), Array.from(calls.bytesIn)],
    rejects: rejects.map(({ reason, detail }) => `${reason}: ${detail}`),
    notes,
  };
}

/** Resource of a function on Lambda, and its key. */
export const LAMBDA = {
  'service.name': 'orders',
  'cloud.provider': 'aws',
  'cloud.platform': 'aws_lambda',
  'cloud.region': 'eu-west-1',
  'cloud.account.id': '123456789012',
  'faas.name': 'orders',
  'faas.version': '7',
  'faas.instance': '2026/01/15/[7]0a1b',
  'faas.max_memory': 268_435_456,
};
export const ORDERS = 'aws:123456789012:eu-west-1:orders';

/** The span of its handler. */
export const HANDLER: SpanSample = {
  id: '01',
  kind: 'server',
  for: 100,
  attributes: { 'faas.invocation_id': 'request-1', 'faas.trigger': 'http' },
};

/** Rows of spans of that function, none of which may be rejected. */
export function rowsFor(...spans: readonly SpanSample[]): readonly DecodedRow[] {
  const decoded = decodeAlike(traceRequest([LAMBDA, spans]));
  assert.deepEqual(decoded.rejects, []);
  return decoded.rows;
}

/** Calls of a row, in order. */
export function callsOf(row: DecodedRow | undefined): readonly DecodedRow[] {
  return Array.isArray(row?.calls) ? row.calls : [];
}

function spanOf(span: SpanSample): Json {
  const { at = 0, kind = 'internal', exception } = span;
  const event = { name: 'exception', attributes: attributesOf({ 'exception.type': exception ?? '' }) };
  return {
    traceId: (span.trace ?? 'aaaa').padEnd(32, '0'),
    spanId: span.id.padEnd(16, '0'),
    ...(span.parent === undefined ? {} : { parentSpanId: span.parent.padEnd(16, '0') }),
    name: 'a span',
    kind: KINDS[kind],
    startTimeUnixNano: nanosOf(at),
    endTimeUnixNano: nanosOf(at + (span.for ?? 1)),
    attributes: attributesOf(span.attributes ?? {}),
    ...(exception === undefined ? {} : { events: [event] }),
    links: (span.links ?? []).map(([trace, id]) => ({ traceId: trace.padEnd(32, '0'), spanId: id.padEnd(16, '0') })),
    status: span.failed === true ? { code: 2 } : {},
  };
}

function isList(value: readonly Value[] | { readonly [key: string]: Value }): value is readonly Value[] {
  return Array.isArray(value);
}

type Scalar = 'text' | 'hex' | 'varint' | 'bool' | 'fixed32' | 'fixed64' | 'sfixed64' | 'double';
type Field = readonly [number, Scalar | keyof typeof MESSAGES];

/** Fields by their JSON names: number and type, from the .proto files of opentelemetry-proto 1.11. */
const MESSAGES = {
  request: { resourceSpans: [1, 'spansEntry'], resourceMetrics: [1, 'metricsEntry'], resourceLogs: [1, 'logsEntry'] },
  spansEntry: { resource: [1, 'resource'], scopeSpans: [2, 'spansScope'] },
  metricsEntry: { resource: [1, 'resource'], scopeMetrics: [2, 'metricsScope'] },
  logsEntry: { resource: [1, 'resource'], scopeLogs: [2, 'logsScope'] },
  resource: { attributes: [1, 'pair'] },
  spansScope: { scope: [1, 'scope'], spans: [2, 'span'] },
  metricsScope: { scope: [1, 'scope'], metrics: [2, 'metric'] },
  logsScope: { scope: [1, 'scope'], logRecords: [2, 'log'] },
  scope: { name: [1, 'text'], version: [2, 'text'] },
  pair: { key: [1, 'text'], value: [2, 'any'] },
  any: {
    stringValue: [1, 'text'],
    boolValue: [2, 'bool'],
    intValue: [3, 'varint'],
    doubleValue: [4, 'double'],
    arrayValue: [5, 'list'],
    kvlistValue: [6, 'object'],
  },
  list: { values: [1, 'any'] },
  object: { values: [1, 'pair'] },
  span: {
    traceId: [1, 'hex'],
    spanId: [2, 'hex'],
    parentSpanId: [4, 'hex'],
    name: [5, 'text'],
    kind: [6, 'varint'],
    startTimeUnixNano: [7, 'fixed64'],
    endTimeUnixNano: [8, 'fixed64'],
    attributes: [9, 'pair'],
    events: [11, 'event'],
    links: [13, 'link'],
    status: [15, 'status'],
    flags: [16, 'fixed32'],
  },
  event: { timeUnixNano: [1, 'fixed64'], name: [2, 'text'], attributes: [3, 'pair'] },
  link: { traceId: [1, 'hex'], spanId: [2, 'hex'], attributes: [4, 'pair'] },
  status: { message: [2, 'text'], code: [3, 'varint'] },
  metric: {
    name: [1, 'text'],
    unit: [3, 'text'],
    gauge: [5, 'numbers'],
    sum: [7, 'numbers'],
    histogram: [9, 'histograms'],
    exponentialHistogram: [10, 'exponentials'],
    summary: [11, 'summaries'],
  },
  numbers: { dataPoints: [1, 'number'], aggregationTemporality: [2, 'varint'], isMonotonic: [3, 'bool'] },
  histograms: { dataPoints: [1, 'histogram'], aggregationTemporality: [2, 'varint'] },
  exponentials: { dataPoints: [1, 'exponential'], aggregationTemporality: [2, 'varint'] },
  summaries: { dataPoints: [1, 'summary'] },
  number: {
    startTimeUnixNano: [2, 'fixed64'],
    timeUnixNano: [3, 'fixed64'],
    asDouble: [4, 'double'],
    asInt: [6, 'sfixed64'],
    attributes: [7, 'pair'],
    flags: [8, 'varint'],
  },
  histogram: {
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    bucketCounts: [6, 'fixed64'],
    attributes: [9, 'pair'],
    flags: [10, 'varint'],
  },
  exponential: {
    attributes: [1, 'pair'],
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    flags: [10, 'varint'],
  },
  summary: {
    timeUnixNano: [3, 'fixed64'],
    count: [4, 'fixed64'],
    sum: [5, 'double'],
    attributes: [7, 'pair'],
    flags: [8, 'varint'],
  },
  log: {
    timeUnixNano: [1, 'fixed64'],
    severityNumber: [2, 'varint'],
    severityText: [3, 'text'],
    body: [5, 'any'],
    attributes: [6, 'pair'],
    traceId: [9, 'hex'],
    spanId: [10, 'hex'],
    observedTimeUnixNano: [11, 'fixed64'],
  },
} as const satisfies { readonly [message: string]: { readonly [field: string]: readonly [number, string] } };

/** The protobuf form of a document in OTLP's JSON form. Written apart from the decoder, to test it. */
export function encodeRequest(document: unknown): Uint8Array {
  return new Uint8Array(messageOf('request', document));
}

function messageOf(type: keyof typeof MESSAGES, value: unknown): number[] {
  const fields: { readonly [field: string]: readonly [number, string] } = MESSAGES[type];
  const bytes: number[] = [];
  for (const [key, content] of Object.entries(value ?? {})) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) continue;
    for (const each of Array.isArray(content) ? content : [content]) {
      for (const byte of fieldOf(field as Field, each)) bytes.push(byte);
    }
  }
  return bytes;
}

function fieldOf([number, type]: Field, value: unknown): number[] {
  switch (type) {
    case 'text':
      return delimited(number, [...new TextEncoder().encode(String(value))]);
    case 'hex':
      return delimited(number, [...Buffer.from(String(value), 'hex')]);
    case 'varint':
      return [...varint(BigInt(number << 3)), ...varint(BigInt.asUintN(64, BigInt(String(value))))];
    case 'bool':
      return [...varint(BigInt(number << 3)), value === true ? 1 : 0];
    case 'fixed32':
      return [...varint(BigInt((number << 3) | 5)), ...fixed(BigInt(String(value)), 4)];
    case 'fixed64':
    case 'sfixed64':
      return [...varint(BigInt((number << 3) | 1)), ...fixed(BigInt.asUintN(64, BigInt(String(value))), 8)];
    case 'double':
      return [...varint(BigInt((number << 3) | 1)), ...new Uint8Array(new Float64Array([Number(value)]).buffer)];
    default:
      return delimited(number, messageOf(type, value));
  }
}

function delimited(number: number, content: readonly number[]): number[] {
  return [...varint(BigInt((number << 3) | 2)), ...varint(BigInt(content.length)), ...content];
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

function fixed(value: bigint, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}
