/** Words of one sum: days learned, anchor, spread, sum, amount beyond the anchor, days that the sum has been above 0. */
export const CUSUM_WORDS = 6;
const DAYS = 0;
const ANCHOR = 1;
const SPREAD = 2;
const SUM = 3;
const EXCESS = 4;
const RUN = 5;

/** Days without which nothing is judged: every day of the week was seen. */
export const CUSUM_DAYS_MIN = 7;
/** Days until the anchor is drawn as a plain mean; then it holds. */
const ANCHORED_DAYS = 14;
/** What is left of the days of an anchor after a deployment: it is drawn anew on the next days. */
const REVISED_DAYS = 3;
/** A day on which a mature anchor moves moves it by this at most, in logarithms: 0.25 %. */
const DRIFT_MAX = 0.0025;
/** Days over which the spread is a mean. */
const SPREAD_DAYS = 28;
/** Least spread: a payload that is always the same may differ by 2 % from day to day. */
const SPREAD_MIN = 0.02;
/** Standard deviations in a mean absolute deviation, of a normal law. */
const SIGMAS = 1.2533;
/** Shifts below two standard deviations are not looked for: smaller ones are what a drift of 0.2 % a day looks like. */
const SLACK = 1;
/** One day says this much at most, in standard deviations: a record day alone is no slow drip. */
const STEP_MAX = 3;
/** Deviations of a day from which it does not move an anchor that is still being drawn. */
const ORDINARY = 1.5;
/** The sum holds at twice its limit, so that it comes down again within days once the cause is gone. */
const SUM_MAX = 10;
/** Sum from which it is a finding: of normal days one in 10^4.3 gets there, and real days are not normal. */
export const CUSUM_LIMIT = 5;
/** Decades in one standard deviation of the sum: D. Siegmund's approximation (1985), exp(-2 x slack x sum). */
const DECADES_PER_SIGMA = (2 * SLACK) / Math.LN10;

/**
 * Slow rise of a daily level against an anchor that hardly moves: a one-sided cumulative sum (E. S. Page 1954) of the daily
 * logarithm, in its own day-to-day standard deviations, each day clipped. The anchor is the mean of the first two weeks and may
 * then move 0.25 % a day (up, as long as the sum is above 0: noise would hide the direction otherwise), so that a drip cannot teach itself away and a drift of 0.2 % a day stays quiet. A deployment loosens a mature anchor:
 * half of the sum is forgotten, and the next days draw it anew.
 *
 * Silent for the first seven days, on falling levels, and on shifts below about the spread from day to day. NaN and
 * infinite levels are refused. A view over 32-bit floats; a zeroed record is empty. Cost 20 ns a day.
 */
export class AnchoredCusum {
  #f32: Float32Array = new Float32Array(CUSUM_WORDS);
  #at = 0;

  /** Points the view at the record whose first word is at `word`. */
  at(f32: Float32Array, word: number): this {
    this.#f32 = f32;
    this.#at = word;
    return this;
  }

  get days(): number {
    return this.#f32[this.#at + DAYS];
  }

  /** Sum, in standard deviations. */
  get sum(): number {
    return this.#f32[this.#at + SUM];
  }

  /** What the sum says, in decades of rarity. */
  get score(): number {
    return this.sum * DECADES_PER_SIGMA;
  }

  /** Expected level, as a logarithm. */
  get anchor(): number {
    return this.#f32[this.#at + ANCHOR];
  }

  /** Spread from day to day, as a share. */
  get spread(): number {
    return Math.max(SPREAD_MIN, this.#f32[this.#at + SPREAD] * SIGMAS);
  }

  /** Days that the sum has been above 0, and what came beyond the anchor in them. */
  get run(): number {
    return this.#f32[this.#at + RUN];
  }

  get excess(): number {
    return this.#f32[this.#at + EXCESS];
  }

  /**
   * Judges and learns a day: `level` is the logarithm of its amount, `excess(expected)` what of the amount lies beyond an expected
   * level; it is added up as long as the sum is above 0. `held`: the anchor is not to move.
   */
  close(level: number, of: { readonly held: boolean; excess(expected: number): number }): boolean {
    if (!Number.isFinite(level)) return false;
    const f32 = this.#f32;
    const at = this.#at;
    const days = f32[at + DAYS];
    if (days < CUSUM_DAYS_MIN) {
      if (days > 0) this.#widen(Math.abs(level - f32[at + ANCHOR]));
      f32[at + ANCHOR] += (level - f32[at + ANCHOR]) / (days + 1);
      f32[at + DAYS] = days + 1;
      return true;
    }
    const gap = level - f32[at + ANCHOR];
    // A spread known from few days is taken as wider.
    const deviations = gap / (this.spread * (1 + 1 / Math.sqrt(days)));
    this.#add(Math.max(-STEP_MAX, Math.min(STEP_MAX, deviations)), Math.max(0, of.excess(f32[at + ANCHOR])));
    if (of.held) return true;
    this.#widen(Math.min(Math.abs(gap), STEP_MAX * this.spread));
    if (days < ANCHORED_DAYS && Math.abs(deviations) < ORDINARY) f32[at + ANCHOR] += gap / days;
    else f32[at + ANCHOR] += f32[at + SUM] > 0 ? DRIFT_MAX : Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, gap));
    f32[at + DAYS] = Math.min(65_535, days + 1);
    return true;
  }

  /** A deployment: a mature anchor is drawn anew. One that is being drawn already is not drawn for longer. */
  revise(): void {
    const f32 = this.#f32;
    if (f32[this.#at + DAYS] < ANCHORED_DAYS) return;
    f32[this.#at + DAYS] = REVISED_DAYS;
    f32[this.#at + SUM] /= 2;
  }

  /** Somebody declared the latest days normal. */
  forgive(): void {
    this.#f32.fill(0, this.#at + SUM, this.#at + CUSUM_WORDS);
  }

  #add(step: number, excess: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    const sum = Math.min(SUM_MAX, Math.max(0, f32[at + SUM] + step - SLACK));
    f32[at + SUM] = sum;
    f32[at + RUN] = sum === 0 ? 0 : f32[at + RUN] + 1;
    f32[at + EXCESS] = sum === 0 ? 0 : f32[at + EXCESS] + excess;
  }

  #widen(deviation: number): void {
    const f32 = this.#f32;
    const days = Math.max(1, Math.min(SPREAD_DAYS, f32[this.#at + DAYS]));
    f32[this.#at + SPREAD] += (deviation - f32[this.#at + SPREAD]) / days;
  }
}
