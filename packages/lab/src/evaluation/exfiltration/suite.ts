import type { Finding } from '@gait/engine/event/finding';
import { proportionInterval, proportionText, rateText } from '../intervals.ts';
import type { Json, Section, Suite, SuiteReport } from '../suite.ts';
import { INJECTIONS, type Injection } from './injections.ts';
import { type ExfiltrationRun, type InjectionOutcome, isOfSuite, runEstate } from './run.ts';

/** Seed of the reported run; others by `--exfiltration-seed`. */
const SEED = 20_260_701;
/** Functions of each kind for each injection, and without one. */
const COPIES = 3;
const CLEAN = 6;

/**
 * Exfiltration injected into simulated functions of seven kinds: recall by way of leaving, false findings a function-day, and what is
 * said of harmless neighbours, all in one run of the whole engine with its default settings. Makes its own data.
 */
export const exfiltrationSuite: Suite = {
  id: 'exfiltration',
  title: 'Exfiltration from simulated functions',
  needs: '',
  options: ['exfiltration-seed', 'exfiltration-copies'],
  run(context): Promise<SuiteReport> {
    const [seed = SEED] = (context.options.get('exfiltration-seed') ?? []).map(Number);
    const [copies = COPIES] = (context.options.get('exfiltration-copies') ?? []).map(Number);
    const { settings, progress } = context;
    const run = runEstate({ seed, copies, clean: CLEAN, settings, progress });
    return Promise.resolve(reportOf(run, seed));
  },
};

/** A run as figures and tables. */
export function reportOf(run: ExfiltrationRun, seed: number): SuiteReport {
  const attacks = INJECTIONS.filter(({ attack }) => attack);
  const harmless = INJECTIONS.filter(({ attack }) => !attack);
  const of = (injection: Injection) => run.outcomes.filter((one) => one.injection.id === injection.id);
  const text =
    `${run.functions} functions of seven kinds, ${run.invocations} invocations over five weeks, seed ${seed}; default settings. ` +
    'Injections begin in the fourth week. Intervals are exact, 95 %.';
  return {
    json: {
      seed,
      functions: run.functions,
      invocations: run.invocations,
      recall: Object.fromEntries(attacks.map((one) => [one.id, figuresOf(of(one))])),
      harmless: Object.fromEntries(harmless.map((one) => [one.id, figuresOf(of(one))])),
      falseFindings: {
        known: { days: run.known.days, all: run.known.findings.length, ofSuite: countOf(run.known.findings) },
        young: { days: run.young.days, all: run.young.findings.length, ofSuite: countOf(run.young.findings) },
      },
    },
    sections: [{ text }, recallTable(attacks, of), harmlessTable(harmless, of), ...falseSections(run)],
  };
}

type OutcomesOf = (injection: Injection) => readonly InjectionOutcome[];

function figuresOf(outcomes: readonly InjectionOutcome[]): Json {
  const named = outcomes.filter((one) => one.named).length;
  const { low, high } = proportionInterval(named, outcomes.length);
  const found = outcomes.filter((one) => one.found).length;
  return { cases: outcomes.length, named, found, low, high, delayDays: medianDelay(outcomes) };
}

function recallTable(attacks: readonly Injection[], of: OutcomesOf): Section {
  const rows = attacks.map((one) => {
    const outcomes = of(one);
    const missed = outcomes.filter(({ named }) => !named).map(({ kind }) => kind);
    return [
      one.title,
      proportionText(outcomes.filter(({ named }) => named).length, outcomes.length),
      medianText(outcomes),
      detectorsOf(outcomes),
      countsText(missed),
    ];
  });
  return { table: { head: ['attack', 'found', 'median delay', 'by', 'missed in'], rows } };
}

function harmlessTable(harmless: readonly Injection[], of: OutcomesOf): Section {
  const rows = harmless.map((one) => {
    const outcomes = of(one);
    const told = outcomes.filter(({ named }) => named);
    return [
      one.title,
      proportionText(told.length, outcomes.length),
      detectorsOf(told),
      countsText(told.map(({ kind }) => kind)),
    ];
  });
  return { table: { head: ['harmless neighbour', 'told as exfiltration', 'by', 'in'], rows } };
}

function falseSections({ known, young }: ExfiltrationRun): Section[] {
  const rows = [
    ['functions known for a week and longer', known],
    ['functions in their first week', young],
  ] as const;
  const by = new Map<string, number>();
  for (const { detector } of [...known.findings, ...young.findings]) by.set(detector, (by.get(detector) ?? 0) + 1);
  return [
    {
      table: {
        head: ['without injection', 'findings of this suite a function-day', 'findings of any kind a function-day'],
        rows: rows.map(([title, { days, findings }]) => [
          title,
          rateText(countOf(findings), days),
          rateText(findings.length, days),
        ]),
      },
    },
    { text: `By detector: ${[...by].map(([id, count]) => `${id} ${count}`).join(', ') || 'none'}.` },
  ];
}

function countOf(findings: readonly Finding[]): number {
  return findings.filter(isOfSuite).length;
}

function detectorsOf(outcomes: readonly InjectionOutcome[]): string {
  return countsText(outcomes.flatMap(({ detectors }) => detectors));
}

/** `api 3, sync 1`; '-' for none. */
function countsText(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || '-';
}

function medianDelay(outcomes: readonly InjectionOutcome[]): number | null {
  const delays = outcomes
    .filter(({ named }) => named)
    .map(({ delayDays }) => delayDays)
    .sort((a, b) => a - b);
  return delays.length === 0 ? null : Math.round(delays[delays.length >> 1] * 10) / 10;
}

function medianText(outcomes: readonly InjectionOutcome[]): string {
  const median = medianDelay(outcomes);
  return median === null ? '-' : `${median} days`;
}
