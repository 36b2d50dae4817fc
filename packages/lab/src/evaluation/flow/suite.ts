import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import type { Finding } from '@gait/engine/event/finding';
import { Random } from '../../datasets/random.ts';
import { DAY_MS, EngineRun } from '../engine-run.ts';
import { proportionInterval, proportionText, rateText } from '../intervals.ts';
import { type Section, type Suite, type SuiteContext, type SuiteReport, UsageError } from '../suite.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';
import { decoded, type Recording, readRecording, tracesPerMinute } from './traces.ts';

const FOLDER = 'xray-thumbnail-lambda';
/** A recording with fewer traces teaches no order. */
const TRACES_MIN = 100;
const SEED = 20_261;
/** Mutated traces of each kind in one judged recording. */
const CASES = 80;
/** Silence after the last trace, in which what is overdue becomes due. */
const SETTLE_MS = 3_600_000;
const KINDS = ['newCallee', 'newTrigger', 'skippedStep', 'repeatedRead', 'swappedOrder'] as const;
const WORST_SHOWN = 10;

/** A recording that is judged, and those it is learned from. */
interface Fold {
  readonly learn: readonly Recording[];
  readonly test: Recording;
}

/** What is needed to judge a recording again and again. */
interface Prepared {
  readonly fold: Fold;
  readonly snapshot: Uint8Array;
  /** Rows of the traces, received at these times. */
  readonly batches: readonly { readonly batch: Batch; readonly atMs: number }[];
  readonly shiftMs: number;
}

interface Tried {
  readonly kind: Mutation['id'];
  readonly recording: string;
  readonly trace: number;
  /** Detectors that spoke of the trace, empty when it was missed. */
  readonly by: readonly string[];
  /** Findings about other things than the mutated trace. */
  readonly others: number;
}

/**
 * Order of calls and edges between functions, on recorded X-Ray traces: findings in benign recordings, and what share of mutated
 * traces is found, each judged in the same settings. The shipped decoder and engine; no log and no store.
 */
export const flowSuite: Suite = {
  id: 'flow',
  title: 'Flow: order of calls, and who calls whom',
  needs: `the folder ${FOLDER}, or --learn and --test with folders of X-Ray traces`,
  options: ['learn', 'test'],
  run(context): Promise<SuiteReport | undefined> {
    const folds = foldsOf(context);
    return Promise.resolve(folds.length === 0 ? undefined : reportOf(folds, context, CASES));
  },
};

/** What is learned and judged: as given, or each recording by all others of which none is busier than it. */
function foldsOf(context: SuiteContext): Fold[] {
  const learn = (context.options.get('learn') ?? []).map(readGiven);
  const test = (context.options.get('test') ?? []).map(readGiven);
  if (learn.length > 0 && test.length > 0) return test.map((one) => ({ learn, test: one }));
  if (learn.length + test.length > 0) throw new UsageError('--learn and --test go together.');
  const root = context.data === undefined ? '' : join(context.data, FOLDER);
  if (root === '' || !existsSync(root)) return [];
  const folders = readdirSync(root)
    .sort()
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isDirectory());
  const recordings = folders.map(readRecording).filter(({ traces }) => traces.length >= TRACES_MIN);
  if (recordings.length < 2) return [];
  // The busiest first: its normal is the hardest to tell from the quiet ones.
  const byPace = recordings.sort((a, b) => tracesPerMinute(b) - tracesPerMinute(a));
  return byPace.map((one) => ({ learn: byPace.filter((other) => other !== one), test: one }));
}

function readGiven(path: string): Recording {
  if (!existsSync(path)) throw new UsageError(`There is no folder '${path}'.`);
  return readRecording(path);
}

/** Judges folds, with at most so many mutated traces of a kind in each. */
export function reportOf(folds: readonly Fold[], context: SuiteContext, cases: number): SuiteReport {
  const benign: { fold: Fold; findings: readonly Finding[] }[] = [];
  const tried: Tried[] = [];
  for (const fold of folds) {
    const prepared = prepare(fold, context);
    const findings = judge(prepared, undefined);
    benign.push({ fold, findings });
    const known = new Set(findings.map(identityOf));
    for (const mutation of MUTATIONS) {
      context.progress(`${fold.test.name}: ${mutation.id}`);
      tried.push(...tryAll({ prepared, mutation, known }, cases));
    }
  }
  return summary(benign, tried);
}

/** Learns the recordings to learn from as a period declared normal, one after the other, and decodes the one to judge. */
function prepare({ learn, test }: Fold, context: SuiteContext): Prepared {
  const startMs = dayOf(learn[0].traces[0].startMs);
  const run = EngineRun.start(startMs, context.settings, SEED);
  let clockMs = startMs;
  const batches = learn.flatMap((recording) => {
    const shiftMs = shiftAfter(recording, clockMs);
    const moved = rowsOf(recording, shiftMs);
    clockMs = moved[moved.length - 1].atMs;
    return moved;
  });
  run.control({ kind: 'training-span', fromMs: startMs, toMs: clockMs + 1, by: 'evaluation' }, startMs);
  for (const { batch, atMs } of batches) run.batch(batch, atMs);
  clockMs += SETTLE_MS;
  run.tick(clockMs);
  const shiftMs = shiftAfter(test, clockMs);
  return { fold: { learn, test }, snapshot: run.snapshot(), batches: rowsOf(test, shiftMs), shiftMs };
}

