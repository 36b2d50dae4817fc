import { RATE_CLASSES } from '@gait/engine/baselines/rate-class';
import { poissonInterval, proportionText, rateText } from '../intervals.ts';
import type { Json, Section, Suite, SuiteReport } from '../suite.ts';
import { DAY_MINUTES } from './fast-path.ts';
import {
  benignDay,
  type DayResult,
  EPOCH_MINUTE,
  exceedances,
  foldStores,
  INJECTIONS,
  injected,
  type Trial,
} from './measure.ts';
import { resampledWeeks } from './resample.ts';
import { distinct, readWorkload, type Series } from './series.ts';

/** Rarities at which claims are compared with what happened. */
const LEVELS = [1e-2, 1e-3, 1e-4] as const;
const LEVEL_NAMES = ['1e-2', '1e-3', '1e-4'] as const;
/** Cases wanted of each injection. */
const CASES_MIN = 100;
/** Rounds of injections at most: more would only repeat the same functions. */
const ROUNDS_MAX = 6;
/** Minutes of history after which false alerts are counted apart. */
const SETTLED_MINUTES = 480;
/** Bands of calls an hour. */
const BANDS = [0, 1, 6, 20, 60, Number.POSITIVE_INFINITY] as const;

/**
 * Invocation rates of real functions: false alerts in their real day, injected excess, calibration, and weeks resampled from that
 * day. Priors are fitted on distinct series outside the fold of the judged one.
 */
export const workloadSuite: Suite = {
  id: 'workload',
  title: 'Invocation rates of real functions',
  needs: 'the folder azure-functions-2019-sample',
  options: [],
  async run(context): Promise<SuiteReport | undefined> {
    const workload = context.data === undefined ? undefined : readWorkload(context.data);
    if (workload === undefined) return undefined;
    const { day, triggered } = workload;
    const one = distinct(day);
    context.progress('priors of each fold');
    const stores = foldStores(one);
    context.progress('the real day');
    const rows = benignDay(day, stores);
    const single = rows.filter(({ series }) => one.includes(series));
    const sections: Section[] = [benignSection(rows, single)];
    context.progress('functions with triggers');
    sections.push(triggerSection(benignDay(distinct(triggered), stores)));
    context.progress('injections');
    const trials = INJECTIONS.map((injection) => trialsOf(one, stores, injection));
    sections.push(recallSection(trials));
    const claimed = exceedances(one, stores, LEVELS);
    sections.push(exceedanceSection(claimed));
    context.progress('resampled weeks');
    const weeks = resampledWeeks(day);
    sections.push(...weeks.sections);
    return { json: jsonOf({ day, one, rows, single, trials, claimed, weeks: weeks.json }), sections };
  },
};

function trialsOf(
  one: readonly Series[],
  stores: Parameters<typeof injected>[1],
  injection: (typeof INJECTIONS)[number],
): Trial[] {
  const first = injected(one, stores, { injection, rounds: 1 });
  if (first.length === 0 || injection.fixed) return first;
  const rounds = Math.min(ROUNDS_MAX, Math.max(1, Math.ceil(CASES_MIN / first.length)));
  return injected(one, stores, { injection, rounds });
}

const daysOf = (results: readonly DayResult[]): number =>
  results.reduce((sum, { minutes }) => sum + minutes, 0) / DAY_MINUTES;

function count(results: readonly DayResult[], level: string, from = 0): number {
  let sum = 0;
  for (const { told, series } of results) {
    for (const one of told) {
      const first = series.counts.findIndex((calls) => calls > 0);
      const age = one.minute - EPOCH_MINUTE - series.firstMinute - first;
      if (one.level === level && age >= from) sum++;
    }
  }
  return sum;
}

function benignSection(rows: readonly DayResult[], single: readonly DayResult[]): Section {
  const settled = (1 - SETTLED_MINUTES / DAY_MINUTES) * single.length;
  return {
    table: {
      head: ['benign real day', 'per function-day (count in function-days, exact 95 % interval)'],
      rows: [
        ['findings, rows, with the cold start', rateText(count(rows, 'finding'), daysOf(rows))],
        ['findings, distinct series, with the cold start', rateText(count(single, 'finding'), daysOf(single))],
        ['findings, distinct series, after 8 h', rateText(count(single, 'finding', SETTLED_MINUTES), settled)],
        ['watched, rows', rateText(count(rows, 'watch'), daysOf(rows))],
        ['watched, distinct series', rateText(count(single, 'watch'), daysOf(single))],
      ],
    },
  };
}

