import { FUNCTIONS_MAX } from '../base/limits.ts';
import { NO_PAGE, Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { NumberField } from '../event/schema.ts';
import { log2Steps, OCTAVE_STEPS } from '../stats/log-table.ts';
import {
  dayShift,
  daySpread,
  medianOf,
  SHIFT_DAYS,
  SHIFT_DAYS_MIN,
  type Shift,
  slowShift,
} from '../stats/slow-shift.ts';

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

/** Parts of a day, each the mean of its values: the last 24 hours are judged when one ends, not only at midnight. */
export const PARTS_OF_DAY = 4;
const WEEK = 7;
/** Invocations without which a part of a day says nothing and goes into the next one, and those without which a day is not judged alone. */
const VALUES_MIN = 5;
const ALONE_MIN = 20;
/** What the anchor may move on a model day: 0.25 %. */
const ANCHOR_STEP = Math.log(1.0025) / Math.LN2;
/** Days after a deployment, or a person's word, that show where the anchor goes. */
const SETTLING_DAYS = 3;
/** A change that was told is told again when it has grown by so many doublings more; forgotten when half of it is left. */
const TOLD_STEP = 0.263;
/** What is left of the record of single days after a day: half after 60. */
const RECORD_LEFT = Math.exp(-Math.LN2 / 60);
/** Words of a metric. The parts are those of the last 24 hours, newest first: mean and values each. The ring has the mean of each of 28 days. */
const WORD = {
  /** Part of the day that runs, counted from the origin, and what it holds. */
  part: 0,
  values: 1,
  sum: 2,
  daySum: 4,
  dayValues: 6,
  anchor: 7,
  days: 8,
  settling: 9,
  told: 10,
  flagged: 11,
  parts: 12,
  ring: 20,
  record: 48,
  /** Values of the newest day. */
  newest: 49,
  toldAt: 50,
  words: 52,
} as const;
const BLOCK_BYTES = 4 * WORD.words * DRIFTING.length;

/** How far a metric is from where it was anchored. */
export interface DriftGap extends Shift {
  /** Days that are known. */
  readonly known: number;
  /** Anchor and mean of the window, in the unit of the metric. */
  readonly anchored: number;
  readonly recent: number;
}

/**
 * Slow change of what one invocation takes: a fast and a slow twin of each number, in 1,664 bytes a function. An invocation adds to two
 * sums; every quarter of a day they become a mean. The fast twin is the last 24 hours, the slow one the means of 28 days; both are held
 * against an anchor that follows the last week by a quarter of a percent a day at most, so that nobody can lead it further. What
 * counts as far is told by how days differ (`slowShift`). Logarithms to base 2 throughout: 1 is a doubling. The first 14 days teach it.
 */
export class Drifts {
  /** Functions that were judged, and those that were flagged, by metric: whole numbers, taken once a tick. */
  readonly judged = new Uint32Array(DRIFTING.length);
  readonly flagged = new Uint32Array(DRIFTING.length);
  /** How far those moved, in whole steps (`OCTAVE_STEPS` a doubling). */
  readonly flaggedSteps = new Uint32Array(DRIFTING.length);
  /** Share of the tenant's functions flagged in the last days, by metric, the mean of how far, and how many are judged at once: told once a tick. */
  readonly commonShare = new Float64Array(DRIFTING.length);
  readonly commonGap = new Float64Array(DRIFTING.length);
  readonly commonJudged = new Float64Array(DRIFTING.length);
  /** Share of those that were judged in the newest part of the day. */
  readonly commonHeard = new Float64Array(DRIFTING.length);
  /** Part of the day that is about, counted from the origin. */
  commonPart = 0;
  readonly #slab = new Slab(BLOCK_BYTES, FUNCTIONS_MAX);
  #page: SlabPage = NO_PAGE;
  #word = 0;
  #ready = false;
  readonly #days = new Float64Array(SHIFT_DAYS);

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
    this.#ready = id !== 0;
    this.#page = id === 0 ? NO_PAGE : this.#slab.pages[id >>> this.#slab.shift];
    this.#word = ((id & this.#slab.mask) * BLOCK_BYTES) >>> 2;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** True when a metric has a part of a day that is over in part `part` and not closed yet. */
  isDue(metric: number, part: number): boolean {
    if (!this.#ready) return false;
    const word = this.#word + metric * WORD.words;
    const { u32 } = this.#page;
    return u32[word + WORD.part] < part && u32[word + WORD.values] >= VALUES_MIN;
  }

  /** Adds a value of a part of a day. */
  add(metric: number, part: number, value: number): void {
    if (!this.#ready || !(value > 0 && value < Number.POSITIVE_INFINITY)) return;
    const { u32, f64 } = this.#page;
    const word = this.#word + metric * WORD.words;
    u32[word + WORD.part] = part;
    u32[word + WORD.values]++;
    f64[(word + WORD.sum) >> 1] += log2Steps(value) / OCTAVE_STEPS;
  }

  /** Closes the part that is due in part `now`, and the day when it is over; `held` leaves the anchor where it is. */
  close(metric: number, now: number, held: boolean): void {
    const { u32, f64 } = this.#page;
    const word = this.#word + metric * WORD.words;
    const [values, sum, part] = [u32[word + WORD.values], f64[(word + WORD.sum) >> 1], u32[word + WORD.part]];
    this.#pushPart(word, sum / values, values);
    // Parts in which nothing happened.
    for (let idle = Math.min(PARTS_OF_DAY, now - part - 1); idle > 0; idle--) this.#pushPart(word, 0, 0);
    u32[word + WORD.values] = 0;
    f64[(word + WORD.sum) >> 1] = 0;
    f64[(word + WORD.daySum) >> 1] += sum;
    u32[word + WORD.dayValues] += values;
    if (Math.floor(part / PARTS_OF_DAY) !== Math.floor(now / PARTS_OF_DAY)) this.#closeDay(word, held);
  }

  /** How far a metric is from its anchor in part `part`, by what is closed; undefined while that is not known. */
  gap(metric: number, part: number): DriftGap | undefined {
    if (!this.#ready) return undefined;
    const { u32, f32 } = this.#page;
    const word = this.#word + metric * WORD.words;
    const known = u32[word + WORD.days];
    if (known < SHIFT_DAYS_MIN || u32[word + WORD.settling] > 0) return undefined;
    const count = this.#unroll(word, known);
    const phase = (known - count) % WEEK;
    const spread = daySpread(this.#days, count, phase);
    const anchor = f32[word + WORD.anchor];
    const record = f32[word + WORD.record];
    const alone = u32[word + WORD.newest] >= ALONE_MIN;
    const slow = slowShift({ days: this.#days, count, phase, anchor, record, alone }, spread);
    const fast = this.#running(word, { part, known, anchor, record }, spread);
    const shift = fast !== undefined && fast.strength > slow.strength ? fast : slow;
    return {
      ...shift,
      known,
      anchored: Math.exp(anchor * Math.LN2),
      recent: Math.exp((anchor + shift.gap) * Math.LN2),
    };
  }

  /** Part of the day, from the origin, at which a metric was flagged and is not told of yet; 0 when it is not. */
  flaggedAt(metric: number): number {
    return this.#page.u32[this.#word + metric * WORD.words + WORD.flagged];
  }

  setFlagged(metric: number, part: number): void {
    this.#page.u32[this.#word + metric * WORD.words + WORD.flagged] = part;
  }

  /**
   * True when a gap is news: nothing was told, or much less. Forgets what was told when half of it is gone. For a day after something
   * was told the 24 hours that are judged are still filling up: what they show more of the same is no news.
   */
  isNews(metric: number, gap: number, part: number): boolean {
    const { u32, f32 } = this.#page;
    const word = this.#word + metric * WORD.words;
    const told = f32[word + WORD.told];
    if (told === 0) return true;
    const filling = part <= u32[word + WORD.toldAt] + PARTS_OF_DAY;
    if (filling) f32[word + WORD.told] = Math.max(told, gap);
    else if (gap < told / 2) f32[word + WORD.told] = 0;
    return !filling && (gap < told / 2 || gap >= told + TOLD_STEP);
  }

  setTold(metric: number, gap: number, part: number): void {
    const { u32, f32 } = this.#page;
    const word = this.#word + metric * WORD.words;
    f32[word + WORD.told] = gap;
    u32[word + WORD.toldAt] = part;
  }

  /**
   * Anchors a metric anew where the next days show it to be: a deployment, or a person's word. How days differ is kept, and what was
   * told is forgotten.
   */
  anchor(metric: number): void {
    if (!this.#ready) return;
    const { u32, f32, f64 } = this.#page;
    const word = this.#word + metric * WORD.words;
    u32[word + WORD.settling] = SETTLING_DAYS;
    f32[word + WORD.told] = 0;
    u32[word + WORD.flagged] = 0;
    u32[word + WORD.values] = 0;
    u32[word + WORD.dayValues] = 0;
    f64[(word + WORD.sum) >> 1] = 0;
    f64[(word + WORD.daySum) >> 1] = 0;
    f32.fill(0, word + WORD.parts, word + WORD.ring);
  }

  keep(id: number, out: StateWriter): void {
    this.#slab.keep(id, out);
  }

  bring(id: number, from: StateReader): void {
    this.#slab.bring(id, from);
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
    for (const counts of [this.judged, this.flagged, this.flaggedSteps]) out.u32Array(counts);
    for (const shares of [this.commonShare, this.commonGap, this.commonJudged, this.commonHeard]) out.f64Array(shares);
    out.u32(this.commonPart);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
    for (const counts of [this.judged, this.flagged, this.flaggedSteps]) counts.set(from.u32Array());
    for (const shares of [this.commonShare, this.commonGap, this.commonJudged, this.commonHeard])
      shares.set(from.f64Array());
    this.commonPart = from.u32();
    this.focus(0);
  }

  #pushPart(word: number, mean: number, values: number): void {
    const { f32 } = this.#page;
    const parts = word + WORD.parts;
    f32.copyWithin(parts + 2, parts, parts + 2 * (PARTS_OF_DAY - 1));
    f32[parts] = mean;
    f32[parts + 1] = values;
  }

  #closeDay(word: number, held: boolean): void {
    const { u32, f32, f64 } = this.#page;
    const day = f64[(word + WORD.daySum) >> 1] / u32[word + WORD.dayValues];
    u32[word + WORD.newest] = u32[word + WORD.dayValues];
    f64[(word + WORD.daySum) >> 1] = 0;
    u32[word + WORD.dayValues] = 0;
    const known = u32[word + WORD.days];
    f32[word + WORD.ring + (known % SHIFT_DAYS)] = day;
    // A day late: it must not be held against itself.
    const before = known === 0 ? 0 : f32[word + WORD.ring + ((known - 1) % SHIFT_DAYS)] - f32[word + WORD.anchor];
    f32[word + WORD.record] = Math.max(f32[word + WORD.record] * RECORD_LEFT, before);
    u32[word + WORD.days] = known + 1;
    if (u32[word + WORD.settling] > 0) this.#settle(word, known + 1);
    else if (!held) this.#moveAnchor(word, known + 1);
  }

  /** The first days are the anchor; later it follows the last week, slowly. */
  #moveAnchor(word: number, known: number): void {
    const { f32 } = this.#page;
    if (known <= SHIFT_DAYS_MIN) {
      f32[word + WORD.anchor] = this.#middleOf(word, known, known);
      return;
    }
    const step = this.#middleOf(word, known, WEEK) - f32[word + WORD.anchor];
    f32[word + WORD.anchor] += Math.max(-ANCHOR_STEP, Math.min(ANCHOR_STEP, step));
  }

  /** One of the days that show where the anchor goes. After the last one the days before the change are moved to where it is now. */
  #settle(word: number, known: number): void {
    const { u32, f32 } = this.#page;
    u32[word + WORD.settling]--;
    if (u32[word + WORD.settling] > 0) return;
    const level = this.#middleOf(word, known, SETTLING_DAYS);
    const before = Math.min(known - SETTLING_DAYS, SHIFT_DAYS - SETTLING_DAYS);
    if (before > 0) {
      const moved = level - this.#middleOf(word, known - SETTLING_DAYS, Math.min(WEEK, before));
      for (let ago = 0; ago < before; ago++) {
        f32[word + WORD.ring + ((known - SETTLING_DAYS - 1 - ago) % SHIFT_DAYS)] += moved;
      }
    }
    f32[word + WORD.anchor] = level;
  }

  /** Median of `count` days up to the one before day `end`. */
  #middleOf(word: number, end: number, count: number): number {
    for (let at = 0; at < count; at++) {
      this.#days[at] = this.#page.f32[word + WORD.ring + ((end - count + at) % SHIFT_DAYS)];
    }
    return medianOf(this.#days, count, count);
  }

  /** Lays the days out, oldest first; returns how many there are. */
  #unroll(word: number, known: number): number {
    const count = Math.min(known, SHIFT_DAYS);
    for (let at = 0; at < count; at++) {
      this.#days[at] = this.#page.f32[word + WORD.ring + ((known - count + at) % SHIFT_DAYS)];
    }
    return count;
  }

  /** The last 24 hours, where they hold enough. */
  #running(
    word: number,
    of: { readonly part: number; readonly known: number; readonly anchor: number; readonly record: number },
    spread: ReturnType<typeof daySpread>,
  ): Shift | undefined {
    const { f32 } = this.#page;
    let [sum, values] = [0, 0];
    for (let at = 0; at < PARTS_OF_DAY; at++) {
      const count = f32[word + WORD.parts + 2 * at + 1];
      sum += f32[word + WORD.parts + 2 * at] * count;
      values += count;
    }
    if (values < ALONE_MIN) return undefined;
    const share = (of.part % PARTS_OF_DAY) / PARTS_OF_DAY;
    return dayShift({ value: sum / values, phase: of.known, share, anchor: of.anchor, record: of.record }, spread);
  }
}
