import { assert } from '../base/assert.ts';
import { mix32 } from '../base/hash.ts';
import { METRIC_BLOCKS_MAX } from '../base/limits.ts';
import { Slab } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { NumberField } from '../event/schema.ts';
import { log2Steps, OCTAVE_STEPS } from '../stats/log-table.ts';
import { TAIL_BYTES, TailHistogram } from '../stats/tail-histogram.ts';

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

/** Differences below this are noise of measurement, in the unit of the metric and the order of `METRICS`. */
const RESOLUTION: readonly number[] = [1, 5, 1, 1, 1, 4096, 64, 64, 64, 64];
/** So are differences below 2 % of the centre: constant metrics (memory, fixed payloads) may move that much. */
const RESOLUTION_SHARE = 0.02;
/** A size is at least this share of the largest value, so that the record stays inside the histogram's range. */
const SIZE_SHARE = 1 / 256;
/** Nothing measurable is larger (bytes, or 30,000 years in ms); keeps 32-bit floats finite. */
export const METRIC_VALUE_MAX = 1e15;

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
/** Averaged levels below a tenth of a doubling are noise. */
const LEVEL_SIZE_MIN = 0.1;
/** Learned values after which a level is counted: otherwise an episode would teach itself away while it lasts. */
const LEVEL_DELAY = 16;
/** Learned values after which counts are halved and ranges start anew: the half-life of the measured design. */
const EPOCH_COUNT = 8192;
/** Model days after which the same happens to rare functions, given `EPOCH_COUNT_MIN` values. */
const EPOCH_DAYS = 28;
const EPOCH_COUNT_MIN = 256;
/**
 * Values learned on a model day before only every second, fourth, ... is: rates are per learned value, and a function
 * called a million times a day must not forget last week within the hour. Records are always learned.
 */
const LEARNED_PER_DAY = 1024;
/** Weight of a former revision as prior of a new one, in values: a quarter of what it knew, at most 64. */
const INHERITED_SHARE = 0.25;
const INHERITED_MAX = 64;
/** Own values at which a baseline is half mature. */
const MATURITY_HALF = 50;
/** Share of values left outside the expected band on each side. */
const BAND_SHARE = 0.005;
/** A value can be strange in about four ways (either side, by itself or by level); the best of four is not so rare. */
const ALTERNATIVES_DECADES = 0.6;
/** Score from which the details of a result are filled in: that from which scores are handed on. */
const DETAILS_FROM = 1.3;
/** A level this strange stops the judging of odd values: each step of the centre would make one. */
const LEVEL_SPEAKS = DETAILS_FROM + ALTERNATIVES_DECADES;
/** A value is above the usual ones from one size on: logarithm of 1 + 1, in steps. */
const ABOVE_STEPS = OCTAVE_STEPS;

// One metric's block: words of four bytes, halves, bytes, then two histograms.
const RUNS = 0;
const RUNS_NEW = 1;
const WEIGHT = 2;
const INHERITED = 3;
const CENTRE = 4;
const SIZE = 5;
const LEVEL = 6;
const LEVEL_SIZE = 7;
const RECENT = 8;
const LOW = 9;
const HIGH = 10;
const LOW_NEW = 11;
const HIGH_NEW = 12;
const SEEN_TODAY = 13;
const DAY_HALF = 28;
const EPOCH_DAY_HALF = 29;
const LEARNED_HALF = 30;
const SKIP_BYTE = 62;
const STREAK_BYTE = 63;
const DELAY_RING = 64;
const VALUE_HISTOGRAM = DELAY_RING + LEVEL_DELAY;
const LEVEL_HISTOGRAM = VALUE_HISTOGRAM + TAIL_BYTES;
/** Bytes of state of one metric of one (function, revision, cold or warm). */
export const METRIC_BYTES = Math.ceil((LEVEL_HISTOGRAM + TAIL_BYTES) / 8) * 8;
/** Bytes of the list of a group's metrics. */
export const METRIC_GROUP_BYTES = METRICS.length * 4;
/** Groups of one function: two revisions, cold and warm apart. */
const GROUPS_PER_FUNCTION = 4;

