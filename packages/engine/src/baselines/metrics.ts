import { assert } from '../base/assert.ts';
import { METRIC_BLOCKS_MAX } from '../base/limits.ts';
import { Slab } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { NUMBERS } from '../event/schema.ts';
import {
  DETAILS_FROM,
  isJudged,
  isQuiet,
  METRIC,
  METRIC_BYTES,
  METRIC_NUMBER,
  METRICS,
  MetricBlock,
  type MetricField,
  type MetricScore,
} from './metric-block.ts';

/** Nothing measurable is larger (bytes, or 30,000 years in ms); keeps 32-bit floats finite. */
export const METRIC_VALUE_MAX = 1e15;

/** Bytes of the list of a group's metrics. */
export const METRIC_GROUP_BYTES = METRICS.length * 4;
/** Groups of one function: two revisions, cold and warm apart. */
const GROUPS_PER_FUNCTION = 4;
// Near at hand: constants of other modules cost a look-up each time.
const NUMBER_OF = METRIC_NUMBER;
const METRIC_WORDS = METRIC_BYTES / 4;
const GROUP_WORDS = METRIC_GROUP_BYTES / 4;
/** Words of a block that an ordinary value reads, and those of a cache line. */
const TOUCHED_WORDS = 40;
const LINE_WORDS = 16;

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
 * metric that ever occurred, 240 bytes each, so a function known from platform logs alone costs a third of an
 * instrumented one. Score first, then learn. Channels (measured design, docs/decisions/resource-findings.md):
 *
 * - *value*: residual to a slow centre in units of a very slow scale, ranked in a two-sided tail histogram;
 * - *odd*: the same residual in bins hardly anything ever fell into (only inside the range seen);
 * - *level*: running mean of the residuals' signed logarithms, judged by its own record: one outlier moves it little,
 *   a few shifted values in a row move it far.
 *
 * Nineteen values in twenty are nothing by all three, and `sift` says so by comparing them with a band drawn once in a while.
 * Decay is by learned values, some thousand of them on a model day at most, so idleness costs nothing and a busy function
 * does not forget faster than a quiet one. Silent on slow drift, which it learns. It does not rest after a strange value:
 * that is suppression's business. Cost: see the decision page.
 */
