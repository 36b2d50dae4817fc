import { Engine } from '@gait/engine/engine';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Finding } from '@gait/engine/event/finding';
import type { Genesis, SettingsChange } from '@gait/engine/event/record';
import { Random } from '../../datasets/random.ts';
import { KINDS, SimulatedFunction } from './functions.ts';
import { EXFILTRATION_DETECTORS, INJECTIONS, type Injection } from './injections.ts';
import { addRow, type SimulatedInvocation } from './invocation.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 5);
/** Days before anything is injected, and days after the last injection began. */
const QUIET_DAYS = 21;
const DAYS = QUIET_DAYS + 13;
/** A finding counts for an injection until so long after it ended: days are judged when the next one begins. */
const AFTER_MS = DAY_MS * 1.5;
/** Days after which a function's false findings count as those of a known one. */
const YOUNG_DAYS = 7;

const GENESIS: Genesis = {
  kind: 'genesis',
  seed: [0x6578_6669, 0x6c74],
  originMs: START_MS,
  tempoMs: DAY_MS,
  schema: 1,
};

/** A function of the estate and what is put into its traffic. */
interface Member {
  readonly of: SimulatedFunction;
  readonly injection: Injection | undefined;
  readonly startDay: number;
  readonly random: Random;
}

/** What became of one injection. */
export interface InjectionOutcome {
  readonly injection: Injection;
  readonly kind: string;
  /** By one of the detectors it is for. */
  readonly named: boolean;
  /** By anything at all. */
  readonly found: boolean;
  /** Days from its beginning to the first finding of one of its detectors. */
  readonly delayDays: number;
  readonly detectors: readonly string[];
}

/** What a run found out. */
export interface ExfiltrationRun {
  readonly invocations: number;
  readonly functions: number;
  readonly outcomes: readonly InjectionOutcome[];
  /** Function-days without an injection, and findings in them, of functions known for less and for more than a week. */
  readonly young: { readonly days: number; readonly findings: readonly Finding[] };
  readonly known: { readonly days: number; readonly findings: readonly Finding[] };
}

/** How large the estate is and what the engine is told. */
export interface RunOptions {
  readonly seed: number;
  /** Functions of each kind for each injection, and without one. */
  readonly copies: number;
  readonly clean: number;
  /** Kinds of functions and injections that take part, all when absent. */
  readonly only?: { readonly kinds: readonly string[]; readonly injections: readonly string[] };
  readonly settings: SettingsChange['set'];
  readonly progress: (text: string) => void;
}

/** Runs a simulated estate through the shipped engine with its default settings, day by day. */
export function runEstate(options: RunOptions): ExfiltrationRun {
  const members = estate(options);
  const engine = new Engine(GENESIS);
  engine.step({ type: 'control', receivedMs: START_MS, control: GENESIS }, engine.ordinal);
  const { settings } = options;
  if (Object.keys(settings).length > 0) {
    const control = { kind: 'settings', set: settings, by: 'evaluation' } as const;
    engine.step({ type: 'control', receivedMs: START_MS, control }, engine.ordinal);
  }
  const findings: Finding[] = [];
  let invocations = 0;
  for (let day = 0; day < DAYS; day++) {
    if (day % 7 === 0) options.progress(`day ${day} of ${DAYS}, ${members.length} functions`);
    const rows = members.flatMap((member) => dayOf(member, day)).sort((a, b) => a.atMs - b.atMs);
    findings.push(...fed(engine, rows, `d${day}`));
    invocations += rows.length;
  }
  const { findings: last } = engine.step(
    { type: 'tick', throughMs: START_MS + DAYS * DAY_MS + 3_600_000 },
    engine.ordinal,
  );
  const claims = [...findings, ...last].filter(({ level }) => level === 'finding');
  return { invocations, functions: members.length, ...judged(members, claims) };
}

