import { CALLS_PER_ROW_MAX } from '@gait/engine/base/limits';
import type { CallFields } from '@gait/engine/event/batch-builder';
import {
  calledByArn,
  destinationOfHost,
  destinationOfResource,
  destinationOfUrl,
  plainHost,
  queueOfUrl,
  routeTemplate,
  serviceName,
} from './destination.ts';
import { functionOfReference, type Place } from './identity.ts';
import { type JsonObject, own, ownAmount, ownArray, ownNumber, ownPath, ownText } from './json-document.ts';

/** The calls of one segment, in order of their start, and which of its spans stand for which. */
export interface SegmentCalls {
  readonly calls: readonly CallFields[];
  /** More calls than a row holds. */
  readonly cut: boolean;
  /** For each span of the segment: itself if a row or call carries it, else the nearest enclosing one that is carried. */
  readonly carriers: ReadonlyMap<string, string>;
}

interface Subsegment {
  readonly node: unknown;
  readonly id: string;
  readonly startMs: number;
  /** Ids of the enclosing spans, innermost first. */
  readonly enclosing: readonly string[];
}

/** Fields of a segment that name what an AWS call touched, most telling first. */
const RESOURCE_FIELDS = [
  'bucket_name',
  'table_name',
  'queue_url',
  'topic_arn',
  'function_name',
  'stream_name',
] as const;

/**
 * What the function did: its subsegments in the `aws` and `remote` namespaces. Others (Invocation, Overhead, the
 * customer's own) only structure the trace.
 */
export function callsOfFunction(segment: JsonObject, home: Place): SegmentCalls {
  const isCall = (node: unknown) => own(node, 'namespace') === 'aws' || own(node, 'namespace') === 'remote';
  const startMs = millisecondsOf(segment, 'start_time');
  return collect(segment, isCall, (subsegment) => callOf(subsegment, startMs, home));
}

/** The spans of a service's own view (attempts, dwell time, integrations): only there so that parents can be followed. */
export function linksOfService(segment: JsonObject): SegmentCalls {
  const startMs = millisecondsOf(segment, 'start_time');
  const hasSpan = (node: unknown) => spanOf(node, 'id') !== '';
  return collect(segment, hasSpan, (subsegment) => ({ verb: 'link', ...timesOf(subsegment, startMs) }));
}

/** A span id in lower case, '' when it is none. */
export function spanOf(node: unknown, field: 'id' | 'parent_id'): string {
  const id = ownText(node, field);
  return /^[0-9a-fA-F]{16}$/.test(id) ? id.toLowerCase() : '';
}

/** A time of the document (seconds) in ms, NaN when absent. */
export function millisecondsOf(node: unknown, field: 'start_time' | 'end_time'): number {
  return ownNumber(node, field) * 1000;
}

/** Time from start to end in ms, NaN when one is missing, as in a segment in progress. */
export function durationOf(node: unknown): number {
  return millisecondsOf(node, 'end_time') - millisecondsOf(node, 'start_time');
}

/** HTTP-like outcome: the response's status, else what the error marks stand for, 0 when nothing says. */
export function httpStatusOf(node: unknown): number {
  const status = ownNumber(node, 'http', 'response', 'status');
  if (Number.isInteger(status) && status > 0 && status < 1000) return status;
  if (own(node, 'throttle') === true) return 429;
  if (own(node, 'fault') === true) return 500;
  return own(node, 'error') === true ? 400 : 0;
}

/** All subsegments below the segment, parents before children. Recursion is bounded by the depth of the document. */
function subsegments(node: unknown, enclosing: readonly string[], found: Subsegment[] = []): Subsegment[] {
  for (const child of ownArray(node, 'subsegments')) {
    const id = spanOf(child, 'id');
    found.push({ node: child, id, startMs: millisecondsOf(child, 'start_time'), enclosing });
    subsegments(child, id === '' ? enclosing : [id, ...enclosing], found);
  }
  return found;
}

