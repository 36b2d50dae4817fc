import type { Finding } from '@gait/engine/event/finding';
import { FLAG } from '@gait/engine/event/schema';
import { Random } from '../../datasets/random.ts';
import { DAY_MS, EngineRun } from '../engine-run.ts';
import { proportionText, rateText } from '../intervals.ts';
import { type Json, type Section, type Suite, type SuiteContext, type SuiteReport, UsageError } from '../suite.ts';
import { dailyFolder, type FunctionDay, readDaily } from './series.ts';

/** Invocations a daily row stands for. */
const INVOCATIONS = 10;
/** Hour of a day at which the functions are measured, and time between two of their invocations. */
const HOUR_MS = 3_600_000;
const MEASURED_AT_MS = 6 * HOUR_MS;
const APART_MS = 60_000;
/** Days that make a month. */
const MONTH_DAYS = 30;
/** Functions that are changed in each way; days each must have before the change and after it; days within which it must be told. */
const INJECTED = 60;
const DAYS_BEFORE = 30;
const DAYS_AFTER = 14;
const TOLD_WITHIN_DAYS = 7;
const SEED = 20_240_101;
/** Functions that must fall within these days of a platform-wide change to be worth a line of their own in the report. */
const LISTED = 15;

/** A change that is put into a function's series: from `day` on to its end. */
interface Injection {
  readonly kind: 'duration2x' | 'memory1.5x';
  readonly function: string;
  readonly fromMs: number;
}

const FACTORS = { duration2x: 2, 'memory1.5x': 1.5 } as const;
const PARAMETER = { duration2x: 'duration_ms', 'memory1.5x': 'memory_mb' } as const;
const KINDS = ['duration2x', 'memory1.5x'] as const;

/** Real daily series of functions that nobody attacks, with a few changes put into them. */
export const driftSuite: Suite = {
  id: 'drift',
  title: 'Drift: a year of daily measurements of one platform',
  needs: 'the folder lambda-perf-daily',
  options: ['split'],
  run(context): Promise<SuiteReport | undefined> {
    const folder = context.data === undefined ? undefined : dailyFolder(context.data);
    if (folder === undefined) return Promise.resolve(undefined);
    const split = context.options.get('split')?.at(-1) ?? 'report';
    if (split !== 'report' && split !== 'tuning') throw new UsageError('--split takes report or tuning.');
    const { days, leftOut } = readDaily(folder);
    return Promise.resolve(report(context, ofSplit(days, split), leftOut));
  },
};

/** Half of the functions, every second by name: constants were chosen on the tuning half, which is not reported. */
function ofSplit(days: readonly FunctionDay[], split: 'report' | 'tuning'): FunctionDay[] {
  const names = [...new Set(days.map((day) => day.function))].sort();
  const own = new Set(names.filter((_, at) => at % 2 === (split === 'report' ? 1 : 0)));
  return days.filter((day) => own.has(day.function));
}

/** The report on some days: fewer where only the suite itself is tested. */
export function report(context: SuiteContext, days: readonly FunctionDay[], leftOut: number): SuiteReport {
  const byFunction = Map.groupBy(days, (day) => day.function);
  const injections = chooseInjections(byFunction);
  const findings = replayed(context, days, injections);
  const ofFunction = new Map(injections.map((one) => [one.function, one]));
  const isFalse = ({ function: name, timeMs }: Finding) =>
    timeMs < (ofFunction.get(nameOf(name))?.fromMs ?? Number.POSITIVE_INFINITY);
  const falseFindings = findings.filter(isFalse);
  const clean = days.filter((day) => day.dayMs < (ofFunction.get(day.function)?.fromMs ?? Number.POSITIVE_INFINITY));
  const functionMonths = clean.length / MONTH_DAYS;
  const recall = KINDS.map((kind) => {
    const own = injections.filter((one) => one.kind === kind);
    return { kind, cases: own.length, hits: own.filter((one) => isTold(one, findings)).length };
  });
  const share = ({ hits, cases }: { hits: number; cases: number }): Json => (cases === 0 ? null : round(hits / cases));
  return {
    json: {
      functionMonths: round(functionMonths),
      falseFindings: falseFindings.length,
      recall: Object.fromEntries(recall.map((one) => [one.kind, share(one)])),
      injected: Object.fromEntries(recall.map(({ kind, cases }) => [kind, cases])),
      falseBy: counts(falseFindings.map(({ detector }) => detector)),
      // Clusters of functions are not formed yet.
      adjustedRandIndex: { runtime: null, memory: null },
    },
    sections: [
      {
        text: `${days.length} daily rows of ${byFunction.size} functions, every second of all by name (constants were chosen on the others; ${leftOut} without a measure left out), ${INVOCATIONS} cold invocations each: the init samples as they are, duration and memory as the day's mean and maximum. One revision throughout, although the functions are deployed anew each day: otherwise each day would be a change point. In the same run ${INJECTED} functions take twice as long from a seeded day on, and ${INJECTED} others use half as much memory again. Told means within ${TOLD_WITHIN_DAYS} days by a finding about the number that was changed. Everything else that is told before a change, or of an unchanged function, is false.`,
      },
      {
        table: {
          head: ['', ''],
          rows: [
            ['false findings in a function-month', rateText(falseFindings.length, functionMonths)],
            ...recall.map(({ kind, hits, cases }) => [`told: ${kind}`, proportionText(hits, cases)]),
          ],
        },
      },
      falseTable(falseFindings, functionMonths),
      busiestDays(falseFindings),
    ],
  };
}

