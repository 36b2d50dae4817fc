import { mix32 } from '../base/hash.ts';
import { NO_PAGE, type SlabPage } from '../base/slab.ts';
import { NUMBER, type NumberField } from '../event/schema.ts';
import { log2Steps, OCTAVE_STEPS } from '../stats/log-table.ts';
import { countInTail, LEAST, TAIL_FROM, TAIL_PAIR_BYTES, TailHistogram, tailBin } from '../stats/tail-histogram.ts';

/** Numbers of an invocation that have a baseline of their own. Their order is part of saved state: only append. */
export const METRICS = [
  'durationMs',
  'initMs',
  'memoryMb',
  'cpuMs',
  'childCpuMs',
  'tmpBytes',
  'bytesOut',
  'bytesIn',
  'requestBytes',
  'responseBytes',
] as const satisfies readonly NumberField[];
export type MetricField = (typeof METRICS)[number];

/** Place of a metric in `METRICS`: what the store's methods take. */
export const METRIC = Object.fromEntries(METRICS.map((name, at) => [name, at])) as {
  readonly [K in MetricField]: number;
};
/** Where an observation has each metric. */
export const METRIC_NUMBER = Uint8Array.from(METRICS, (name) => NUMBER[name]);

const NUMBER_OF = METRIC_NUMBER;

/** Differences below this are noise of measurement, in the unit of the metric and the order of `METRICS`. */
const RESOLUTION = Float64Array.of(1, 5, 1, 1, 1, 4096, 64, 64, 64, 64);
/** So are differences below 2 % of the centre: constant metrics (memory, fixed payloads) may move that much. */
const RESOLUTION_SHARE = 0.02;
/** A size is at least this share of the largest value, so that the record stays inside the histogram's range. */
const SIZE_SHARE = 1 / 256;

/** Observations without which nothing is scored: until then records are expected to break every few runs. */
export const METRIC_COUNT_MIN = 20;
/** The first values only place the centre; their residuals are not representative and are not counted. */
const UNCOUNTED = 4;
/** From this many values on residuals are clipped (P. J. Huber); before, the scale itself is not known well enough. */
const CLIP_FROM = 30;
const CLIP_SIZES = 4;
/** Share of each learned value in centre, scale and level. The scale is very slow: a burst may not raise its yardstick. */
const RATE_CENTRE = 0.01;
const RATE_SCALE = 0.0005;
const RATE_LEVEL = 0.15;
/** Weight from which a plain mean is slower than `RATE_LEVEL`. */
const SETTLED = 1 / RATE_LEVEL;
/** Averaged levels below a tenth of a doubling are noise. */
const LEVEL_SIZE_MIN = 0.1;
/** Learned values after which a level is counted: otherwise an episode would teach itself away while it lasts. */
const LEVEL_DELAY = 16;
/** Learned values after which the quiet band is drawn anew: few in the beginning, when everything moves. */
const QUIET_EVERY = 16;
const QUIET_EVERY_LATER = 64;
const QUIET_FROM = 256;
/**
 * Values without which nothing inside the range seen scores: half a value in so few is less than `DETAILS_FROM` and
 * `ALTERNATIVES_DECADES`. A level scores only beyond some sizes then, of which the band keeps half as its distance.
 */
const INSIDE_COUNT_MIN = 39;
const YOUNG_LEVEL_SIZES = TAIL_FROM / 2;
/** The line log2(1 + sizes) lies below: it touches at one size. */
const TANGENT_RISE = 0.5 / Math.LN2;
const TANGENT_START = 1 - TANGENT_RISE;
/** Learned values after which counts are halved and ranges start anew: the half-life of the measured design. */
const EPOCH_COUNT = 8192;
/** Model days after which the same happens to rare functions, given `EPOCH_COUNT_MIN` values. */
const EPOCH_DAYS = 28;
const EPOCH_COUNT_MIN = 256;
/**
 * Twice as many values are learned on a model day before only every second is, and as many again before every fourth, ...:
 * rates are per learned value, and a function called a million times a day must not forget last week within the hour.
 * Records are always learned.
 */
