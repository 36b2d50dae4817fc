import { mix32 } from '../base/hash.ts';
import type { Batch } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { FACETS, FLAG } from './schema.ts';

/** What a seeded batch looks like. */
export interface SeededBatchOptions {
  readonly seed: number;
  readonly rows: number;
  /** Stamp of the first row, ms since 1970; each row is one millisecond later. */
  readonly startMs: number;
  /** Functions the rows spread over. Default 40. */
  readonly functions?: number;
}

/**
 * A batch of plausible invocations that depends on nothing but its options: about ten fields and three calls a row. For
 * tests, crash tests and benchmarks; every row names its place (`seed-row`), so that a row altered, lost or repeated is
 * recognised. A builder may be given to be used again: making one costs 2 ms.
 */
export function seededBatch(options: SeededBatchOptions, builder: BatchBuilder = new BatchBuilder()): Batch {
  const draw = new Draw(options.seed);
  builder.addOrigin({ name: `delivery-${options.seed}`, from: 0, to: options.rows * 600, sha256: '5'.repeat(64) });
  for (let row = 0; row < options.rows; row++) addRow(builder, draw, { ...options, row });
  const batch = builder.finish();
  for (let row = 0; row < batch.rows; row++) batch.columns.receivedMs[row] = options.startMs + row;
  return batch;
}

function addRow(builder: BatchBuilder, draw: Draw, place: SeededBatchOptions & { readonly row: number }): void {
  const name = draw.below(place.functions ?? 40);
  builder.begin(FACETS[draw.below(4)], place.startMs + place.row - draw.below(2000), 'seeded');
  builder.symbol('function', `aws:111122223333:eu-west-1:shop-${name}`);
  builder.symbol('revision', `rev-${name % 3}`);
  builder.symbol('triggerKind', name % 2 === 0 ? 'http' : 'queue');
  builder.symbol('status', draw.below(50) === 0 ? 'error' : 'ok');
  builder.number('durationMs', 5 + draw.below(40_000) / 1000);
  builder.number('memoryMb', 80 + draw.below(60));
  builder.number('cpuMs', draw.below(30_000) / 1000);
  if (draw.below(3) > 0) builder.number('bytesOut', draw.below(100_000));
  builder.id('requestId', `${place.seed}-${place.row}`);
  if (draw.below(2) > 0) builder.id('traceId', draw.hex16() + draw.hex16());
  if (draw.below(30) === 0) builder.flag(FLAG.cold);
  const calls = draw.below(7);
  for (let call = 0; call < calls; call++) addCall(builder, draw, name);
  builder.locate(0, place.row * 600, 600, place.row + 1);
  builder.end();
}

function addCall(builder: BatchBuilder, draw: Draw, name: number): void {
  builder.call({
    verb: draw.below(2) === 0 ? 'dynamodb:GetItem' : 's3:PutObject',
    resource: `table-${name}-${draw.below(4)}`,
    destination: draw.below(40) === 0 ? 'example.org' : 'dynamodb.eu-west-1.amazonaws.com',
    bytesOut: draw.below(5000),
    bytesIn: draw.below(9000),
    status: 200,
    offsetMs: draw.below(100) / 8,
    durationMs: draw.below(400) / 16,
    spanId: draw.hex16(),
  });
}

/** Seeded integers. */
class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = mix32(seed + 0x9e37);
  }

  below(limit: number): number {
    return this.#next() % limit;
  }

  hex16(): string {
    return this.#next().toString(16).padStart(8, '0') + this.#next().toString(16).padStart(8, '0');
  }

  #next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return mix32(this.#state) >>> 0;
  }
}
