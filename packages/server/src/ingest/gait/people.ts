import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Tokens } from '../tokens.ts';

/** People remembered: the busy ones of a fleet; a power of two. */
const SLOTS = 4096;
/** Bytes of a name that is cached; longer ones are rare and take the long way. */
const NAME_BYTES_MAX = 48;

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
class NameCache {
  readonly #names = new Uint8Array(SLOTS * NAME_BYTES_MAX);
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #words: DataView = new DataView(this.#names.buffer);
  #source: Uint8Array = this.#names;
  #sourceWords: DataView = this.#words;

  /** Slot of a name; `~slot` (negative) of the slot it would take when it is not held; `TOO_LONG` when it never is. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length > NAME_BYTES_MAX) return TOO_LONG;
    if (bytes !== this.#source) {
      this.#source = bytes;
      this.#sourceWords = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const words = this.#sourceWords;
    let hash = length;
    let at = from;
    for (; at + 4 <= to; at += 4) hash = Math.imul(hash ^ words.getInt32(at, true) ^ (hash >>> 15), 0x9e3779b1);
    for (; at < to; at++) hash = Math.imul(hash ^ words.getUint8(at), 0x85ebca6b);
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
    return this.#lengths[slot] === length && this.#equals(slot, from, to) ? slot : ~slot;
  }

  /** Puts a name into its slot. */
  put(slot: number, bytes: Uint8Array, from: number, to: number): void {
    this.#lengths[slot] = to - from;
    for (let i = from, o = slot * NAME_BYTES_MAX; i < to; i++, o++) this.#names[o] = bytes[i];
  }

  #equals(slot: number, from: number, to: number): boolean {
    const own = this.#words;
    const other = this.#sourceWords;
    let at = from;
    let held = slot * NAME_BYTES_MAX;
    for (; at + 4 <= to; at += 4, held += 4) if (own.getInt32(held, true) !== other.getInt32(at, true)) return false;
    for (; at < to; at++, held++) if (own.getUint8(held) !== other.getUint8(at)) return false;
    return true;
  }
}

/** Answer of `find` for a name that is never cached. */
const TOO_LONG = -SLOTS - 1;

/** Tokens of people by the bytes of their names, forgotten whenever the table of tokens forgets somebody. */
export class PersonTokens {
  readonly #cache = new NameCache();
  readonly #tokens: string[] = new Array(SLOTS).fill('');
  readonly #symbols = new Uint32Array(SLOTS);
  readonly #generations = new Float64Array(SLOTS).fill(-1);
  #tokensOf: Tokens | undefined = undefined;
  #epoch = 0;

  /** Symbol of the token of a person, in the batch under construction. */
  symbol(builder: BatchBuilder, tokens: Tokens, name: Range): number {
    if (tokens !== this.#tokensOf || tokens.epoch !== this.#epoch) this.#forget(tokens);
    const slot = this.#cache.find(name.bytes, name.from, name.to);
    if (slot >= 0 && this.#tokens[slot] !== '') {
      if (this.#generations[slot] !== builder.generation) {
        this.#generations[slot] = builder.generation;
        this.#symbols[slot] = builder.intern(this.#tokens[slot]);
      }
      return this.#symbols[slot];
    }
    const token = tokens.person(utf8.decode(name.bytes.subarray(name.from, name.to)));
    const symbol = builder.intern(token);
    if (slot === TOO_LONG) return symbol;
    const free = slot < 0 ? ~slot : slot;
    this.#cache.put(free, name.bytes, name.from, name.to);
    this.#tokens[free] = token;
    this.#symbols[free] = symbol;
    this.#generations[free] = builder.generation;
    return symbol;
  }

  #forget(tokens: Tokens): void {
    this.#tokens.fill('');
    this.#tokensOf = tokens;
    this.#epoch = tokens.epoch;
  }
}

const utf8 = new TextDecoder();
