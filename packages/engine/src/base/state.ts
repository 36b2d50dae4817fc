import { assert } from './assert.ts';
import { EngineError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Bytes of one piece of written state. Large enough that pieces are few, small enough to be worked on one by one. */
export const STATE_PIECE_BYTES = 4_194_304;
/** Texts up to this length are copied character by character while they are ASCII: faster than a call for each. */
const SHORT_TEXT_CHARS_MAX = 128;

/**
 * Writes state as bytes, little-endian, in the order of the calls, into pieces of `STATE_PIECE_BYTES`: nothing written is
 * copied a second time. `memory` holds pieces to be written into first; memory that was never written to costs several
 * times as much as the copy.
 */
export class StateWriter {
  readonly #memory: ArrayBuffer[];
  readonly #done: Uint8Array<ArrayBuffer>[] = [];
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  constructor(memory: readonly ArrayBuffer[] = []) {
    this.#memory = memory.toReversed();
  }

  u32(value: number): void {
    if (this.#at + 4 > this.#bytes.length) this.#next();
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  f64(value: number): void {
    if (this.#at + 8 > this.#bytes.length) this.#next();
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    for (let from = 0; from < value.length; ) {
      if (this.#at === this.#bytes.length) this.#next();
      const to = Math.min(value.length, from + this.#bytes.length - this.#at);
      this.#bytes.set(value.subarray(from, to), this.#at);
      this.#at += to - from;
      from = to;
    }
  }

  text(value: string): void {
    if (!this.#shortText(value)) this.bytes(encoder.encode(value));
  }

  u32Array(values: Uint32Array): void {
    this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  f64Array(values: Float64Array): void {
    this.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** A structure as canonical JSON: for small, rarely changing state. Numbers must be finite. */
  json(value: unknown): void {
    this.text(JSON.stringify(value));
  }

  /** What was written, in order; the writer begins anew. */
  pieces(): Uint8Array<ArrayBuffer>[] {
    if (this.#at > 0) this.#done.push(this.#bytes.subarray(0, this.#at));
    this.#bytes = new Uint8Array(0);
    this.#at = 0;
    return this.#done.splice(0);
  }

  /** What was written, in one. */
  finish(): Uint8Array<ArrayBuffer> {
    return joined(this.pieces());
  }

  /** Writes a short ASCII text; false if it is another. */
  #shortText(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT_CHARS_MAX) return false;
    if (this.#at + 4 + length > this.#bytes.length) this.#next();
    const from = this.#at + 4;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      this.#bytes[from + i] = code;
    }
    this.u32(length);
    this.#at += length;
    return true;
  }

  #next(): void {
    if (this.#at > 0) this.#done.push(this.#bytes.subarray(0, this.#at));
    const memory = this.#memory.pop() ?? new ArrayBuffer(STATE_PIECE_BYTES);
    assert(memory.byteLength === STATE_PIECE_BYTES, 'memory for state is a whole piece');
    this.#bytes = new Uint8Array(memory);
    this.#view = new DataView(memory);
    this.#at = 0;
  }
}

/** Pieces in one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** Reads what `StateWriter` wrote. Damage throws `GAIT_SNAPSHOT_DAMAGED`. */
export class StateReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Slices of a `Buffer` share its memory; slices of a plain array are copies.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  u32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  f64(): number {
    this.#need(8);
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }

  /** A copy of the next byte string. */
  bytes(): Uint8Array<ArrayBuffer> {
    const length = this.u32();
    this.#need(length);
    const value = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return new Uint8Array(value.buffer, 0, length);
  }

  text(): string {
    try {
      return decoder.decode(this.bytes());
    } catch (cause) {
      throw new EngineError('GAIT_SNAPSHOT_DAMAGED', 'A name is not valid UTF-8.', { cause });
    }
  }

  u32Array(): Uint32Array<ArrayBuffer> {
    const bytes = this.bytes();
    this.expect(bytes.length % 4 === 0, 'array length');
    return new Uint32Array(bytes.buffer, 0, bytes.length / 4);
  }

  f64Array(): Float64Array<ArrayBuffer> {
    const bytes = this.bytes();
    this.expect(bytes.length % 8 === 0, 'array length');
    return new Float64Array(bytes.buffer, 0, bytes.length / 8);
  }

  /** The next structure, for the caller to check. */
  json(): unknown {
    const text = this.text();
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new EngineError('GAIT_SNAPSHOT_DAMAGED', 'A structure is not valid JSON.', { cause });
    }
  }

  /** Refuses the snapshot when a claim about it does not hold. */
  expect(condition: boolean, what: string): void {
    if (!condition) throw new EngineError('GAIT_SNAPSHOT_DAMAGED', `Unexpected ${what}.`);
  }

  #need(count: number): void {
    this.expect(this.#at + count <= this.#bytes.length, 'end');
  }
}
