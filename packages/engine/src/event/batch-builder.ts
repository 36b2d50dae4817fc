import { assert } from '../base/assert.ts';
import { Hasher } from '../base/hash.ts';
import {
  BATCH_CALLS_MAX,
  BATCH_ORIGINS_MAX,
  BATCH_ROWS_MAX,
  BATCH_STRINGS_MAX,
  CALLS_PER_ROW_MAX,
  ID_BYTES_MAX,
  STRING_BYTES_MAX,
} from '../base/limits.ts';
import { Batch, type IdColumn, type Origin } from './batch.ts';
import type { FacetKind, IdField, NumberField, SymbolField } from './schema.ts';
import { FACET, FLAG, ID, IDS, NUMBER, NUMBERS, SYMBOL, SYMBOLS, TRUST_OF_FACET } from './schema.ts';

/** Slots of the interning table at first; doubled when half full. */
const STRING_SLOTS_MIN = 8192;
/** Largest number a 32-bit float holds; larger ones would become infinite. */
const FLOAT32_MAX = 3.4028234e38;
/** Names compared for one look-up. Chosen names may share a slot; beyond this many they are stored twice. */
const PROBES_MAX = 64;
const encoder = new TextEncoder();

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

/** The three names of a call, interned in the batch under construction. */
export interface CallSymbols {
  readonly verb: number;
  readonly resource: number;
  readonly destination: number;
}