export class MetricStore {
  /** Model day (0..65,535) of what is learned next; set it before `learn`. */
  day = 0;
  /** Values with enough of a record to be judged that the last `sift` met. */
  sifted = 0;
  /** Values that were not learned, by reason. */
  readonly refused: { [K in MetricRefusal]: number } = { 'not-a-measure': 0, full: 0 };
  readonly #groups: Slab;
  readonly #metrics: Slab;
  readonly #block = new MetricBlock();
  /** Numbers of which one is looked at. */
  readonly #one = new Float64Array(NUMBERS.length);

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
    this.#clear(group);
    this.#groups.free(group);
  }

  /** Reads the list of a group's metrics, so that it is at hand soon; group 0 has none. */
  touchGroup(group: number): number {
    return this.#groups.touch(group);
  }

  /** Reads of the metrics of a group what ordinary values need, so that it is at hand soon. */
  touch(group: number): number {
    if (group === 0) return 0;
    const { pages, shift, mask } = this.#metrics;
    const blocks = this.#groups.pages[group >>> this.#groups.shift].u32;
    const first = (group & this.#groups.mask) * GROUP_WORDS;
    let sum = 0;
    for (let metric = 0; metric < GROUP_WORDS; metric++) {
      const block = blocks[first + metric];
      if (block === 0) continue;
      const { u32 } = pages[block >>> shift];
      const at = (block & mask) * METRIC_WORDS;
      for (let word = at; word < at + TOUCHED_WORDS; word += LINE_WORDS) sum |= u32[word];
    }
    return sum;
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
      this.#open(target, metric).becomePrior();
    }
  }

  /**
   * Picks from the numbers of an observation those worth a `score`. `metrics` has a bit `1 << METRIC[field]` for each that
   * is asked about; so has the answer for each that is not certainly ordinary. Says in `sifted` how many were judged.
   */
  sift(group: number, numbers: Float64Array, metrics: number): number {
    this.sifted = 0;
    if (group === 0) return 0;
    const { pages, shift, mask } = this.#metrics;
    const blocks = this.#groups.pages[group >>> this.#groups.shift].u32;
    const first = (group & this.#groups.mask) * GROUP_WORDS;
    let judged = 0;
    let rest = 0;
    for (let left = metrics; left !== 0; left ^= 1 << (31 - Math.clz32(left))) {
      const metric = 31 - Math.clz32(left);
      const block = blocks[first + metric];
      const value = numbers[NUMBER_OF[metric]];
      if (block === 0 || !isMeasure(value)) continue;
      const { f32 } = pages[block >>> shift];
      const at = (block & mask) * METRIC_WORDS;
      if (isQuiet(f32, at, value)) judged++;
      else if (isJudged(f32, at)) {
        judged++;
        rest |= 1 << metric;
      }
    }
    this.sifted = judged;
    return rest;
  }

  /**
   * Judges a value by the record before it, and says what that record is. A group of 0 and values that are no measure score 0
   * with a count of 0.
   */
  score(group: number, metric: number, value: number): MetricScore {
    if (this.judge(group, metric, value).score >= DETAILS_FROM) this.#block.describe(value);
    return this.#block.result;
  }

  /** `score` without what people are told about the record. */
  judge(group: number, metric: number, value: number): MetricScore {
    const out = this.#block.result;
    out.score = 0;
    out.count = 0;
    out.channel = 'none';
    if (group === 0 || !isMeasure(value)) return out;
    const block = this.#blockOf(group, metric);
    if (block !== 0) this.#open(block, metric).judge(value);
    return out;
  }

  /** Learns those of an observation's numbers that `metrics` has a bit for and that are present; see `sift`. */
  learnAll(group: number, numbers: Float64Array, metrics: number): void {
    const { pages, shift, mask } = this.#metrics;
    const blocks = this.#groups.pages[group >>> this.#groups.shift].u32;
    const first = (group & this.#groups.mask) * GROUP_WORDS;
    const open = this.#block;
    for (let left = metrics; left !== 0; left &= left - 1) {
      const metric = 31 - Math.clz32(left & -left);
      const value = numbers[NUMBER_OF[metric]];
      // Absent numbers are NaN.
      if (Number.isNaN(value)) continue;
      const block = isMeasure(value) ? blocks[first + metric] || this.#newBlock(group, metric) : 0;
      if (block === 0) {
        this.refused[isMeasure(value) ? 'full' : 'not-a-measure']++;
        continue;
      }
      open.open(pages[block >>> shift], (block & mask) * METRIC_WORDS, metric);
      open.learn(numbers, this.day);
    }
  }

  /** Learns one value; values that are no measure and values without room are counted in `refused`. */
  learn(group: number, metric: number, value: number): void {
    if (Number.isNaN(value)) this.refused['not-a-measure']++;
    this.#one[NUMBER_OF[metric]] = value;
    this.learnAll(group, this.#one, 1 << metric);
  }

  /** What is normal for a metric of a group; the group may be 0. Allocates: for reports. */
  describe(group: number, field: MetricField): MetricBand {
    const block = group === 0 ? 0 : this.#blockOf(group, METRIC[field]);
    if (block === 0) return NO_BAND;
    const open = this.#open(block, METRIC[field]);
    if (open.weight === 0) return NO_BAND;
    open.describe(0);
    const { runs, centre, expectedLow, expectedHigh, min, max, maturity } = open.result;
    return { count: runs, centre, low: expectedLow, high: expectedHigh, min, max, maturity };
  }

  /** Writes what a group knows, metric by metric. */
  keep(group: number, out: StateWriter): void {
    for (let metric = 0; metric < METRICS.length; metric++) {
      const block = this.#blockOf(group, metric);
      out.u32(block === 0 ? 0 : 1);
      if (block !== 0) this.#metrics.keep(block, out);
    }
  }

  /** Puts what `keep` wrote into a group; a metric for which there is no memory left is counted as refused. */
  bring(group: number, from: StateReader): void {
    this.#clear(group);
    for (let metric = 0; metric < METRICS.length; metric++) {
      if (from.u32() === 0) continue;
      const block = this.#newBlock(group, metric);
      if (block !== 0) this.#metrics.bring(block, from);
      else {
        from.bytes();
        this.refused.full++;
      }
    }
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

  #clear(group: number): void {
    const { pages, shift, mask } = this.#groups;
    for (let metric = 0; metric < METRICS.length; metric++) {
      const block = this.#blockOf(group, metric);
      if (block !== 0) this.#metrics.free(block);
      pages[group >>> shift].u32[(group & mask) * METRICS.length + metric] = 0;
    }
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
  #open(block: number, metric: number): MetricBlock {
    const { pages, shift, mask } = this.#metrics;
    this.#block.open(pages[block >>> shift], ((block & mask) * METRIC_BYTES) >>> 2, metric);
    return this.#block;
  }
}

function isMeasure(value: number): boolean {
  return value >= 0 && value <= METRIC_VALUE_MAX;
}
