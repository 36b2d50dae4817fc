import { FUNCTIONS_MAX } from '../base/limits.ts';
import { Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { NumberField } from '../event/schema.ts';
import { log2Steps, OCTAVE_STEPS } from '../stats/log-table.ts';

/** Numbers of invocations whose slow change is followed. The order is part of saved state. */
export const DRIFTING = [
  'durationMs',
  'initMs',
  'memoryMb',
  'cpuMs',
  'bytesOut',
  'bytesIn',
  'requestBytes',
  'responseBytes',
] as const satisfies readonly NumberField[];
/** Place of a metric in `DRIFTING`. */
export const DRIFT_INDEX: ReadonlyMap<NumberField, number> = new Map(DRIFTING.map((field, at) => [field, at]));

const WEEK = 7;
/** Invocations without which a day says nothing and is added to the next one. */
const VALUES_MIN = 5;
/** Days the spread between days forgets after, and those without which nothing is judged. */
const SPREAD_DAYS = 28;
const DAYS_MIN = 10;
/** What one day may contribute to the spread, in spreads. */
const CLIP_SPREADS = 4;
/** Least spread between days, in doublings: a hundredth is what clocks and counters do by themselves. */
const SPREAD_MIN = 0.015;
/** What the anchor may move on a model day: 0.25 %. */
const ANCHOR_STEP = Math.log(1.0025) / Math.LN2;
/** Reference value of the cumulative sum, in spreads a day. */
const CUSUM_SLACK = 0.5;
/** Words of a metric: day, values, sum (two words), anchor, variance, days, cusum, flagged, ring of seven days. */
const WORD = {
  day: 0,
  values: 1,
  sum: 2,
  anchor: 4,
  variance: 5,
  days: 6,
  cusum: 7,
  flagged: 8,
  ring: 9,
  words: 16,
} as const;
const BLOCK_BYTES = 4 * WORD.words * DRIFTING.length;

/** How far a metric is from where it was anchored. Logarithms to base 2: 1 is a doubling. */
export interface DriftGap {
  /** Mean of the last seven days, and the last day alone, against the anchor. */
  readonly week: number;
  readonly day: number;
  /** Spread between days. */
  readonly spread: number;
  /** Cumulative sum of daily gaps beyond half a spread, in spreads. */
  readonly cusum: number;
  /** Days the anchor stood. */
  readonly days: number;
  /** Anchor and mean of the week, in the unit of the metric. */
  readonly anchored: number;
  readonly recent: number;
}

/**
 * Slow change of what one invocation takes: a fast and a slow twin of each number, in 512 bytes a function, written once a day but for two
 * sums. The fast twin is the mean of the last seven model days' mean logarithms; the slow one is an anchor that follows it by a quarter
 * of a percent a day at most, so that nobody can lead it further. Their gap is judged in spreads between days, which hold what
 * differs between working days and weekends, and by a cumulative sum (E. Page, 1954), which adds up what no single week shows.
 */
export class Drifts {
  /** Functions whose gap was judged today, and those that were flagged, by metric: whole numbers, taken once a tick. */
  readonly judged = new Uint32Array(DRIFTING.length);
  readonly flagged = new Uint32Array(DRIFTING.length);
  /** Share of the tenant's functions that were flagged in the last days, by metric, and how many were judged: told by stage 2. */
  readonly commonShare = new Float64Array(DRIFTING.length);
  readonly commonJudged = new Float64Array(DRIFTING.length);
  readonly #slab = new Slab(BLOCK_BYTES, FUNCTIONS_MAX);
  #page: SlabPage | undefined = undefined;
  #word = 0;

  get bytes(): number {
    return this.#slab.bytes;
  }

  alloc(): number {
    return this.#slab.alloc();
  }

  free(id: number): void {
    this.#slab.free(id);
  }

  /** Points at a block; 0 for none. */
  focus(id: number): void {
    this.#page = id === 0 ? undefined : this.#slab.pages[id >>> this.#slab.shift];
    this.#word = ((id & this.#slab.mask) * BLOCK_BYTES) >>> 2;
  }

  get ready(): boolean {
    return this.#page !== undefined;
  }

  /** True when a metric has a day that is over on model day `day` and not closed yet. */
  isDue(metric: number, day: number): boolean {
    const u32 = this.#page?.u32;
    if (u32 === undefined) return false;
    const word = this.#word + metric * WORD.words;
    return u32[word + WORD.values] >= VALUES_MIN && u32[word + WORD.day] < day;
  }

  /** Adds a value of a model day. */
  add(metric: number, day: number, value: number): void {
    const page = this.#page;
    if (page === undefined || !(value > 0 && value < Number.POSITIVE_INFINITY)) return;
    const word = this.#word + metric * WORD.words;
    page.u32[word + WORD.day] = day;
    page.u32[word + WORD.values]++;
    page.f64[(word + WORD.sum) >> 1] += log2Steps(value);
  }

  /** How far a metric is from its anchor, once the day that is due is counted; undefined while that is not known. */
  gap(metric: number): DriftGap | undefined {
    const page = this.#page;
    if (page === undefined) return undefined;
    const { f32 } = page;
    const word = this.#word + metric * WORD.words;
    const days = f32[word + WORD.days];
    if (days < DAYS_MIN) return undefined;
    const day = this.#meanOf(metric);
    const anchor = f32[word + WORD.anchor];
    const spread = Math.max(SPREAD_MIN, Math.sqrt(f32[word + WORD.variance]));
    const week = this.#weekWith(word, days, day);
    const cusum = Math.max(0, f32[word + WORD.cusum] + (day - anchor) / spread - CUSUM_SLACK);
    return {
      week: week - anchor,
      day: day - anchor,
      spread,
      cusum,
      days,
      anchored: Math.exp(anchor * Math.LN2),
      recent: Math.exp(week * Math.LN2),
    };
  }

  /** Model day on which the metric was flagged first, 0 when it is not. */
  flaggedSince(metric: number): number {
    return this.#page?.u32[this.#word + metric * WORD.words + WORD.flagged] ?? 0;
  }

  setFlagged(metric: number, day: number): void {
    if (this.#page !== undefined) this.#page.u32[this.#word + metric * WORD.words + WORD.flagged] = day;
  }

  /** Closes the day that is due; `held` leaves anchor and spread as they are. */
  close(metric: number, held: boolean): void {
    const page = this.#page;
    if (page === undefined) return;
    const { u32, f32, f64 } = page;
    const word = this.#word + metric * WORD.words;
    const day = this.#meanOf(metric);
    const days = f32[word + WORD.days];
    const week = this.#weekWith(word, days, day);
    if (!held) {
      this.#spread(word, days, day);
      const spread = Math.max(SPREAD_MIN, Math.sqrt(f32[word + WORD.variance]));
      const gap = day - f32[word + WORD.anchor];
      f32[word + WORD.cusum] = days < DAYS_MIN ? 0 : Math.max(0, f32[word + WORD.cusum] + gap / spread - CUSUM_SLACK);
      if (days < WEEK) f32[word + WORD.anchor] = week;
      else f32[word + WORD.anchor] += Math.max(-ANCHOR_STEP, Math.min(ANCHOR_STEP, week - f32[word + WORD.anchor]));
    }
    f32[word + WORD.ring + (days % WEEK)] = day;
    f32[word + WORD.days] = days + 1;
    u32[word + WORD.values] = 0;
    f64[(word + WORD.sum) >> 1] = 0;
  }

  /** Starts a metric anew from where it is now: a deployment, or a person's word. What days differ by is kept. */
  anchor(metric: number): void {
    const page = this.#page;
    if (page === undefined) return;
    const word = this.#word + metric * WORD.words;
    page.f32[word + WORD.days] = 0;
    page.f32[word + WORD.cusum] = 0;
    page.u32[word + WORD.flagged] = 0;
    page.u32[word + WORD.values] = 0;
    page.f64[(word + WORD.sum) >> 1] = 0;
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
    for (const counts of [this.judged, this.flagged]) out.u32Array(counts);
    for (const shares of [this.commonShare, this.commonJudged]) out.f64Array(shares);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
    for (const counts of [this.judged, this.flagged]) counts.set(from.u32Array());
    for (const shares of [this.commonShare, this.commonJudged]) shares.set(from.f64Array());
  }

  /** Mean logarithm of the day that is due. */
  #meanOf(metric: number): number {
    const page = this.#page;
    if (page === undefined) return 0;
    const word = this.#word + metric * WORD.words;
    return page.f64[(word + WORD.sum) >> 1] / Math.max(1, page.u32[word + WORD.values]) / OCTAVE_STEPS;
  }

  /** Mean of the last seven days, `day` as the last of them. */
  #weekWith(word: number, days: number, day: number): number {
    const f32 = this.#page?.f32;
    if (f32 === undefined) return day;
    let sum = day;
    const before = Math.min(days, WEEK - 1);
    for (let ago = 1; ago <= before; ago++) sum += f32[word + WORD.ring + ((days - ago) % WEEK)];
    return sum / (before + 1);
  }

  /** Variance of days around the week before them. */
  #spread(word: number, days: number, day: number): void {
    const f32 = this.#page?.f32;
    if (f32 === undefined || days < 1) return;
    const before = Math.min(days, WEEK);
    let mean = 0;
    for (let ago = 1; ago <= before; ago++) mean += f32[word + WORD.ring + ((days - ago) % WEEK)] / before;
    const variance = f32[word + WORD.variance];
    const square = (day - mean) * (day - mean);
    const clipped =
      days < WEEK
        ? square
        : Math.min(square, CLIP_SPREADS * CLIP_SPREADS * Math.max(variance, SPREAD_MIN * SPREAD_MIN));
    f32[word + WORD.variance] += Math.max(1 / SPREAD_DAYS, 1 / days) * (clipped - variance);
  }
}