/**
 * Collects rows into columns without an object per row. Use: `begin`, any of the setters, `end` (or `drop`), and
 * `finish` when `full`. Fast decoders intern bytes directly (`symbolBytes`); others pass strings. Cost about 0.3 µs a
 * row with ten fields. Out-of-range numbers must be refused by the caller; the builder only keeps finite ones.
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

  /** Interns `bytes[start, end)` (valid UTF-8) as the value of a field. */
  symbolBytes(field: SymbolField, bytes: Uint8Array, range: readonly [number, number]): void {
    if (range[1] > range[0]) this.symbolAt(field, this.#strings.bytes(bytes, range[0], range[1]));
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
    if (range[1] > range[0]) this.#ids[ID[field]].bytes(this.rows, bytes, range[0], range[1]);
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
   * Adds a call whose five numbers stand in `of[from, from + 5)`: bytes out, bytes in, status, offset, duration, each
   * finite or NaN. -1 when the row's list is full.
   */
  callNumbers(symbols: CallSymbols, of: Float64Array, from: number): number {
    if (this.#calls.count - this.#calls.start[this.rows] >= CALLS_PER_ROW_MAX) {
      this.flag(FLAG.callsCut);
      return -1;
    }
    return this.#calls.addNumbers(symbols, of, from);
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

/** Interned strings of the batch under construction: an open-addressing table of symbols, compared byte by byte. */
class StringWriter {
  count = 1;
  #starts = new Uint32Array(1024);
  #bytes = new Uint8Array(65_536);
  #words: DataView = new DataView(this.#bytes.buffer);
  #hashes = new Int32Array(1024);
  /** The bytes names are read from, seen as words: reading four at a time halves the cost of a name. */
  #source: Uint8Array = this.#bytes;
  #sourceWords: DataView = this.#words;
  /** Symbols by hash. Starts small, so that a usual batch stays in the cache. */
  #slots = new Uint32Array(STRING_SLOTS_MIN);
  readonly #seed: number;
  readonly #scratch = new Uint8Array(STRING_BYTES_MAX * 3);

  constructor(seed: readonly [number, number]) {
    this.#seed = seed[0] ^ Math.imul(seed[1], 0x9e3779b1);
  }

  text(text: string): number {
    if (text.length <= STRING_BYTES_MAX) {
      const { written } = encoder.encodeInto(text, this.#scratch);
      return this.bytes(this.#scratch, 0, written);
    }
    const whole = encoder.encode(text);
    return this.bytes(whole, 0, whole.length);
  }

  bytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start > STRING_BYTES_MAX) return this.#long(bytes, start, end);
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceWords = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const hash = quickHash(this.#seed, this.#sourceWords, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const at = slots[slot];
      if (at === 0) break;
      if (this.#hashes[at] === hash && this.#equals(at, start, end)) return at;
      slot = (slot + 1) & mask;
    }
    return this.#add(bytes, [start, end], { hash, slot });
  }

  /** Cuts a long name at a character boundary and ends it in a hash of the whole, so that two stay distinct. */
  #long(bytes: Uint8Array, start: number, end: number): number {
    const fixed = new Hasher(0x67616974, 0x6e616d65);
    fixed.bytes(bytes, start, end);
    const suffix = encoder.encode(
      `~${fixed.hi.toString(16).padStart(8, '0')}${fixed.lo.toString(16).padStart(8, '0')}`,
    );
    let cut = start + STRING_BYTES_MAX - suffix.length;
    while (cut > start && (bytes[cut] & 0xc0) === 0x80) cut--;
    const short = new Uint8Array(cut - start + suffix.length);
    short.set(bytes.subarray(start, cut));
    short.set(suffix, cut - start);
    return this.bytes(short, 0, short.length);
  }

  #equals(symbol: number, start: number, end: number): boolean {
    let from = this.#starts[symbol];
    const length = end - start;
    if (this.#starts[symbol + 1] - from !== length) return false;
    const own = this.#words;
    const other = this.#sourceWords;
    let at = start;
    for (; at + 4 <= end; at += 4, from += 4) if (own.getInt32(from, true) !== other.getInt32(at, true)) return false;
    for (; at < end; at++, from++) if (own.getUint8(from) !== other.getUint8(at)) return false;
    return true;
  }

  /** Adds a name. Where too many names share a slot it gets a symbol of its own that is not found again. */
  #add(
    bytes: Uint8Array,
    [start, end]: readonly [number, number],
    found: { readonly hash: number; readonly slot: number },
  ): number {
    const at = this.count++;
    if (at + 2 > this.#starts.length) {
      this.#starts = grown32(this.#starts);
      const hashes = new Int32Array(this.#hashes.length * 2);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
    }
    const from = this.#starts[at];
    const to = from + end - start;
    if (to > this.#bytes.length) {
      this.#bytes = grown8(this.#bytes, to);
      this.#words = new DataView(this.#bytes.buffer);
    }
    if (end - start > 64) this.#bytes.set(bytes.subarray(start, end), from);
    else for (let i = start, o = from; i < end; i++, o++) this.#bytes[o] = bytes[i];
    this.#starts[at + 1] = to;
    this.#hashes[at] = found.hash;
    if (this.#slots[found.slot] === 0) this.#slots[found.slot] = at;
    if (at * 2 > this.#slots.length) this.#growSlots();
    return at;
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let at = 1; at < this.count; at++) {
      let slot = this.#hashes[at] & mask;
      let probes = 0;
      while (this.#slots[slot] !== 0 && ++probes < PROBES_MAX) slot = (slot + 1) & mask;
      if (this.#slots[slot] === 0) this.#slots[slot] = at;
    }
  }

  finish() {
    const table = {
      starts: this.#starts.slice(0, this.count + 1),
      bytes: this.#bytes.slice(0, this.#starts[this.count]),
    };
    this.#slots.fill(0);
    this.count = 1;
    return table;
  }
}

/** One identifier column under construction. */
class IdWriter {
  readonly #starts = new Uint32Array(BATCH_ROWS_MAX + 1);
  #bytes = new Uint8Array(65_536);
  /** Rows written so far; rows between the last and the next are empty. */
  #filled = 0;

  text(row: number, text: string): void {
    const whole = encoder.encode(text.length > ID_BYTES_MAX ? text.slice(0, ID_BYTES_MAX) : text);
    this.bytes(row, whole, 0, whole.length);
  }

  bytes(row: number, bytes: Uint8Array, start: number, end: number): void {
    this.#fill(row);
    const from = this.#starts[row];
    const length = Math.min(end - start, ID_BYTES_MAX);
    if (from + length > this.#bytes.length) this.#bytes = grown8(this.#bytes, from + length);
    for (let i = 0; i < length; i++) this.#bytes[from + i] = bytes[start + i];
    this.#starts[row + 1] = from + length;
    this.#filled = row + 1;
  }

  drop(row: number): void {
    if (this.#filled > row) this.#filled = row;
  }

  finish(rows: number): IdColumn | undefined {
    if (this.#filled === 0) return undefined;
    this.#fill(rows);
    const column = { starts: this.#starts.slice(0, rows + 1), bytes: this.#bytes.slice(0, this.#starts[rows]) };
    this.#filled = 0;
    return column;
  }

  #fill(row: number): void {
    const end = this.#starts[this.#filled];
    while (this.#filled < row) this.#starts[++this.#filled] = end;
  }
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

/** Hash of a name, to find it by; names are then compared, so that it need not be strong. */
function quickHash(seed: number, words: DataView, start: number, end: number): number {
  let hash = seed ^ (end - start);
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ words.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ words.getUint8(at), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash ^ (hash >>> 16);
}

/** The absent value instead of an infinity, which a hostile sender could otherwise put into a column. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function grown32(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

function grown8(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(array.length * 2, needed));
  larger.set(array);
  return larger;
}
