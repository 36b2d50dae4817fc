/**
 * Words of one sum: days that the anchor rests on, anchor, spread, sum, amount beyond the anchor, days that the sum has been above
 * 0, days learned, variance of what deployments do to the level.
 */
export const CUSUM_WORDS = 8;
const DAYS = 0;
const ANCHOR = 1;
const SPREAD = 2;
const SUM = 3;
const EXCESS = 4;
const RUN = 5;
const SEEN = 6;
const SHIFTS = 7;

/** Days without which nothing is judged: every day of the week was seen. */
export const CUSUM_DAYS_MIN = 7;
/** Days until the anchor is drawn as a plain mean; then it holds. */
const ANCHORED_DAYS = 14;
/** What deployments are taken to do to a level before any was seen (variance of its logarithm: 10 %), and at least. */
const SHIFTS_PRIOR = 0.01;
const SHIFTS_MIN = 0.00001;
/** Share of the latest deployment in what is known of them, and how much one may say, in deviations: one does not explain itself. */
const SHIFTS_RATE = 0.1;
const SHIFT_DEVIATIONS = 3;
/** Days below which an anchor is as good as unknown: a deployment that is known to move levels has just come. */
const LOOSE_DAYS = 1;
/** A day on which a mature anchor moves moves it by this at most, in logarithms: 0.25 %. */
const DRIFT_MAX = 0.0025;
/** Days over which the spread is a mean. */
const SPREAD_DAYS = 28;
/** Least spread: a payload that is always the same may differ by 2 % from day to day. */
const SPREAD_MIN = 0.02;
/** A spread known from so many days may be half of what it is. */
const SPREAD_DOUBT_DAYS = 4;
/** Standard deviations in a mean absolute deviation, of a normal law. */
const SIGMAS = 1.2533;
/** What a day is above the anchor without adding to the sum, in standard deviations: a drift of 0.2 % a day looks like that. */
const SLACK = 1.2;
/** One day says this much at most, in standard deviations: a record day alone is no slow drip. */
const STEP_MAX = 3;
/** Deviations of a day from which it does not move an anchor that is still being drawn. */
const ORDINARY = 1.5;
/** The sum holds at twice its limit, so that it comes down again within days once the cause is gone. */
const SUM_MAX = 10;
/** Sum from which it is a finding: of normal days one in 10^5 gets there, and real days are not normal. */
export const CUSUM_LIMIT = 5;
/** Decades in one standard deviation of the sum: D. Siegmund's approximation (1985), exp(-2 x slack x sum). */
const DECADES_PER_SIGMA = (2 * SLACK) / Math.LN10;
/** The same limit in decades of rarity. */
export const CUSUM_LIMIT_DECADES = CUSUM_LIMIT * DECADES_PER_SIGMA;

/** How a day is closed. */
export interface ClosedDay {
  readonly held: boolean;
  readonly revised: boolean;
  excess(expected: number): number;
}

/**
 * Slow rise of a daily level against an anchor that hardly moves: a one-sided cumulative sum (E. S. Page 1954) of the daily
 * logarithm, in its own day-to-day standard deviations, each day clipped. The anchor is the mean of the first two weeks and may
 * then move 0.25 % a day (up, as long as the sum is above 0: noise would hide the direction otherwise), so that a drip cannot
 * teach itself away and a drift of 0.2 % a day stays quiet. A deployment loosens it by what deployments were seen to do to the
 * level (R. E. Kalman 1960, a local level whose variance grows at known points): where they do nothing, they hide nothing.
 *
 * Silent for the first seven days, on falling levels, and on shifts below about the spread from day to day. NaN and
 * infinite levels are refused. A view over 32-bit floats; a zeroed record is empty. Cost 30 ns a day.
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

  /** Days learned. */
  get days(): number {
    return this.#f32[this.#at + SEEN];
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
   * level; it is added up as long as the sum is above 0. `held`: the anchor is not to move. `revised`: it saw a deployment.
   */
  close(level: number, of: ClosedDay): boolean {
    if (!Number.isFinite(level)) return false;
    const f32 = this.#f32;
    const at = this.#at;
    const seen = f32[at + SEEN];
    f32[at + SEEN] = Math.min(65_535, seen + 1);
    if (seen < CUSUM_DAYS_MIN) {
      this.#draw(level);
      return true;
    }
    const gap = level - f32[at + ANCHOR];
    if (of.revised) this.#loosen();
    const days = f32[at + DAYS];
    // The next day varies, and so does an anchor that rests on few days.
    const deviations = gap / (this.spread * (1 + SPREAD_DOUBT_DAYS / seen) * Math.sqrt(1 + 1 / days));
    this.#add(Math.max(-STEP_MAX, Math.min(STEP_MAX, deviations)), Math.max(0, of.excess(f32[at + ANCHOR])));
    if (!of.held) this.#move(gap, deviations);
    // The day of a deployment is part old, part new: the day after it is loose, too.
    if (of.revised) {
      this.#learnShift(gap);
      this.#loosen();
    }
    return true;
  }

  /** Begins to sum anew: what it said was told, or somebody declared the latest days normal. */
  restart(): void {
    this.#f32.fill(0, this.#at + SUM, this.#at + RUN + 1);
  }

  /** Draws the anchor and the spread of the first days. */
  #draw(level: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    const days = f32[at + DAYS];
    if (days > 0) this.#widen(Math.abs(level - f32[at + ANCHOR]));
    f32[at + ANCHOR] += (level - f32[at + ANCHOR]) / (days + 1);
    f32[at + DAYS] = days + 1;
    f32[at + SHIFTS] = SHIFTS_PRIOR;
  }

  /** Moves the anchor: towards an ordinary day while it is being drawn, then as far as it still may. */
  #move(gap: number, deviations: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    const days = f32[at + DAYS];
    const settled = days >= ANCHORED_DAYS;
    if (settled) this.#widen(Math.min(Math.abs(gap), STEP_MAX * this.spread));
    if (days < LOOSE_DAYS || (!settled && Math.abs(deviations) < ORDINARY)) f32[at + ANCHOR] += gap / (days + 1);
    else f32[at + ANCHOR] += f32[at + SUM] > 0 ? DRIFT_MAX : Math.max(-DRIFT_MAX, Math.min(DRIFT_MAX, gap));
    f32[at + DAYS] = Math.min(65_535, days + 1);
  }

  /** Learns what a deployment did to the level, the variation of days aside. */
  #learnShift(gap: number): void {
    const f32 = this.#f32;
    const known = f32[this.#at + SHIFTS];
    const most = SHIFT_DEVIATIONS * SHIFT_DEVIATIONS * known;
    const shift = Math.min(most, gap * gap - this.spread * this.spread * (1 + 1 / f32[this.#at + DAYS]));
    f32[this.#at + SHIFTS] = Math.max(SHIFTS_MIN, known + (shift - known) * SHIFTS_RATE);
  }

  /** The level may have changed as deployments change it: the anchor rests on fewer days. */
  #loosen(): void {
    const f32 = this.#f32;
    const share = f32[this.#at + SHIFTS] / (this.spread * this.spread);
    f32[this.#at + DAYS] = 1 / (1 / f32[this.#at + DAYS] + share);
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
    const days = Math.max(1, Math.min(SPREAD_DAYS, f32[this.#at + SEEN] - 1));
    f32[this.#at + SPREAD] += (deviation - f32[this.#at + SPREAD]) / days;
  }
}