/** What made a value strange: far out, between the usual ones, or part of a run of shifted ones. */
export type MetricChannel = 'none' | 'value' | 'odd' | 'level';

/** What a baseline says of one value. The store reuses one object: copy what is kept. */
export interface MetricScore {
  /** Decades of rarity by the metric's own record, 0 for ordinary values. From 1.3 on the fields after `up` are set. */
  readonly score: number;
  /** Weight of the record in values: what ranks and tails rest on. Below `METRIC_COUNT_MIN` nothing is scored. */
  readonly count: number;
  readonly channel: MetricChannel;
  /** True when the value, or the level, lies above the centre. */
  readonly up: boolean;
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
  /** Decades by which an upward value, or level, lies beyond what a record of this length says by itself. */
  readonly valueBeyond: number;
  readonly levelBeyond: number;
  /** Mean of about the last seven values, this one included. */
  readonly recent: number;
  /** Latest values that were above the usual ones, less the ones that were not. */
  readonly streak: number;
}

/** What is normal for a metric, for reports. All zero while nothing is known. */
export interface MetricBand {
  readonly count: number;
  readonly centre: number;
  readonly low: number;
  readonly high: number;
  readonly min: number;
  readonly max: number;
  readonly maturity: number;
}

/** Why a value was not learned: NaN, infinite, negative or beyond `METRIC_VALUE_MAX`; no memory left. */
export type MetricRefusal = 'not-a-measure' | 'full';

const NO_BAND: MetricBand = { count: 0, centre: 0, low: 0, high: 0, min: 0, max: 0, maturity: 0 };

/**
 * Learned normal of the numbers of invocations. A *group* is one (function, revision, cold or warm); it holds a block per
 * metric that ever occurred, 232 bytes each, so a function known from platform logs alone costs a third of an
 * instrumented one. Score first, then learn. Channels (measured design, docs/decisions/resource-findings.md):
 *
 * - *value*: residual to a slow centre in units of a very slow scale, ranked in a two-sided tail histogram;
 * - *odd*: the same residual in bins hardly anything ever fell into (only inside the range seen);
 * - *level*: running mean of the residuals' signed logarithms, judged by its own record: one outlier moves it little,
 *   a few shifted values in a row move it far.
 *
 * Decay is by learned values, some thousand of them on a model day at most, so idleness costs nothing and a busy function
 * does not forget faster than a quiet one. Silent on slow drift, which it learns. It does not rest after a strange value:
 * that is suppression's business. Cost: see the decision page.
 */
export class MetricStore {
  /** Model day (0..65,535) of what is learned next; set it before `learn`. */
  day = 0;
  /** Values that were not learned, by reason. */
  readonly refused: { [K in MetricRefusal]: number } = { 'not-a-measure': 0, full: 0 };
  readonly #groups: Slab;
  readonly #metrics: Slab;
  readonly #tail = new TailHistogram();
  readonly #result = newScore();
  // The block at hand, and its first word.
  #f32 = new Float32Array(0);
  #u32 = new Uint32Array(0);
  #u16 = new Uint16Array(0);
  #bytes = new Uint8Array(0);
  #at = 0;
  // The value at hand as `#place` left it. Integers: see `log2Steps`.
  #low = false;
  #steps = 0;
  #bent = 0;

  constructor(functionsMax: number, metricsMax: number = METRIC_BLOCKS_MAX) {
    this.#groups = new Slab(METRIC_GROUP_BYTES, functionsMax * GROUPS_PER_FUNCTION);
    this.#metrics = new Slab(METRIC_BYTES, metricsMax);
  }

  /** Bytes reserved. */
  get bytes(): number {
    return this.#groups.bytes + this.#metrics.bytes;
  }

  /** Takes an empty group; 0 when there is no room. */
  alloc(): number {
    return this.#groups.alloc();
  }

