import type { BatchBuilder, CallFields } from '@gait/engine/event/batch-builder';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { clientClass } from './client.ts';
import type { DecodeContext, Decoder, RecordRange, RejectReason } from './decoder.ts';
import {
  destinationOfArn,
  destinationOfHost,
  destinationOfResource,
  plainHost,
  queueOfUrl,
  serviceName,
} from './destination.ts';
import {
  defaultKey,
  envelopeKey,
  type FunctionIdentity,
  functionOfReference,
  type Place,
  sameFunction,
} from './identity.ts';
import {
  isObject,
  type JsonObject,
  own,
  ownAmount,
  ownArray,
  ownText,
  parseJson,
  parseJsonText,
} from './json-document.ts';
import { errorClass } from './names.ts';
import { addCall, type RecordPlace, setAmounts, setIds, setNames, startRow } from './row.ts';
import {
  callsOfFunction,
  durationOf,
  linksOfService,
  millisecondsOf,
  type SegmentCalls,
  spanOf,
} from './xray-calls.ts';

/** Envelopes around a segment: list, group, traces, segments, document, string in a document. */
const ENVELOPES_MAX = 8;
const FUNCTION_ORIGIN = 'AWS::Lambda::Function';
const SERVICE_ORIGIN = 'AWS::Lambda';

/**
 * AWS X-Ray traces: lines or lists of `{Id, Segments}`, the output of `batch-get-traces`, groups with `traces`, and bare
 * segment documents, as objects or as strings.
 *
 * A segment of a function is an `xray` row: its duration is that of its `Invocation` subsegment, or of the segment where
 * that is missing; calls are its subsegments in the `aws` and `remote` namespaces in order of start. Segments of the
 * Lambda service, of queues and topics are `xray` rows, those of gateways and state machines `edge` rows; all of them
 * carry `FLAG.link` and only exist so that the caller of a function can be found by following parent spans. Within one
 * trace, parent spans that no row carries are replaced by the nearest enclosing one that is carried.
 *
 * Anybody with the permission to write segments can claim any name, hence the low trust. Silent about calls of software
 * that is not instrumented, and about requests that were not sampled.
 */
export const xrayDecoder: Decoder = { format: 'xray', framing: 'either', sniff, decode };

