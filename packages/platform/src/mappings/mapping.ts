/** What the pollers know of event source mappings, which the control plane keeps. */

/** One mapping of an event source to a function. */
export interface Mapping {
  readonly uuid: string;
  /** A queue, or the stream of a table. */
  readonly eventSourceArn: string;
  /** With a version or alias, or without. */
  readonly functionArn: string;
  readonly batchSize: number;
  /** For how long a batch is gathered after its first record; 0: not at all. */
  readonly windowMs: number;
  readonly enabled: boolean;
  /** The function's answer names the records that failed (`ReportBatchItemFailures`). */
  readonly reportsItemFailures?: boolean;
  /** Streams only: after so many repetitions a batch is dropped. Without end if absent. */
  readonly maximumRetryAttempts?: number;
}

/** The mappings there are. */
export interface MappingTable {
  list(): readonly Mapping[];
  /** Calls back after any change of the list, for ever. */
  onChange(callback: () => void): void;
}

/** What became of the records of one mapping. */
export interface MappingCounts {
  /** Invocations that were answered, whatever the answer. */
  readonly invocations: number;
  readonly recordsDone: number;
  /** Given back to the source to be delivered again, or repeated from a stream. */
  readonly recordsFailed: number;
  /** Dropped after the last repetition. */
  readonly recordsDropped: number;
  /** Dropped because they alone are larger than an event may be. */
  readonly recordsTooLarge: number;
  /** Attempts that were refused for concurrency; the records waited. */
  readonly throttles: number;
  /** Attempts that could not be made at all: no such function, not allowed; the records waited. */
  readonly refusals: number;
}

/** Streams keep their order, so that one batch is out at a time; queues have none to keep. */
export function keepsOrder(eventSourceArn: string): boolean {
  return eventSourceArn.startsWith('arn:aws:dynamodb:');
}

/** Name and qualifier in the ARN of a function. A name alone is taken as it is. */
export function functionOf(functionArn: string): { name: string; qualifier: string | undefined } {
  const match = /^arn:[^:]+:lambda:[^:]*:\d*:function:([^:]+)(?::(.+))?$/.exec(functionArn);
  return match === null ? { name: functionArn, qualifier: undefined } : { name: match[1], qualifier: match[2] };
}