  /** Gives a group and its metrics back. */
  free(group: number): void {
    for (let metric = 0; metric < METRICS.length; metric++) {
      const block = this.#blockOf(group, metric);
      if (block !== 0) this.#metrics.free(block);
    }
    this.#groups.free(group);
  }

  /** Starts an empty group (a new revision) from what another knows, at reduced weight, so that it learns fast again. */
  inherit(from: number, to: number): void {
    for (let metric = 0; metric < METRICS.length; metric++) {
      const source = this.#blockOf(from, metric);
      if (source === 0) continue;
      assert(this.#blockOf(to, metric) === 0, 'only an empty group inherits');
      const target = this.#newBlock(to, metric);
      if (target === 0) continue;
      this.#metrics.copy(source, target);
      this.#open(target);
      this.#becomePrior();
    }
  }

  /** Judges a value by the record before it. A group of 0 and values that are no measure score 0 with a count of 0. */
  score(group: number, metric: number, value: number): MetricScore {
    const out = this.#result;
    out.score = 0;
    out.count = 0;
    out.channel = 'none';
    if (group === 0 || !isMeasure(value)) return out;
    const block = this.#blockOf(group, metric);
    if (block === 0) return out;
    this.#open(block);
    const at = this.#at;
    const weight = this.#f32[at + WEIGHT];
    out.count = Math.floor(weight);
    if (weight < METRIC_COUNT_MIN) return out;
    this.#place(metric, value);
    const count = out.count;
    // The range is kept in 32 bits: compare with what the value becomes there.
    const kept = Math.fround(value);
    const inside = kept >= this.#f32[at + LOW] && kept <= this.#f32[at + HIGH];
    const farOut = this.#tail.at(this.#bytes, at * 4 + VALUE_HISTOGRAM).tail(this.#low, this.#steps, count);
    const byValue = inside && farOut > ALTERNATIVES_DECADES ? Math.min(farOut, insideDecades(count)) : farOut;
    const before = this.#f32[at + LEVEL];
    const level = before + RATE_LEVEL * (this.#bent / OCTAVE_STEPS - before);
    const levelSteps = this.#levelSteps(level);
    const byLevel = this.#tail.at(this.#bytes, at * 4 + LEVEL_HISTOGRAM).tail(level < 0, levelSteps, count);
    const odd = this.#tail.at(this.#bytes, at * 4 + VALUE_HISTOGRAM);
    const byOddity = inside && byLevel < LEVEL_SPEAKS ? odd.oddity(this.#low, this.#steps, count) : 0;
    const strangest = Math.max(byValue, byLevel, byOddity);
    if (strangest <= ALTERNATIVES_DECADES) return out;
    out.score = strangest - ALTERNATIVES_DECADES;
    out.channel = byValue === strangest ? 'value' : byLevel === strangest ? 'level' : 'odd';
    out.up = !(out.channel === 'level' ? level < 0 : this.#low);
    if (out.score < DETAILS_FROM) return out;
    const record = Math.log(out.count + 1) / Math.LN10 + ALTERNATIVES_DECADES;
    out.valueBeyond = (this.#bent > 0 ? byValue : 0) - record;
    out.levelBeyond = (level > 0 ? byLevel : 0) - record;
    out.streak = this.#bytes[at * 4 + STREAK_BYTE] + (this.#bent > ABOVE_STEPS ? 1 : -1);
    this.#fillDetails(metric, value);
    return out;
  }

  /** Learns a value; values that are no measure and values without room are counted in `refused`. */
  learn(group: number, metric: number, value: number): void {
    if (!isMeasure(value)) {
      this.refused['not-a-measure']++;
      return;
    }
    const block = this.#blockOf(group, metric) || this.#newBlock(group, metric);
    if (block === 0) {
      this.refused.full++;
      return;
    }
    this.#open(block);
    if (this.#f32[this.#at + WEIGHT] === 0) this.#begin(value);
    else this.#observe(metric, value);
  }

  /** What is normal for a metric of a group; the group may be 0. Allocates: for reports. */
  describe(group: number, field: MetricField): MetricBand {
    const block = group === 0 ? 0 : this.#blockOf(group, METRIC[field]);
    if (block === 0) return NO_BAND;
    this.#open(block);
    if (this.#f32[this.#at + WEIGHT] === 0) return NO_BAND;
    this.#fillDetails(METRIC[field], this.#f32[this.#at + CENTRE]);
    const { runs, centre, expectedLow, expectedHigh, min, max, maturity } = this.#result;
    return { count: runs, centre, low: expectedLow, high: expectedHigh, min, max, maturity };
  }

  save(out: StateWriter): void {
    this.#groups.save(out);
    this.#metrics.save(out);
    out.u32(this.day);
    out.f64(this.refused['not-a-measure']);
    out.f64(this.refused.full);
  }

  load(from: StateReader): void {
    this.#groups.load(from);
    this.#metrics.load(from);
    this.day = from.u32();
    this.refused['not-a-measure'] = from.f64();
    this.refused.full = from.f64();
  }

  /** The first value: it is the centre, and nothing is known of the spread. */
  #begin(value: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    f32[at + WEIGHT] = 1;
    f32[at + CENTRE] = value;
    f32[at + RECENT] = value;
    f32[at + LOW] = value;
    f32[at + HIGH] = value;
    f32[at + LOW_NEW] = value;
    f32[at + HIGH_NEW] = value;
    this.#u32[at + RUNS] = 1;
    this.#u32[at + RUNS_NEW] = 1;
    this.#u32[at + SEEN_TODAY] = 1;
    this.#u16[at * 2 + DAY_HALF] = this.day;
    this.#u16[at * 2 + EPOCH_DAY_HALF] = this.day;
    this.#u16[at * 2 + LEARNED_HALF] = 1;
  }

  /** What every further value does: the short memory always follows, the long memory when it is this value's turn. */
  #observe(metric: number, value: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    this.#turnDay();
    const runs = ++this.#u32[at + RUNS];
    this.#u32[at + RUNS_NEW]++;
    const record = this.#widen(value);
    this.#place(metric, value);
    const weight = f32[at + WEIGHT];
    const rate = Math.max(RATE_LEVEL, 1 / (weight + 1));
    f32[at + LEVEL] += rate * (this.#bent / OCTAVE_STEPS - f32[at + LEVEL]);
    f32[at + RECENT] += rate * (value - f32[at + RECENT]);
    this.#countStreak();
    const draw = mix32(Math.imul(runs, 0x9e3779b1) ^ metric);
    if (!record && (draw & ((1 << this.#bytes[at * 4 + SKIP_BYTE]) - 1)) !== 0) return;
    if (weight >= UNCOUNTED) this.#count(mix32(draw + 1));
    f32[at + WEIGHT] = weight + 1;
    const learned = ++this.#u16[at * 2 + LEARNED_HALF];
    this.#adapt(metric, value);
    if (learned >= EPOCH_COUNT) this.#turnEpoch();
  }

  /** Counts a residual now, and the level of some values ago; `draw` supplies 28 random bits. */
  #count(draw: number): void {
    const at = this.#at;
    const bytes = this.#bytes;
    const count = Math.floor(this.#f32[at + WEIGHT]);
    const tail = this.#tail.at(bytes, at * 4 + VALUE_HISTOGRAM);
    tail.add(tail.index(this.#low, this.#steps), draw, count);
    const ring = at * 4 + DELAY_RING + (this.#u16[at * 2 + LEARNED_HALF] & (LEVEL_DELAY - 1));
    const due = bytes[ring];
    const level = this.#f32[at + LEVEL];
    bytes[ring] = 1 + tail.index(level < 0, this.#levelSteps(level));
    if (due !== 0) tail.at(bytes, at * 4 + LEVEL_HISTOGRAM).add(due - 1, draw >>> 14, count);
  }

  /** Moves centre and scales towards a value. Running means start as plain means: rate 1/n while that is faster. */
  #adapt(metric: number, value: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    const weight = f32[at + WEIGHT];
    const clip = weight > CLIP_FROM ? CLIP_SIZES : Number.POSITIVE_INFINITY;
    const limit = clip * Math.max(f32[at + SIZE], this.#resolution(metric));
    const residual = Math.max(-limit, Math.min(limit, value - f32[at + CENTRE]));
    const slow = Math.max(RATE_SCALE, 1 / weight);
    f32[at + CENTRE] += Math.max(RATE_CENTRE, 1 / weight) * residual;
    f32[at + SIZE] += slow * (Math.abs(residual) - f32[at + SIZE]);
    const levelSize = Math.min(Math.abs(f32[at + LEVEL]), clip * Math.max(f32[at + LEVEL_SIZE], LEVEL_SIZE_MIN));
    f32[at + LEVEL_SIZE] += slow * (levelSize - f32[at + LEVEL_SIZE]);
  }

  /** Places a value against the centre: side and logarithm of its residual in sizes, 0 inside the resolution. */
  #place(metric: number, value: number): void {
    const f32 = this.#f32;
    const at = this.#at;
    const residual = value - f32[at + CENTRE];
    const floor = this.#resolution(metric);
    const beyond = Math.max(0, Math.abs(residual) - floor);
    const sizes = beyond / Math.max(f32[at + SIZE], floor, f32[at + HIGH] * SIZE_SHARE);
    this.#low = residual < 0 && sizes > 0;
    this.#steps = log2Steps(sizes);
    this.#bent = this.#low ? -log2Steps(1 + sizes) : log2Steps(1 + sizes);
  }

  #levelSteps(level: number): number {
    return log2Steps(Math.abs(level) / Math.max(this.#f32[this.#at + LEVEL_SIZE], LEVEL_SIZE_MIN));
  }

  #resolution(metric: number): number {
    return Math.max(RESOLUTION[metric], RESOLUTION_SHARE * this.#f32[this.#at + CENTRE]);
  }

  #countStreak(): void {
    const at = this.#at * 4 + STREAK_BYTE;
    const streak = this.#bytes[at];
    if (this.#bent > ABOVE_STEPS) this.#bytes[at] = Math.min(255, streak + 1);
    else if (streak > 0) this.#bytes[at] = streak - 1;
  }

  /** Takes a value into the range; true when it was outside. */
  #widen(value: number): boolean {
    const f32 = this.#f32;
    const at = this.#at;
    const fresh = this.#u32[at + RUNS_NEW] === 1;
    if (fresh || value < f32[at + LOW_NEW]) f32[at + LOW_NEW] = value;
    if (fresh || value > f32[at + HIGH_NEW]) f32[at + HIGH_NEW] = value;
    const kept = Math.fround(value);
    const record = kept < f32[at + LOW] || kept > f32[at + HIGH];
    if (kept < f32[at + LOW]) f32[at + LOW] = kept;
    if (kept > f32[at + HIGH]) f32[at + HIGH] = kept;
    return record;
  }

  /** Counts a value of the day and thins the learning of a busy one; a new day starts half as thin. */
  #turnDay(): void {
    const at = this.#at;
    const skip = at * 4 + SKIP_BYTE;
    if (this.#u16[at * 2 + DAY_HALF] !== this.day) {
      this.#u16[at * 2 + DAY_HALF] = this.day;
      this.#u32[at + SEEN_TODAY] = 0;
      if (this.#bytes[skip] > 0) this.#bytes[skip]--;
      const days = this.day - this.#u16[at * 2 + EPOCH_DAY_HALF];
      if (days >= EPOCH_DAYS && this.#u16[at * 2 + LEARNED_HALF] >= EPOCH_COUNT_MIN) this.#turnEpoch();
    }
    const seen = ++this.#u32[at + SEEN_TODAY];
    if (seen > LEARNED_PER_DAY * (2 << this.#bytes[skip])) this.#bytes[skip]++;
  }

  /** Halves the counts; the range now starts with the epoch that ends. */
  #turnEpoch(): void {
    const f32 = this.#f32;
    const at = this.#at;
    this.#u32[at + RUNS] = this.#u32[at + RUNS_NEW];
    this.#u32[at + RUNS_NEW] = 0;
    f32[at + LOW] = f32[at + LOW_NEW];
    f32[at + HIGH] = f32[at + HIGH_NEW];
    f32[at + INHERITED] *= 0.5;
    this.#u16[at * 2 + EPOCH_DAY_HALF] = this.#u16[at * 2 + DAY_HALF];
    this.#u16[at * 2 + LEARNED_HALF] = 0;
    this.#shrink(0.5);
  }

  #becomePrior(): void {
    const f32 = this.#f32;
    const at = this.#at;
    this.#shrink(Math.min(INHERITED_SHARE, INHERITED_MAX / f32[at + WEIGHT]));
    f32[at + INHERITED] = f32[at + WEIGHT];
    f32[at + LEVEL] = 0;
    f32[at + RECENT] = f32[at + CENTRE];
    this.#bytes[at * 4 + STREAK_BYTE] = 0;
    this.#bytes.fill(0, at * 4 + DELAY_RING, at * 4 + DELAY_RING + LEVEL_DELAY);
  }

  #shrink(factor: number): void {
    const at = this.#at;
    this.#f32[at + WEIGHT] *= factor;
    for (const histogram of [VALUE_HISTOGRAM, LEVEL_HISTOGRAM]) {
      const seed = mix32(this.#u32[at + RUNS] + histogram);
      this.#tail.at(this.#bytes, at * 4 + histogram).shrink(factor, seed);
    }
  }

  /** Fills in what is known of the metric at hand. */
  #fillDetails(metric: number, value: number): void {
    const out = this.#result;
    const f32 = this.#f32;
    const at = this.#at;
    const weight = f32[at + WEIGHT];
    const floor = this.#resolution(metric);
    const size = Math.max(f32[at + SIZE], floor, f32[at + HIGH] * SIZE_SHARE);
    const tail = this.#tail.at(this.#bytes, at * 4 + VALUE_HISTOGRAM);
    out.runs = this.#u32[at + RUNS];
    out.ownCount = Math.floor(weight - f32[at + INHERITED]);
    out.maturity = out.ownCount / (out.ownCount + MATURITY_HALF);
    out.centre = f32[at + CENTRE];
    out.min = f32[at + LOW];
    out.max = f32[at + HIGH];
    out.expectedLow = within(out, out.centre + tail.quantile(-1, BAND_SHARE, weight) * size - floor);
    out.expectedHigh = within(out, out.centre + tail.quantile(1, BAND_SHARE, weight) * size + floor);
    out.recent = f32[at + RECENT] + RATE_LEVEL * (value - f32[at + RECENT]);
  }

  #blockOf(group: number, metric: number): number {
    const { pages, shift, mask } = this.#groups;
    return pages[group >>> shift].u32[(group & mask) * METRICS.length + metric];
  }

  #newBlock(group: number, metric: number): number {
    const block = this.#metrics.alloc();
    const { pages, shift, mask } = this.#groups;
    pages[group >>> shift].u32[(group & mask) * METRICS.length + metric] = block;
    return block;
  }

  /** Points at a block. */
  #open(block: number): void {
    const { pages, shift, mask } = this.#metrics;
    const page = pages[block >>> shift];
    this.#f32 = page.f32;
    this.#u32 = page.u32;
    this.#u16 = page.u16;
    this.#bytes = page.bytes;
    this.#at = ((block & mask) * METRIC_BYTES) / 4;
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

function isMeasure(value: number): boolean {
  return value >= 0 && value <= METRIC_VALUE_MAX;
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
