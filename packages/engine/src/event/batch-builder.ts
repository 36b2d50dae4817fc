import { assert } from '../base/assert.ts';
import {
  BATCH_CALLS_MAX,
  BATCH_ORIGINS_MAX,
  BATCH_ROWS_MAX,
  BATCH_STRINGS_MAX,
  CALLS_PER_ROW_MAX,
} from '../base/limits.ts';
import { Batch, type Origin } from './batch.ts';
import type { FacetKind, IdField, NumberField, SymbolField } from './schema.ts';
import { FACET, FLAG, ID, IDS, NUMBER, NUMBERS, SYMBOL, SYMBOLS, TRUST_OF_FACET } from './schema.ts';
import { IdWriter, StringWriter, type TextBytes } from './text-writers.ts';

/** Largest number a 32-bit float holds; larger ones would become infinite. */
const FLOAT32_MAX = 3.4028234e38;

/** What one call of an invocation looked like. Strings are interned; numbers may be NaN. */
export interface CallFields {
  readonly verb: string;
  readonly resource?: string;
  readonly destination?: string;
  readonly bytesOut?: number;
  readonly bytesIn?: number;
  readonly status?: number;
  readonly offsetMs?: number;
  readonly durationMs?: number;
  /** 16 hexadecimal digits. */
  readonly spanId?: string;
}

/** Names and numbers of one call in `CallBytes`. */
export const CALL_NAMES = 3;
export const CALL_NUMBERS = 5;

/** Calls as a decoder finds them: for each the ranges of verb, resource, destination, and its numbers. */
export interface CallBytes extends TextBytes {
  /** Bytes out, bytes in, status, offset, duration: finite or NaN. */
  readonly callNumbers: Float64Array;
}

/** The three names of a call, interned. */
interface CallSymbols {
  readonly verb: number;
  readonly resource: number;
  readonly destination: number;
}

/**
 * Collects rows into columns without an object per row. Use: `begin`, any of the setters, `end` (or `drop`), and
 * `finish` when `full`. Fast decoders intern bytes directly (`symbolBytesOf`, `callBytes`); others pass strings. Cost about
 * 0.3 µs a row with ten fields. Out-of-range numbers must be refused by the caller; the builder only keeps finite ones.
 */
export class BatchBuilder {
  rows = 0;
  /** Counts batches: symbols are only valid within one. */
  generation = 0;
  readonly #receivedMs = new Float64Array(BATCH_ROWS_MAX);
  readonly #eventMs = new Float64Array(BATCH_ROWS_MAX);
  readonly #kind = new Uint8Array(BATCH_ROWS_MAX);
  readonly #trust = new Uint8Array(BATCH_ROWS_MAX);
  readonly #flags = new Uint16Array(BATCH_ROWS_MAX);
  readonly #source = new Uint32Array(BATCH_ROWS_MAX);
  readonly #origin = new Uint32Array(BATCH_ROWS_MAX);
  readonly #originOffset = new Uint32Array(BATCH_ROWS_MAX);
  readonly #originLength = new Uint32Array(BATCH_ROWS_MAX);
  readonly #originLine = new Uint32Array(BATCH_ROWS_MAX);
  /** All numeric columns in one array, column `i` from `i * BATCH_ROWS_MAX` on: one look-up less for each value. */
  readonly #numbers = new Float64Array(NUMBERS.length * BATCH_ROWS_MAX).fill(Number.NaN);
  readonly #numberUsed = new Uint8Array(NUMBERS.length);
  /** All symbolic columns, laid out like the numeric ones. */
  readonly #symbols = new Uint32Array(SYMBOLS.length * BATCH_ROWS_MAX);
  readonly #symbolUsed = new Uint8Array(SYMBOLS.length);
  /** A row that the one under construction may resemble, -1 for none; 1 + the last row of each function by symbol. */
  #like = -1;
  #lastRows = new Uint16Array(1024);
  readonly #ids = IDS.map(() => new IdWriter());
  readonly #calls = new CallWriter();
  readonly #strings: StringWriter;
  #origins: Origin[] = [];
  /** Decoder of the row before, which is nearly always that of the next. */
  #sourceText = '';
  #sourceSymbol = 0;

  /** `internSeed` only guards the interning table against chosen names; it does not influence the result. */
  constructor(internSeed: readonly [number, number] = [0, 0]) {
    this.#strings = new StringWriter(internSeed);
  }

