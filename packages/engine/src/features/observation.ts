import { CALLS_PER_ROW_MAX } from '../base/limits.ts';
import type { Batch } from '../event/batch.ts';
import { FLAG, NUMBERS, SYMBOL, SYMBOLS } from '../event/schema.ts';

/**
 * Groups of fields that several facets of one invocation may carry. The baseline of a group is learned from the best of
 * them, so only that one is judged by it: others may name the same things differently, or see fewer of them.
 */
export const FIELDS = { calls: 0, trigger: 1, principal: 2, error: 3 } as const;
/** Number of groups in `FIELDS`. */
export const FIELD_GROUPS = 4;

/**
 * What is known about one invocation (or one audited act) at the moment it is scored or learned: one facet, or several
 * joined. A few objects are reused for all rows, so detectors must not keep it. Symbols and calls are 32-bit seeded hashes
 * of their texts (0: absent), numbers are NaN when absent.
 */
export class Observation {
  /** Stamp of the row, ms. All decisions about time use this, never a clock. */
  nowMs = 0;
  eventMs = 0;
  ordinal = 0;
  /** Bit `1 << FACET[kind]` for each facet joined in. */
  facets = 0;
  /** Most trusted class among the facets. */
  trust = 0;
  flags = 0;
  readonly numbers: Float64Array;
  readonly symbols: Uint32Array;
  /** Facet bits that may describe calls were present: an empty call list then means "made none". */
  callsKnown = false;
  callCount = 0;
  /** Hash of verb and resource together: the token of the call flow. */
  readonly callToken = new Uint32Array(CALLS_PER_ROW_MAX);
  readonly callDestination = new Uint32Array(CALLS_PER_ROW_MAX);
  readonly callBytesOut = new Float64Array(CALLS_PER_ROW_MAX);
  readonly callBytesIn = new Float64Array(CALLS_PER_ROW_MAX);
  /** What each call does to what is stored there (`VERB_CLASS`). */
  readonly callClass = new Uint8Array(CALLS_PER_ROW_MAX);
  /** Fingerprint of calls and trigger together (`shapeOf`); 0 until it is asked for. */
  shape = 0;
  /**
   * Calls and trigger are those of the function's habit (`Categories.repeats`): nothing of them is new, suspect or missing,
   * and the habit counts them, so detectors need not look at them one by one.
   */
  habitual = false;
  /**
   * Where the function's categories hold these calls and their destinations, -1 when unseen: looked up once for all
   * detectors, before scoring and again before learning. Repeated values of one observation are -2 after the first. Not
   * set where the observation is `habitual`.
   */
  readonly callEntry = new Int32Array(CALLS_PER_ROW_MAX);
  readonly destinationEntry = new Int32Array(CALLS_PER_ROW_MAX);
  /** The same for the principal; set in any case. */
  principalEntry = -1;
  /** Where texts come from while scoring: the batch and row being scored; undefined when learning from a joined record. */
  batch: Batch | undefined = undefined;
  row = 0;
  /** Rank of the facet each group of `FIELDS` of a joined record comes from (`FACET_RANK`), 0 when no usual one has it. */
  readonly fieldRanks = new Uint8Array(FIELD_GROUPS);
  /** Bit `1 << group` for each group of `FIELDS` that the function's baseline learns from another facet than this row's. */
  foreign = 0;
  /** True inside a training span: trust is not made to wait for distinct days, and nothing is reported. */
  training = false;

  constructor(numbers = new Float64Array(NUMBERS.length).fill(Number.NaN), symbols = new Uint32Array(SYMBOLS.length)) {
    this.numbers = numbers;
    this.symbols = symbols;
  }

  /** True when a group of `FIELDS` is present in a row, or may say that there was none. */
  has(group: number): boolean {
    const { symbols } = this;
    if (group === FIELDS.calls) return this.callsKnown;
    if (group === FIELDS.trigger) return symbols[SYMBOL.triggerKind] !== 0 || symbols[SYMBOL.triggerSource] !== 0;
    return symbols[group === FIELDS.principal ? SYMBOL.principal : SYMBOL.errorType] !== 0;
  }

  /** True when a group of `FIELDS` is to be judged by another facet. */
  isForeign(group: number): boolean {
    return (this.foreign & (1 << group)) !== 0;
  }

  get cold(): boolean {
    return (this.flags & FLAG.cold) !== 0;
  }
}

/** Observations that are filled together, column by column. */
export class Observations {
  readonly rows: readonly Observation[];
  /** Numbers and symbols of all of them, one after the other. */
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly symbols: Uint32Array<ArrayBuffer>;

  constructor(count: number) {
    this.numbers = new Float64Array(count * NUMBERS.length).fill(Number.NaN);
    this.symbols = new Uint32Array(count * SYMBOLS.length);
    this.rows = Array.from({ length: count }, (_, at) => {
      const numbers = this.numbers.subarray(at * NUMBERS.length, (at + 1) * NUMBERS.length);
      return new Observation(numbers, this.symbols.subarray(at * SYMBOLS.length, (at + 1) * SYMBOLS.length));
    });
  }
}