const LEARNED_PER_DAY = 1024;
/** Weight of a former revision as prior of a new one, in values: a quarter of what it knew, at most 64. */
const INHERITED_SHARE = 0.25;
const INHERITED_MAX = 64;
/** Unit in which the inherited weight is kept. */
const INHERITED_STEPS = 256;
/** Own values at which a baseline is half mature. */
const MATURITY_HALF = 50;
/** Share of values left outside the expected band on each side. */
const BAND_SHARE = 0.005;
/** A value can be strange in about four ways (either side, by itself or by level); the best of four is not so rare. */
const ALTERNATIVES_DECADES = 0.6;
/** Score from which the details of a result are filled in: that from which scores are handed on. */
export const DETAILS_FROM = 1.3;
/** A level this strange stops the judging of odd values: each step of the centre would make one. */
const LEVEL_SPEAKS = DETAILS_FROM + ALTERNATIVES_DECADES;
const OCTAVE = OCTAVE_STEPS;
/** A value is above the usual ones from one size on: logarithm of 1 + 1, in steps. */
const ABOVE_STEPS = OCTAVE;

// A block: words of four bytes, halves, bytes, then two histograms. What every value needs comes first.
/** Weight of the record in values, 0 before the first one. */
const WEIGHT = 0;
const CENTRE = 1;
const LEVEL = 2;
/** Values from `QUIET_LOW` to `QUIET_HIGH` are certainly no score ... */
const QUIET_LOW = 3;
const QUIET_HIGH = 4;
/** ... where the level, plus `LEAN_RATE` times the residual, lies from `LEAN_LOW` to `LEAN_HIGH`. */
const LEAN_RATE = 5;
const LEAN_LOW = 6;
const LEAN_HIGH = 7;
const SIZE = 8;
const LEVEL_SIZE = 9;
const RECENT = 10;
const LOW = 11;
const HIGH = 12;
const LOW_NEW = 13;
const HIGH_NEW = 14;
/** Runs of this epoch, and of the one before. */
const RUNS = 15;
const RUNS_BEFORE = 16;
const DAY_HALF = 34;
const EPOCH_DAY_HALF = 35;
const LEARNED_HALF = 36;
const TURNS_HALF = 37;
const INHERITED_HALF = 38;
const SKIP_BYTE = 78;
const STREAK_BYTE = 79;
const DELAY_RING = 80;
const VALUE_HISTOGRAM = DELAY_RING + LEVEL_DELAY;
const LEVEL_HISTOGRAM = VALUE_HISTOGRAM + 1;
/** Bytes of state of one metric of one (function, revision, cold or warm). */
export const METRIC_BYTES = Math.ceil((VALUE_HISTOGRAM + TAIL_PAIR_BYTES) / 8) * 8;

/** True for a value that certainly scores nothing by the block whose first word is `at`; false when that takes a look. */
export function isQuiet(f32: Float32Array, at: number, value: number): boolean {
  if (!(value >= f32[at + QUIET_LOW] && value <= f32[at + QUIET_HIGH])) return false;
  const lean = f32[at + LEVEL] + f32[at + LEAN_RATE] * (value - f32[at + CENTRE]);
  return lean >= f32[at + LEAN_LOW] && lean <= f32[at + LEAN_HIGH];
}

/** True when the block whose first word is `at` knows enough to judge values. */
export function isJudged(f32: Float32Array, at: number): boolean {
  return f32[at + WEIGHT] >= METRIC_COUNT_MIN;
}

/** What made a value strange: far out, between the usual ones, or part of a run of shifted ones. */
export type MetricChannel = 'none' | 'value' | 'odd' | 'level';

