import { RATE_CLASSES } from '@gait/engine/baselines/rate-class';
import { RateFleet } from '@gait/engine/baselines/rate-priors';
import { cellName, RATE_CELLS, RATE_FINDING } from '@gait/engine/baselines/rate-thresholds';
import { RateStore } from '@gait/engine/baselines/rates';
import { Draws } from '@gait/engine/stats/draws';
import type { Json, Section } from '../suite.ts';
import { CALLS_FOR_MEMORY, DAY_MINUTES, FastFunction, type Told } from './fast-path.ts';
import { drive, EPOCH_MINUTE } from './measure.ts';
import type { Series } from './series.ts';

const DAYS = 28;
const BLOCK_MINUTES = 120;
/** Chance that a block comes from another function of the same class and rate. */
const STRANGER_SHARE = 0.1;
const BUDGETS = [1, 5, 20] as const;
const WEEKS = DAYS / 7;
const SEED = 0x7eef;

/** A finding of a resampled day. */
interface Alert {
  readonly day: number;
  readonly decades: number;
  readonly detector: Told['detector'];
}

/**
 * Weeks made from one day: each block of two hours is the function's own of the same time of day, or, one time in ten, that of
 * another function of the same trigger, class and rate (within a factor of two), thinned or not to the same mean. Clockwork takes its own
 * blocks alone. What differs between real days is not in it: the figures say what the thresholds and the budget do over weeks.
 */
export function resampledWeeks(all: readonly Series[]): { json: Json; sections: Section[] } {
  const functions = functionsOf(all);
  const store = new RateStore(all.length + 1);
  const driven: (FastFunction | undefined)[] = all.map(() => undefined);
  const first = all.map(() => -1);
  const calls = all.map(() => 0);
  const draws = new Draws(SEED);
  for (let day = 0; day < DAYS; day++) {
    for (const [index, series] of all.entries()) {
      const counts = day === 0 ? series.counts : resampledDay(functions, index, draws);
      for (let at = 0; at < counts.length; at++) {
        if (counts[at] === 0) continue;
        const minute = EPOCH_MINUTE + day * DAY_MINUTES + at;
        if (first[index] < 0) first[index] = minute;
        calls[index] += counts[at];
        if (calls[index] < CALLS_FOR_MEMORY) continue;
        driven[index] ??= new FastFunction(store, { minute: first[index], timer: false });
        driven[index].close(minute, counts[at]);
      }
    }
    fit(store, driven, EPOCH_MINUTE + (day + 1) * DAY_MINUTES - 1);
  }
  const alerts = driven
    .flatMap((fast) => fast?.findings ?? [])
    .map(({ minute, decades, detector }) => ({
      day: Math.floor((minute - EPOCH_MINUTE) / DAY_MINUTES),
      decades,
      detector,
    }));
  return report(store, alerts, all.length);
}

/** What the engine does at the end of each day. */
function fit(store: RateStore, driven: readonly (FastFunction | undefined)[], minute: number): void {
  const fleet = new RateFleet();
  for (const fast of driven) if (fast !== undefined) store.contribute(fast.id, minute, fleet);
  store.priors.fit(fleet);
  store.thresholds.fit(store.runs);
  store.runs.clear();
}

interface Resampled {
  readonly series: Series;
  readonly total: number;
  /** Others of its kind. */
  readonly alike: readonly number[];
}

function functionsOf(all: readonly Series[]): Resampled[] {
  const scratch = new RateStore(all.length + 1);
  const kinds = all.map((series) => {
    const fast = drive(scratch, series, { to: series.counts.length });
    const total = series.counts.reduce((sum, count) => sum + count, 0);
    const cls = fast === undefined ? 'new' : RATE_CLASSES[scratch.classOf(fast.id)];
    return { total, kind: cls === 'clock' ? '' : `${series.trigger} ${cls} ${Math.floor(Math.log2(total))}` };
  });
  return all.map((series, at) => ({
    series,
    total: kinds[at].total,
    alike: kinds[at].kind === '' ? [] : [...kinds.keys()].filter((other) => kinds[other].kind === kinds[at].kind),
  }));
}

