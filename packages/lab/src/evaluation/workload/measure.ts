import { CLASS } from '@gait/engine/baselines/rate-class';
import { RateFleet } from '@gait/engine/baselines/rate-priors';
import { RateStore } from '@gait/engine/baselines/rates';
import { Draws } from '@gait/engine/stats/draws';
import { CALLS_FOR_MEMORY, DAY_MINUTES, FastFunction, type Told } from './fast-path.ts';
import type { Series } from './series.ts';

/** Minute since the epoch at which the day of the trace is taken to begin. */
export const EPOCH_MINUTE = 20_000 * DAY_MINUTES;
/** Parts of the distinct series: what is fitted for one is fitted on the others. */
export const FOLDS = 5;

/** What was said of one function in its day. */
export interface DayResult {
  readonly series: Series;
  readonly told: readonly Told[];
  /** Class at the end of the day, and after twelve hours. */
  readonly cls: number;
  readonly minutes: number;
}

/** Drives a series up to minute `to`; calls of a function that has no memory yet are counted until it gets some. */
export function drive(
  store: RateStore,
  series: Series,
  of: { readonly to: number; readonly extra?: Uint32Array },
): FastFunction | undefined {
  const drive = new Drive(store, series, of.extra);
  drive.until(of.to);
  return drive.fast;
}

/** A series on its way through the rate state of one function. */
class Drive {
  fast: FastFunction | undefined;
  readonly #store: RateStore;
  readonly #series: Series;
  readonly #extra: Uint32Array | undefined;
  #at = 0;
  #calls = 0;
  #first = -1;

  constructor(store: RateStore, series: Series, extra?: Uint32Array) {
    this.#store = store;
    this.#series = series;
    this.#extra = extra;
  }

