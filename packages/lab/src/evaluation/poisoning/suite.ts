import type { Finding } from '@gait/engine/event/finding';
import { DAY_MS, EngineRun } from '../engine-run.ts';
import { poissonInterval, proportionText, rateText } from '../intervals.ts';
import { type Suite, type SuiteContext, type SuiteReport, UsageError } from '../suite.ts';
import { Exporter, INVOCATIONS_A_DAY, START_MS, UNCHANGED } from './traffic.ts';

/** Seeds that are reported. Constants were chosen looking at seeds below 1,000 alone. */
const SEEDS = seedsFrom(9000);
const TUNING_SEEDS = seedsFrom(1);
/** Growth of the bytes an invocation sends, percent a day. */
const RATES = [1, 2, 3, 5, 10, 20, 30] as const;
/** Days before the growth begins. */
const CLEAN_DAYS_BEFORE = 30;
const CLEAN_DAYS = 100;
/** Drift of honest functions, percent a day. */
const CLEAN_DRIFT = 0.2;
/** Growth of honest load, percent a day, in turn by seed, and for how long. */
const HONEST_RATES = [1, 3, 5] as const;
const HONEST_DAYS = 50;

/** A run that grew. */
interface Grown {
  readonly seed: number;
  readonly rate: number;
  /** Factor at which it was caught, undefined when it was not before it doubled. */
  readonly caughtAt: number | undefined;
  readonly by: string;
}

/** Whether a baseline can be taught slowly: growth must be caught before it doubled, and what is honest must not be told. */
export const poisoningSuite: Suite = {
  id: 'poisoning',
  title: 'Training by an attacker',
  needs: '',
  options: ['split'],
  run(context): Promise<SuiteReport> {
    const split = context.options.get('split')?.at(-1) ?? 'report';
    if (split !== 'report' && split !== 'tuning') throw new UsageError('--split takes report or tuning.');
    return Promise.resolve(report(context, split === 'report' ? SEEDS : TUNING_SEEDS));
  },
};

function seedsFrom(first: number): number[] {
  return Array.from({ length: 40 }, (_, at) => first + at);
}

/** The report of some seeds: fewer where only the suite itself is tested. */
export function report(context: SuiteContext, seeds: readonly number[]): SuiteReport {
  const grown: Grown[] = [];
  const falseFindings: { seed: number; finding: Finding }[] = [];
  const honest: { seed: number; rate: number; finding: Finding }[] = [];
  for (const [at, seed] of seeds.entries()) {
    context.progress(`seed ${at + 1} of ${seeds.length}`);
    const before = clean(seed, context);
    for (const rate of RATES) grown.push(grow(seed, rate, before));
    for (const finding of before.findings) falseFindings.push({ seed, finding });
    for (const finding of rest(seed, before)) falseFindings.push({ seed, finding });
    const rate = HONEST_RATES[at % HONEST_RATES.length];
    for (const finding of honestGrowth(seed, rate, before)) honest.push({ seed, rate, finding });
  }
  return reportOf(seeds, { grown, falseFindings, honest });
}

interface Before {
  readonly snapshot: Uint8Array;
  readonly findings: readonly Finding[];
}

const drift = (day: number) => (1 + CLEAN_DRIFT / 100) ** day;

/** Thirty clean days with a little drift. */
function clean(seed: number, context: SuiteContext): Before {
  const run = EngineRun.start(START_MS, context.settings, seed);
  const exporter = new Exporter(seed);
  for (let day = 0; day < CLEAN_DAYS_BEFORE; day++) add(run, exporter, day, { ...UNCHANGED, bytes: drift });
  return { snapshot: run.snapshot(), findings: run.take() };
}

function add(run: EngineRun, exporter: Exporter, day: number, change: Parameters<Exporter['day']>[1]): void {
  for (const row of exporter.day(day, change)) run.add(row);
}

/** An exporter that has been through the days before, so that its days go on as they would have. */
function later(seed: number): Exporter {
  const exporter = new Exporter(seed);
  for (let day = 0; day < CLEAN_DAYS_BEFORE; day++) exporter.day(day, UNCHANGED);
  return exporter;
}