/** What a baseline says of one value. The store reuses one object: copy what is kept. */
export interface MetricScore {
  /**
   * Decades of rarity by the metric's own record, 0 for ordinary values. From 1.3 on the fields from `valueBeyond` to
   * `streak` are set; the others by `MetricStore.score` only.
   */
  readonly score: number;
  /** Weight of the record in values: what ranks and tails rest on. Below `METRIC_COUNT_MIN` nothing is scored. */
  readonly count: number;
  readonly channel: MetricChannel;
  /** True when the value, or the level, lies above the centre. */
  readonly up: boolean;
  /** Decades by which an upward value, or level, lies beyond what a record of this length says by itself. */
  readonly valueBeyond: number;
  readonly levelBeyond: number;
  /** Latest values that were above the usual ones, less the ones that were not. */
  readonly streak: number;
  /** Runs that the range covers, for people. */
  readonly runs: number;
  /** Values of this revision's own, and their part in the judgement (0..1). */
  readonly ownCount: number;
  readonly maturity: number;
  readonly centre: number;
  /** Band that holds all but half a percent of values on each side. */
  readonly expectedLow: number;
  readonly expectedHigh: number;
  /** Range seen. */
  readonly min: number;
  readonly max: number;
  /** Mean of about the last seven values, this one included. */
  readonly recent: number;
}

/**
 * What one metric of one (function, revision, cold or warm) has shown: a cursor over blocks of `METRIC_BYTES` bytes in the
 * pages of a slab. `open` points it at a block; a zeroed one is empty. `MetricStore` describes what is learned.
 */
export class MetricBlock {
  /** What `judge` and `fillDetails` found. */
  readonly result = newScore();
  readonly #tail = new TailHistogram();
  #page: SlabPage = NO_PAGE;
  #at = 0;
  #metric = 0;
  // The value at hand as `#place` left it. Integers: see `log2Steps`.
  #low = false;
  #steps = 0;
  #bent = 0;

  /** Points at the block of a metric whose first word is `at`. */
  open(page: SlabPage, at: number, metric: number): void {
    this.#page = page;
    this.#at = at;
    this.#metric = metric;
  }

  /** Weight of the record in values, 0 when the block is empty. */
  get weight(): number {
    return this.#page.f32[this.#at + WEIGHT];
  }

