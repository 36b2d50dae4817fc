/**
 * Measures one cell of the pipeline benchmark in a process of its own, so that neither compiled code nor memory of one
 * cell helps or hurts another. Arguments: functions, spread, rounds. Prints one JSON line: `CellResult`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@gait/server/log/log';
import { openSegmentLog } from '@gait/server/log/segments/segment-log';
import { BATCH_ROWS, GENESIS, Pipeline, warm } from './pipeline.ts';
import { type Block, RecordSource, type Spread } from './record-source.ts';
import { median } from './report.ts';

/** What one cell measured. Throughputs in records a second, each the median of the rounds. */
export interface CellResult {
  readonly parse: number;
  readonly decode: number;
  readonly decodeStep: number;
  readonly decodeStepAppend: number;
  /** The same as ratios to `parse`: medians of the ratios within each round. */
  readonly ratios: { readonly decode: number; readonly decodeStep: number; readonly decodeStepAppend: number };
  /** Bytes of state that belong to one function, as the engine counts them. */
  readonly bytesPerFunction: number;
  readonly rssMb: number;
}

/** Batches of one timed block: long enough for the clock, short enough to alternate often. */
const BLOCK_BATCHES = 6;
/** Appends that may wait for the disk while the next batch is decoded. */
const APPENDS_OPEN_MAX = 2;
const SEED = 20_260_105;

/** Parses every line as a program would that has nothing better. Returns something of each, so that all are read. */
function parseAll(block: Block): number {
  const text = Buffer.from(block.bytes.buffer);
  let rows = 0;
  for (let row = 0; row < block.rows; row++) {
    const line: { seq?: number } = JSON.parse(text.toString('utf8', block.starts[row], block.starts[row + 1]));
    if (line.seq !== undefined) rows++;
  }
  return rows;
}

/** What is measured: the pipeline and the log it appends to. */
interface Subject {
  readonly pipeline: Pipeline;
  readonly log: Log;
}

/** Each batch is stepped when it is durable; meanwhile the next ones are decoded and written. */
async function decodeAppendStep({ pipeline, log }: Subject, blocks: readonly Block[]): Promise<void> {
  const open: Promise<void>[] = [];
  for (const block of blocks) {
    const batch = pipeline.decode(block);
    const record = { type: 'observation', batch } as const;
    const done = log.append(record).then(() => {
      pipeline.engine.step(record, pipeline.engine.ordinal);
    });
    open.push(done);
    if (open.length >= APPENDS_OPEN_MAX) await open.shift();
  }
  await Promise.all(open);
}

interface Round {
  readonly parse: number;
  readonly decode: number;
  readonly decodeStep: number;
  readonly decodeStepAppend: number;
}

/** One round over fresh records. Two sets of equal size, since an engine may see a record only once. */
async function measure(subject: Subject, source: RecordSource): Promise<Round> {
  const { pipeline } = subject;
  const first = Array.from({ length: BLOCK_BATCHES }, () => source.next(BATCH_ROWS));
  const second = Array.from({ length: BLOCK_BATCHES }, () => source.next(BATCH_ROWS));
  const rows = BLOCK_BATCHES * BATCH_ROWS;
  globalThis.gc?.();
  const parse = await rate(rows, () => {
    for (const block of first) parseAll(block);
  });
  const decode = await rate(rows, () => {
    for (const block of first) pipeline.decode(block);
  });
  const decodeStep = await rate(rows, () => {
    for (const block of first) pipeline.decodeStep(block);
  });
  const decodeStepAppend = await rate(rows, () => decodeAppendStep(subject, second));
  return { parse, decode, decodeStep, decodeStepAppend };
}

async function rate(rows: number, work: () => void | Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (rows * 1000) / (performance.now() - startedMs);
}

async function main(functions: number, spread: Spread, rounds: number): Promise<CellResult> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-bench-'));
  const log = await openSegmentLog(folder);
  try {
    const pipeline = new Pipeline();
    const genesis = { type: 'control', receivedMs: GENESIS.originMs, control: GENESIS } as const;
    await log.append(genesis);
    pipeline.engine.step(genesis, 0);
    const source = new RecordSource(functions, spread, SEED);
    warm(pipeline, source, functions);
    await measure({ pipeline, log }, source);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await measure({ pipeline, log }, source));
    const bytesPerFunction = pipeline.engine.functionBytes / functions;
    return { ...summary(measured), bytesPerFunction, rssMb: process.resourceUsage().maxRSS / 1024 };
  } finally {
    await log.close();
    rmSync(folder, { recursive: true });
  }
}

function summary(rounds: readonly Round[]): Omit<CellResult, 'bytesPerFunction' | 'rssMb'> {
  const over = (of: (round: Round) => number) => median(rounds.map(of));
  return {
    parse: over(({ parse }) => parse),
    decode: over(({ decode }) => decode),
    decodeStep: over(({ decodeStep }) => decodeStep),
    decodeStepAppend: over(({ decodeStepAppend }) => decodeStepAppend),
    ratios: {
      decode: over(({ parse, decode }) => decode / parse),
      decodeStep: over(({ parse, decodeStep }) => decodeStep / parse),
      decodeStepAppend: over(({ parse, decodeStepAppend }) => decodeStepAppend / parse),
    },
  };
}

if (import.meta.main) {
  const [functions, spread, rounds] = process.argv.slice(2);
  const result = await main(Number(functions), spread === 'zipf' ? 'zipf' : 'uniform', Number(rounds));
  console.log(JSON.stringify(result));
}
