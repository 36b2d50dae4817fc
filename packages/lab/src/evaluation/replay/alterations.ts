/** A segment or subsegment of an X-Ray document, as far as alterations touch it. */
interface Segment {
  name?: string;
  origin?: string;
  id?: string;
  start_time: number;
  end_time: number;
  trace_id?: string;
  subsegments?: Segment[];
  [field: string]: unknown;
}

/** What one alteration does to a trace, and the detectors that would be right to speak of it. */
export interface Alteration {
  readonly id: string;
  readonly what: string;
  readonly detectors: readonly string[];
  /** Changes the segments of one trace in place. */
  readonly apply: (segments: Segment[]) => void;
}

/**
 * Ways to alter one real trace by hand, each the mark of a kind of attack. They know the shape of X-Ray documents, not
 * the application: the function altered is the first one in the trace that makes calls.
 */
export const ALTERATIONS: readonly Alteration[] = [
  {
    id: 'callee-never-seen',
    what: 'calls another function',
    detectors: ['egress.new-destination', 'flow.new-edge'],
    apply(segments) {
      const { invocation, function: caller } = firstCaller(segments);
      const id = 'c0ffee0000000001';
      const call = awsCall(id, invocation, { operation: 'Invoke', function_name: 'altered-callee' });
      invocation.subsegments?.push({ ...call, name: 'Lambda' });
      const arn = String(functionArn(caller)).replace(/[^:]+$/, 'altered-callee');
      segments.push({
        id: 'c0ffee0000000002',
        name: 'altered-callee',
        origin: 'AWS::Lambda::Function',
        parent_id: id,
        trace_id: caller.trace_id ?? '',
        start_time: call.start_time,
        end_time: call.end_time,
        aws: { function_arn: arn },
      });
    },
  },
  {
    id: 'fires-unknown-function',
    what: 'fires a function nobody saw through its usual call',
    detectors: ['flow.new-edge'],
    apply(segments) {
      // The last function calls no other: what it writes now fires one, as an event source added by somebody would.
      const { function: caller, call } = lastCaller(segments);
      const arn = String(functionArn(caller)).replace(/[^:]+$/, 'altered-consumer');
      segments.push({
        id: 'c0ffee0000000006',
        name: 'altered-consumer',
        origin: 'AWS::Lambda::Function',
        parent_id: call.id ?? '',
        trace_id: caller.trace_id ?? '',
        start_time: call.end_time,
        end_time: call.end_time + 0.05,
        aws: { function_arn: arn },
      });
    },
  },
  {
    id: 'consumer-missing',
    what: 'no longer fires the function it always fired',
    detectors: ['flow.missing-call'],
    apply(segments) {
      const { function: gone } = lastCaller(segments);
      const left = segments.filter((one) => one.name !== gone.name);
      segments.splice(0, segments.length, ...left);
    },
  },
  {
    id: 'table-never-read',
    what: 'scans a table it never touched',
    detectors: ['egress.new-destination', 'flow.new-call'],
    apply(segments) {
      const { invocation } = firstCaller(segments);
      const call = awsCall('c0ffee0000000003', invocation, { operation: 'Scan', table_name: 'altered-customers' });
      invocation.subsegments?.push({ ...call, name: 'DynamoDB' });
    },
  },
  {
    id: 'host-never-contacted',
    what: 'posts to a host it never contacted',
    detectors: ['egress.new-destination'],
    apply(segments) {
      const { invocation } = firstCaller(segments);
      invocation.subsegments?.push({
        ...awsCall('c0ffee0000000004', invocation, {}),
        name: 'altered.example',
        namespace: 'remote',
        http: { request: { method: 'POST', url: 'https://altered.example/drop' }, response: { status: 200 } },
      });
    },
  },
  {
    id: 'operation-never-used',
    what: 'deletes where it only wrote or read',
    detectors: ['flow.new-call'],
    apply(segments) {
      const { invocation, call } = firstCaller(segments);
      const aws = { ...fieldsOf(call['aws']), operation: 'DeleteObject' };
      const times = awsCall('c0ffee0000000005', invocation, {});
      invocation.subsegments?.push({ ...call, ...times, aws });
    },
  },
  {
    id: 'step-missing',
    what: 'leaves out its usual call',
    detectors: ['flow.missing-call'],
    apply(segments) {
      const { invocation } = firstCaller(segments);
      invocation.subsegments = [];
    },
  },
  {
    id: 'ran-100-times-longer',
    what: 'runs a hundred times longer',
    detectors: ['timing.tail'],
    apply(segments) {
      const { invocation, function: slow } = firstCaller(segments);
      const more = 100 * (invocation.end_time - invocation.start_time);
      invocation.end_time += more;
      slow.end_time += more;
    },
  },
];

/** Applies an alteration to one line of a file of traces (`{Id, Segments: [{Document}]}`). */
export function altered(line: string, alteration: Alteration): string {
  const trace: { Segments: { Id?: string; Document: string }[] } = JSON.parse(line);
  const segments = trace.Segments.map((one) => JSON.parse(one.Document) as Segment);
  alteration.apply(segments);
  const Segments = segments.map((one) => ({ Id: one.id, Document: JSON.stringify(one) }));
  return JSON.stringify({ ...trace, Segments });
}

/** The functions of a trace that make calls to cloud services, in order of time. */
function callersIn(segments: readonly Segment[]): { function: Segment; invocation: Segment; calls: Segment[] }[] {
  const callers = segments
    .filter((one) => one.origin === 'AWS::Lambda::Function')
    .toSorted((a, b) => a.start_time - b.start_time)
    .map((one) => {
      const invocation = one.subsegments?.find((sub) => sub.name === 'Invocation') ?? one;
      return { function: one, invocation, calls: callsOf(invocation) };
    })
    .filter(({ calls }) => calls.length > 0);
  if (callers.length === 0) throw new Error('no function of this trace makes a call');
  return callers;
}

/** The first of them, with its first call. */
function firstCaller(segments: readonly Segment[]): { function: Segment; invocation: Segment; call: Segment } {
  const [first] = callersIn(segments);
  return { ...first, call: first.calls[0] };
}

/** The last of them, with its last call. */
function lastCaller(segments: readonly Segment[]): { function: Segment; call: Segment } {
  const callers = callersIn(segments);
  const last = callers[callers.length - 1];
  return { ...last, call: last.calls[last.calls.length - 1] };
}

function callsOf(within: Segment): Segment[] {
  return (within.subsegments ?? []).flatMap((sub) => (sub['namespace'] === 'aws' ? [sub] : callsOf(sub)));
}

function functionArn(segment: Segment): unknown {
  return fieldsOf(segment['aws'])['function_arn'];
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function awsCall(id: string, invocation: Segment, aws: Record<string, unknown>): Segment {
  const start = invocation.start_time + (invocation.end_time - invocation.start_time) / 3;
  const end = start + (invocation.end_time - invocation.start_time) / 10;
  const http = { response: { status: 200 } };
  return { id, start_time: start, end_time: end, namespace: 'aws', http, aws: { region: 'us-east-1', ...aws } };
}
