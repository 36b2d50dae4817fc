/** Exponent of the sizes of record breaks: measured on benign invocation counts, and taken for other loads of the same kind. */
const EXPONENT = 5.5;

/** What is known of breaking a record, from the fleet. */
export interface RecordPrior {
  /** Windows that the chance of breaking a record counts as: chance = kappa/(n + kappa). */
  readonly kappa: number;
  /** Mean of the logarithm of how far a benign break goes. */
  readonly meanBreak: number;
  /** Smallest difference that means anything, in the unit of the value: added to both sides of the ratio. */
  readonly effect: number;
}

/**
 * Decades of rarity of a value above everything seen in `windows` earlier windows: the chance of breaking the record at all, times the
 * Pareto tail of how far benign breaks go. 0 when the record stands. Both parts are measured on real invocation counts
 * (shared design of the rate detector); a value that follows a trend breaks its record every day, by little.
 */
export function recordDecades(value: number, record: number, of: { windows: number; prior: RecordPrior }): number {
  if (!(value > record)) return 0;
  const { kappa, meanBreak, effect } = of.prior;
  const size = Math.log((value + effect) / (record + effect));
  const broken = kappa / (of.windows + kappa);
  return (EXPONENT * Math.log1p(size / (meanBreak * (EXPONENT - 1))) - Math.log(broken)) / Math.LN10;
}
