import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { Random } from '../../datasets/random.ts';
import { cumulativeZipf, rankOf } from '../../datasets/ranks.ts';

/** How calls spread over functions: each alike, or by rank as in real fleets, a few taking most. */
export type Spread = 'zipf' | 'uniform';

/** Rows of a batch: what a full one of the real pipeline has. */
export const BATCH_ROWS = 4096;
/** Events a second of the simulated fleet. */
const EVENTS_PER_SECOND = 5000;
const PEOPLE = 5000;
/** Functions that share tables and queues. */
const FUNCTIONS_PER_RESOURCE = 5;

/** When the traffic begins. */
export const START_MS = Date.UTC(2026, 0, 5, 8);

/**
 * Events of a simulated fleet as the engine gets them, each what a record of 600 bytes decodes to: eight numbers, four calls of
 * which one leaves the account, half of the functions serving people and half a queue. Seeded. About 4 µs an event.
 */
export class Traffic {
  readonly #functions: number;
  readonly #random: Random;
  readonly #ranks: Float64Array;
  readonly #people: readonly string[];
  readonly #builder = new BatchBuilder();
  #nowMs = START_MS;
  #turn = 0;

  constructor(functions: number, spread: Spread, seed: number) {
    this.#functions = functions;
    this.#random = new Random(seed, `cost ${functions} ${spread}`);
    this.#ranks = spread === 'zipf' ? cumulativeZipf(functions) : new Float64Array(0);
    this.#people = Array.from({ length: PEOPLE }, () => this.#random.hex(16));
  }

  /** The next events of the traffic. */
  next(rows = BATCH_ROWS): Batch {
    const draw = () =>
      this.#ranks.length === 0 ? this.#random.below(this.#functions) : rankOf(this.#ranks, this.#random.next());
    return this.#batch(rows, draw);
  }

  /** The next batch when every function in turn is called once. */
  nextInTurn(): Batch {
    return this.#batch(BATCH_ROWS, () => this.#turn++ % this.#functions);
  }

  #batch(rows: number, choose: () => number): Batch {
    for (let row = 0; row < rows; row++) {
      this.#nowMs += 1000 / EVENTS_PER_SECOND;
      this.#event(choose());
    }
    const batch = this.#builder.finish();
    // What is received at once is what happened at once here.
    for (let row = 0; row < batch.rows; row++) batch.columns.receivedMs[row] = batch.columns.eventMs[row];
    return batch;
  }

  #event(index: number): void {
    const builder = this.#builder;
    const random = this.#random;
    const group = Math.floor(index / FUNCTIONS_PER_RESOURCE);
    builder.begin('sensor', Math.floor(this.#nowMs), 'cost');
    builder.symbol('function', `aws:123456789012:eu-west-1:fleet-function-${index}`);
    builder.symbol('revision', '7');
    builder.id('requestId', random.uuid());
    builder.symbol('instance', `i${index}`);
    builder.symbol('status', 'ok');
    builder.symbol('shape', '3fa1c07e');
    this.#trigger(index, group);
    this.#numbers(index);
    const calls = [
      ['dynamodb:GetItem', `table-${group}`, `dynamodb/table-${group}`],
      ['dynamodb:PutItem', `table-${group}`, `dynamodb/table-${group}`],
      ['sqs:SendMessage', `next-${group}`, `sqs/next-${group}`],
      ['http:POST', '/v1/charges', 'payments.example'],
    ] as const;
    for (const [verb, resource, destination] of calls) {
      builder.call({ verb, resource, destination, bytesOut: 400 + random.below(90), bytesIn: 900 + random.below(99) });
    }
    builder.end();
  }

  #trigger(index: number, group: number): void {
    const builder = this.#builder;
    const served = index % 2 === 0;
    builder.symbol('triggerKind', served ? 'http' : 'queue');
    builder.symbol('triggerSource', served ? `POST /r${index}` : `queue-${group}`);
    if (!served) return;
    builder.symbol('principal', this.#random.pick(this.#people));
    builder.symbol('principalKind', 'person');
  }

  #numbers(index: number): void {
    const builder = this.#builder;
    const random = this.#random;
    const durationMs = random.logNormal(20 + ((index * 37) % 400), 0.2);
    builder.number('durationMs', durationMs);
    builder.number('cpuMs', durationMs * random.between(0.5, 0.6));
    builder.number('memoryMb', 90 + (index % 64) + random.below(8) / 4);
    builder.number('tmpBytes', 4096);
    builder.number('bytesOut', 1500 + random.below(200));
    builder.number('bytesIn', 6000 + random.below(900));
    builder.number('requestBytes', 800 + random.below(60));
    builder.number('responseBytes', 400 + random.below(40));
  }
}
