import { Hasher } from '../base/hash.ts';
import { BATCH_ROWS_MAX, ID_BYTES_MAX, STRING_BYTES_MAX } from '../base/limits.ts';
import type { IdColumn } from './batch.ts';

/** Slots of the interning table at first; doubled when half full. */
const STRING_SLOTS_MIN = 8192;
/** Names compared for one look-up. Chosen names may share a slot; beyond this many they are stored twice. */
const PROBES_MAX = 64;
const encoder = new TextEncoder();

/** Texts as a decoder finds them: ranges of `bytes`, which are valid UTF-8 there. */
export interface TextBytes {
  readonly bytes: Uint8Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** Interned strings of the batch under construction: an open-addressing table of symbols, compared byte by byte. */
export class StringWriter {
  count = 1;
  #starts = new Uint32Array(1024);
  #bytes = new Uint8Array(65_536);
  #words: DataView = new DataView(this.#bytes.buffer);
  #hashes = new Int32Array(1024);
  readonly #source = new Source();
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
    const source = this.#source.of(bytes);
    const hash = quickHash(this.#seed, source, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let probes = 0; probes < PROBES_MAX; probes++) {
      const at = slots[slot];
      if (at === 0) break;
      if (this.#hashes[at] === hash && this.#equals(at, source, start, end)) return at;
      slot = (slot + 1) & mask;
    }
    return this.#add(bytes, [start, end], { hash, slot });
  }

  /** Interns text number `at`, which may well be the one of `symbol`; 0 stands for no idea, and for no text. */
  like(symbol: number, { bytes, from, to }: TextBytes, at: number): number {
    const [start, end] = [from[at], to[at]];
    if (end <= start) return 0;
    if (symbol > 0 && symbol < this.count && this.#equals(symbol, this.#source.of(bytes), start, end)) return symbol;
    return this.bytes(bytes, start, end);
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

  #equals(symbol: number, other: DataView, start: number, end: number): boolean {
    let from = this.#starts[symbol];
    const length = end - start;
    if (this.#starts[symbol + 1] - from !== length) return false;
    const own = this.#words;
    let at = start;
    if (length >= 4) {
      // The last four first: names of one kind differ there. They may overlap the ones before.
      if (own.getInt32(from + length - 4) !== other.getInt32(end - 4)) return false;
      for (; at + 4 < end; at += 4, from += 4) if (own.getInt32(from) !== other.getInt32(at)) return false;
      return true;
    }
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

/** The bytes that names and identifiers are read from, seen as words: four at a time take half of the time. */
class Source {
  #bytes: Uint8Array = new Uint8Array(0);
  #words: DataView = new DataView(this.#bytes.buffer);

  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#words;
  }
}

/** One identifier column under construction. */
export class IdWriter {
  readonly #starts = new Uint32Array(BATCH_ROWS_MAX + 1);
  #bytes = new Uint8Array(65_536);
  #words: DataView = new DataView(this.#bytes.buffer);
  readonly #source = new Source();
  /** Rows written so far; rows between the last and the next are empty. */
  #filled = 0;

  text(row: number, text: string): void {
    const whole = encoder.encode(text.length > ID_BYTES_MAX ? text.slice(0, ID_BYTES_MAX) : text);
    this.bytes(row, whole, [0, whole.length]);
  }

  bytes(row: number, bytes: Uint8Array, [start, end]: readonly [number, number]): void {
    this.#fill(row);
    const from = this.#starts[row];
    const length = Math.min(end - start, ID_BYTES_MAX);
    if (from + length > this.#bytes.length) {
      this.#bytes = grown8(this.#bytes, from + length);
      this.#words = new DataView(this.#bytes.buffer);
    }
    const source = this.#source.of(bytes);
    const own = this.#words;
    let at = 0;
    for (; at + 4 <= length; at += 4) own.setInt32(from + at, source.getInt32(start + at));
    for (; at < length; at++) own.setUint8(from + at, source.getUint8(start + at));
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
