/**
 * Measures one cell of the pipeline benchmark in a process of its own, so that neither compiled code nor memory of one
 * cell helps or hurts another. Arguments: functions, spread, rounds. Prints one JSON line: `CellResult`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '@gait/engine/engine';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { type Genesis, SCHEMA } from '@gait/engine/event/record';
import type { DecodeContext, DecodeSink } from '@gait/server/ingest/decoder';
import { gaitDecoder } from '@gait/server/ingest/gait';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import type { Log } from '@gait/server/log/log';
import { openSegmentLog } from '@gait/server/log/segments/segment-log';
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

/** Rows of one batch: what a full batch of the real pipeline has. */
const BATCH_ROWS = 4096;
/** Batches of one timed block: long enough for the clock, short enough to alternate often. */
const BLOCK_BATCHES = 6;
/** Every function is seen this often before anything is timed: its baselines then exist and judge. */
const WARM_ROUNDS = 30;
/** At least this many records run before anything is timed, so that all code is compiled. */
const WARM_ROWS_MIN = 250_000;
/** Appends that may wait for the disk while the next batch is decoded. */
const APPENDS_OPEN_MAX = 2;
const SEED = 20_260_105;

const GENESIS: Genesis = {
  kind: 'genesis',
  seed: [0x6a09e667, 0xbb67ae85],
  originMs: Date.UTC(2026, 0, 5),
  tempoMs: 86_400_000,
  schema: SCHEMA,
};

/** The pipeline under test: the same parts, in the same order, as in a running server. */
class Pipeline {
  readonly engine = new Engine(GENESIS);
  readonly #log: Log;
  readonly #decoder = gaitDecoder();
  readonly #sink = new BlockSink();
  readonly #context: DecodeContext;

  constructor(log: Log) {
    this.#log = log;
    const defaults = { provider: 'aws', account: '?', region: '?', newestMs: Date.UTC(2100, 0, 1) };
    this.#context = { sink: this.#sink, defaults, tokens: new MemoryTokens(new Uint8Array(32)) };
  }

  decode(block: Block): Batch {
    this.#sink.begin(block);
    for (let row = 0; row < block.rows; row++) {
      const range = { start: block.starts[row], end: block.starts[row + 1], originOffset: 0, line: row + 1 };
      this.#decoder.decode(block.bytes, range, this.#context);
    }
    return this.#sink.finish();
  }

  decodeStep(block: Block): void {
    const batch = this.decode(block);
    this.engine.step({ type: 'observation', batch }, this.engine.ordinal);
  }

  /** Each batch is stepped when it is durable; meanwhile the next ones are decoded and written. */
  async decodeAppendStep(blocks: readonly Block[]): Promise<void> {
    const open: Promise<void>[] = [];
    for (const block of blocks) {
      const batch = this.decode(block);
      const record = { type: 'observation', batch } as const;
      const done = this.#log.append(record).then(() => {
        this.engine.step(record, this.engine.ordinal);
      });
      open.push(done);
      if (open.length >= APPENDS_OPEN_MAX) await open.shift();
    }
    await Promise.all(open);
  }
}

/** Collects the rows of one block, which fit into one batch. */
class BlockSink implements DecodeSink {
  readonly #builder = new BatchBuilder();
  origin = 0;

  begin(block: Block): void {
    // The hash of the original belongs to reading it and is not measured here.
    this.origin = this.#builder.addOrigin({ name: 'bench', from: 0, to: block.bytes.length, sha256: '0'.repeat(64) });
  }

  builder(): BatchBuilder {
    return this.#builder;
  }

  reject(reason: string, detail: string): void {
    throw new Error(`a record was refused: ${reason}, ${detail}`);
  }

  note(name: string): void {
    throw new Error(`a record was noted: ${name}`);
  }

  finish(): Batch {
    return this.#builder.finish();
  }
}

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

interface Round {
  readonly parse: number;
  readonly decode: number;
  readonly decodeStep: number;
  readonly decodeStepAppend: number;
}

/** One round over fresh records. Two sets of equal size, since an engine may see a record only once. */
async function measure(pipeline: Pipeline, source: RecordSource): Promise<Round> {
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
  const decodeStepAppend = await rate(rows, () => pipeline.decodeAppendStep(second));
  return { parse, decode, decodeStep, decodeStepAppend };
}

async function rate(rows: number, work: () => void | Promise<void>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return (rows * 1000) / (performance.now() - startedMs);
}

/** Lets every function be seen `WARM_ROUNDS` times. */
function warm(pipeline: Pipeline, source: RecordSource, functions: number): void {
  const rows = Math.max(WARM_ROUNDS * functions, WARM_ROWS_MIN);
  for (let row = 0; row < rows; row += BATCH_ROWS) pipeline.decodeStep(source.nextInTurn(BATCH_ROWS));
}

async function main(functions: number, spread: Spread, rounds: number): Promise<CellResult> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-bench-'));
  const log = await openSegmentLog(folder);
  try {
    const pipeline = new Pipeline(log);
    const genesis = { type: 'control', receivedMs: GENESIS.originMs, control: GENESIS } as const;
    await log.append(genesis);
    pipeline.engine.step(genesis, 0);
    const source = new RecordSource(functions, spread, SEED);
    warm(pipeline, source, functions);
    await measure(pipeline, source);
    const measured: Round[] = [];
    for (let round = 0; round < rounds; round++) measured.push(await measure(pipeline, source));
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