  until(to: number): void {
    const { counts, firstMinute, trigger } = this.#series;
    for (; this.#at < to; this.#at++) {
      const count = counts[this.#at] + (this.#extra?.[this.#at] ?? 0);
      if (count === 0) continue;
      const minute = EPOCH_MINUTE + firstMinute + this.#at;
      if (this.#first < 0) this.#first = minute;
      this.#calls += count;
      if (this.fast === undefined && this.#calls < CALLS_FOR_MEMORY) continue;
      this.fast ??= new FastFunction(this.#store, { minute: this.#first, timer: trigger === 'timer' });
      this.fast.close(minute, count);
    }
  }
}

/** Fold of a series by its content: equal series are in one. */
export function foldOf(series: Series): number {
  return Number.parseInt(series.content.slice(0, 8), 16) % FOLDS;
}

/** Stores whose priors were fitted on the distinct series outside each fold. */
export function foldStores(distinctSeries: readonly Series[]): RateStore[] {
  return Array.from({ length: FOLDS }, (_, fold) => {
    const teacher = new RateStore(distinctSeries.length + 1);
    const fleet = new RateFleet();
    for (const series of distinctSeries) {
      if (foldOf(series) === fold) continue;
      const fast = drive(teacher, series, { to: series.counts.length });
      if (fast !== undefined) teacher.contribute(fast.id, EPOCH_MINUTE + 2 * DAY_MINUTES, fleet);
    }
    const store = new RateStore(2_000_000);
    store.priors.fit(fleet);
    return store;
  });
}

/** What is said of a day of each function. */
export function benignDay(all: readonly Series[], stores: readonly RateStore[]): DayResult[] {
  return all.map((series) => {
    const store = stores[foldOf(series)];
    const fast = drive(store, series, { to: series.counts.length });
    const cls = fast === undefined ? CLASS.new : store.classOf(fast.id);
    if (fast !== undefined) store.free(fast.id);
    return { series, told: fast?.told ?? [], cls, minutes: series.counts.length };
  });
}

/** An injection: extra calls from a minute on. */
export interface Injection {
  readonly letter: string;
  readonly minutes: number;
  /** Extra calls in the minute `at` of the injection, on average, by the function's own calls a minute. */
  readonly extra: (at: number, mean: number) => number;
  readonly applies: (cls: number, hourly: number) => boolean;
  /** True when it begins exactly after twelve hours. */
  readonly fixed: boolean;
}

const regular = (cls: number): boolean => cls === CLASS.clock || cls === CLASS.steady;

/** The injections of the bars, by letter. */
export const INJECTIONS: readonly Injection[] = [
  {
    letter: 'a',
    minutes: 10,
    extra: (_, mean) => 19 * mean,
    applies: (cls, hourly) => regular(cls) && hourly >= 6,
    fixed: false,
  },
  {
    letter: 'b',
    minutes: 60,
    extra: (_, mean) => 4 * mean,
    applies: (cls, hourly) => cls === CLASS.clock && hourly >= 6,
    fixed: false,
  },
  {
    letter: 'c',
    minutes: 10,
    extra: (_, mean) => 4 * mean,
    applies: (cls, hourly) => cls === CLASS.clock && hourly >= 60,
    fixed: false,
  },
  { letter: 'd', minutes: 10, extra: () => 10, applies: (cls, hourly) => regular(cls) && hourly >= 1, fixed: false },
  {
    letter: 'e',
    minutes: 720,
    extra: (at, mean) => (Math.exp(Math.log(1.1) * (at / 60)) - 1) * mean,
    applies: (cls, hourly) => cls === CLASS.clock && hourly >= 6,
    fixed: true,
  },
  {
    letter: 'f',
    minutes: 60,
    extra: (_, mean) => mean,
    applies: (cls, hourly) => cls === CLASS.clock && hourly >= 20,
    fixed: false,
  },
];

/** One injection and what became of it. */
export interface Trial {
  readonly letter: string;
  readonly cls: number;
  /** Calls an hour before it. */
  readonly hourly: number;
  /** Minutes until a finding; undefined when there was none in time. */
  readonly delay: number | undefined;
}

const HISTORY = 720;

/** Injects into every function that qualifies, `rounds` times, each with its own random start and draws. */
export function injected(
  all: readonly Series[],
  stores: readonly RateStore[],
  of: { injection: Injection; rounds: number },
): Trial[] {
  const { injection } = of;
  const trials: Trial[] = [];
  for (const [index, series] of all.entries()) {
    if (series.counts.length < HISTORY + injection.minutes) continue;
    const store = stores[foldOf(series)];
    for (let round = 0; round < of.rounds; round++) {
      const draws = new Draws(index * 1009 + round * 31 + injection.letter.charCodeAt(0));
      const room = series.counts.length - HISTORY - injection.minutes;
      const from = HISTORY + (injection.fixed ? 0 : Math.floor(draws.uniform() * (room + 1)));
      const trial = inject(store, series, { injection, from, draws });
      if (trial !== undefined) trials.push(trial);
    }
  }
  return trials;
}

function inject(
  store: RateStore,
  series: Series,
  of: { injection: Injection; from: number; draws: Draws },
): Trial | undefined {
  const { injection, from, draws } = of;
  const first = series.counts.findIndex((count) => count > 0);
  if (from - first < HISTORY) return undefined;
  const before = drive(store, series, { to: from });
  if (before === undefined) return undefined;
  const cls = store.classOf(before.id);
  store.free(before.id);
  const total = series.counts.subarray(0, from).reduce((sum, count) => sum + count, 0);
  const mean = total / (from - first);
  if (!injection.applies(cls, mean * 60)) return undefined;
  const extra = new Uint32Array(series.counts.length);
  for (let at = 0; at < injection.minutes; at++) extra[from + at] = draws.poisson(injection.extra(at, mean));
  const fast = drive(store, series, { to: from + injection.minutes, extra });
  if (fast === undefined) return undefined;
  const start = EPOCH_MINUTE + series.firstMinute + from;
  const hit = fast.findings.find(({ minute }) => minute >= start);
  store.free(fast.id);
  return {
    letter: injection.letter,
    cls,
    hourly: mean * 60,
    delay: hit === undefined ? undefined : hit.minute - start + 1,
  };
}

/** Claims of rarities against what happened in windows of ten minutes of the second half of the day. */
export function exceedances(all: readonly Series[], stores: readonly RateStore[], levels: readonly number[]) {
  const observed = levels.map(() => 0);
  let windows = 0;
  for (const series of all) {
    const store = stores[foldOf(series)];
    const drive = new Drive(store, series);
    const { length } = series.counts;
    for (let from = Math.floor(length / 20) * 10; from + 10 <= length; from += 10) {
      drive.until(from);
      if (drive.fast === undefined) continue;
      const calls = series.counts.subarray(from, from + 10).reduce((sum, count) => sum + count, 0);
      const rarity = store.rarityOf(drive.fast.id, 0, calls);
      windows++;
      for (const [at, level] of levels.entries()) if (rarity <= level) observed[at]++;
    }
    if (drive.fast !== undefined) store.free(drive.fast.id);
  }
  return { windows, observed };
}
