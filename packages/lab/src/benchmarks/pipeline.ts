import { Engine } from '@gait/engine/engine';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { type Genesis, SCHEMA } from '@gait/engine/event/record';
import type { DecodeContext, DecodeSink } from '@gait/server/ingest/decoder';
import { gaitDecoder } from '@gait/server/ingest/gait';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import type { Block, RecordSource } from './record-source.ts';

/** Rows of one batch: what a full batch of the real pipeline has. */
export const BATCH_ROWS = 4096;
/** Every function is seen this often before anything is timed: its baselines then exist and judge. */
const WARM_ROUNDS = 30;
/** At least this many records run before anything is timed, so that all code is compiled. */
const WARM_ROWS_MIN = 250_000;

/** How the benchmarks' log begins. */
export const GENESIS: Genesis = {
  kind: 'genesis',
  seed: [0x6a09e667, 0xbb67ae85],
  originMs: Date.UTC(2026, 0, 5),
  tempoMs: 86_400_000,
  schema: SCHEMA,
};

/** Decoding and stepping with the same parts, in the same order, as in a running server. */
export class Pipeline {
  readonly engine = new Engine(GENESIS);
  readonly #decoder = gaitDecoder();
  readonly #sink = new BlockSink();
  readonly #context: DecodeContext;

  constructor() {
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

/** Lets every function be seen `WARM_ROUNDS` times. */
export function warm(pipeline: Pipeline, source: RecordSource, functions: number): void {
  const rows = Math.max(WARM_ROUNDS * functions, WARM_ROWS_MIN);
  for (let row = 0; row < rows; row += BATCH_ROWS) pipeline.decodeStep(source.nextInTurn(BATCH_ROWS));
}