function sniff(head: Uint8Array): number {
  const text = new TextDecoder().decode(head.subarray(0, 4096));
  if (!/^\s*[[{"]/.test(text)) return 0;
  if (/"Segments"\s*:/.test(text) && /"(Id|Document|origin)"\s*:/.test(text)) return 0.95;
  if (/\\?"trace_id\\?"\s*:\s*\\?"1-[0-9a-f]{8}-[0-9a-f]{24}/.test(text)) return /start_time/.test(text) ? 0.9 : 0.5;
  return 0;
}

function decode(bytes: Uint8Array, range: RecordRange, context: DecodeContext): void {
  const document = parseJson(bytes, range.start, range.end);
  const reader = new TraceReader({ context, range });
  if ('reason' in document) reader.reject(document.reason, 'X-Ray document');
  else reader.open(document.value, ENVELOPES_MAX);
}

/** A segment, what it called, and what identifies it. */
interface Segment {
  readonly node: JsonObject;
  readonly origin: string;
  readonly calls: SegmentCalls;
}

/** What the segments of one trace know about each other. */
interface Trace {
  readonly id: string;
  /** Memory size of the group the trace stands in, NaN when it has none. */
  readonly memorySizeMb: number;
  /** Which span stands for a span; see `SegmentCalls.carriers`. */
  readonly carriers: Map<string, string>;
  /** Request id by the spans of the Lambda service's segments. */
  readonly requestIds: Map<string, string>;
}

/** Turns one record into rows. Lives for one record. */
class TraceReader {
  readonly #place: RecordPlace;
  readonly #envelope: string;
  /** Function of segments without a name. */
  readonly #default: string;
  #memorySizeMb = Number.NaN;

  constructor(place: RecordPlace) {
    this.#place = place;
    this.#envelope = envelopeKey(place.context.defaults);
    this.#default = defaultKey(place.context.defaults);
  }

  reject(reason: RejectReason, detail: string): void {
    this.#place.context.sink.reject(reason, detail, this.#place.range.line);
  }

  /** Looks for traces and segments in whatever they are wrapped in. */
  open(value: unknown, envelopes: number): void {
    if (envelopes === 0) this.reject('too-deep', 'X-Ray document in too many envelopes');
    else if (typeof value === 'string') this.#openText(value, envelopes);
    else if (Array.isArray(value)) for (const each of value) this.open(each, envelopes - 1);
    else if (isObject(value)) this.#openObject(value, envelopes);
    else this.reject('wrong-type', 'X-Ray document is not an object');
  }

  #openText(text: string, envelopes: number): void {
    const document = parseJsonText(text);
    if ('reason' in document) this.reject(document.reason, 'X-Ray segment document');
    else this.open(document.value, envelopes - 1);
  }

  #openObject(value: JsonObject, envelopes: number): void {
    const traces = own(value, 'Traces') ?? own(value, 'traces') ?? own(value, 'TraceSegmentDocuments');
    const isSegment = ['Document', 'start_time', 'trace_id'].some((key) => own(value, key) !== undefined);
    if (Array.isArray(traces)) this.#openGroup(value, traces, envelopes);
    else if (Array.isArray(own(value, 'Segments'))) this.#trace(ownArray(value, 'Segments'), ownText(value, 'Id'));
    else if (isSegment) this.#trace([value], '');
    else if (traces !== undefined || own(value, 'Segments') !== undefined)
      this.reject('wrong-type', 'not a list of traces');
    else this.reject('unknown-format', 'neither a trace nor a segment document');
  }

  #openGroup(group: JsonObject, traces: readonly unknown[], envelopes: number): void {
    this.#memorySizeMb = ownAmount(group, 'memorySize');
    this.open(traces, envelopes - 1);
    this.#memorySizeMb = Number.NaN;
  }

  #trace(list: readonly unknown[], id: string): void {
    const trace: Trace = { id, memorySizeMb: this.#memorySizeMb, carriers: new Map(), requestIds: new Map() };
    const segments: Segment[] = [];
    for (const each of list) {
      const node = this.#document(each);
      if (node !== undefined) segments.push(this.#segment(node, trace));
    }
    for (const segment of segments) this.#row(segment, trace);
  }

  /** The segment document, which the service delivers as a string in `Document`. */
  #document(value: unknown): JsonObject | undefined {
    const wrapped = own(value, 'Document') ?? value;
    const document = typeof wrapped === 'string' ? parseJsonText(wrapped) : { value: wrapped };
    if ('reason' in document) this.reject(document.reason, 'X-Ray segment document');
    else if (isObject(document.value)) return document.value;
    else this.reject('wrong-type', 'X-Ray segment document is not an object');
    return undefined;
  }

  /** First pass: collects the calls and notes which spans and request ids the segment contributes to the trace. */
  #segment(node: JsonObject, trace: Trace): Segment {
    const origin = ownText(node, 'origin');
    const calls =
      origin === FUNCTION_ORIGIN ? callsOfFunction(node, homeOf(node, this.#defaults)) : linksOfService(node);
    const requestId = ownText(node, 'aws', 'request_id');
    for (const [span, carrier] of calls.carriers) {
      trace.carriers.set(span, carrier);
      if (origin === SERVICE_ORIGIN && requestId !== '') trace.requestIds.set(span, requestId);
    }
    return { node, origin, calls };
  }

  get #defaults(): Place {
    return this.#place.context.defaults;
  }

  /** Second pass: writes the row. */
  #row(segment: Segment, trace: Trace): void {
    const start = own(segment.node, 'start_time');
    if (start === undefined) this.reject('missing-field', 'segment without start_time');
    else if (typeof start !== 'number') this.reject('wrong-type', 'start_time is not a number');
    else if (segment.origin === FUNCTION_ORIGIN) this.#functionRow(segment, trace);
    else if (segment.origin === SERVICE_ORIGIN) this.#serviceRow(segment, trace);
    else this.#sourceRow(segment, trace);
  }

  #functionRow(segment: Segment, trace: Trace): void {
    const owner = functionOf(segment.node, this.#defaults);
    const key = owner?.key ?? this.#default;
    if (key === '') {
      this.reject('missing-field', 'segment of a function without its name; pass --function NAME');
      return;
    }
    if (this.#envelope !== '' && !sameFunction(key, this.#envelope)) {
      this.reject('identity-mismatch', `segment of ${key} from ${this.#envelope}`);
      return;
    }
    const rows = this.#start('xray', segment.node);
    const errorType = errorTypeOf(segment.node);
    setNames(this.#place, rows, { function: key, qualifier: owner?.qualifier ?? '', errorType });
    this.#phases(rows, segment.node, trace);
    this.#finish(rows, segment, trace);
  }

  /** Durations of the phases of an invocation; a phase `Initialization` means that the sandbox was new. */
  #phases(rows: BatchBuilder, node: JsonObject, trace: Trace): void {
    const phases = ownArray(node, 'subsegments');
    const initialization = phases.find((phase) => own(phase, 'name') === 'Initialization');
    const handlerMs = durationOf(phases.find((phase) => own(phase, 'name') === 'Invocation'));
    setAmounts(this.#place, rows, {
      durationMs: Number.isNaN(handlerMs) ? durationOf(node) : handlerMs,
      initMs: durationOf(initialization),
      memorySizeMb: trace.memorySizeMb,
    });
    if (initialization !== undefined) rows.flag(FLAG.cold);
  }

  #serviceRow(segment: Segment, trace: Trace): void {
    const owner = functionOf(segment.node, this.#defaults);
    const key = owner?.key ?? this.#default;
    if (spanOf(segment.node, 'id') === '') {
      this.#place.context.sink.note('segment-without-span');
      return;
    }
    const rows = this.#start('xray', segment.node);
    rows.flag(FLAG.link);
    setNames(this.#place, rows, { function: key, qualifier: owner?.qualifier ?? '' });
    setAmounts(this.#place, rows, { durationMs: durationOf(segment.node) });
    this.#finish(rows, segment, trace);
  }

  /** Gateways, state machines, queues, topics and other programs: what a function may have been called by. */
  #sourceRow(segment: Segment, trace: Trace): void {
    const { node } = segment;
    const source = sourceOf(segment, this.#defaults);
    if (source === undefined) {
      this.#place.context.sink.note('inferred-segment');
      return;
    }
    const rows = this.#start(source.isEdge ? 'edge' : 'xray', node);
    rows.trust(TRUST.xray);
    rows.flag(FLAG.link);
    setNames(this.#place, rows, {
      triggerKind: source.triggerKind,
      triggerSource: source.triggerSource,
      network: this.#place.context.tokens.network(ownText(node, 'http', 'request', 'client_ip')),
      client: clientClass(ownText(node, 'http', 'request', 'user_agent')),
    });
    setAmounts(this.#place, rows, {
      durationMs: durationOf(node),
      responseBytes: ownAmount(node, 'http', 'response', 'content_length'),
    });
    this.#finish(rows, segment, trace);
  }

  #start(kind: 'xray' | 'edge', node: JsonObject): BatchBuilder {
    return startRow(this.#place, { kind, source: 'xray', eventMs: millisecondsOf(node, 'start_time') });
  }

  /** What all rows share: outcome, identifiers and calls. */
  #finish(rows: BatchBuilder, segment: Segment, trace: Trace): void {
    const { node, calls } = segment;
    const parent = spanOf(node, 'parent_id');
    const requestId = ownText(node, 'aws', 'request_id') || ownText(node, 'aws', 'api_gateway', 'request_id');
    setNames(this.#place, rows, { status: statusOf(node), account: this.#defaults.account });
    setIds(rows, {
      traceId: ownText(node, 'trace_id') || trace.id,
      spanId: spanOf(node, 'id'),
      parentSpanId: trace.carriers.get(parent) ?? parent,
      requestId: requestId || (trace.requestIds.get(parent) ?? ''),
    });
    for (const call of calls.calls) addCall(this.#place, rows, withinTime(call));
    if (calls.cut) rows.flag(FLAG.callsCut);
    rows.end();
  }
}

/** A 32-bit float holds the offset; hours-long ones of forged segments are dropped. */
function withinTime(call: CallFields): CallFields {
  const offsetMs = call.offsetMs ?? Number.NaN;
  return Math.abs(offsetMs) < 86_400_000 ? call : { ...call, offsetMs: Number.NaN };
}

/** Account and region the segment's function lives in, as far as it says. */
function homeOf(node: JsonObject, defaults: Place): Place {
  const owner = functionOf(node, defaults);
  return owner === undefined ? defaults : { provider: 'aws', account: owner.account, region: owner.region };
}

/** The function a segment of the function or of the Lambda service is about. */
function functionOf(node: JsonObject, defaults: Place): FunctionIdentity | undefined {
  const place = {
    provider: 'aws',
    account: ownText(node, 'aws', 'account_id') || defaults.account,
    region: ownText(node, 'aws', 'region') || defaults.region,
  };
  const isInferred = own(node, 'inferred') === true;
  const candidates = [
    ownText(node, 'aws', 'function_arn'),
    ownText(node, 'resource_arn'),
    ownText(node, 'aws', 'function_name'),
    isInferred ? '' : ownText(node, 'name'),
  ];
  for (const reference of candidates) {
    const found = reference === '' ? undefined : functionOfReference(reference, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

interface TraceSource {
  readonly isEdge: boolean;
  readonly triggerKind: string;
  readonly triggerSource: string;
}

/** What a segment that is not Lambda's stands for; undefined for inferred ones that call nobody (buckets, tables). */
function sourceOf(segment: Segment, defaults: Place): TraceSource | undefined {
  const { node, origin } = segment;
  const api = own(own(node, 'aws'), 'api_gateway');
  if (origin === 'AWS::ApiGateway::Stage' || isObject(api)) {
    const method = ownText(node, 'http', 'request', 'method').toUpperCase();
    const stage = `apigateway:${ownText(api, 'rest_api_id') || ownText(api, 'api_id') || nameOf(node)}`;
    const name = `${stage}/${ownText(api, 'stage')}`.replace(/\/$/, '');
    return {
      isEdge: true,
      triggerKind: 'http',
      triggerSource: /^[A-Z]{3,10}$/.test(method) ? `${name} ${method}` : name,
    };
  }
  const isInferred = own(node, 'inferred') === true;
  const arn = ownText(node, 'resource_arn') || ownText(node, 'aws', 'topic_arn');
  const named = destinationOfArn(arn, defaults.account);
  if (origin === 'AWS::StepFunctions::StateMachine')
    return { isEdge: true, triggerKind: 'invoke', triggerSource: named || 'states' };
  if (origin.startsWith('AWS::SNS')) return { isEdge: false, triggerKind: 'topic', triggerSource: named || 'sns' };
  if (origin.startsWith('AWS::SQS')) {
    const queue = destinationOfResource('sqs', queueOfUrl(ownText(node, 'aws', 'queue_url')).name);
    return { isEdge: false, triggerKind: 'queue', triggerSource: named || queue };
  }
  if (isInferred) return undefined;
  const isEdge = /^AWS::(AppSync|ElasticLoadBalancing)/.test(origin);
  const service = serviceName(origin.split('::')[1] ?? 'app');
  return {
    isEdge,
    triggerKind: isEdge ? 'http' : 'other',
    triggerSource: named || `${service}/${nameOf(node)}`,
  };
}

/** Name of a segment. Programs may be named after the host they were asked as, whose labels the asker chooses. */
function nameOf(node: JsonObject): string {
  const name = ownText(node, 'name');
  const [host] = /^[\w-]+(?:\.[\w-]+)+/.exec(name) ?? [''];
  return host === '' || name.includes('@') ? name : plainHost(host, destinationOfHost(host));
}

/** ok, error, timeout or throttle; '' for a segment still in progress. */
function statusOf(node: JsonObject): string {
  if (own(node, 'throttle') === true) return 'throttle';
  if (own(node, 'error') === true || own(node, 'fault') === true) return timedOut(node) ? 'timeout' : 'error';
  return own(node, 'in_progress') === true ? '' : 'ok';
}

function timedOut(node: JsonObject): boolean {
  const [first] = ownArray(node, 'cause', 'exceptions');
  return (
    /(^|\s)Task timed out after /.test(ownText(first, 'message')) || /^Sandbox\.Timed/.test(ownText(first, 'type'))
  );
}

/** Class of the error, never its message. */
function errorTypeOf(node: JsonObject): string {
  const [first] = ownArray(node, 'cause', 'exceptions');
  return errorClass(ownText(first, 'type'));
}
