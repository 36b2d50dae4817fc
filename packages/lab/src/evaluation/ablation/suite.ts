import { BUCKET_DETECTORS, FUNCTION_DETECTORS, TENANT_DETECTORS } from '@gait/engine/detectors/registry';
import { type Json, type Section, type Suite, type SuiteContext, type SuiteReport, UsageError } from '../suite.ts';

/** Suites that are taken apart unless others are named: those through the whole engine. */
const SUITES_DEFAULT = ['flow', 'exfiltration', 'poisoning'] as const;

/** A figure of a suite's JSON, by its path: `recall.newCallee`. */
type Figures = ReadonlyMap<string, number>;

/** What changes when a family is not judged. */
interface Change {
  readonly suite: string;
  readonly family: string;
  readonly figures: readonly { readonly path: string; readonly all: number; readonly without: number }[];
}

/** Each family of detectors switched off in turn: which figures of which suites change. What changes nothing adds nothing there. */
export function ablationSuite(suites: () => readonly Suite[]): Suite {
  return {
    id: 'ablation',
    title: 'Each family off',
    needs: 'what the suites need that are taken apart',
    options: ['of', 'family'],
    async run(context): Promise<SuiteReport | undefined> {
      const chosen = chosenOf(suites(), context);
      const families = familiesOf(context);
      const changes: Change[] = [];
      const ran: string[] = [];
      for (const suite of chosen) {
        const all = await figuresOf(suite, context, '');
        if (all === undefined) continue;
        ran.push(suite.id);
        for (const family of families) {
          context.progress(`${suite.id} without ${family}`);
          const without = await figuresOf(suite, context, family);
          if (without !== undefined) changes.push({ suite: suite.id, family, figures: differences(all, without) });
        }
      }
      return ran.length === 0 ? undefined : reportOf(ran, changes);
    },
  };
}

function chosenOf(suites: readonly Suite[], context: SuiteContext): Suite[] {
  const names = context.options.get('of') ?? SUITES_DEFAULT;
  return names.map((name) => {
    const suite = suites.find(({ id }) => id === name);
    if (suite === undefined) throw new UsageError(`There is no suite '${name}' to take apart.`);
    return suite;
  });
}

/** Families that have a detector. */
function familiesOf(context: SuiteContext): readonly string[] {
  const all = new Set(
    [...FUNCTION_DETECTORS, ...BUCKET_DETECTORS, ...TENANT_DETECTORS].map(({ family }) => String(family)),
  );
  return context.options.get('family') ?? [...all].sort();
}

async function figuresOf(suite: Suite, context: SuiteContext, off: string): Promise<Figures | undefined> {
  const report = await suite.run({ ...context, out: undefined, options: new Map(), settings: { off } });
  if (report === undefined) return undefined;
  const figures = new Map<string, number>();
  collect(report.json, '', figures);
  return figures;
}

function collect(json: Json, path: string, into: Map<string, number>): void {
  if (typeof json === 'number') into.set(path, json);
  else if (Array.isArray(json)) for (const [at, one] of json.entries()) collect(one, `${path}.${at}`, into);
  else if (typeof json === 'object' && json !== null) {
    for (const [key, one] of Object.entries(json)) collect(one, path === '' ? key : `${path}.${key}`, into);
  }
}

/** Figures that differ, in the order of the suite's report. */
export function differences(all: Figures, without: Figures): Change['figures'] {
  const changed: { path: string; all: number; without: number }[] = [];
  for (const [path, value] of all) {
    const other = without.get(path) ?? Number.NaN;
    if (value !== other) changed.push({ path, all: value, without: other });
  }
  return changed;
}

function reportOf(ran: readonly string[], changes: readonly Change[]): SuiteReport {
  const json: Record<string, Record<string, Record<string, Json>>> = {};
  for (const { suite, family, figures } of changes) {
    json[suite] ??= {};
    json[suite][family] = Object.fromEntries(
      figures.map(({ path, without }) => [path, Number.isNaN(without) ? null : without]),
    );
  }
  const rows = changes.flatMap(({ suite, family, figures }) =>
    figures.map(({ path, all, without }) => [suite, family, path, all, Number.isNaN(without) ? '-' : without]),
  );
  const nothing = changes
    .filter(({ figures }) => figures.length === 0)
    .map(({ suite, family }) => `${family} in ${suite}`);
  const sections: Section[] = [
    {
      text: `Suites taken apart: ${ran.join(', ')}. A family that is off is learned and not judged; all else is as it ships.`,
    },
    { table: { head: ['suite', 'family off', 'figure', 'with all', 'without'], rows } },
    {
      text:
        nothing.length === 0 ? 'Every family changes something.' : `Nothing changes without: ${nothing.join(', ')}.`,
    },
  ];
  return { json, sections };
}
