import type { Random } from '../../datasets/random.ts';
import type { Segment, Trace } from './traces.ts';

const FUNCTION = 'AWS::Lambda::Function';
const SERVICE = 'AWS::Lambda';
/** Repeats of a read. */
const REPEATS = { least: 20, most: 60 } as const;
const READS = /^(Get|BatchGet|Query|Scan|List|Head|Describe|Select|Receive)/;

/** One way to change a trace, the mark of a kind of attack. */
export interface Mutation {
  readonly id: 'newCallee' | 'newTrigger' | 'skippedStep' | 'repeatedRead' | 'swappedOrder' | 'consumerMissing';
  readonly what: string;
  /** Detectors that would be right to speak of it. */
  readonly detectors: readonly string[];
  /** Segments of the changed trace; undefined when the trace offers no place for it. */
  readonly apply: (trace: Trace, random: Random) => Segment[] | undefined;
}

/** They know the shape of X-Ray documents, never an application: functions, calls and places are drawn. */
export const MUTATIONS: readonly Mutation[] = [
  {
    id: 'newCallee',
    what: 'a function calls another one that it never called',
    detectors: ['egress.new-destination', 'flow.new-call', 'flow.new-edge'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const caller = drawn(functionsOf(segments), random);
      if (caller === undefined) return undefined;
      addCallee(segments, caller, random);
      return segments;
    },
  },
  {
    id: 'newTrigger',
    what: 'something that never fired a function fires it',
    detectors: ['flow.new-edge', 'access.new-trigger'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const fired = drawn(
        segments.filter((one) => one.origin === SERVICE),
        random,
      );
      if (fired === undefined) return undefined;
      fireBy(segments, fired, random);
      return segments;
    },
  },
  {
    id: 'skippedStep',
    what: 'a function leaves out one of its calls, and what it would have fired does not run',
    detectors: ['flow.missing-call', 'flow.missing-edge', 'flow.order'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const place = drawn(callPlaces(segments), random);
      if (place === undefined) return undefined;
      place.within.splice(place.within.indexOf(place.call), 1);
      return withoutBelow(segments, [place.call.id ?? '']);
    },
  },
  {
    id: 'repeatedRead',
    what: `a function makes a read it makes once ${REPEATS.least} to ${REPEATS.most} times`,
    detectors: ['flow.repeats', 'flow.order'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const places = callPlaces(segments);
      const reads = places.filter(({ call }) => READS.test(operationOf(call)));
      const place = drawn(reads, random);
      if (place === undefined) return undefined;
      repeat(place, REPEATS.least + random.below(REPEATS.most - REPEATS.least + 1));
      return segments;
    },
  },
  {
    id: 'swappedOrder',
    what: 'two calls of a function change places',
    detectors: ['flow.order'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const pairs = functionsOf(segments).flatMap((one) => neighbours(callsOf(one)));
      const pair = drawn(pairs, random);
      if (pair === undefined) return undefined;
      const [first, second] = pair;
      const { start_time, end_time } = first;
      first.start_time = second.start_time;
      first.end_time = second.end_time;
      second.start_time = start_time;
      second.end_time = end_time;
      return segments;
    },
  },
  {
    id: 'consumerMissing',
    what: 'a function that a call always fired does not run',
    detectors: ['flow.missing-edge'],
    apply(trace, random) {
      const segments = structuredClone(trace.segments) as Segment[];
      const ids = new Set(callPlaces(segments).map(({ call }) => call.id));
      const fired = drawn(
        segments.filter((one) => one.parent_id !== undefined && ids.has(one.parent_id)),
        random,
      );
      return fired === undefined ? undefined : withoutBelow(segments, [fired.parent_id ?? '']);
    },
  },
];

/** A call and the list it stands in. */
interface Place {
  readonly call: Segment;
  readonly within: Segment[];
}

function drawn<T>(list: readonly T[], random: Random): T | undefined {
  return list.length === 0 ? undefined : list[random.below(list.length)];
}

function functionsOf(segments: readonly Segment[]): Segment[] {
  return segments.filter((one) => one.origin === FUNCTION);
}

/** Calls of a segment in order of start. */
function callsOf(segment: Segment): Segment[] {
  return placesIn(segment)
    .map(({ call }) => call)
    .sort((a, b) => a.start_time - b.start_time);
}

function callPlaces(segments: readonly Segment[]): Place[] {
  return functionsOf(segments).flatMap(placesIn);
}

function placesIn(segment: Segment): Place[] {
  const within = segment.subsegments ?? [];
  return within.flatMap((one) => {
    const isCall = one.namespace === 'aws' || one.namespace === 'remote';
    return isCall ? [{ call: one, within }] : placesIn(one);
  });
}

