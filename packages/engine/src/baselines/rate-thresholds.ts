import type { StateReader, StateWriter } from '../base/state.ts';
import { CLASS, RATE_CLASSES } from './rate-class.ts';

/** Cells with thresholds of their own: the classes, then steady and bursty functions whose season is known. */
const KINDS = [...RATE_CLASSES, 'steady-seasonal', 'bursty-seasonal'] as const;
/** Cells of functions that a timer triggers come after those of others. */
const TRIGGERS = 2;
/** Number of cells. */
export const RATE_CELLS = KINDS.length * TRIGGERS;
/** What is shipped for each kind: raw scores from which a run is watched, and is a finding. Never less until a cell has data. */
const WATCH_FROM = [1.2, 1.7, 0.3, 2.7, 2.6, 2.7, 2.6] as const;
const FINDING_FROM = [2.6, 3, 1.3, 8, 3.6, 8, 3.6] as const;
/** Runs a function-day that may be a finding, and that may be watched. */
const FINDINGS_PER_DAY = 0.01;
const WATCHED_PER_DAY = 0.05;
/** Function-days from which a cell's own runs set its thresholds: with fewer than three expected, a quantile is a guess. */
const DAYS_MIN = 300;
/** A threshold from data is never lower than this part of the shipped one. */
const SHARE_MIN = 0.5;
/** Highest runs whose tail is continued where none was seen. */
const TAIL_RUNS = 20;
/** Bins of raw scores: an eighth of a decade each, up to 33. */
const BINS = 256;
const BIN_WIDTH = 0.125;
/** Decades a unit of raw score: assumed, and bounds of what data may say. */
const SLOPE = { assumed: 0.5, min: 0.25, max: 1 } as const;
/** Raw score from which a run is kept. */
export const RUN_FROM = 1;
/** Days after which a run counts a third. */
const KEPT_DAYS = 90;
const DAY_MINUTES = 1440;

/**
 * Scale on which scores of all classes are compared: decades of rarity by function and hour. A finding is one in 2,400 hours
 * of a function (0.01 a day), what is watched one in 350 (0.07 a day), which is `WATCH_SHARE` of it.
 */
export const RATE_FINDING = 3.4;
export const RATE_WATCH = 2.55;

/** Runs by their highest raw score, and function-minutes, that some part of the fleet has seen. Order does not matter. */
export class RateRuns {
  readonly minutes = new Float64Array(RATE_CELLS);
  readonly counts = new Float64Array(RATE_CELLS * BINS);

  /** Counts judged minutes of a function. */
  judged(cell: number, minutes: number): void {
    this.minutes[cell] += minutes;
  }

  /** Counts a run by its highest raw score. */
  run(cell: number, raw: number): void {
    if (raw < RUN_FROM) return;
    this.counts[cell * BINS + Math.min(BINS - 1, Math.floor((raw - RUN_FROM) / BIN_WIDTH))]++;
  }

  /** Adds what another part has seen, and empties that. */
  absorb(other: RateRuns): void {
    this.add(other);
    other.clear();
  }

  /** Adds what another part has seen. */
  add(other: RateRuns): void {
    for (let at = 0; at < this.minutes.length; at++) this.minutes[at] += other.minutes[at];
    for (let at = 0; at < this.counts.length; at++) this.counts[at] += other.counts[at];
  }

  clear(): void {
    this.minutes.fill(0);
    this.counts.fill(0);
  }

  /** Lets everything count less. */
  fade(factor: number): void {
    for (let at = 0; at < this.minutes.length; at++) this.minutes[at] *= factor;
    for (let at = 0; at < this.counts.length; at++) this.counts[at] *= factor;
  }

  save(out: StateWriter): void {
    out.f64Array(this.minutes);
    out.f64Array(this.counts);
  }

  load(from: StateReader): void {
    this.minutes.set(valuesOf(from, this.minutes.length));
    this.counts.set(valuesOf(from, this.counts.length));
  }
}

/**
 * Class-conformal thresholds: the raw score that benign runs of a cell reach at most 0.01 times a function-day (0.05 for the
 * watch level), counted in whole runs, so that serial dependence is in it. Before a cell has 300 function-days the shipped
 * constants hold. Attacks among the runs can only raise a threshold, each by one run.
 */
export class RateThresholds {
  readonly #runs = new RateRuns();
  readonly #watch = new Float64Array(RATE_CELLS);
  readonly #finding = new Float64Array(RATE_CELLS);
  readonly #slope = new Float64Array(RATE_CELLS).fill(SLOPE.assumed);

  constructor() {
    for (let cell = 0; cell < RATE_CELLS; cell++) this.#ship(cell);
  }

