/** Days that are looked at together: the slow twin. */
export const SHIFT_DAYS = 28;
/** Days whose parts of a week are told apart. */
const WEEK = 7;
/** Days without which nothing is judged: two weeks say how days differ, and what a weekend is. */
export const SHIFT_DAYS_MIN = 14;
/** Newest days that do not help to say how days differ, where there are older ones: who moves them must not hide behind them. */
const NEWEST_LEFT_OUT = 7;
/** What is believed of the spread between days before it was seen: in doublings, and for how many days it counts. */
const SPREAD_PRIOR = 0.04;
const PRIOR_DAYS = 4;
/** What the estimate of the memory of days loses by itself in so few of them; and the most that is believed. */
const MEMORY_BIAS = 0.15;
const MEMORY_MAX = 0.75;
/** A single day must go so far beyond the highest day that is remembered. */
const BEYOND_RECORD = 1.25;
/** What the error of a single rank is of that of a mean. */
const RANK_LOSS = 1.25;
/** Place among the days of a window, from the lowest, that stands for it. */
const LOW = 0.34;
/** Days the anchor rests on, at least: its own error. */
const ANCHOR_DAYS = 14;

/** A number of newest days that are held against the anchor together. */
interface Window {
  readonly days: number;
  /** Standard errors and doublings by which it must be above the anchor. */
  readonly errors: number;
  readonly effect: number;
}

/**
 * The shorter the window, the larger the change must be: days differ by more than what they hold in common. A single day is given
 * fewer errors, since fast growth has doubled before there is a second one; its bounds are the effect, and the record of days.
 */
const WINDOWS: readonly Window[] = [
  { days: 1, errors: 5, effect: 0.4 },
  { days: 2, errors: 5.5, effect: 0.5 },
  { days: 3, errors: 3.6, effect: 0.36 },
  { days: 5, errors: 2.8, effect: 0.34 },
  { days: 7, errors: 2.8, effect: 0.34 },
  { days: 14, errors: 4.2, effect: 0.25 },
  { days: 28, errors: 5, effect: 0.2 },
];

/** How days differ from each other. */
export interface DaySpread {
  /** Variance of a day around level, trend and part of the week, in square doublings. */
  readonly variance: number;
  /** Correlation of a day with the next. */
  readonly memory: number;
  /** What each of the seven parts of a week differs by, in doublings. */
  readonly phases: Float64Array;
}

/** The window that says most. */
export interface Shift {
  /** 1 is just enough to be told; 0 when nothing is above the anchor. */
  readonly strength: number;
  readonly days: number;
  /** Mean of the window above the anchor, in doublings, and its standard error. */
  readonly gap: number;
  readonly error: number;
}

const NONE: Shift = { strength: 0, days: 0, gap: 0, error: 0 };

/**
 * How the daily means `days[0..count)` (logarithms to base 2, oldest first) differ from each other. `phase` is the part of the week of
 * the oldest. A straight line is taken out first, so that steady growth does not pass for spread; memory from day to day is measured,
 * since the mean of seven days that resemble each other knows less than that of seven that do not. `count` of at least 14.
 */
export function daySpread(days: Float64Array, count: number, phase: number): DaySpread {
  const left = count >= 3 * WEEK + NEWEST_LEFT_OUT ? NEWEST_LEFT_OUT : 0;
  const used = Math.floor((count - left) / WEEK) * WEEK;
  const from = count - left - used;
  const rest = withoutLine(days.subarray(from, from + used));
  const phases = new Float64Array(WEEK);
  const same: number[] = [];
  for (let part = 0; part < WEEK; part++) {
    same.length = 0;
    for (let at = part; at < used; at += WEEK) same.push(rest[at]);
    phases[(phase + from + part) % WEEK] = usualOf(same);
  }
  for (let at = 0; at < used; at++) rest[at] -= phases[(phase + from + at) % WEEK];
  let squares = 0;
  let products = 0;
  for (let at = 0; at < used; at++) {
    squares += rest[at] * rest[at];
    if (at > 0) products += rest[at] * rest[at - 1];
  }
  const freedom = used - WEEK - 1;
  const variance = (squares + PRIOR_DAYS * SPREAD_PRIOR * SPREAD_PRIOR) / (freedom + PRIOR_DAYS);
  const memory = squares === 0 ? 0 : products / squares + MEMORY_BIAS;
  return { variance, memory: Math.min(MEMORY_MAX, Math.max(0, memory)), phases };
}