/** Pairs of calls one after the other that differ. */
function neighbours(calls: readonly Segment[]): [Segment, Segment][] {
  return calls.slice(1).flatMap((call, at): [Segment, Segment][] => {
    const before = calls[at];
    const same = before.name === call.name && operationOf(before) === operationOf(call);
    return same ? [] : [[before, call]];
  });
}

function operationOf(call: Segment): string {
  const operation = fieldsOf(call['aws'])['operation'];
  return typeof operation === 'string' ? operation : '';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The segments that do not hang below one of these spans. */
function withoutBelow(segments: readonly Segment[], spans: readonly string[]): Segment[] {
  const gone = new Set(spans);
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of segments) {
      if (one.parent_id === undefined || !gone.has(one.parent_id) || gone.has(one.id ?? '')) continue;
      for (const id of spansOf(one)) gone.add(id);
      grew = true;
    }
  }
  return segments.filter((one) => one.parent_id === undefined || !gone.has(one.parent_id));
}

function spansOf(segment: Segment): string[] {
  return [segment.id ?? '', ...(segment.subsegments ?? []).flatMap(spansOf)];
}

/** Where a function's own work stands: the subsegment of the invocation, or the segment. */
function invocationOf(segment: Segment): Segment {
  return segment.subsegments?.find(({ name }) => name === 'Invocation') ?? segment;
}

function spanId(random: Random): string {
  const word = () => random.below(0x1_0000_0000).toString(16).padStart(8, '0');
  return word() + word();
}

function functionArn(segment: Segment, name: string): string {
  const arn = fieldsOf(segment['aws'])['function_arn'];
  return typeof arn === 'string' ? arn.replace(/[^:]+$/, name) : name;
}

function addCallee(segments: Segment[], caller: Segment, random: Random): void {
  const invocation = invocationOf(caller);
  // Those that hang below it are called already.
  const others = functionsOf(withoutBelow(segments, spansOf(caller))).filter((one) => one !== caller);
  const known = random.below(2) === 0 ? drawn(others, random) : undefined;
  const name = known?.name ?? `stranger-${random.below(1000)}`;
  const length = invocation.end_time - invocation.start_time;
  const start = invocation.start_time + (length * random.below(100)) / 100;
  const call: Segment = {
    id: spanId(random),
    name: 'Lambda',
    namespace: 'aws',
    start_time: start,
    end_time: start + length / 20,
    http: { response: { status: 200 } },
    aws: { region: 'us-east-1', operation: 'Invoke', function_name: name },
  };
  invocation.subsegments = [...(invocation.subsegments ?? []), call];
  segments.push({
    id: spanId(random),
    name,
    origin: FUNCTION,
    parent_id: call.id ?? '',
    trace_id: caller.trace_id ?? '',
    start_time: call.start_time,
    end_time: call.end_time,
    aws: { function_arn: functionArn(caller, name) },
  });
}

/** Has a service segment fired by a gateway, a function or a topic that nobody saw before, or by nobody. */
function fireBy(segments: Segment[], fired: Segment, random: Random): void {
  const kind = random.below(4);
  if (kind === 0) {
    delete fired.parent_id;
    return;
  }
  const id = spanId(random);
  const times = { start_time: fired.start_time - 0.02, end_time: fired.start_time };
  const common = { id, trace_id: fired.trace_id ?? '', ...times };
  const name = `stranger-${random.below(1000)}`;
  fired.parent_id = id;
  if (kind === 1) {
    const aws = { api_gateway: { account_id: '123456789012', rest_api_id: name, stage: 'prod' } };
    const http = { request: { method: 'POST' }, response: { status: 200 } };
    segments.push({ ...common, name: `${name}/prod`, origin: 'AWS::ApiGateway::Stage', http, aws });
  } else if (kind === 2) {
    const aws = { function_arn: `arn:aws:lambda:us-east-1:123456789012:function:${name}` };
    segments.push({ ...common, name, origin: FUNCTION, aws });
  } else {
    const topic = `arn:aws:sns:us-east-1:123456789012:${name}`;
    segments.push({ ...common, name: 'SNS', origin: 'AWS::SNS', resource_arn: topic });
  }
}

/** Makes a call many times, one after the other, in the time it took. */
function repeat({ call, within }: Place, times: number): void {
  const length = (call.end_time - call.start_time) / times;
  const copies = Array.from({ length: times }, (_, at) => ({
    ...structuredClone(call),
    ...(at === 0 ? {} : { id: `${(call.id ?? '').slice(0, 12)}${at.toString(16).padStart(4, '0')}` }),
    start_time: call.start_time + at * length,
    end_time: call.start_time + (at + 1) * length,
  }));
  within.splice(within.indexOf(call), 1, ...copies);
}