function triggerSection(results: readonly DayResult[]): Section {
  const triggers = [...new Set(results.map(({ series }) => series.trigger))].sort();
  const rows = triggers.map((trigger) => {
    const of = results.filter(({ series }) => series.trigger === trigger);
    return [trigger, of.length, rateText(count(of, 'finding'), daysOf(of)), rateText(count(of, 'watch'), daysOf(of))];
  });
  return { table: { head: ['trigger (distinct series, 8 h, cold)', 'functions', 'findings', 'watched'], rows } };
}

const hits = (trials: readonly Trial[]): number => trials.filter(({ delay }) => delay !== undefined).length;

function medianDelay(trials: readonly Trial[]): number | null {
  const delays = trials.flatMap(({ delay }) => (delay === undefined ? [] : [delay])).sort((a, b) => a - b);
  return delays.length === 0 ? null : delays[Math.floor((delays.length - 1) / 2)];
}

function recallSection(all: readonly (readonly Trial[])[]): Section {
  const rows: (string | number)[][] = [];
  for (const [at, trials] of all.entries()) {
    const { letter } = INJECTIONS[at];
    rows.push([letter, 'all', proportionText(hits(trials), trials.length), medianDelay(trials) ?? '-']);
    for (let band = 0; band + 1 < BANDS.length; band++) {
      const of = trials.filter(({ hourly }) => hourly >= BANDS[band] && hourly < BANDS[band + 1]);
      if (of.length === 0) continue;
      rows.push([
        letter,
        `${BANDS[band]}-${BANDS[band + 1]} an hour`,
        proportionText(hits(of), of.length),
        medianDelay(of) ?? '-',
      ]);
    }
  }
  return { table: { head: ['injection', 'rate', 'found', 'median minutes'], rows } };
}

function exceedanceSection(of: { windows: number; observed: readonly number[] }): Section {
  const rows = LEVELS.map((level, at) => {
    const { low, high } = poissonInterval(of.observed[at]);
    return [
      LEVEL_NAMES[at],
      (of.windows * level).toFixed(1),
      `${of.observed[at]} (${low.toFixed(1)}-${high.toFixed(1)})`,
    ];
  });
  return { table: { head: ['10-minute windows at rarity', 'expected', 'observed'], rows } };
}

function jsonOf(of: {
  day: readonly Series[];
  one: readonly Series[];
  rows: readonly DayResult[];
  single: readonly DayResult[];
  trials: readonly (readonly Trial[])[];
  claimed: { windows: number; observed: readonly number[] };
  weeks: Json;
}): { readonly [key: string]: Json } {
  const { day, one, rows, single, trials, claimed } = of;
  const alerts = { rows: count(rows, 'finding'), distinct: count(single, 'finding') };
  const letters = INJECTIONS.map(({ letter }) => letter);
  return {
    functions: day.length,
    distinctSeries: one.length,
    functionDays: daysOf(rows),
    falseAlerts: alerts,
    settledFalseAlerts: { distinct: count(single, 'finding', SETTLED_MINUTES) },
    watched: { rows: count(rows, 'watch'), distinct: count(single, 'watch') },
    perFunctionDay: { rows: alerts.rows / daysOf(rows), distinct: alerts.distinct / daysOf(single) },
    budgets: of.weeks,
    exceedance: Object.fromEntries(
      LEVELS.map((level, at) => [
        LEVEL_NAMES[at],
        { observed: claimed.observed[at], expected: claimed.windows * level },
      ]),
    ),
    byClass: Object.fromEntries(
      RATE_CLASSES.map((name, cls) => {
        const of = single.filter((result) => result.cls === cls);
        return [name, { distinct: of.length, falseAlerts: count(of, 'finding'), watched: count(of, 'watch') }];
      }),
    ),
    recall: Object.fromEntries(
      letters.map((letter, at) => [letter, trials[at].length === 0 ? null : hits(trials[at]) / trials[at].length]),
    ),
    cases: Object.fromEntries(letters.map((letter, at) => [letter, trials[at].length])),
    delayMinutesMedian: Object.fromEntries(letters.map((letter, at) => [letter, medianDelay(trials[at])])),
  };
}
