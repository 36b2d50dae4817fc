/**
 * What one function did in one minute or one hour, for charts. Sums and maxima only, so that two rows of the same
 * function can be merged by adding and comparing. Every number is finite; 0 where nothing was measured.
 */
export interface RollupRow {
  /** Function key. */
  readonly function: string;
  readonly count: number;
  readonly errors: number;
  readonly cold: number;
  readonly durationSumMs: number;
  readonly durationMaxMs: number;
  readonly bytesOutSum: number;
  readonly memoryMaxMb: number;
  /** Outbound calls of all its invocations. */
  readonly calls: number;
}

/** One minute of the functions that were active in it. Emitted once, at the tick that closes the minute. */
export interface MinuteRollup {
  /** Start of the minute, a multiple of 60,000. */
  readonly minuteMs: number;
  /** At most one row a function. */
  readonly rows: readonly RollupRow[];
}

/** A row of an hour: the same sums, and what was learned by its end. */
export interface HourRow extends RollupRow {
  /** Normal duration as low edge, centre and high edge, ms; all 0 while nothing is learned. */
  readonly durationBandMs: readonly [low: number, centre: number, high: number];
  /** 0: judged by others' experience, 1: by its own. */
  readonly maturity: number;
}

/** One hour of the functions that were active in it. Emitted once, at the tick that closes the hour. */
export interface HourRollup {
  /** Start of the hour, a multiple of 3,600,000. */
  readonly hourMs: number;
  readonly rows: readonly HourRow[];
}
