/**
 * Measures checkpoints of an engine of one size in a process of its own. Arguments: functions, rounds. Prints one JSON
 * line: `CheckpointResult`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { STATE_PIECE_BYTES } from '@gait/engine/base/state';
import { Checkpointer } from '@gait/server/runtime/checkpointer';
import { ProfileSweep } from '@gait/server/runtime/profile-sweep';
import { openSqliteStore } from '@gait/server/storage/sqlite/sqlite-store';
import { BATCH_ROWS, GENESIS, Pipeline, warm } from './pipeline.ts';
import { RecordSource } from './record-source.ts';
import { median } from './report.ts';

/** Medians over the rounds. */
export interface CheckpointResult {
  readonly stateMb: number;
  /** The yardstick: copying as many bytes between memory that was used before. */
  readonly copyMs: number;
  /** Time for which the engine stands still. */
  readonly pauseMs: number;
  /** Until the checkpoint is on disk, stepping meanwhile left out. */
  readonly totalMs: number;
  /** One portion of what people are shown of functions, written between two steps. */
  readonly profilesMs: number;
  /** `pauseMs` and `totalMs` as multiples of `copyMs`: medians of the ratios within each round. */
  readonly ratios: { readonly pause: number; readonly total: number };
}

/** Batches between two checkpoints, so that each finds the engine at work. */
const BATCHES_BETWEEN = 8;
const SEED = 20_260_105;

interface Round {
  readonly copyMs: number;
  readonly pauseMs: number;
  readonly totalMs: number;
  readonly profilesMs: number;
}

/** The parts that save what the pipeline has learned. */
interface Subject {
  readonly pipeline: Pipeline;
  readonly checkpointer: Checkpointer;
  readonly sweep: ProfileSweep;
}

async function measure({ pipeline, checkpointer, sweep }: Subject, source: RecordSource): Promise<Round> {
  const { engine } = pipeline;
  for (let batch = 0; batch < BATCHES_BETWEEN; batch++) pipeline.decodeStep(source.next(BATCH_ROWS));
  sweep.restart();
  const profilesMs = timed(() => sweep.advance(1));
  while (!checkpointer.ready(engine)) await turn();
  const startedMs = performance.now();
  const pauseMs = timed(() => checkpointer.begin(engine));
  await checkpointer.settled();
  const totalMs = performance.now() - startedMs;
  return { copyMs: copying(engine.snapshotPieces().length), pauseMs, totalMs, profilesMs };
}

/** Copies as many pieces as a state has. */
function copying(pieces: number): number {
  const from = Array.from({ length: pieces }, () => new Uint8Array(STATE_PIECE_BYTES).fill(1));
  const to = Array.from({ length: pieces }, () => new Uint8Array(STATE_PIECE_BYTES).fill(2));
  return timed(() => {
    for (const [at, piece] of from.entries()) to[at].set(piece);
  });
}

function timed(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

async function main(functions: number, rounds: number): Promise<CheckpointResult> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-bench-'));
  const store = openSqliteStore(join(folder, 'store'));
  try {
    const pipeline = new Pipeline();
    pipeline.engine.step({ type: 'control', receivedMs: GENESIS.originMs, control: GENESIS }, 0);
    const source = new RecordSource(functions, 'zipf', SEED);
    warm(pipeline, source, functions);
    const checkpointer = new Checkpointer(join(folder, 'checkpoints'));
    const subject = { pipeline, checkpointer, sweep: new ProfileSweep(pipeline.engine, store) };
    await measure(subject, source);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await measure(subject, source));
    return { stateMb: pipeline.engine.snapshot().length / 1e6, ...summary(measured) };
  } finally {
    store.close();
    rmSync(folder, { recursive: true });
  }
}

function summary(rounds: readonly Round[]): Omit<CheckpointResult, 'stateMb'> {
  const over = (of: (round: Round) => number) => median(rounds.map(of));
  return {
    copyMs: over(({ copyMs }) => copyMs),
    pauseMs: over(({ pauseMs }) => pauseMs),
    totalMs: over(({ totalMs }) => totalMs),
    profilesMs: over(({ profilesMs }) => profilesMs),
    ratios: {
      pause: over(({ copyMs, pauseMs }) => pauseMs / copyMs),
      total: over(({ copyMs, totalMs }) => totalMs / copyMs),
    },
  };
}

if (import.meta.main) {
  const [functions, rounds] = process.argv.slice(2);
  console.log(JSON.stringify(await main(Number(functions), Number(rounds))));
}