function resampledDay(functions: readonly Resampled[], index: number, draws: Draws): Uint32Array {
  const own = functions[index];
  const day = new Uint32Array(own.series.counts.length);
  for (let from = 0; from < day.length; from += BLOCK_MINUTES) {
    const strange = draws.uniform() < STRANGER_SHARE && own.alike.length > 0;
    const donor = strange ? functions[own.alike[Math.floor(draws.uniform() * own.alike.length)]] : own;
    const keep = Math.min(1, own.total / donor.total);
    for (let at = from; at < Math.min(day.length, from + BLOCK_MINUTES); at++) {
      day[at] = keep === 1 ? donor.series.counts[at] : Math.floor(donor.series.counts[at] * keep + draws.uniform());
    }
  }
  return day;
}

function report(store: RateStore, alerts: readonly Alert[], functions: number): { json: Json; sections: Section[] } {
  const budgets = BUDGETS.map((budget) => ({ budget, pagedPerWeek: paged(alerts, budget) }));
  const perDay = (from: number, to: number, of: Alert['detector']) =>
    alerts.filter(({ day, detector }) => detector === of && day >= from && day < to).length / ((to - from) * functions);
  const cells = Array.from({ length: RATE_CELLS }, (_, cell) => cell).filter(
    (cell) => store.thresholds.days(cell) >= 1,
  );
  const fresh = new RateStore(1).thresholds;
  return {
    json: Object.fromEntries(budgets.map(({ budget, pagedPerWeek }) => [budget, { pagedPerWeek }])),
    sections: [
      {
        text: 'Days 2 to 28 are resampled from the one real day (see the suite); they say nothing of how real days differ.',
      },
      {
        table: {
          head: ['resampled weeks', 'rate.excess a function-day', 'rate.drift a function-day'],
          rows: Array.from({ length: WEEKS }, (_, week) => [
            `week ${week + 1}`,
            perDay(week * 7, week * 7 + 7, 'rate.excess').toFixed(4),
            perDay(week * 7, week * 7 + 7, 'rate.drift').toFixed(4),
          ]),
        },
      },
      {
        table: {
          head: ['budget, pages a week', 'paged a week, weeks 2 to 4 (top-k of the findings)'],
          rows: budgets.map(({ budget, pagedPerWeek }) => [budget, pagedPerWeek.toFixed(2)]),
        },
      },
      {
        table: {
          head: ['cell', 'function-days', 'shipped threshold', 'threshold after 28 days'],
          rows: cells.map((cell) => [
            cellName(cell),
            Math.round(store.thresholds.days(cell)),
            fresh.finding(cell).toFixed(2),
            store.thresholds.finding(cell).toFixed(2),
          ]),
        },
      },
    ],
  };
}

/**
 * Pages a week in weeks 2 to 4: a finding is a page above the score with which the weeks before would have spent the budget, and,
 * once this week's budget is spent, only above all pages of this week. No page is taken back, so it is the rule as it runs.
 */
function paged(alerts: readonly Alert[], budget: number): number {
  let pages = 0;
  const inOrder = alerts.toSorted((a, b) => a.day - b.day);
  for (let week = 1; week < WEEKS; week++) {
    const before = inOrder.filter(({ day }) => day < week * 7).map(({ decades }) => decades);
    const threshold = before.sort((a, b) => b - a)[budget * week] ?? RATE_FINDING;
    let spent = 0;
    let highest = 0;
    for (const { day, decades } of inOrder) {
      if (day < week * 7 || day >= week * 7 + 7 || decades < threshold) continue;
      if (spent >= budget && decades <= highest) continue;
      spent++;
      highest = Math.max(highest, decades);
    }
    pages += spent;
  }
  return pages / (WEEKS - 1);
}