/**
 * Holds the newest 1 to 28 of the daily means against an anchor, and names the window that is furthest beyond what it must be: the
 * cumulative sum of E. Page (1954) in the form that leaves open how large the change is (G. Lorden, 1971), with errors that know what
 * days have in common. A window stands for the day a third from its lowest, since single days lie upwards, and a change that stays is in nearly all days. `record` is how far a single
 * day has been above the anchor. Upwards only. About 2 µs. Silent on changes below a seventh (0.2 doublings), and on fewer than 14 days.
 */
export function slowShift(of: ShiftQuestion, spread: DaySpread): Shift {
  const { days, count, phase, anchor } = of;
  let best = NONE;
  const sorted: number[] = [];
  for (const window of WINDOWS) {
    if (window.days > count) break;
    if (window.days === 1 && !of.alone) continue;
    while (sorted.length < window.days) {
      const at = count - 1 - sorted.length;
      insert(sorted, days[at] - spread.phases[(phase + at) % WEEK]);
    }
    const shift = shiftOf(window, sorted[Math.floor(LOW * (window.days - 1))] - anchor, { spread, record: of.record });
    if (shift.strength > best.strength) best = shift;
  }
  return best;
}

/** Daily means, oldest first, what they are held against, and how far above it a single day has been. */
export interface ShiftQuestion {
  readonly days: Float64Array;
  readonly count: number;
  readonly phase: number;
  readonly anchor: number;
  readonly record: number;
  /** The newest day holds enough to be judged alone. */
  readonly alone: boolean;
}

/** The same for one day that need not be over: `value` is the mean of the last 24 hours, of which `share` belong to the newest part of the week. */
export function dayShift(
  of: {
    readonly value: number;
    readonly phase: number;
    readonly share: number;
    readonly anchor: number;
    readonly record: number;
  },
  spread: DaySpread,
): Shift {
  const { phases } = spread;
  const { phase, share } = of;
  const usual = share * phases[phase % WEEK] + (1 - share) * phases[(phase + WEEK - 1) % WEEK];
  return shiftOf(WINDOWS[0], of.value - usual - of.anchor, { spread, record: of.record });
}

function shiftOf(window: Window, gap: number, by: { readonly spread: DaySpread; readonly record: number }): Shift {
  const error = errorOf(window.days, by.spread) * (window.days > 2 ? RANK_LOSS : 1);
  let strength = Math.max(0, Math.min(gap / (window.errors * error), gap / window.effect));
  if (window.days === 1 && by.record > 0) strength = Math.min(strength, gap / (BEYOND_RECORD * by.record));
  return { strength, days: window.days, gap, error };
}

/** What values of the same part of several weeks have in common: their median; of two the one nearer to 0, and 0 if they disagree. */
function usualOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1];
  const high = sorted[sorted.length >> 1];
  if (low * high <= 0) return low === high ? low : 0;
  return Math.abs(low) < Math.abs(high) ? low : high;
}

function insert(sorted: number[], value: number): void {
  let at = sorted.length;
  for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1];
  sorted[at] = value;
}

/** Median of the last `count` values up to `end`, the lower one of two. */
export function medianOf(values: Float64Array, end: number, count: number): number {
  const sorted: number[] = [];
  for (let at = end - count; at < end; at++) insert(sorted, values[at]);
  return sorted[(count - 1) >> 1];
}

/** Standard error of the mean of `days` days above an anchor. */
function errorOf(days: number, { variance, memory }: DaySpread): number {
  return Math.sqrt(variance * (alike(days, memory) / days + alike(ANCHOR_DAYS, memory) / ANCHOR_DAYS));
}

/** By how much the variance of a mean of `days` days grows since each resembles the one before it. */
function alike(days: number, memory: number): number {
  let factor = 1;
  let power = 1;
  for (let lag = 1; lag < days; lag++) {
    power *= memory;
    factor += 2 * (1 - lag / days) * power;
  }
  return factor;
}

/** What a straight line through the values leaves. */
function withoutLine(values: Float64Array): Float64Array {
  const middle = (values.length - 1) / 2;
  let [mean, slope, width] = [0, 0, 0];
  for (let at = 0; at < values.length; at++) {
    mean += values[at] / values.length;
    slope += (at - middle) * values[at];
    width += (at - middle) * (at - middle);
  }
  return values.map((value, at) => value - mean - (slope / width) * (at - middle));
}
