/** Words of one record: values counted, mean, mean excess over the mean, maximum; the last three of ln(1 + value). */
export const PEAK_WORDS = 4;
const COUNT = 0;
const MEAN = 1;
const EXCESS = 2;
const MAX = 3;

/** Share of one value in the means once as many as this were learned. */
const RATE_MIN = 1 / 512;
/** What is assumed of the excess (an exponent of 2.5) and how many values that counts for. */
const PRIOR_EXCESS = 0.4;
const PRIOR_COUNT = 4;
/** No tail is believed to be thinner, or heavier: a decade is then 1.8 times (if not said otherwise), or 100 times, the value. */
const EXCESS_MIN = 0.25;
const EXCESS_MAX = 2;
/** Mean excesses above the centre up to which a value is ordinary. */
const ORDINARY_EXCESSES = 4;
/** Counted values stay exact in 32-bit floats. */
const COUNT_MAX = 8_388_608;

/**
 * Record of the large ones among amounts that are spread over decades (bytes), in sixteen bytes: how far beyond everything seen
 * is a value? Above the mean of the logarithms values are taken to fall off exponentially, that is like a Pareto tail
 * (B. M. Hill 1975), whose index is the mean excess, shrunk to a prior and taken one standard error heavier than estimated.
 * So a function whose sizes vary over decades must go much further beyond its record than one that always sends the same.
 *
 * Zero is a value; NaN, infinite and negative ones are refused. Wrong for what is small only: it judges one side. A view over
 * 32-bit floats: `at` moves it from one record to the next. A zeroed record is empty. `learn` 15 ns, `score` 25 ns.
 */
export class PeakTail {
  #f32: Float32Array = new Float32Array(PEAK_WORDS);
  #at = 0;
  readonly #excessMin: number;

  /** `excessMin` is the least mean excess that is believed, as a logarithm. */
  constructor(excessMin = EXCESS_MIN) {
    this.#excessMin = excessMin;
  }

  /** Points the view at the record whose first word is at `word`. */
  at(f32: Float32Array, word: number): this {
    this.#f32 = f32;
    this.#at = word;
    return this;
  }

  /** Values learned. */
  get count(): number {
    return this.#f32[this.#at + COUNT];
  }

  /** Largest value seen, less what was faded of it. */
  get max(): number {
    return amountOf(this.#f32[this.#at + MAX]);
  }

  /** Geometric mean of the values. */
  get centre(): number {
    return amountOf(this.#f32[this.#at + MEAN]);
  }

  /** Where the ordinary ends: twice the centre, or four mean excesses above it. One value in a hundred is beyond. */
  get ordinaryMax(): number {
    const excess = Math.max(Math.LN2, ORDINARY_EXCESSES * this.#f32[this.#at + EXCESS]);
    return amountOf(this.#f32[this.#at + MEAN] + excess);
  }

  /** Decades of rarity beyond the record: 0 at the largest value seen, negative below. */
  beyond(value: number): number {
    if (!isAmount(value) || this.count === 0) return Number.NEGATIVE_INFINITY;
    return (Math.log1p(value) - this.#f32[this.#at + MAX]) / (this.#scale() * Math.LN10);
  }

  /** Decades of rarity of a value at least this large, never below 0. */
  score(value: number): number {
    if (!isAmount(value) || this.count === 0) return 0;
    const record = Math.log10(this.count + 1);
    const beyond = this.beyond(value);
    if (beyond > 0) return record + beyond;
    const above = Math.log1p(value) - this.#f32[this.#at + MEAN];
    if (above <= 0) return 0;
    return Math.min(record, (Math.LN2 + above / this.#scale()) / Math.LN10);
  }

  /** Value that lies so many decades beyond the record. */
  limit(decades: number): number {
    return amountOf(this.#f32[this.#at + MAX] + decades * Math.LN10 * this.#scale());
  }

  /** Counts a value; false when it is no amount. */
  learn(value: number): boolean {
    if (!isAmount(value)) return false;
    const f32 = this.#f32;
    const at = this.#at;
    const log = Math.log1p(value);
    const count = f32[at + COUNT];
    const above = log - f32[at + MEAN];
    // About every second value is above the mean, so their mean moves twice as fast.
    if (count > 0 && above > 0) f32[at + EXCESS] += (above - f32[at + EXCESS]) * Math.max(RATE_MIN, 2 / (count + 2));
    f32[at + MEAN] += above * Math.max(RATE_MIN, 1 / (count + 1));
    f32[at + MAX] = Math.max(f32[at + MAX], log);
    if (count < COUNT_MAX) f32[at + COUNT] = count + 1;
    return true;
  }

  /** Lets the largest value sink towards the mean, to `factor` of its distance: no single record blinds for ever. */
  fade(factor: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    f32[at + MAX] = f32[at + MEAN] + Math.max(0, f32[at + MAX] - f32[at + MEAN]) * factor;
  }

  /** Mean excess, taken cautiously. */
  #scale(): number {
    const upper = this.count / 2;
    const sample = upper + PRIOR_COUNT;
    const mean = (this.#f32[this.#at + EXCESS] * upper + PRIOR_EXCESS * PRIOR_COUNT) / sample;
    return Math.min(EXCESS_MAX, Math.max(this.#excessMin, mean * (1 + 1 / Math.sqrt(sample))));
  }
}

function isAmount(value: number): boolean {
  return value >= 0 && value < Number.POSITIVE_INFINITY;
}

function amountOf(log: number): number {
  return Math.expm1(log);
}