/** Judges a recording, with the rows of one of its traces replaced. */
function judge(
  { snapshot, batches }: Prepared,
  replaced: { readonly at: number; readonly batch: Batch } | undefined,
): Finding[] {
  const run = EngineRun.from(snapshot);
  let clockMs = 0;
  for (const [at, { batch, atMs }] of batches.entries()) {
    run.batch(replaced?.at === at ? replaced.batch : batch, atMs);
    clockMs = atMs;
  }
  run.tick(clockMs + SETTLE_MS);
  return run.take();
}

function tryAll(
  of: { readonly prepared: Prepared; readonly mutation: Mutation; readonly known: ReadonlySet<string> },
  cases: number,
): Tried[] {
  const { prepared, mutation, known } = of;
  const { name, traces } = prepared.fold.test;
  const random = new Random(SEED, `${mutation.id} ${traces.length}`);
  const order = traces.map((_, at) => ({ at, by: random.next() })).sort((a, b) => a.by - b.by);
  const tried: Tried[] = [];
  for (const { at } of order) {
    if (tried.length === cases) break;
    const trace = traces[at];
    const segments = mutation.apply(trace, random);
    if (segments === undefined) continue;
    const batch = decoded(segments, trace.id, prepared.shiftMs);
    const findings = judge(prepared, { at, batch }).filter((one) => !known.has(identityOf(one)));
    const right = findings.filter((one) => one.traceId === trace.id && mutation.detectors.includes(one.detector));
    const about = findings.filter((one) => one.traceId === trace.id);
    const by = [...new Set(right.map(({ detector }) => detector))].sort();
    tried.push({ kind: mutation.id, recording: name, trace: at, by, others: findings.length - about.length });
  }
  return tried;
}

function rowsOf({ traces }: Recording, shiftMs: number): { batch: Batch; atMs: number }[] {
  return traces.map(({ segments, id, endMs }) => ({
    batch: decoded(segments, id, shiftMs),
    atMs: Math.ceil(endMs + shiftMs),
  }));
}

/** By how many whole days a recording is moved so that it begins after `clockMs`: hours of the day stay true. */
function shiftAfter({ traces }: Recording, clockMs: number): number {
  const firstMs = Math.min(...traces.map(({ startMs }) => startMs));
  return Math.ceil(Math.max(0, clockMs - firstMs) / DAY_MS) * DAY_MS;
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function identityOf({ detector, entity, traceId }: Finding): string {
  return `${detector} ${entity.key} ${traceId}`;
}

function summary(
  benign: readonly { readonly fold: Fold; readonly findings: readonly Finding[] }[],
  tried: readonly Tried[],
): SuiteReport {
  const benignTraces = benign.reduce((sum, { fold }) => sum + fold.test.traces.length, 0);
  const falseFindings = benign.reduce((sum, { findings }) => sum + findings.length, 0);
  const counts = MUTATIONS.map((mutation) => {
    const of = tried.filter(({ kind }) => kind === mutation.id);
    return { mutation, cases: of.length, found: of.filter(({ by }) => by.length > 0).length, of };
  });
  const recallOf = (id: string) => counts.find(({ mutation }) => mutation.id === id);
  const share = (id: string) => {
    const one = recallOf(id);
    return one === undefined || one.cases === 0 ? null : Number((one.found / one.cases).toFixed(4));
  };
  return {
    json: {
      benignTraces,
      falseFindings,
      recall: Object.fromEntries(KINDS.map((id) => [id, share(id)])),
      consumerMissing: share('consumerMissing'),
      cases: Object.fromEntries(counts.map(({ mutation, cases }) => [mutation.id, cases])),
      intervals: Object.fromEntries(
        counts.map(({ mutation, cases, found }) => {
          const { low, high } = proportionInterval(found, cases);
          return [mutation.id, [Number(low.toFixed(4)), Number(high.toFixed(4))]];
        }),
      ),
    },
    sections: [
      ...benignSections(benign, { benignTraces, falseFindings }),
      {
        table: {
          head: ['mutation', 'found', 'by', 'findings about other traces'],
          rows: counts.map(({ mutation, cases, found, of }) => [
            mutation.what,
            proportionText(found, cases),
            [...new Set(of.flatMap(({ by }) => by))].sort().join(', '),
            of.reduce((sum, { others }) => sum + others, 0),
          ]),
        },
      },
      { text: missedText(tried) },
    ],
  };
}

function benignSections(
  benign: readonly { readonly fold: Fold; readonly findings: readonly Finding[] }[],
  total: { readonly benignTraces: number; readonly falseFindings: number },
): Section[] {
  const rows = benign.map(({ fold, findings }) => [
    fold.test.name,
    fold.test.traces.length,
    tracesPerMinute(fold.test).toFixed(1),
    fold.learn.reduce((sum, { traces }) => sum + traces.length, 0),
    findings.length,
  ]);
  return [
    { table: { head: ['benign recording', 'traces', 'a minute', 'learned from', 'findings'], rows } },
    { text: `False findings a trace: ${rateText(total.falseFindings, total.benignTraces)}.` },
    ...benign.flatMap(({ findings }) =>
      findings.map((one) => ({ text: `Reported: ${one.detector}: ${one.sentence}` })),
    ),
  ];
}

function missedText(tried: readonly Tried[]): string {
  const missed = tried.filter(({ by }) => by.length === 0);
  if (missed.length === 0) return 'Nothing was missed.';
  const shown = missed
    .slice(0, WORST_SHOWN)
    .map(({ kind, recording, trace }) => `${kind} in trace ${trace + 1} of ${recording}`);
  const more = missed.length > shown.length ? `, and ${missed.length - shown.length} more` : '';
  return `Missed: ${shown.join('; ')}${more}.`;
}
