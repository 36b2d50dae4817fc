import { Engine } from '@gait/engine/engine';
import type { Finding } from '@gait/engine/event/finding';
import type { SettingsChange } from '@gait/engine/event/record';
import { type Change, DAY_MS, type Split, START_MS, SUBJECT, World } from './world.ts';

/** Growth per day of the poisoned runs. */
export const RATES = [0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3] as const;
/** Drift per day of the clean runs, which nobody is to hear of, and their days. */
const CLEAN_DRIFT = 0.002;
export const CLEAN_DAYS = 100;
/** Days of honest growth. */
export const HONEST_DAYS = 60;
/** Least and greatest day on which poisoning begins. */
const ONSET_FROM = 21;
const ONSET_DAYS = 21;
const FAMILIES_OF_BYTES: readonly string[] = ['resource', 'egress'];
const STILL: Change = { bytes: () => 1, rate: 1 };

/** What was told of one poisoned run. */
export interface Poisoned {
  readonly rate: number;
  /** Days after the onset, and the factor reached by then; undefined when it doubled unheard. */
  readonly caughtAfter: number | undefined;
  readonly factor: number | undefined;
  readonly detector: string | undefined;
}

/** What was told in all runs of one seed. */
export interface SeedResult {
  readonly seed: number;
  readonly poisoned: readonly Poisoned[];
  readonly falseAlarms: readonly Finding[];
  readonly honest: readonly Finding[];
  readonly rows: number;
}

/** All runs of a world: poisoned at each rate from the same clean past, clean with drift, and growing honestly. */
export function runSeed(split: Split, seed: number, settings: SettingsChange['set']): SeedResult {
  const world = new World(split, seed);
  const onset = ONSET_FROM + ((seed * 5) % ONSET_DAYS);
  const past = new Run(world, begun(settings));
  past.days(0, onset, STILL);
  const snapshot = past.engine.snapshot();
  let rows = past.rows;
  const poisoned = RATES.map((rate) => {
    const run = new Run(world, Engine.restore(snapshot));
    const result = poison(run, onset, rate);
    rows += run.rows;
    return result;
  });
  const clean = new Run(world, begun(settings));
  clean.days(0, CLEAN_DAYS, { bytes: (day) => (1 + CLEAN_DRIFT) ** day, rate: 1 });
  const honest = new Run(world, Engine.restore(snapshot));
  const growth = 0.01 + 0.01 * (seed % 5);
  for (let day = 0; day < HONEST_DAYS; day++) {
    honest.days(onset + day, onset + day + 1, { bytes: () => 1, rate: (1 + growth) ** day });
  }
  rows += clean.rows + honest.rows;
  return { seed, poisoned, falseAlarms: [...past.findings, ...clean.findings], honest: honest.findings, rows };
}

/** Lets the bytes of each invocation grow without a step, until they are told of or have doubled. */
function poison(run: Run, onset: number, rate: number): Poisoned {
  const doubling = Math.LN2 / Math.log1p(rate);
  const factorOf = (day: number) => (1 + rate) ** Math.max(0, day - onset);
  for (let day = onset; day < onset + doubling; day++) {
    run.days(day, day + 1, { bytes: factorOf, rate: 1 });
    for (const finding of run.findings) {
      const after = (finding.timeMs - START_MS) / DAY_MS - onset;
      if (finding.function !== SUBJECT || !FAMILIES_OF_BYTES.includes(finding.family)) continue;
      if (after < doubling)
        return { rate, caughtAfter: after, factor: (1 + rate) ** after, detector: finding.detector };
    }
  }
  return { rate, caughtAfter: undefined, factor: undefined, detector: undefined };
}

function begun(settings: SettingsChange['set']): Engine {
  const genesis = { kind: 'genesis', seed: [7, 11], originMs: START_MS, tempoMs: DAY_MS, schema: 1 } as const;
  const engine = new Engine(genesis);
  engine.step({ type: 'control', receivedMs: START_MS, control: genesis }, 0);
  const control = { kind: 'settings', set: settings, by: 'evaluation' } as const;
  engine.step({ type: 'control', receivedMs: START_MS, control }, 1);
  return engine;
}

/** An engine that lives in a world, and what it told. */
class Run {
  readonly findings: Finding[] = [];
  rows = 0;
  readonly engine: Engine;
  readonly #world: World;

  constructor(world: World, engine: Engine) {
    this.#world = world;
    this.engine = engine;
  }

  days(from: number, to: number, change: Change): void {
    for (let day = from; day < to; day++) {
      for (const batch of this.#world.day(day, change)) {
        this.rows += batch.rows;
        const { findings } = this.engine.step({ type: 'observation', batch }, this.engine.ordinal);
        this.findings.push(...findings.filter(({ level }) => level === 'finding'));
      }
    }
  }
}
