import { CALLS_PER_ROW_MAX } from '../base/limits.ts';
import type { Batch } from '../event/batch.ts';
import { FLAG, NUMBERS, SYMBOLS } from '../event/schema.ts';

/**
 * What is known about one invocation (or one audited act) at the moment it is scored or learned: one facet, or several
 * joined. One object is reused for all rows, so detectors must not keep it. Symbols and calls are 32-bit seeded hashes
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
  readonly numbers = new Float64Array(NUMBERS.length).fill(Number.NaN);
  readonly symbols = new Uint32Array(SYMBOLS.length);
  /** Facet bits that may describe calls were present: an empty call list then means "made none". */
  callsKnown = false;
  callCount = 0;
  /** Hash of verb and resource together: the token of the call flow. */
  readonly callToken = new Uint32Array(CALLS_PER_ROW_MAX);
  readonly callDestination = new Uint32Array(CALLS_PER_ROW_MAX);
  readonly callBytesOut = new Float64Array(CALLS_PER_ROW_MAX);
  /**
   * Where the function's categories hold these calls and their destinations, -1 when unseen: looked up once for all
   * detectors, before scoring and again before learning. Repeated values of one observation are -2 after the first.
   */
  readonly callEntry = new Int32Array(CALLS_PER_ROW_MAX);
  readonly destinationEntry = new Int32Array(CALLS_PER_ROW_MAX);
  /** Where texts come from while scoring: the batch and row being scored; undefined when learning from a joined record. */
  batch: Batch | undefined = undefined;
  row = 0;
  /** True inside a training span: trust is not made to wait for distinct days, and nothing is reported. */
  training = false;

  get cold(): boolean {
    return (this.flags & FLAG.cold) !== 0;
  }
}
