import { encodeWireRecord, type WireCall, type WireRecord } from '@gait/sensor/wire';
import { Random } from '../datasets/random.ts';
import { cumulativeZipf, rankOf } from '../datasets/ranks.ts';

/** How calls spread over functions: each alike, or by rank as in real fleets, a few taking most. */
export type Spread = 'zipf' | 'uniform';

/** Lines as they would arrive, and where each begins; `starts` has one entry more than there are lines. */
export interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly starts: Uint32Array;
  readonly rows: number;
}

/** Every record has this size, line end included. */
export const RECORD_BYTES = 600;
/** Records a second of the simulated fleet: what one machine would be asked to carry. */
const RECORDS_PER_SECOND = 5000;
const START_MS = Date.UTC(2026, 0, 5, 8);
const PEOPLE = 5000;
/** Tables, queues and hosts are shared: each serves about five functions. */
const FUNCTIONS_PER_RESOURCE = 5;

/**
 * Records of a simulated fleet in the sensor's own format: half the functions serve people over HTTP, half a queue; each
 * has its own usual duration, memory and three calls. Seeded: the same arguments give the same bytes. About 5 µs a record.
 */
export class RecordSource {
  readonly #functions: number;
  readonly #random: Random;
  readonly #people: readonly string[];
  readonly #ranks: Float64Array;
  readonly #sequence: Uint32Array;
  #nowMs = START_MS;
  #turn = 0;

  constructor(functions: number, spread: Spread, seed: number) {
    this.#functions = functions;
    this.#random = new Random(seed, `records ${functions} ${spread}`);
    this.#people = Array.from({ length: PEOPLE }, () => this.#random.hex(16));
    this.#ranks = spread === 'zipf' ? cumulativeZipf(functions) : new Float64Array(0);
    this.#sequence = new Uint32Array(functions);
  }

  /** The next lines of the simulated traffic. */
  next(rows: number): Block {
    return this.#block(rows, () => this.#drawn());
  }

  /** The next lines when every function in turn is called once. */
  nextInTurn(rows: number): Block {
    return this.#block(rows, () => this.#turn++ % this.#functions);
  }

  #block(rows: number, choose: () => number): Block {
    const bytes = new Uint8Array(rows * RECORD_BYTES);
    const starts = new Uint32Array(rows + 1);
    const encoder = new TextEncoder();
    for (let row = 0; row < rows; row++) {
      this.#nowMs += 1000 / RECORDS_PER_SECOND;
      const line = this.#line(choose());
      encoder.encodeInto(line, bytes.subarray(row * RECORD_BYTES));
      starts[row + 1] = (row + 1) * RECORD_BYTES;
    }
    return { bytes, starts, rows };
  }

  #drawn(): number {
    if (this.#ranks.length === 0) return this.#random.below(this.#functions);
    return rankOf(this.#ranks, this.#random.next());
  }

  /** A record, filled up to `RECORD_BYTES` by the length of its trace id. */
  #line(index: number): string {
    const line = encodeWireRecord(this.#record(index));
    const missing = RECORD_BYTES - line.length - ',"tr":""\n'.length;
    if (missing < 16 || missing > 128) throw new Error(`a record came out ${missing} bytes short`);
    return `${line.slice(0, -1)},"tr":"${this.#random.hex(missing)}"}\n`;
  }

  #record(index: number): WireRecord {
    const random = this.#random;
    const served = index % 2 === 0;
    const group = Math.floor(index / FUNCTIONS_PER_RESOURCE);
    const usualMs = 20 + ((index * 37) % 400);
    const durationMs = random.logNormal(usualMs, 0.2);
    return {
      timeMs: Math.floor(this.#nowMs),
      function: `aws:123456789012:eu-west-1:fleet-function-${index}`,
      revision: '7',
      requestId: random.uuid(),
      instance: `i${String(index).padStart(8, '0')}`,
      sequence: ++this.#sequence[index],
      status: 'ok',
      durationMs,
      memoryMb: 90 + (index % 64) + random.below(8) / 4,
      cpuMs: durationMs * random.between(0.5, 0.6),
      bytesOut: 1500 + random.below(200),
      bytesIn: 6000 + random.below(900),
      requestBytes: 800 + random.below(60),
      responseBytes: 400 + random.below(40),
      ...(served
        ? {
            triggerKind: 'http',
            triggerSource: `POST /r${index}`,
            principal: random.pick(this.#people),
            principalKind: 'person',
          }
        : { triggerKind: 'queue', triggerSource: `queue-${group}` }),
      shape: '3fa1c07e',
      calls: callsOf(group, random),
    };
  }
}

function callsOf(group: number, random: Random): WireCall[] {
  return [
    call('dynamodb:GetItem', `table-${group}`, { destination: `dynamodb/table-${group}`, random }),
    call('dynamodb:PutItem', `table-${group}`, { destination: `dynamodb/table-${group}`, random }),
    call('sqs:SendMessage', `next-${group}`, { destination: `sqs/next-${group}`, random }),
  ];
}

function call(verb: string, resource: string, at: { readonly destination: string; readonly random: Random }): WireCall {
  const { destination, random } = at;
  const bytesOut = 400 + random.below(90);
  return { verb, resource, destination, bytesOut, bytesIn: 900 + random.below(99), status: 200, durationMs: 4 };
}
