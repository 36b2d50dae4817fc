import { ACCOUNT, REGION } from '../company.ts';
import type { Invocation, MadeCall } from '../invocation.ts';
import { Random } from '../random.ts';

/** Spans that end within this time are exported together. */
const EXPORT_MS = 60_000;
const SERVER = 2;
const CLIENT = 3;
const OK = 1;
const ERROR = 2;

/**
 * Invocations as OpenTelemetry spans, in the form a collector writes to a file: one export request a line (OTLP/JSON),
 * each with the spans of one sandbox.
 */
export function exportRequests(invocations: readonly Invocation[], seed: number): string {
  const random = new Random(seed, 'spans');
  const together = Map.groupBy(invocations, ({ startMs }) => Math.floor(startMs / EXPORT_MS));
  const lines = [...together.values()].map((invoked) => {
    const bySandbox = Map.groupBy(invoked, ({ instance }) => instance);
    const resourceSpans = [...bySandbox.values()].map((group) => ({
      resource: { attributes: resourceAttributes(group[0]) },
      scopeSpans: [
        { scope: { name: 'spokewell-tracing', version: '1.4.0' }, spans: group.flatMap((one) => spansOf(one, random)) },
      ],
    }));
    return `${JSON.stringify({ resourceSpans })}\n`;
  });
  return lines.join('');
}

function resourceAttributes({ spec, revision, instance }: Invocation) {
  return [
    text('cloud.provider', 'aws'),
    text('cloud.platform', 'aws_lambda'),
    text('cloud.account.id', ACCOUNT),
    text('cloud.region', REGION),
    text('faas.name', spec.name),
    text('faas.version', revision),
    text('faas.instance', instance),
    whole('faas.max_memory', spec.memorySizeMb * 1_048_576),
  ];
}

function spansOf(invocation: Invocation, random: Random) {
  const { arrival, behaviour, traceId } = invocation;
  const spanId = random.hex(16);
  const [method, route] = behaviour.triggerSource.split(' ', 2);
  const failed = arrival.error !== undefined;
  const server = {
    traceId,
    spanId,
    name: behaviour.triggerSource,
    kind: SERVER,
    ...times(invocation.startMs, invocation.durationMs),
    attributes: [
      text('faas.trigger', 'http'),
      text('faas.invocation_id', invocation.requestId),
      ...(invocation.cold ? [{ key: 'faas.coldstart', value: { boolValue: true } }] : []),
      text('http.request.method', method),
      text('http.route', route),
      whole('http.response.status_code', failed ? 500 : 200),
      whole('http.response.body.size', invocation.responseBytes),
      text('client.address', arrival.visitor?.network ?? ''),
    ],
    status: { code: failed ? ERROR : OK },
  };
  return [server, ...invocation.calls.map((call) => clientSpan(invocation, call, { parent: spanId, random }))];
}

function clientSpan(
  { traceId, startMs }: Invocation,
  call: MadeCall,
  { parent, random }: { readonly parent: string; readonly random: Random },
) {
  return {
    traceId,
    spanId: random.hex(16),
    parentSpanId: parent,
    name: call.verb,
    kind: CLIENT,
    ...times(startMs + call.offsetMs, call.durationMs),
    attributes: call.verb.startsWith('http:') ? httpAttributes(call) : tableAttributes(call),
    status: { code: OK },
  };
}

function httpAttributes(call: MadeCall) {
  const slash = call.resource.indexOf('/');
  return [
    text('http.request.method', call.verb.slice('http:'.length)),
    text('server.address', call.resource.slice(0, slash)),
    text('url.template', call.resource.slice(slash)),
    whole('http.response.status_code', call.status),
    whole('http.response.body.size', call.bytesIn),
  ];
}

function tableAttributes(call: MadeCall) {
  return [
    text('db.system.name', 'aws.dynamodb'),
    text('db.operation.name', call.verb.slice(call.verb.indexOf(':') + 1)),
    text('db.collection.name', call.resource),
  ];
}

function times(startMs: number, durationMs: number) {
  return { startTimeUnixNano: nanoseconds(startMs), endTimeUnixNano: nanoseconds(startMs + durationMs) };
}

/** Microseconds are as far as the recording goes; the format wants nine digits. */
function nanoseconds(timeMs: number): string {
  return `${Math.round(timeMs * 1000)}000`;
}

function text(key: string, stringValue: string) {
  return { key, value: { stringValue } };
}

function whole(key: string, value: number) {
  return { key, value: { intValue: String(value) } };
}
