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

/** The first function of a trace that makes a call to a cloud service, with its invocation and that call. */
function firstCaller(segments: readonly Segment[]): { function: Segment; invocation: Segment; call: Segment } {
  const functions = segments.filter((one) => one.origin === 'AWS::Lambda::Function');
  for (const one of functions.toSorted((a, b) => a.start_time - b.start_time)) {
    const invocation = one.subsegments?.find((sub) => sub.name === 'Invocation') ?? one;
    const call = firstCall(invocation);
    if (call !== undefined) return { function: one, invocation, call };
  }
  throw new Error('no function of this trace makes a call');
}

/** The function of a trace that began last, with its last call to a cloud service. */
function lastCaller(segments: readonly Segment[]): { function: Segment; call: Segment } {
  const functions = segments.filter((one) => one.origin === 'AWS::Lambda::Function');
  for (const one of functions.toSorted((a, b) => b.start_time - a.start_time)) {
    const call = callsOf(one).at(-1);
    if (call !== undefined) return { function: one, call };
  }
  throw new Error('no function of this trace makes a call');
}

function callsOf(within: Segment): Segment[] {
  const own = within['namespace'] === 'aws' ? [within] : [];
  return [...own, ...(within.subsegments ?? []).flatMap(callsOf)];
}

function firstCall(within: Segment): Segment | undefined {
  for (const sub of within.subsegments ?? []) {
    if (sub['namespace'] === 'aws') return sub;
    const deeper = firstCall(sub);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
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