function grow(seed: number, rate: number, before: Before): Grown {
  const run = EngineRun.from(before.snapshot);
  const exporter = later(seed);
  const factor = (day: number) => drift(CLEAN_DAYS_BEFORE) * (1 + rate / 100) ** Math.max(0, day - CLEAN_DAYS_BEFORE);
  const doubled = CLEAN_DAYS_BEFORE + Math.log(2) / Math.log1p(rate / 100);
  for (let day = CLEAN_DAYS_BEFORE; day < doubled; day++) {
    add(run, exporter, day, { ...UNCHANGED, bytes: factor });
    const found = run
      .take()
      .find(
        ({ evidence, timeMs }) =>
          evidence.some(({ parameter }) => parameter.startsWith('bytes_out')) && dayOf(timeMs) < doubled,
      );
    if (found === undefined) continue;
    return { seed, rate, caughtAt: factor(dayOf(found.timeMs)) / drift(CLEAN_DAYS_BEFORE), by: found.detector };
  }
  return { seed, rate, caughtAt: undefined, by: '' };
}

function dayOf(ms: number): number {
  return (ms - START_MS) / DAY_MS;
}

/** What is told of the rest of a hundred clean days. */
function rest(seed: number, before: Before): Finding[] {
  const run = EngineRun.from(before.snapshot);
  const exporter = later(seed);
  for (let day = CLEAN_DAYS_BEFORE; day < CLEAN_DAYS; day++) add(run, exporter, day, { ...UNCHANGED, bytes: drift });
  return run.take();
}

/** More and more invocations, each as before. */
function honestGrowth(seed: number, rate: number, before: Before): Finding[] {
  const run = EngineRun.from(before.snapshot);
  const exporter = later(seed);
  const more = (day: number) => (1 + rate / 100) ** (day - CLEAN_DAYS_BEFORE);
  for (let day = CLEAN_DAYS_BEFORE; day < CLEAN_DAYS_BEFORE + HONEST_DAYS; day++) {
    add(run, exporter, day, { bytes: drift, rate: more });
  }
  return run.take();
}

function reportOf(
  seeds: readonly number[],
  of: {
    grown: readonly Grown[];
    falseFindings: readonly { seed: number; finding: Finding }[];
    honest: readonly { seed: number; rate: number; finding: Finding }[];
  },
): SuiteReport {
  const { grown, falseFindings, honest } = of;
  const rows = RATES.map((rate) => {
    const own = grown.filter((one) => one.rate === rate);
    const caught = own.filter(({ caughtAt }) => caughtAt !== undefined);
    const factors = caught.map(({ caughtAt = 0 }) => caughtAt).sort((a, b) => a - b);
    const by = new Map<string, number>();
    for (const one of caught) by.set(one.by, (by.get(one.by) ?? 0) + 1);
    const detectors = [...by].map(([detector, count]) => `${count} ${detector}`).join(', ');
    const missed = own.filter(({ caughtAt }) => caughtAt === undefined).map(({ seed }) => seed);
    const middle = factors.length === 0 ? '-' : `x${factors[Math.floor(factors.length / 2)].toFixed(2)}`;
    return {
      rate,
      caught: caught.length,
      row: [`${rate} %`, proportionText(caught.length, own.length), middle, detectors, missed.join(' ') || '-'],
    };
  });
  const days = seeds.length * CLEAN_DAYS;
  const told = [...falseFindings, ...honest].map(
    ({ seed, finding }) => `Seed ${seed}: ${finding.detector}: ${finding.sentence}`,
  );
  return {
    json: {
      seeds: seeds.length,
      caughtBefore2x: Object.fromEntries(rows.map(({ rate, caught }) => [rate, caught])),
      falseAlarms: falseFindings.length,
      falseAlarmsUpTo: Number(poissonInterval(falseFindings.length).high.toPrecision(3)),
      cleanDays: days,
      honestGrowthFindings: honest.length,
      honestRuns: seeds.length,
    },
    sections: [
      {
        text: `One function a seed, ${INVOCATIONS_A_DAY} invocations a day, thirty clean days first. Noise of an invocation (0.1 to 1 of its logarithm), noise and memory of days, day and night, weekends and tails are drawn for each seed. Constants were chosen on seeds below 1,000, these are ${seeds[0]} to ${seeds.at(-1)}. All detectors run; any finding on a clean or honest run counts as false.`,
      },
      {
        table: {
          head: [
            'bytes an invocation sends grow by, a day',
            'caught before they doubled',
            'at, median',
            'first by',
            'missed seeds',
          ],
          rows: rows.map(({ row }) => row),
        },
      },
      {
        text: `False findings in clean days with a drift of ${CLEAN_DRIFT} % a day: ${rateText(falseFindings.length, days)} a day. Findings while only the number of invocations grew (${HONEST_RATES.join(', ')} % a day for ${HONEST_DAYS} days): ${honest.length} in ${seeds.length} runs.`,
      },
      ...(told.length === 0 ? [] : [{ text: told.slice(0, 40).join('\n\n') }]),
    ],
  };
}
