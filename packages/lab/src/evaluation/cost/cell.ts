/**
 * Measures one cell of the cost suite in a process of its own, so that neither compiled code nor memory of one cell helps or
 * hurts another. Arguments: functions, spread, rounds. Prints one JSON line: `CellResult`.
 */
import { Engine } from '@gait/engine/engine';
import type { Batch } from '@gait/engine/event/batch';
import { type Genesis, SCHEMA } from '@gait/engine/event/record';
import { RecordSource } from '../../benchmarks/record-source.ts';
import { median } from '../../benchmarks/report.ts';
import { shareByFamily } from './by-family.ts';
import { linesTouched, type StateBytes, stateBytes } from './state.ts';
import { BATCH_ROWS, type Spread, START_MS, Traffic } from './traffic.ts';

/** What one cell measured. */
export interface CellResult {
  /** Nanoseconds the engine takes for an event, all families together: median of the rounds. */
  readonly nsPerEvent: number;
  /** The same for `JSON.parse` of a record of 600 bytes, in the same rounds. */
  readonly parseNs: number;
  /** Median of the ratios of the two. */
  readonly ratio: number;
  /** Share of the engine's time by family, and of what belongs to none. */
  readonly byFamily: Readonly<Record<string, number>>;
  readonly touchedBytes: number;
  readonly state: StateBytes;
}

const SEED = 20_261_125;
const GENESIS: Genesis = {
  kind: 'genesis',
  seed: [0x6a09e667, 0xbb67ae85],
  originMs: START_MS,
  tempoMs: 86_400_000,
  schema: SCHEMA,
};
/** Every function is seen this often before anything is timed: its baselines then exist and judge. */
const WARM_ROUNDS = 30;
/** At least this many events run before anything is timed, so that all code is compiled. */
const WARM_ROWS_MIN = 250_000;
/** Batches of one round: long enough for the clock, short enough to alternate often. */
const ROUND_BATCHES = 6;
/** Events after each of which the changed lines are counted. */
const TOUCHED_EVENTS = 50;

async function main(functions: number, spread: Spread, rounds: number): Promise<CellResult> {
  const engine = new Engine(GENESIS);
  engine.step({ type: 'control', receivedMs: START_MS, control: GENESIS }, 0);
  const traffic = new Traffic(functions, spread, SEED);
  const lines = recordLines();
  const warmRows = Math.max(WARM_ROUNDS * functions, WARM_ROWS_MIN);
  for (let row = 0; row < warmRows; row += BATCH_ROWS) step(engine, traffic.nextInTurn());
  const measured = Array.from({ length: rounds }, () => round(engine, traffic, lines));
  const profiled = Array.from({ length: 2 * ROUND_BATCHES }, () => traffic.next());
  const byFamily = await shareByFamily(() => {
    for (const batch of profiled) step(engine, batch);
  });
  return {
    nsPerEvent: median(measured.map((one) => one.stepNs)),
    parseNs: median(measured.map((one) => one.parseNs)),
    ratio: median(measured.map((one) => one.stepNs / one.parseNs)),
    byFamily,
    touchedBytes: linesTouched(engine, traffic, TOUCHED_EVENTS),
    state: stateBytes(engine, functions),
  };
}

function step(engine: Engine, batch: Batch): void {
  engine.step({ type: 'observation', batch }, engine.ordinal);
}

function round(engine: Engine, traffic: Traffic, lines: readonly string[]): { stepNs: number; parseNs: number } {
  const batches = Array.from({ length: ROUND_BATCHES }, () => traffic.next());
  globalThis.gc?.();
  const parseNs = perEvent(() => {
    for (let at = 0; at < ROUND_BATCHES; at++) for (const line of lines) JSON.parse(line);
  });
  const stepNs = perEvent(() => {
    for (const batch of batches) step(engine, batch);
  });
  return { stepNs, parseNs };
}

function perEvent(work: () => void): number {
  const startedMs = performance.now();
  work();
  return ((performance.now() - startedMs) * 1e6) / (ROUND_BATCHES * BATCH_ROWS);
}

/** Records of 600 bytes as they would arrive: what `JSON.parse` is given. */
function recordLines(): string[] {
  const { bytes } = new RecordSource(1000, 'uniform', SEED).next(BATCH_ROWS);
  return new TextDecoder().decode(bytes).trimEnd().split('\n');
}

if (import.meta.main) {
  const [functions, spread, rounds] = process.argv.slice(2);
  console.log(JSON.stringify(await main(Number(functions), spread === 'zipf' ? 'zipf' : 'uniform', Number(rounds))));
}