  /** True when the next row might not fit. */
  get full(): boolean {
    return (
      this.rows >= BATCH_ROWS_MAX ||
      this.#calls.count + CALLS_PER_ROW_MAX > BATCH_CALLS_MAX ||
      this.#strings.count + SYMBOLS.length + 3 * CALLS_PER_ROW_MAX > BATCH_STRINGS_MAX ||
      this.#origins.length >= BATCH_ORIGINS_MAX
    );
  }

  /** Declares the piece of the original that following rows come from; returns its number. */
  addOrigin(origin: Origin): number {
    assert(this.#origins.length < BATCH_ORIGINS_MAX, 'a batch has room for the origin');
    this.#origins.push(origin);
    return this.#origins.length - 1;
  }

  /** Starts a row. `source` names the decoder. */
  begin(kind: FacetKind, eventMs: number, source: string): void {
    assert(this.rows < BATCH_ROWS_MAX, 'a batch has room for the row');
    const row = this.rows;
    this.#like = row - 1;
    this.#eventMs[row] = eventMs;
    this.#receivedMs[row] = eventMs;
    this.#kind[row] = FACET[kind];
    this.#trust[row] = TRUST_OF_FACET[kind];
    this.#flags[row] = 0;
    if (source !== this.#sourceText) {
      this.#sourceText = source;
      this.#sourceSymbol = this.intern(source);
    }
    this.#source[row] = this.#sourceSymbol;
    this.#origin[row] = 0;
    this.#originOffset[row] = 0;
    this.#originLength[row] = 0;
    this.#originLine[row] = 0;
    this.#calls.begin(row);
  }

  number(field: NumberField, value: number): void {
    this.numberOf(NUMBER[field], value);
  }

  /** `number` by place in `NUMBERS`: a third of the time, for decoders that work from tables. */
  numberOf(index: number, value: number): void {
    if (!Number.isFinite(value)) return;
    this.#numbers[index * BATCH_ROWS_MAX + this.rows] = value;
    this.#numberUsed[index] = 1;
  }

  symbol(field: SymbolField, text: string): void {
    if (text !== '') this.symbolAt(field, this.intern(text));
  }

  /** Sets a field to an already interned symbol. */
  symbolAt(field: SymbolField, symbol: number): void {
    this.symbolOf(SYMBOL[field], symbol);
  }

  /** `symbolAt` by place in `SYMBOLS`. */
  symbolOf(index: number, symbol: number): void {
    this.#symbols[index * BATCH_ROWS_MAX + this.rows] = symbol;
    this.#symbolUsed[index] = 1;
  }

  /**
   * Interns text number `at` of `of` as the value of a field by place in `SYMBOLS`. Tries the symbol that the row before
   * of the same function has there, if the function was set first, else that of the row before: half of the time when it
   * fits.
   */
  symbolBytesOf(index: number, of: TextBytes, at: number): void {
    if (of.to[at] <= of.from[at]) return;
    const column = index * BATCH_ROWS_MAX;
    const symbol = this.#strings.like(this.#like < 0 ? 0 : this.#symbols[column + this.#like], of, at);
    this.#symbols[column + this.rows] = symbol;
    this.#symbolUsed[index] = 1;
    if (index === SYMBOL.function) this.#likeFunction(symbol);
  }

  /** The row under construction belongs to this function: it will resemble the one before of the same. */
  #likeFunction(symbol: number): void {
    if (symbol >= this.#lastRows.length) {
      const longer = new Uint16Array(Math.max(this.#lastRows.length * 2, symbol + 1));
      longer.set(this.#lastRows);
      this.#lastRows = longer;
    }
    const last = this.#lastRows[symbol];
    if (last > 0) this.#like = last - 1;
    this.#lastRows[symbol] = this.rows + 1;
  }

  /** Interns a string in this batch; '' is symbol 0. */
  intern(text: string): number {
    return text === '' ? 0 : this.#strings.text(text);
  }

  /** Interns `bytes[start, end)` in this batch. */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    return end <= start ? 0 : this.#strings.bytes(bytes, start, end);
  }

  id(field: IdField, text: string): void {
    if (text !== '') this.#ids[ID[field]].text(this.rows, text);
  }

  idBytes(field: IdField, bytes: Uint8Array, range: readonly [number, number]): void {
    if (range[1] > range[0]) this.#ids[ID[field]].bytes(this.rows, bytes, range);
  }

  flag(bits: number): void {
    this.#flags[this.rows] |= bits;
  }

  trust(trustClass: number): void {
    this.#trust[this.rows] = trustClass;
  }

  /** Adds a call to the row; beyond the limit the row is flagged `callsCut` and the call is dropped. */
  call(fields: CallFields): void {
    const at = this.callSymbols(
      this.intern(fields.verb),
      this.intern(fields.resource ?? ''),
      this.intern(fields.destination ?? ''),
    );
    if (at < 0) return;
    this.callAmounts(at, fields.bytesOut ?? Number.NaN, fields.bytesIn ?? Number.NaN);
    this.#calls.status[at] = fields.status ?? 0;
    this.callTimes(at, fields.offsetMs ?? Number.NaN, fields.durationMs ?? Number.NaN);
    if (fields.spanId !== undefined) this.#calls.span(at, fields.spanId);
  }

  /** Adds a call by symbols; returns its index for `callAmounts`, or -1 when the row's list is full. */
  callSymbols(verb: number, resource: number, destination: number): number {
    if (this.#calls.count - this.#calls.start[this.rows] >= CALLS_PER_ROW_MAX) {
      this.flag(FLAG.callsCut);
      return -1;
    }
    return this.#calls.add(verb, resource, destination);
  }

  callAmounts(at: number, bytesOut: number, bytesIn: number): void {
    this.#calls.bytesOut[at] = finite(bytesOut);
    this.#calls.bytesIn[at] = finite(bytesIn);
  }

  callStatus(at: number, status: number): void {
    this.#calls.status[at] = status;
  }

  /**
   * Adds the call whose names are the texts from number `text` on and whose numbers begin at `number`. Names are found as in
   * `symbolBytesOf`. -1 when the row's list is full.
   */
  callBytes(of: CallBytes, text: number, number: number): number {
    const calls = this.#calls;
    const place = calls.count - calls.start[this.rows];
    if (place >= CALLS_PER_ROW_MAX) {
      this.flag(FLAG.callsCut);
      return -1;
    }
    const like = this.#like < 0 ? 0 : calls.start[this.#like] + place;
    const verb = this.#strings.like(calls.verb[like], of, text);
    const resource = this.#strings.like(calls.resource[like], of, text + 1);
    const destination = this.#strings.like(calls.destination[like], of, text + 2);
    return calls.addNumbers({ verb, resource, destination }, of.callNumbers, number);
  }

  callTimes(at: number, offsetMs: number, durationMs: number): void {
    this.#calls.offsetMs[at] = finite(Math.fround(offsetMs));
    this.#calls.durationMs[at] = finite(Math.fround(durationMs));
  }

  /** Span id of a call as two 32-bit words. */
  callSpan(at: number, hi: number, lo: number): void {
    this.#calls.spanHi[at] = hi;
    this.#calls.spanLo[at] = lo;
  }

  /** Says where in the original the row stands. */
  locate(origin: number, offset: number, length: number, line = 0): void {
    this.#origin[this.rows] = origin;
    this.#originOffset[this.rows] = offset;
    this.#originLength[this.rows] = length;
    this.#originLine[this.rows] = line;
  }

  /** Completes the row. */
  end(): void {
    this.rows++;
    this.#calls.start[this.rows] = this.#calls.count;
  }

  /** Takes back the row begun last. Its strings stay interned; they cost space, not correctness. */
  drop(): void {
    const row = this.rows;
    for (const [at, used] of this.#numberUsed.entries())
      if (used) this.#numbers[at * BATCH_ROWS_MAX + row] = Number.NaN;
    for (const [at, used] of this.#symbolUsed.entries()) if (used) this.#symbols[at * BATCH_ROWS_MAX + row] = 0;
    for (const id of this.#ids) id.drop(row);
    this.#calls.drop(row);
  }

  /** Returns the rows as a batch and starts over. */
  finish(): Batch {
    const rows = this.rows;
    const batch = new Batch({
      rows,
      receivedMs: this.#receivedMs.slice(0, rows),
      eventMs: this.#eventMs.slice(0, rows),
      kind: this.#kind.slice(0, rows),
      trust: this.#trust.slice(0, rows),
      flags: this.#flags.slice(0, rows),
      source: this.#source.slice(0, rows),
      origin: this.#origin.slice(0, rows),
      originOffset: this.#originOffset.slice(0, rows),
      originLength: this.#originLength.slice(0, rows),
      originLine: this.#originLine.slice(0, rows),
      numbers: NUMBERS.map((_, at) => (this.#numberUsed[at] ? columnOf(this.#numbers, at, rows) : undefined)),
      symbols: SYMBOLS.map((_, at) => (this.#symbolUsed[at] ? columnOf(this.#symbols, at, rows) : undefined)),
      ids: this.#ids.map((column) => column.finish(rows)),
      calls: this.#calls.finish(rows),
      strings: this.#strings.finish(),
      origins: this.#origins,
      extra: new Map(),
    });
    for (const [at, used] of this.#numberUsed.entries()) {
      if (used)
        this.#numbers.fill(Number.NaN, at * BATCH_ROWS_MAX, at * BATCH_ROWS_MAX + Math.min(rows + 1, BATCH_ROWS_MAX));
    }
    for (const [at, used] of this.#symbolUsed.entries()) {
      if (used) this.#symbols.fill(0, at * BATCH_ROWS_MAX, at * BATCH_ROWS_MAX + Math.min(rows + 1, BATCH_ROWS_MAX));
    }
    this.#numberUsed.fill(0);
    this.#symbolUsed.fill(0);
    this.#lastRows.fill(0);
    this.#origins = [];
    this.#sourceText = '';
    this.#sourceSymbol = 0;
    this.rows = 0;
    this.generation++;
    return batch;
  }
}

/** The first `rows` values of column `at`, copied. */
function columnOf<T extends Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>>(
  cells: T,
  at: number,
  rows: number,
): T {
  return cells.slice(at * BATCH_ROWS_MAX, at * BATCH_ROWS_MAX + rows) as T;
}

/** The call lists under construction. */
class CallWriter {
  count = 0;
  readonly start = new Uint32Array(BATCH_ROWS_MAX + 1);
  readonly verb = new Uint32Array(BATCH_CALLS_MAX);
  readonly resource = new Uint32Array(BATCH_CALLS_MAX);
  readonly destination = new Uint32Array(BATCH_CALLS_MAX);
  readonly bytesOut = new Float64Array(BATCH_CALLS_MAX);
  readonly bytesIn = new Float64Array(BATCH_CALLS_MAX);
  readonly status = new Uint16Array(BATCH_CALLS_MAX);
  readonly offsetMs = new Float32Array(BATCH_CALLS_MAX);
  readonly durationMs = new Float32Array(BATCH_CALLS_MAX);
  readonly spanHi = new Uint32Array(BATCH_CALLS_MAX);
  readonly spanLo = new Uint32Array(BATCH_CALLS_MAX);

  begin(row: number): void {
    this.start[row] = this.count;
  }

  add(verb: number, resource: number, destination: number): number {
    const at = this.count++;
    this.verb[at] = verb;
    this.resource[at] = resource;
    this.destination[at] = destination;
    this.bytesOut[at] = Number.NaN;
    this.bytesIn[at] = Number.NaN;
    this.status[at] = 0;
    this.offsetMs[at] = Number.NaN;
    this.durationMs[at] = Number.NaN;
    this.spanHi[at] = 0;
    this.spanLo[at] = 0;
    return at;
  }

  addNumbers(symbols: CallSymbols, of: Float64Array, from: number): number {
    const at = this.count++;
    this.verb[at] = symbols.verb;
    this.resource[at] = symbols.resource;
    this.destination[at] = symbols.destination;
    this.bytesOut[at] = of[from];
    this.bytesIn[at] = of[from + 1];
    // NaN becomes 0, the unknown status.
    this.status[at] = of[from + 2];
    const offsetMs = of[from + 3];
    const durationMs = of[from + 4];
    this.offsetMs[at] = offsetMs > FLOAT32_MAX ? Number.NaN : offsetMs;
    this.durationMs[at] = durationMs > FLOAT32_MAX ? Number.NaN : durationMs;
    this.spanHi[at] = 0;
    this.spanLo[at] = 0;
    return at;
  }

  span(at: number, hex: string): void {
    if (!/^[0-9a-f]{16}$/i.test(hex)) return;
    this.spanHi[at] = Number.parseInt(hex.slice(0, 8), 16);
    this.spanLo[at] = Number.parseInt(hex.slice(8), 16);
  }

  drop(row: number): void {
    this.count = this.start[row];
  }

  finish(rows: number) {
    const count = this.count;
    this.count = 0;
    return {
      start: this.start.slice(0, rows + 1),
      verb: this.verb.slice(0, count),
      resource: this.resource.slice(0, count),
      destination: this.destination.slice(0, count),
      bytesOut: this.bytesOut.slice(0, count),
      bytesIn: this.bytesIn.slice(0, count),
      status: this.status.slice(0, count),
      offsetMs: this.offsetMs.slice(0, count),
      durationMs: this.durationMs.slice(0, count),
      spanHi: this.spanHi.slice(0, count),
      spanLo: this.spanLo.slice(0, count),
    };
  }
}

/** The absent value instead of an infinity, which a hostile sender could otherwise put into a column. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}
