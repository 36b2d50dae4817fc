import { EngineError } from './errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Writes state as bytes, little-endian, in the order of the calls. */
export class StateWriter {
  #buffer = new ArrayBuffer(1 << 20);
  #view = new DataView(this.#buffer);
  #at = 0;

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  f64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#reserve(value.length);
    new Uint8Array(this.#buffer).set(value, this.#at);
    this.#at += value.length;
  }

  text(value: string): void {
    this.bytes(encoder.encode(value));
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

  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#buffer.slice(0, this.#at));
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#buffer.byteLength) return;
    const larger = new ArrayBuffer(Math.max(this.#buffer.byteLength * 2, this.#at + more));
    new Uint8Array(larger).set(new Uint8Array(this.#buffer, 0, this.#at));
    this.#buffer = larger;
    this.#view = new DataView(larger);
  }
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
