import type { BatchBuilder } from '@gait/engine/event/batch-builder';

/** Names remembered by one cache: the busy ones of a fleet; a power of two. */
export const NAMES_CACHED = 4096;
/** Answer of `find` for a name that is never cached. */
export const TOO_LONG = -NAMES_CACHED - 1;

/** Where a name stands. */
export interface Range {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/**
 * Remembers what came of a name the last time, by its bytes: a direct-mapped table that compares before it believes.
 * An entry may be kept over batches; what belongs to one batch carries its generation.
 */
export class NameCache {
  readonly #bytesMax: number;
  readonly #names: Uint8Array;
  readonly #lengths = new Uint8Array(NAMES_CACHED);
  readonly #words: DataView;
  #source: Uint8Array;
  #sourceWords: DataView;

  /** `bytesMax`: longest name that is kept, at most 255 bytes. Memory is that times `NAMES_CACHED`. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#names = new Uint8Array(NAMES_CACHED * bytesMax);
    this.#words = new DataView(this.#names.buffer);
    this.#source = this.#names;
    this.#sourceWords = this.#words;
  }

  /** Slot of a name; `~slot` (negative) of the slot it would take when it is not held; `TOO_LONG` when it never is. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > this.#bytesMax) return TOO_LONG;
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceWords = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const words = this.#sourceWords;
    let hash = length;
    let at = from;
    for (; at + 4 <= to; at += 4) hash = Math.imul(hash ^ words.getInt32(at, true) ^ (hash >>> 15), 0x9e3779b1);
    for (; at < to; at++) hash = Math.imul(hash ^ words.getUint8(at), 0x85ebca6b);
    const slot = (hash ^ (hash >>> 15)) & (NAMES_CACHED - 1);
    return this.#lengths[slot] === length && this.#equals(slot, from, to) ? slot : ~slot;
  }

  /** Puts a name into its slot. */
  put(slot: number, { bytes, from, to }: Range): void {
    this.#lengths[slot] = to - from;
    for (let i = from, o = slot * this.#bytesMax; i < to; i++, o++) this.#names[o] = bytes[i];
  }

  #equals(slot: number, from: number, to: number): boolean {
    const own = this.#words;
    const other = this.#sourceWords;
    let at = from;
    let held = slot * this.#bytesMax;
    for (; at + 4 <= to; at += 4, held += 4) if (own.getInt32(held, true) !== other.getInt32(at, true)) return false;
    for (; at < to; at++, held++) if (own.getUint8(held) !== other.getUint8(at)) return false;
    return true;
  }
}

/**
 * Numbers the batches that symbols were made for: symbols are valid within one batch of one builder, and a decoder serves many
 * builders, whose batches carry the same numbers.
 */
export class BatchNumber {
  #builder: BatchBuilder | undefined;
  #generation = -1;
  #number = 0;

  /** Number of the batch under construction; another one whenever builder or batch is another. */
  of(builder: BatchBuilder): number {
    if (builder !== this.#builder || builder.generation !== this.#generation) {
      this.#builder = builder;
      this.#generation = builder.generation;
      this.#number++;
    }
    return this.#number;
  }
}
