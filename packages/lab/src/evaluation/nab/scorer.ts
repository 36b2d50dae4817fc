/** A scored point of a series: `score` is higher for what is stranger. */
export interface ScoredSeries {
  /** `group/file.csv`. */
  readonly name: string;
  /** Seconds, in order. */
  readonly times: readonly number[];
  readonly scores: readonly number[];
  /** Labelled windows, seconds, both ends inside. */
  readonly windows: readonly (readonly [from: number, to: number])[];
}

/** What a right, a wrong and a missed alarm are worth. */
export interface Profile {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly missed: number;
}

/** The profiles of the Numenta Anomaly Benchmark (A. Lavin, S. Ahmad, 2015). */
export const PROFILES: { readonly standard: Profile; readonly lowFp: Profile; readonly lowFn: Profile } = {
  standard: { truePositive: 1, falsePositive: 0.11, missed: 1 },
  lowFp: { truePositive: 1, falsePositive: 0.22, missed: 1 },
  lowFn: { truePositive: 1, falsePositive: 0.11, missed: 2 },
};

/** Share of a file, and rows at most, that are for learning and not scored. */
const PROBATION_SHARE = 0.15;
const PROBATION_ROWS_MAX = 750;
/** Beyond this many windows after a window an alarm is entirely wrong. */
const FAR = 3;

/** What a threshold is worth on a set of series. */
export interface NabScore {
  readonly threshold: number;
  /** 0 for saying nothing, 100 for an early alarm in every window and none outside. */
  readonly score: number;
  readonly windows: number;
  readonly found: number;
  readonly falsePositives: number;
  /** Points that were scored. */
  readonly points: number;
}

interface Alarm {
  readonly score: number;
  readonly series: number;
  /** Window it is in, -1 for none. */
  readonly window: number;
  /** What it is worth before weights: -1..1. */
  readonly worth: number;
}

/** Rows of a file that are not scored. */
export function probationRows(rows: number): number {
  return Math.min(Math.floor(PROBATION_SHARE * rows), PROBATION_ROWS_MAX);
}

/** The single threshold that is worth most on all series together. */
export function bestThreshold(series: readonly ScoredSeries[], profile: Profile): NabScore {
  const alarms = alarmsOf(series).toSorted((a, b) => b.score - a.score);
  const state = new Sweep(series, profile);
  let best = state.at(Number.POSITIVE_INFINITY);
  for (let at = 0; at < alarms.length; ) {
    const { score } = alarms[at];
    for (; at < alarms.length && alarms[at].score === score; at++) state.add(alarms[at]);
    const now = state.at(score);
    if (now.score > best.score) best = now;
  }
  return best;
}

/** What one given threshold is worth. */
export function scoreAt(series: readonly ScoredSeries[], profile: Profile, threshold: number): NabScore {
  const state = new Sweep(series, profile);
  for (const alarm of alarmsOf(series)) if (alarm.score >= threshold) state.add(alarm);
  return state.at(threshold);
}

/** Worth of all alarms down to a threshold, kept up to date as the threshold falls. */
class Sweep {
  readonly #profile: Profile;
  readonly #windows: number;
  readonly #points: number;
  /** Best worth in each window, by series and window. */
  readonly #found = new Map<string, number>();
  #wrong = 0;
  #falsePositives = 0;

  constructor(series: readonly ScoredSeries[], profile: Profile) {
    this.#profile = profile;
    this.#windows = series.reduce((sum, one) => sum + one.windows.length, 0);
    this.#points = series.reduce((sum, one) => sum + one.times.length - probationRows(one.times.length), 0);
  }

  add(alarm: Alarm): void {
    const { truePositive, falsePositive } = this.#profile;
    if (alarm.window < 0) {
      this.#wrong += alarm.worth * falsePositive;
      this.#falsePositives++;
      return;
    }
    const key = `${alarm.series}/${alarm.window}`;
    const worth = (alarm.worth / sigmoid(-1)) * truePositive;
    this.#found.set(key, Math.max(worth, this.#found.get(key) ?? Number.NEGATIVE_INFINITY));
  }

  at(threshold: number): NabScore {
    const { truePositive, missed } = this.#profile;
    let sum = this.#wrong - missed * (this.#windows - this.#found.size);
    for (const worth of this.#found.values()) sum += worth;
    const nothing = -missed * this.#windows;
    const score = this.#windows === 0 ? 0 : (100 * (sum - nothing)) / (truePositive * this.#windows - nothing);
    return {
      threshold,
      score,
      windows: this.#windows,
      found: this.#found.size,
      falsePositives: this.#falsePositives,
      points: this.#points,
    };
  }
}

/** Every scored point as if it were an alarm. */
function alarmsOf(series: readonly ScoredSeries[]): Alarm[] {
  return series.flatMap((one, at) => pointsOf(one, at));
}

function pointsOf(series: ScoredSeries, index: number): Alarm[] {
  const { times, scores, windows } = series;
  const spans = windows.map(([from, to]) => ({ first: times.indexOf(from), last: times.indexOf(to) }));
  const probation = probationRows(times.length);
  const alarms: Alarm[] = [];
  let next = 0;
  let past: { last: number; rows: number } | undefined;
  for (let row = 0; row < times.length; row++) {
    while (next < spans.length && row > spans[next].last) {
      past = { last: spans[next].last, rows: spans[next].last - spans[next].first + 1 };
      next++;
    }
    const inside = next < spans.length && row >= spans[next].first;
    let worth = -1;
    if (inside) worth = sigmoid(-(spans[next].last - row + 1) / (spans[next].last - spans[next].first + 1));
    else if (past !== undefined) worth = sigmoid((row - past.last) / (past.rows - 1));
    if (row >= probation) alarms.push({ score: scores[row], series: index, window: inside ? next : -1, worth });
  }
  return alarms;
}

/** Worth of an alarm by its place: 1 far before the right edge of a window, 0 at it, -1 far after it. */
function sigmoid(position: number): number {
  return position > FAR ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}