  /** Judges a value by the record before it; the answer is in `result`. */
  judge(value: number): void {
    const { f32, bytes } = this.#page;
    const at = this.#at;
    const out = this.result;
    const weight = f32[at + WEIGHT];
    const count = Math.floor(weight);
    out.count = count;
    if (weight < METRIC_COUNT_MIN) return;
    this.#place(value);
    // The range is kept in 32 bits: compare with what the value becomes there.
    const kept = Math.fround(value);
    const inside = kept >= f32[at + LOW] && kept <= f32[at + HIGH];
    const quiet =
      (inside && count < INSIDE_COUNT_MIN) || (value >= f32[at + QUIET_LOW] && value <= f32[at + QUIET_HIGH]);
    const farOut = quiet ? 0 : this.#values().tail(this.#low, this.#steps, count);
    const byValue = inside && farOut > ALTERNATIVES_DECADES ? Math.min(farOut, insideDecades(count)) : farOut;
    const before = f32[at + LEVEL];
    const level = before + RATE_LEVEL * (this.#bent / OCTAVE - before);
    const byLevel = this.#levels().tail(level < 0, this.#levelSteps(level), count);
    const byOddity =
      inside && !quiet && byLevel < LEVEL_SPEAKS ? this.#values().oddity(this.#low, this.#steps, count) : 0;
    const strangest = Math.max(byValue, byLevel, byOddity);
    if (strangest <= ALTERNATIVES_DECADES) return;
    out.score = strangest - ALTERNATIVES_DECADES;
    out.channel = byValue === strangest ? 'value' : byLevel === strangest ? 'level' : 'odd';
    out.up = !(out.channel === 'level' ? level < 0 : this.#low);
    if (out.score < DETAILS_FROM) return;
    const record = Math.log(count + 1) / Math.LN10 + ALTERNATIVES_DECADES;
    out.valueBeyond = (this.#bent > 0 ? byValue : 0) - record;
    out.levelBeyond = (level > 0 ? byLevel : 0) - record;
    out.streak = bytes[at * 4 + STREAK_BYTE] + (this.#bent > ABOVE_STEPS ? 1 : -1);
  }

  /**
   * Learns the value that an observation has for the metric: the short memory always follows, the long memory when it is
   * this value's turn. Written out in one piece, as it runs for every number of every invocation.
   */
  learn(numbers: Float64Array, day: number): void {
    const { f32, u32, u16, bytes } = this.#page;
    const at = this.#at;
    const metric = this.#metric;
    const value = numbers[NUMBER_OF[metric]];
    const weight = f32[at + WEIGHT];
    if (weight === 0) {
      this.#begin(value, day);
      return;
    }
    if (u16[at * 2 + DAY_HALF] !== day) this.#turnDay(day);
    // The range is kept in 32 bits: compare with what the value becomes there.
    const kept = Math.fround(value);
    const record = (kept < f32[at + LOW_NEW] || kept > f32[at + HIGH_NEW]) && this.#widen(kept);
    const runs = u32[at + RUNS] + 1;
    u32[at + RUNS] = runs;
    // The residual in sizes, and its logarithm.
    const residual = value - f32[at + CENTRE];
    const floor = Math.max(RESOLUTION[metric], RESOLUTION_SHARE * f32[at + CENTRE]);
    const size = f32[at + SIZE];
    const sizes = Math.max(0, Math.abs(residual) - floor) / Math.max(size, floor, f32[at + HIGH] * SIZE_SHARE);
    const bent = residual < 0 ? -log2Steps(1 + sizes) : log2Steps(1 + sizes);
    // The short memory.
    const rate = weight > SETTLED ? RATE_LEVEL : Math.max(RATE_LEVEL, 1 / (weight + 1));
    f32[at + LEVEL] += rate * (bent / OCTAVE - f32[at + LEVEL]);
    f32[at + RECENT] += rate * (value - f32[at + RECENT]);
    const streak = bytes[at * 4 + STREAK_BYTE];
    if (bent > ABOVE_STEPS) bytes[at * 4 + STREAK_BYTE] = Math.min(255, streak + 1);
    else if (streak > 0) bytes[at * 4 + STREAK_BYTE] = streak - 1;
    // The long memory.
    const draw = mix32(Math.imul(runs, 0x9e3779b1) ^ metric);
    if (!record && (draw & ((1 << bytes[at * 4 + SKIP_BYTE]) - 1)) !== 0) return;
    if (weight >= UNCOUNTED) {
      this.#low = residual < 0 && sizes > 0;
      this.#steps = log2Steps(sizes);
      this.#count(mix32(draw + 1));
    }
    this.#adapt(numbers);
  }

  /** Fills in what people are told about a value. */
  describe(value: number): void {
    const { f32, u32, u16 } = this.#page;
    const at = this.#at;
    const out = this.result;
    const weight = f32[at + WEIGHT];
    const floor = this.#resolution();
    const size = this.#unit(floor);
    out.runs = u32[at + RUNS] + u32[at + RUNS_BEFORE];
    out.ownCount = Math.floor(weight - u16[at * 2 + INHERITED_HALF] / INHERITED_STEPS);
    out.maturity = out.ownCount / (out.ownCount + MATURITY_HALF);
    out.centre = f32[at + CENTRE];
    out.min = f32[at + LOW];
    out.max = f32[at + HIGH];
    const values = this.#values();
    out.expectedLow = within(out, out.centre + values.quantile(-1, BAND_SHARE, weight) * size - floor);
    out.expectedHigh = within(out, out.centre + values.quantile(1, BAND_SHARE, weight) * size + floor);
    out.recent = f32[at + RECENT] + RATE_LEVEL * (value - f32[at + RECENT]);
  }

  /** Makes what was copied from a former revision the prior of a new one. */
  becomePrior(): void {
    const { f32, u16, bytes } = this.#page;
    const at = this.#at;
    this.#shrink(Math.min(INHERITED_SHARE, INHERITED_MAX / f32[at + WEIGHT]));
    u16[at * 2 + INHERITED_HALF] = Math.floor(f32[at + WEIGHT] * INHERITED_STEPS);
    f32[at + LEVEL] = 0;
    f32[at + RECENT] = f32[at + CENTRE];
    bytes[at * 4 + STREAK_BYTE] = 0;
    bytes.fill(0, at * 4 + DELAY_RING, at * 4 + DELAY_RING + LEVEL_DELAY);
    this.#drawQuietBand();
  }

  /** The first value: it is the centre, and nothing is known of the spread. */
  #begin(value: number, day: number): void {
    const { f32, u32, u16 } = this.#page;
    const at = this.#at;
    f32[at + WEIGHT] = 1;
    f32[at + CENTRE] = value;
    f32[at + RECENT] = value;
    f32.fill(value, at + LOW, at + HIGH_NEW + 1);
    u32[at + RUNS] = 1;
    u16[at * 2 + TURNS_HALF] = 1;
    u16[at * 2 + DAY_HALF] = day;
    u16[at * 2 + EPOCH_DAY_HALF] = day;
    u16[at * 2 + LEARNED_HALF] = 1;
    this.#drawQuietBand();
  }

  /** Moves centre and scales towards a value. Running means start as plain means: rate 1/n while that is faster. */
  #adapt(numbers: Float64Array): void {
    const { f32, u16, bytes } = this.#page;
    const at = this.#at;
    const weight = f32[at + WEIGHT] + 1;
    f32[at + WEIGHT] = weight;
    const floor = this.#resolution();
    const clip = weight > CLIP_FROM ? CLIP_SIZES : Number.POSITIVE_INFINITY;
    const limit = clip * Math.max(f32[at + SIZE], floor);
    const residual = Math.max(-limit, Math.min(limit, numbers[NUMBER_OF[this.#metric]] - f32[at + CENTRE]));
    const mean = 1 / weight;
    const slow = Math.max(RATE_SCALE, mean);
    f32[at + CENTRE] += Math.max(RATE_CENTRE, mean) * residual;
    f32[at + SIZE] += slow * (Math.abs(residual) - f32[at + SIZE]);
    const levelSize = Math.min(Math.abs(f32[at + LEVEL]), clip * Math.max(f32[at + LEVEL_SIZE], LEVEL_SIZE_MIN));
    f32[at + LEVEL_SIZE] += slow * (levelSize - f32[at + LEVEL_SIZE]);
    // Busy days are thinned, long records halved.
    if (++u16[at * 2 + TURNS_HALF] > 2 * LEARNED_PER_DAY) {
      u16[at * 2 + TURNS_HALF] = LEARNED_PER_DAY;
      bytes[at * 4 + SKIP_BYTE]++;
    }
    const learned = ++u16[at * 2 + LEARNED_HALF];
    if (learned >= EPOCH_COUNT) this.#turnEpoch();
    else if (learned % (weight < QUIET_FROM ? QUIET_EVERY : QUIET_EVERY_LATER) === 0) this.#drawQuietBand();
    else if (isReached(METRIC_COUNT_MIN, weight) || isReached(INSIDE_COUNT_MIN, weight)) this.#drawQuietBand();
  }

  /** Counts a residual now, and the level of some values ago; `draw` supplies 29 random bits. */
  #count(draw: number): void {
    const { f32, u16, bytes } = this.#page;
    const at = this.#at;
    countInTail(bytes, at * 4 + VALUE_HISTOGRAM, { bin: tailBin(this.#low, this.#steps), draw });
    const ring = at * 4 + DELAY_RING + (u16[at * 2 + LEARNED_HALF] & (LEVEL_DELAY - 1));
    const due = bytes[ring];
    const level = f32[at + LEVEL];
    bytes[ring] = 1 + tailBin(level < 0, this.#levelSteps(level));
    if (due !== 0) countInTail(bytes, at * 4 + LEVEL_HISTOGRAM, { bin: due - 1, draw: draw >>> 14 });
  }

  /**
   * Draws the band inside which a value needs no further look: neither far out nor odd, and no part of a strange level as
   * long as the level before it lies between two limits. It follows the record at a distance of some values.
   */
  #drawQuietBand(): void {
    const { f32 } = this.#page;
    const at = this.#at;
    const weight = f32[at + WEIGHT];
    if (weight >= METRIC_COUNT_MIN && weight < INSIDE_COUNT_MIN) {
      f32[at + QUIET_LOW] = f32[at + LOW];
      f32[at + QUIET_HIGH] = f32[at + HIGH];
      const level = YOUNG_LEVEL_SIZES * Math.max(f32[at + LEVEL_SIZE], LEVEL_SIZE_MIN);
      this.#drawLean(level, level);
      return;
    }
    const values = this.#values();
    const up = weight < METRIC_COUNT_MIN ? -1 : values.quiet(1, weight, true);
    if (up < 0) {
      // Nothing is quiet: no value lies in an empty band.
      f32[at + QUIET_LOW] = 1;
      f32[at + QUIET_HIGH] = 0;
      return;
    }
    const down = values.quiet(-1, weight, true);
    const floor = this.#resolution();
    const size = this.#unit(floor);
    // Nothing but noise of measurement: residuals then do not move the level at all.
    const flat = up <= LEAST && down <= LEAST;
    f32[at + QUIET_LOW] = f32[at + CENTRE] - floor - (flat ? 0 : Math.max(0, down) * size);
    f32[at + QUIET_HIGH] = f32[at + CENTRE] + floor + (flat ? 0 : up * size);
    const levels = this.#levels();
    const levelSize = Math.max(f32[at + LEVEL_SIZE], LEVEL_SIZE_MIN);
    const high = Math.max(0, levels.quiet(1, weight, false)) * levelSize;
    const low = Math.max(0, levels.quiet(-1, weight, false)) * levelSize;
    if (!flat) {
      this.#drawLean(low, high);
      return;
    }
    f32[at + LEAN_RATE] = 0;
    f32[at + LEAN_HIGH] = high / (1 - RATE_LEVEL);
    f32[at + LEAN_LOW] = -low / (1 - RATE_LEVEL);
  }

  /** Limits where the level before a value lies if the one after it is to stay from `-low` to `high`. */
  #drawLean(low: number, high: number): void {
    const { f32 } = this.#page;
    const at = this.#at;
    const floor = this.#resolution();
    const size = this.#unit(floor);
    // The level after a value is (1 - rate) times the one before, and rate times the residual's logarithm, which lies
    // below the tangent at one size.
    const slack = RATE_LEVEL * Math.max(0, TANGENT_START - (TANGENT_RISE * floor) / size);
    f32[at + LEAN_RATE] = (RATE_LEVEL * TANGENT_RISE) / (1 - RATE_LEVEL) / size;
    f32[at + LEAN_HIGH] = (high - slack) / (1 - RATE_LEVEL);
    f32[at + LEAN_LOW] = (slack - low) / (1 - RATE_LEVEL);
  }

  /** Places a value against the centre: side and logarithm of its residual in sizes, 0 inside the resolution. */
  #place(value: number): void {
    const residual = value - this.#page.f32[this.#at + CENTRE];
    const floor = this.#resolution();
    const sizes = Math.max(0, Math.abs(residual) - floor) / this.#unit(floor);
    this.#low = residual < 0 && sizes > 0;
    this.#steps = log2Steps(sizes);
    this.#bent = this.#low ? -log2Steps(1 + sizes) : log2Steps(1 + sizes);
  }

  /** The size residuals are measured in. */
  #unit(floor: number): number {
    const { f32 } = this.#page;
    return Math.max(f32[this.#at + SIZE], floor, f32[this.#at + HIGH] * SIZE_SHARE);
  }

  #resolution(): number {
    return Math.max(RESOLUTION[this.#metric], RESOLUTION_SHARE * this.#page.f32[this.#at + CENTRE]);
  }

  #levelSteps(level: number): number {
    return log2Steps(Math.abs(level) / Math.max(this.#page.f32[this.#at + LEVEL_SIZE], LEVEL_SIZE_MIN));
  }

  /** Takes a value outside the newer range into both; true when it was outside the older one, which is wider. */
  #widen(kept: number): boolean {
    const { f32 } = this.#page;
    const at = this.#at;
    const record = kept < f32[at + LOW] || kept > f32[at + HIGH];
    f32[at + LOW] = Math.min(f32[at + LOW], kept);
    f32[at + HIGH] = Math.max(f32[at + HIGH], kept);
    f32[at + LOW_NEW] = Math.min(f32[at + LOW_NEW], kept);
    f32[at + HIGH_NEW] = Math.max(f32[at + HIGH_NEW], kept);
    return record;
  }

  /** A new day starts half as thin. */
  #turnDay(day: number): void {
    const { u16, bytes } = this.#page;
    const at = this.#at;
    const skip = at * 4 + SKIP_BYTE;
    const days = day - u16[at * 2 + EPOCH_DAY_HALF];
    u16[at * 2 + DAY_HALF] = day;
    u16[at * 2 + TURNS_HALF] = 0;
    if (bytes[skip] > 0) bytes[skip]--;
    if (days >= EPOCH_DAYS && u16[at * 2 + LEARNED_HALF] >= EPOCH_COUNT_MIN) this.#turnEpoch();
  }

  /** Halves the counts; the range now starts with the epoch that ends. */
  #turnEpoch(): void {
    const { f32, u32, u16 } = this.#page;
    const at = this.#at;
    u32[at + RUNS_BEFORE] = u32[at + RUNS];
    u32[at + RUNS] = 0;
    f32[at + LOW] = f32[at + LOW_NEW];
    f32[at + HIGH] = f32[at + HIGH_NEW];
    f32[at + LOW_NEW] = Number.POSITIVE_INFINITY;
    f32[at + HIGH_NEW] = Number.NEGATIVE_INFINITY;
    u16[at * 2 + INHERITED_HALF] >>>= 1;
    u16[at * 2 + EPOCH_DAY_HALF] = u16[at * 2 + DAY_HALF];
    u16[at * 2 + LEARNED_HALF] = 0;
    this.#shrink(0.5);
    this.#drawQuietBand();
  }

  #shrink(factor: number): void {
    const { f32, u32, bytes } = this.#page;
    const at = this.#at;
    f32[at + WEIGHT] *= factor;
    for (const histogram of [VALUE_HISTOGRAM, LEVEL_HISTOGRAM]) {
      const seed = mix32(u32[at + RUNS] + histogram);
      this.#tail.at(bytes, at * 4 + histogram).shrink(factor, seed);
    }
  }

  #values(): TailHistogram {
    return this.#tail.at(this.#page.bytes, this.#at * 4 + VALUE_HISTOGRAM);
  }

  #levels(): TailHistogram {
    return this.#tail.at(this.#page.bytes, this.#at * 4 + LEVEL_HISTOGRAM);
  }
}

/** Rarest a value can be that was reached before: its bin may have moved away under it as the scale changed. */
function insideDecades(count: number): number {
  return Math.log((count + 1) / 1.5) / Math.LN10;
}

/** A value moved into a range. */
function within(range: { readonly min: number; readonly max: number }, value: number): number {
  return Math.min(range.max, Math.max(range.min, value));
}

/** True for the first weight from `least` on. */
function isReached(least: number, weight: number): boolean {
  return weight >= least && weight < least + 1;
}

function newScore(): { -readonly [K in keyof MetricScore]: MetricScore[K] } {
  return {
    score: 0,
    count: 0,
    channel: 'none',
    up: true,
    runs: 0,
    ownCount: 0,
    maturity: 0,
    centre: 0,
    expectedLow: 0,
    expectedHigh: 0,
    min: 0,
    max: 0,
    valueBeyond: 0,
    levelBeyond: 0,
    recent: 0,
    streak: 0,
  };
}
