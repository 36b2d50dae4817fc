/** One end of an edge: seeded hash and text of a function key or gateway. */
export interface EdgeEnd {
  readonly hash: number;
  readonly name: string;
}

/** "Who called whom", resolved from the spans of a trace. */
export interface Edge {
  readonly caller: EdgeEnd;
  readonly callee: EdgeEnd;
  readonly ordinal: number;
  readonly eventMs: number;
  readonly traceId: string;
  readonly requestId: string;
}