function collect(
  segment: JsonObject,
  isWanted: (node: unknown) => boolean,
  describe: (subsegment: Subsegment) => CallFields,
): SegmentCalls {
  const id = spanOf(segment, 'id');
  const all = subsegments(segment, id === '' ? [] : [id]);
  const wanted = all.filter(({ node }) => isWanted(node)).sort(byStart);
  const kept = wanted.slice(0, CALLS_PER_ROW_MAX);
  const carried = new Set([id, ...kept.map((subsegment) => subsegment.id)]);
  const carriers = new Map([[id, id]]);
  for (const { id: span, enclosing } of all) {
    carriers.set(span, carried.has(span) ? span : (enclosing.find((outer) => carried.has(outer)) ?? id));
  }
  carriers.delete('');
  return { calls: kept.map(describe), cut: wanted.length > kept.length, carriers };
}

/** By start, those without one last; stable otherwise. */
function byStart(one: Subsegment, other: Subsegment): number {
  const first = Number.isNaN(one.startMs) ? Number.MAX_VALUE : one.startMs;
  const second = Number.isNaN(other.startMs) ? Number.MAX_VALUE : other.startMs;
  return first - second;
}

function callOf(subsegment: Subsegment, segmentStartMs: number, home: Place): CallFields {
  const { node } = subsegment;
  return {
    ...(own(node, 'namespace') === 'aws' ? awsCall(node, home) : remoteCall(node)),
    ...timesOf(subsegment, segmentStartMs),
    status: httpStatusOf(node),
    bytesIn: ownAmount(node, 'http', 'response', 'content_length'),
  };
}

function timesOf(subsegment: Subsegment, segmentStartMs: number) {
  const offsetMs = subsegment.startMs - segmentStartMs;
  const durationMs = durationOf(subsegment.node);
  return {
    offsetMs: Number.isFinite(offsetMs) ? offsetMs : Number.NaN,
    durationMs: durationMs >= 0 ? durationMs : Number.NaN,
    ...(subsegment.id === '' ? {} : { spanId: subsegment.id }),
  };
}

function awsCall(node: unknown, home: Place) {
  const service = serviceName(ownText(node, 'name'));
  const operation = ownText(node, 'aws', 'operation');
  const verb = /^[A-Za-z0-9]{1,64}$/.test(operation) ? `${service}:${operation}` : service;
  const named = resourceText(node);
  if (service === 'lambda') return { verb, ...functionCalled(named, node, home) };
  const called = calledByArn(named, home.account);
  if (called !== undefined) return { verb, ...called };
  const queue = queueOfUrl(named);
  const resource = /^https?:/.test(named) ? queue.name : named;
  const owner = queue.account === home.account ? '' : queue.account;
  return { verb, resource, destination: destinationOfResource(service, resource, owner) };
}

function functionCalled(named: string, node: unknown, home: Place) {
  const region = ownText(node, 'aws', 'region') || home.region;
  const account = ownText(node, 'aws', 'account_id') || home.account;
  const called = named === '' ? undefined : functionOfReference(named, { provider: 'aws', account, region });
  if (called === undefined) return { resource: '', destination: 'lambda' };
  return { resource: called.name, destination: destinationOfResource('lambda', called.key) };
}

function resourceText(node: unknown): string {
  for (const field of RESOURCE_FIELDS) {
    const text = ownText(node, 'aws', field);
    if (text !== '') return text;
  }
  const [first] = ownArray(node, 'aws', 'resource_names');
  return typeof first === 'string' ? first : '';
}

/** A call that is not AWS: HTTP by its URL, a database by its connection, else by the name, which is the host. */
function remoteCall(node: unknown) {
  const url = ownText(node, 'http', 'request', 'url');
  if (URL.canParse(url)) {
    const method = ownText(node, 'http', 'request', 'method').toUpperCase();
    const { hostname, pathname } = new URL(url);
    const destination = destinationOfUrl(url);
    const verb = /^[A-Z]{3,10}$/.test(method) ? `http:${method}` : 'http';
    return { verb, resource: plainHost(hostname, destination) + routeTemplate(pathname), destination };
  }
  const name = ownText(node, 'name');
  if (ownPath(node, 'sql') === undefined) return { verb: 'http', resource: '', destination: destinationOfHost(name) };
  const kind = ownText(node, 'sql', 'database_type').toLowerCase();
  const host = /\/\/(?:[^/@]*@)?([^/:?]+)/.exec(ownText(node, 'sql', 'url'))?.[1] ?? name.slice(name.indexOf('@') + 1);
  return {
    verb: /^[a-z0-9 ]{1,32}$/.test(kind) ? `sql:${kind}` : 'sql',
    resource: '',
    destination: destinationOfHost(host),
  };
}
