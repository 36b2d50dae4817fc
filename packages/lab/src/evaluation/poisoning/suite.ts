import type { Finding } from '@gait/engine/event/finding';
import { proportionText, rateText } from '../intervals.ts';
import { type Section, type Suite, type SuiteReport, UsageError } from '../suite.ts';
import { CLEAN_DAYS, HONEST_DAYS, RATES, runSeed, type SeedResult } from './history.ts';
import { RUNS_A_DAY, type Split } from './world.ts';

const SEEDS = 40;

/** Somebody who trains the engine slowly, beside drift and growth that are nobody's fault. Makes its own data. */
export const poisoningSuite: Suite = {
  id: 'poisoning',
  title: 'Poisoning: bytes per invocation that grow day by day',
  needs: '',
  options: ['split', 'seeds'],
  run(context): Promise<SuiteReport | undefined> {
    const split = splitOf(context.options.get('split')?.at(-1));
    const seeds = seedsOf(context.options.get('seeds')?.at(-1));
    const results: SeedResult[] = [];
    for (let seed = 1; seed <= seeds; seed++) {
      context.progress(`seed ${seed} of ${seeds}`);
      results.push(runSeed(split, seed, context.settings));
    }
    return Promise.resolve(reportOf(split, results));
  },
};

function splitOf(text: string | undefined): Split {
  if (text === undefined || text === 'report') return 'report';
  if (text === 'tuning') return text;
  throw new UsageError(`--split takes report or tuning, not '${text}'.`);
}

function seedsOf(text: string | undefined): number {
  const seeds = Number(text ?? SEEDS);
  if (Number.isInteger(seeds) && seeds > 0) return seeds;
  throw new UsageError(`--seeds takes a count, not '${text}'.`);
}

function reportOf(split: Split, results: readonly SeedResult[]): SuiteReport {
  const byRate = RATES.map((rate) => {
    const runs = results.flatMap(({ poisoned }) => poisoned.filter((one) => one.rate === rate));
    const caught = runs.flatMap((one) => (one.factor === undefined ? [] : [{ ...one, factor: one.factor }]));
    return { rate, runs, caught };
  });
  const falseAlarms = results.flatMap((one) => one.falseAlarms);
  const honest = results.flatMap((one) => one.honest);
  const rows = results.reduce((sum, one) => sum + one.rows, 0);
  const percent = (rate: number) => String(Math.round(100 * rate));
  return {
    json: {
      seeds: results.length,
      caughtBefore2x: Object.fromEntries(byRate.map(({ rate, caught }) => [percent(rate), caught.length])),
      falseAlarms: falseAlarms.length,
      honestGrowthFindings: honest.length,
      split,
      runsADay: RUNS_A_DAY,
      rows,
    },
    sections: [
      {
        text: `${results.length} seeds of the ${split} split, a tenant of ten functions each; ${RUNS_A_DAY} invocations a day of the one in question, ${rows} invocations in all. Poisoned and honest runs go on from the same clean past of 21 to 41 days. Noise is log-normal with sigma 0.1 to 1 ; the report split adds heavy tails, seasons by day and by week. The tuning split has other seeds, less noise and no seasons.`,
      },
      {
        table: {
          head: ['growth a day', 'told of before ×2', 'factor by then: median, greatest', 'days: median', 'by'],
          rows: byRate.map(({ rate, runs, caught }) => {
            const factors = caught.map(({ factor }) => factor).sort((a, b) => a - b);
            const days = caught.map(({ caughtAfter }) => caughtAfter ?? 0).sort((a, b) => a - b);
            return [
              `${percent(rate)} %`,
              proportionText(caught.length, runs.length),
              `${round(middle(factors))}, ${round(factors.at(-1) ?? Number.NaN)}`,
              round(middle(days)),
              counted(caught.map(({ detector }) => detector ?? '')),
            ];
          }),
        },
      },
      quietTable(results, falseAlarms, honest),
      chart(byRate),
    ],
  };
}

function quietTable(
  results: readonly SeedResult[],
  falseAlarms: readonly Finding[],
  honest: readonly Finding[],
): Section {
  const row = (name: string, days: number, findings: readonly Finding[]) => [
    name,
    findings.length,
    rateText(findings.length, days),
    counted(findings.map(({ detector }) => detector)),
  ];
  return {
    table: {
      head: ['quiet runs', 'findings of any kind', 'a tenant-day', 'by'],
      rows: [
        row('drift of 0.2 % a day, and the clean past', results.length * CLEAN_DAYS, falseAlarms),
        row('rate growing 1 to 5 % a day', results.length * HONEST_DAYS, honest),
      ],
    },
  };
}

function chart(byRate: readonly { rate: number; caught: readonly { factor: number }[] }[]): Section {
  const points = byRate.flatMap(({ rate, caught }) => caught.map(({ factor }) => ({ x: 100 * rate, y: factor })));
  return {
    name: 'poisoning',
    chart: {
      title: 'Factor reached when it was told of',
      x: { label: 'growth, % a day', log: true },
      y: { label: 'factor' },
      series: [{ name: 'seeds', style: 'dots', points }],
    },
  };
}

/** `3 resource.drift, 1 spend`. */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
