/** What the pollers know and tell of event source mappings, which the control plane keeps. */

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