function chooseInjections(byFunction: ReadonlyMap<string, readonly FunctionDay[]>): Injection[] {
  const random = new Random(SEED, 'drift injections');
  const left = [...byFunction]
    .filter(([, own]) => own.length >= DAYS_BEFORE + DAYS_AFTER)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const each = Math.min(INJECTED, Math.floor(left.length / (2 * KINDS.length)));
  return KINDS.flatMap((kind) =>
    Array.from({ length: each }, () => {
      const [[name, own]] = left.splice(random.below(left.length), 1);
      const at = DAYS_BEFORE + random.below(own.length - DAYS_BEFORE - DAYS_AFTER + 1);
      return { kind, function: name, fromMs: own[at].dayMs };
    }),
  );
}

function replayed(context: SuiteContext, days: readonly FunctionDay[], injections: readonly Injection[]): Finding[] {
  const ofFunction = new Map(injections.map((one) => [one.function, one]));
  const run = EngineRun.start(days[0]?.dayMs ?? 0, context.settings);
  const findings: Finding[] = [];
  for (const [dayMs, own] of Map.groupBy(days, (day) => day.dayMs)) {
    context.progress(new Date(dayMs).toISOString().slice(0, 10));
    for (let run_ = 0; run_ < INVOCATIONS; run_++) {
      for (const [at, day] of own.entries()) {
        const injection = ofFunction.get(day.function);
        const changed = injection !== undefined && dayMs >= injection.fromMs ? injection.kind : undefined;
        const atMs = dayMs + MEASURED_AT_MS + run_ * APART_MS + Math.floor((at * APART_MS) / own.length);
        run.add(invocation(day, { at: run_, atMs, changed }));
      }
    }
    findings.push(...run.take());
  }
  run.tick((days.at(-1)?.dayMs ?? 0) + DAY_MS);
  findings.push(...run.take());
  return findings;
}

function invocation(
  day: FunctionDay,
  of: { readonly at: number; readonly atMs: number; readonly changed: Injection['kind'] | undefined },
): Parameters<EngineRun['add']>[0] {
  const { at, atMs, changed } = of;
  const factor = (kind: Injection['kind']) => (changed === kind ? FACTORS[kind] : 1);
  return {
    kind: 'platform',
    atMs,
    function: keyOf(day.function),
    request: `${day.function}-${day.dayMs}-${at}`,
    flags: FLAG.cold,
    numbers: {
      durationMs: day.durationMs * factor('duration2x'),
      initMs: day.initSamplesMs[at] ?? day.coldStartMs,
      memoryMb: day.maxMemoryMb * factor('memory1.5x'),
      memorySizeMb: day.memoryMb,
    },
    symbols: { status: 'ok', revision: '1' },
  };
}

function keyOf(name: string): string {
  return `aws:123456789012:eu-west-1:${name}`;
}

function nameOf(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1);
}

function isTold({ kind, function: name, fromMs }: Injection, findings: readonly Finding[]): boolean {
  const untilMs = fromMs + TOLD_WITHIN_DAYS * DAY_MS + MEASURED_AT_MS + INVOCATIONS * APART_MS;
  return findings.some(
    (one) =>
      one.function === keyOf(name) &&
      one.timeMs >= fromMs &&
      one.timeMs <= untilMs &&
      one.evidence.some(({ parameter }) => parameter.startsWith(PARAMETER[kind])),
  );
}

function falseTable(findings: readonly Finding[], functionMonths: number): Section {
  const names = findings.map(({ detector, evidence }) => `${detector}: ${evidence[0]?.parameter ?? ''}`);
  return {
    table: {
      head: ['false findings by detector and number', 'findings', 'a function-month'],
      rows: Object.entries(counts(names))
        .sort(([, a], [, b]) => b - a)
        .map(([name, count]) => [name, count, rateText(count, functionMonths)]),
    },
  };
}

/** Days on which most false findings were told: where a platform changed for many at once. */
function busiestDays(findings: readonly Finding[]): Section {
  const byDay = counts(findings.map(({ timeMs }) => new Date(timeMs).toISOString().slice(0, 10)));
  const rows = Object.entries(byDay)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, LISTED);
  return { table: { head: ['day', 'false findings'], rows } };
}

function counts(names: readonly string[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name of names) all[name] = (all[name] ?? 0) + 1;
  return all;
}

function round(value: number): number {
  return Math.round(1000 * value) / 1000;
}
