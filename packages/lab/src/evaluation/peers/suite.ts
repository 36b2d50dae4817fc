import { PeerGroups } from '@gait/engine/peers/groups';
import { adjustedRandIndex } from '../adjusted-rand.ts';
import type { Suite, SuiteReport } from '../suite.ts';
import { coldStartGains } from './cold-start.ts';
import { type Known, readDaily, readTriggered } from './workloads.ts';

/** Seeds of the engine under which the groups are formed. */
const SEEDS = [1, 2, 3, 4, 5] as const;

/** How good and how stable groups are: means over the seeds. */
interface Quality {
  readonly functions: number;
  readonly groups: number;
  /** Functions that are in no group. */
  readonly alone: number;
  /** Groups of the first half against those of the second. */
  readonly halves: number;
  /** Against what is known of the functions. */
  readonly labels: { readonly [name: string]: number };
  /** Share of functions whose label is that of most in their group; what guessing the commonest label would give. */
  readonly purity: { readonly [name: string]: number };
  readonly base: { readonly [name: string]: number };
}

/** The engine's groups on public workloads: compared with what is known of the functions, and one half of the record with the other. */
export const peersSuite: Suite = {
  id: 'peers',
  title: 'Peers: functions that behave alike',
  needs: 'azure-functions-2019-sample/with_triggers_500x480 or lambda-perf-daily',
  options: [],
  run({ data, progress }): Promise<SuiteReport | undefined> {
    if (data === undefined) return Promise.resolve(undefined);
    const [triggered, daily] = [readTriggered(data), readDaily(data)];
    if (triggered.length + daily.length === 0) return Promise.resolve(undefined);
    progress(`${triggered.length} functions with a trigger, ${daily.length} deployed daily`);
    return Promise.resolve(reportOf(triggered, daily));
  },
};

/** Adjusted Rand index of the engine's groups against runtime and memory size, for functions deployed daily; undefined without data. */
export function dailyRandIndex(root: string): { readonly runtime: number; readonly memory: number } | undefined {
  const daily = readDaily(root);
  if (daily.length === 0) return undefined;
  const { labels } = qualityOf(daily);
  return { runtime: labels['runtime'], memory: labels['memory'] };
}

function reportOf(triggered: readonly Known[], daily: readonly Known[]): SuiteReport {
  const parts = [
    { name: 'triggered', functions: triggered },
    { name: 'daily', functions: daily },
  ].filter(({ functions }) => functions.length > 0);
  const qualities = parts.map(({ name, functions }) => ({ name, ...qualityOf(functions) }));
  const gains =
    triggered.length === 0 ? [] : coldStartGains(triggered, divisionOf(triggered, { half: 0, seed: SEEDS[0] }));
  return {
    json: {
      ...Object.fromEntries(qualities.map(({ name, ...quality }) => [name, quality])),
      coldStart: gains.map((gain) => ({ ...gain })),
    },
    sections: [
      {
        text: `Groups as the engine forms them, means over ${SEEDS.length} seeds. The numbers are those the files hold: rate and shape of counts, duration, memory; duration and memory of functions with a trigger are those of the whole day. Every function is a source of its own. A function like no group counts as a group by itself.`,
      },
      {
        table: {
          head: [
            'functions',
            'count',
            'groups',
            'in none',
            'against',
            'adjusted Rand index',
            'purity',
            'commonest',
            'first half against second',
          ],
          rows: qualities.flatMap(({ name, ...of }) =>
            Object.keys(of.labels).map((label) => [
              name,
              of.functions,
              of.groups.toFixed(1),
              of.alone.toFixed(1),
              label,
              of.labels[label].toFixed(3),
              of.purity[label].toFixed(3),
              of.base[label].toFixed(3),
              of.halves.toFixed(3),
            ]),
          ),
        },
      },
      {
        text: 'What the group says about the next four hours of counts that all functions together do not, by the windows of ten minutes the function has shown itself: nats a window, with a standard error over functions. An upper bound: the group is found with the whole first half.',
      },
      {
        table: {
          head: ['own windows', 'gain', 'standard error', 'functions'],
          rows: gains.map(({ own, mean, error, functions }) => [own, mean.toFixed(3), error.toFixed(3), functions]),
        },
      },
    ],
  };
}

function qualityOf(functions: readonly Known[]): Quality {
  const names = Object.keys(functions[0].labels);
  const runs = SEEDS.map((seed) => ({
    first: divisionOf(functions, { half: 0, seed }),
    second: divisionOf(functions, { half: 1, seed }),
  }));
  const labelsOf = (name: string) => functions.map(({ labels }) => labels[name]);
  const each = (of: (name: string) => number) => Object.fromEntries(names.map((name) => [name, of(name)]));
  const grouped = (division: readonly string[]) => division.filter((group) => group.startsWith('group '));
  return {
    functions: functions.length,
    groups: mean(runs.map(({ first }) => new Set(grouped(first)).size)),
    alone: mean(runs.map(({ first }) => first.length - grouped(first).length)),
    halves: mean(runs.map(({ first, second }) => adjustedRandIndex(first, second))),
    labels: each((name) => mean(runs.map(({ first }) => adjustedRandIndex(first, labelsOf(name))))),
    purity: each((name) => mean(runs.map(({ first }) => purityOf(first, labelsOf(name))))),
    base: each((name) =>
      purityOf(
        functions.map(() => ''),
        labelsOf(name),
      ),
    ),
  };
}

/** Group of each function by one half of its record. */
function divisionOf(functions: readonly Known[], of: { readonly half: 0 | 1; readonly seed: number }): string[] {
  const groups = new PeerGroups();
  groups.form(
    functions.map(({ name, halves }, source) => ({ name, source, numbers: halves[of.half] })),
    of.seed,
  );
  return functions.map(({ name, halves }) => {
    const group = groups.groupOf(halves[of.half]);
    return group === undefined ? `alone ${name}` : `group ${group.label}`;
  });
}

function purityOf(division: readonly string[], labels: readonly string[]): number {
  let most = 0;
  for (const members of Map.groupBy(labels, (_, at) => division[at]).values()) {
    const counts = [...Map.groupBy(members, (label) => label).values()].map(({ length }) => length);
    // One function by itself says nothing about a label.
    if (members.length > 1) most += Math.max(...counts);
  }
  return most / labels.length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