function estate({ seed, copies, clean, only }: RunOptions): Member[] {
  const members: Member[] = [];
  const join = (injection: Injection | undefined, count: number) => {
    for (const kind of KINDS) {
      if (injection?.kinds !== undefined && !injection.kinds.includes(kind.id)) continue;
      if (only !== undefined && !only.kinds.includes(kind.id)) continue;
      for (let copy = 0; copy < count; copy++) {
        const name = `${kind.id}-${injection?.id ?? 'clean'}-${copy}`.replaceAll('.', '_');
        const random = new Random(seed, `injection ${name}`);
        const startDay = QUIET_DAYS + random.below(2);
        members.push({ of: new SimulatedFunction(kind, name, seed), injection, startDay, random });
      }
    }
  };
  join(undefined, clean);
  for (const injection of INJECTIONS) {
    if (only === undefined || only.injections.includes(injection.id)) join(injection, copies);
  }
  return members;
}

function dayOf({ of, injection, startDay, random }: Member, day: number): SimulatedInvocation[] {
  const since = day - startDay;
  const active = injection !== undefined && since >= 0 && since < injection.days;
  const invocations = of.day(day, START_MS + day * DAY_MS, active ? injection.change : {});
  invocations.sort((a, b) => a.atMs - b.atMs);
  if (active) injection.apply({ function: of, invocations, day: since, random });
  return invocations;
}

function fed(engine: Engine, rows: readonly SimulatedInvocation[], prefix: string): Finding[] {
  const builder = new BatchBuilder();
  const findings: Finding[] = [];
  const flush = () =>
    findings.push(...engine.step({ type: 'observation', batch: builder.finish() }, engine.ordinal).findings);
  for (const [at, row] of rows.entries()) {
    addRow(builder, row, `${prefix}-${at}`);
    if (builder.full) flush();
  }
  if (builder.rows > 0) flush();
  return findings;
}

function judged(
  members: readonly Member[],
  claims: readonly Finding[],
): Omit<ExfiltrationRun, 'invocations' | 'functions'> {
  const byFunction = Map.groupBy(claims, (finding) => finding.function);
  const outcomes: InjectionOutcome[] = [];
  const young = { days: 0, findings: [] as Finding[] };
  const known = { days: 0, findings: [] as Finding[] };
  for (const { of, injection, startDay } of members) {
    const own = byFunction.get(of.key) ?? [];
    const startMs = START_MS + startDay * DAY_MS;
    const untilDay = injection === undefined ? DAYS : startDay;
    const before = own.filter(({ timeMs }) => timeMs < START_MS + untilDay * DAY_MS);
    const boundary = START_MS + YOUNG_DAYS * DAY_MS;
    young.days += YOUNG_DAYS;
    known.days += untilDay - YOUNG_DAYS;
    for (const one of before) (one.timeMs < boundary ? young : known).findings.push(one);
    if (injection === undefined) continue;
    const untilMs = startMs + injection.days * DAY_MS + AFTER_MS;
    outcomes.push(
      outcomeOf(injection, of.kind.id, {
        startMs,
        findings: own.filter(({ timeMs }) => timeMs >= startMs && timeMs < untilMs),
      }),
    );
  }
  return { outcomes, young, known };
}

function outcomeOf(
  injection: Injection,
  kind: string,
  of: { readonly startMs: number; readonly findings: readonly Finding[] },
): InjectionOutcome {
  const right = of.findings.filter(({ detector }) => injection.detectors.includes(detector));
  const first = Math.min(...right.map(({ timeMs }) => timeMs));
  return {
    injection,
    kind,
    named: right.length > 0,
    found: of.findings.length > 0,
    delayDays: right.length === 0 ? Number.NaN : Math.max(0, (first - of.startMs) / DAY_MS),
    detectors: [...new Set(right.map(({ detector }) => detector))],
  };
}

/** True for a finding of a detector that this suite is about. */
export function isOfSuite({ detector }: Finding): boolean {
  return EXFILTRATION_DETECTORS.some((one) => one === detector);
}