  /** Raw score from which a run of a cell is a finding. */
  finding(cell: number): number {
    return this.#finding[cell];
  }

  watch(cell: number): number {
    return this.#watch[cell];
  }

  /** Function-days of a cell. */
  days(cell: number): number {
    return this.#runs.minutes[cell] / DAY_MINUTES;
  }

  /** A raw score on the scale of all classes. */
  decades(cell: number, raw: number): number {
    const watch = this.#watch[cell];
    const finding = this.#finding[cell];
    if (raw <= watch) return RATE_WATCH - (watch - raw);
    if (raw <= finding) return RATE_WATCH + ((RATE_FINDING - RATE_WATCH) * (raw - watch)) / (finding - watch);
    return RATE_FINDING + this.#slope[cell] * (raw - finding);
  }

  /** Takes in what the fleet has seen in the last day, and sets the thresholds anew. */
  fit(runs: RateRuns): void {
    this.#runs.fade(1 - 1 / KEPT_DAYS);
    this.#runs.add(runs);
    for (let cell = 0; cell < RATE_CELLS; cell++) {
      this.#ship(cell);
      const days = this.days(cell);
      if (days < DAYS_MIN) continue;
      const counts = this.#runs.counts.subarray(cell * BINS, (cell + 1) * BINS);
      const shipped = FINDING_FROM[cell % KINDS.length];
      const tail = tailOf(counts);
      this.#slope[cell] = tail.slope;
      this.#finding[cell] = Math.max(shipped * SHARE_MIN, quantile(counts, tail, FINDINGS_PER_DAY * days));
      const watch = Math.max((shipped * SHARE_MIN) / 2, quantile(counts, tail, WATCHED_PER_DAY * days));
      this.#watch[cell] = Math.min(this.#finding[cell] - BIN_WIDTH, watch);
    }
  }

  save(out: StateWriter): void {
    this.#runs.save(out);
    for (const values of [this.#watch, this.#finding, this.#slope]) out.f64Array(values);
  }

  load(from: StateReader): void {
    this.#runs.load(from);
    for (const values of [this.#watch, this.#finding, this.#slope]) values.set(valuesOf(from, RATE_CELLS));
  }

  #ship(cell: number): void {
    this.#watch[cell] = WATCH_FROM[cell % KINDS.length];
    this.#finding[cell] = FINDING_FROM[cell % KINDS.length];
    this.#slope[cell] = SLOPE.assumed;
  }
}

/** Cell of a function by its class, whether its season is known, and whether a timer triggers it. */
export function cellOf(cls: number, seasonal: boolean, timer: boolean): number {
  const kind = seasonal ? (cls === CLASS.steady ? 5 : 6) : cls;
  return kind + (timer ? KINDS.length : 0);
}

/** Name of a cell, for reports. */
export function cellName(cell: number): string {
  return `${KINDS[cell % KINDS.length]}${cell < KINDS.length ? '' : ' (timer)'}`;
}

function valuesOf(from: StateReader, length: number): Float64Array {
  const values = from.f64Array();
  from.expect(values.length === length, 'number of rate counts');
  return values;
}

/** The highest runs of a cell: where they begin, how many they are, and the decades a unit by which they thin out. */
interface Tail {
  readonly from: number;
  readonly count: number;
  readonly slope: number;
}

function tailOf(counts: Float64Array): Tail {
  let count = 0;
  let sum = 0;
  let bin = BINS - 1;
  for (; bin >= 0; bin--) {
    count += counts[bin];
    sum += counts[bin] * (bin + 0.5);
    if (count >= TAIL_RUNS) break;
  }
  const from = Math.max(0, bin);
  if (count < 1) return { from, count, slope: SLOPE.assumed };
  const beyond = (sum / count - from) * BIN_WIDTH;
  return { from, count, slope: Math.min(SLOPE.max, Math.max(SLOPE.min, 1 / (beyond * Math.LN10))) };
}

/**
 * The raw score that at most `allowed` runs reach, by the runs themselves; among the highest ones, where single runs decide,
 * never less than along their tail.
 */
function quantile(counts: Float64Array, tail: Tail, allowed: number): number {
  let above = 0;
  let bin = BINS - 1;
  for (; bin >= 0 && above + counts[bin] <= allowed; bin--) above += counts[bin];
  const seen = RUN_FROM + (bin + 1) * BIN_WIDTH;
  if (allowed >= tail.count) return seen;
  return Math.max(seen, RUN_FROM + tail.from * BIN_WIDTH + Math.log10(tail.count / allowed) / tail.slope);
}
