import { RECENT_REQUESTS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';

/** What is known about a request when another of its facets arrives. */
export const ARRIVAL = {
  /** First facet of this request. */
  first: 0,
  /** Another facet kind of a request already known. */
  another: 1,
  /** The same facet again, with the same content. */
  duplicate: 2,
  /** The same facet again, with other content: somebody may be forging. */
  conflict: 3,
  /** The same facet again, later: the platform tried once more. */
  retry: 4,
} as const;

const SLOT_WORDS = 5;
const START_SLOTS = 1024;
/**
 * Another record of the same kind this many seconds on is a retry; Lambda waits a minute before the first one. Sooner, or
 * from before, one of the two is not what happened.
 */
const RETRY_AFTER_S = 30;

/**
 * Two rotating generations of request fingerprints. When the younger is full it becomes the older and the oldest is
 * forgotten, so that memory is bounded and the span shrinks under load. Words: key hi, key lo, facet mask, second of
 * the first facet, content hash of the first facet (low bits carry its kind).
 */
export class RecentRequests {
  /** Second at which the older generation began, 0 while there is none: duplicates are recognised from there on. */
  sinceSecond = 0;
  #young = new Uint32Array(START_SLOTS * SLOT_WORDS);
  #old = new Uint32Array(START_SLOTS * SLOT_WORDS);
  /** Slots of a generation less one. */
  #youngMask = START_SLOTS - 1;
  #oldMask = START_SLOTS - 1;
  #youngCount = 0;
  #youngSince = 0;

  /** Notes that a facet arrived and says how; `seen` describes it, `key` is the request's seeded 64-bit hash. */
  arrive(
    key: { readonly hi: number; readonly lo: number },
    seen: { readonly kind: number; readonly second: number; readonly content: number },
  ): number {
    const content = ((seen.content << 4) | seen.kind) >>> 0;
    let table = this.#young;
    let at = find(table, this.#youngMask, key);
    if (table[at + 2] === 0 && this.sinceSecond !== 0) {
      const old = find(this.#old, this.#oldMask, key);
      if (this.#old[old + 2] !== 0) {
        table = this.#old;
        at = old;
      }
    }
    const bit = 1 << seen.kind;
    if (table[at + 2] === 0) {
      this.#insert(key, at, { bit, second: seen.second, content });
      return ARRIVAL.first;
    }
    if ((table[at + 2] & bit) === 0) {
      table[at + 2] |= bit;
      return ARRIVAL.another;
    }
    if (table[at + 4] === content || (table[at + 4] & 15) !== seen.kind) return ARRIVAL.duplicate;
    if (seen.second < table[at + 3] + RETRY_AFTER_S) return ARRIVAL.conflict;
    table[at + 2] = bit;
    table[at + 3] = seen.second;
    table[at + 4] = content;
    return ARRIVAL.retry;
  }

  /** Reads where a request would be looked for first, so that it is at hand soon. */
  touch(lo: number): number {
    return this.#young[(lo & this.#youngMask) * SLOT_WORDS] | this.#old[(lo & this.#oldMask) * SLOT_WORDS];
  }

  save(out: StateWriter): void {
    out.u32Array(this.#young);
    out.u32Array(this.#old);
    out.u32(this.#youngCount);
    out.u32(this.#youngSince);
    out.u32(this.sinceSecond);
  }

  load(from: StateReader): void {
    this.#young = from.u32Array();
    this.#old = from.u32Array();
    for (const table of [this.#young, this.#old]) {
      const slots = table.length / SLOT_WORDS;
      from.expect(Number.isInteger(slots) && slots > 0 && (slots & (slots - 1)) === 0, 'request table size');
    }
    this.#youngMask = this.#young.length / SLOT_WORDS - 1;
    this.#oldMask = this.#old.length / SLOT_WORDS - 1;
    this.#youngCount = from.u32();
    this.#youngSince = from.u32();
    this.sinceSecond = from.u32();
  }

  /** `free` is the empty slot that the search for the key ended at. */
  #insert(
    key: { readonly hi: number; readonly lo: number },
    free: number,
    entry: { readonly bit: number; readonly second: number; readonly content: number },
  ): void {
    let at = free;
    if (this.#youngCount >= RECENT_REQUESTS_MAX) {
      this.#rotate(entry.second);
      at = find(this.#young, this.#youngMask, key);
    } else if (this.#youngCount >= (this.#youngMask + 1) * 0.75) {
      this.#grow();
      at = find(this.#young, this.#youngMask, key);
    }
    this.#young[at] = key.hi;
    this.#young[at + 1] = key.lo;
    this.#young[at + 2] = entry.bit;
    this.#young[at + 3] = entry.second;
    this.#young[at + 4] = entry.content;
    this.#youngCount++;
  }

  #rotate(second: number): void {
    this.#old = this.#young;
    this.#oldMask = this.#youngMask;
    this.#young = new Uint32Array(this.#old.length);
    this.#youngCount = 0;
    this.sinceSecond = Math.max(1, this.#youngSince);
    this.#youngSince = second;
  }

  #grow(): void {
    const small = this.#young;
    this.#young = new Uint32Array(small.length * 2);
    this.#youngMask = this.#youngMask * 2 + 1;
    for (let at = 0; at < small.length; at += SLOT_WORDS) {
      if (small[at + 2] === 0) continue;
      const key = { hi: small[at], lo: small[at + 1] };
      this.#young.set(small.subarray(at, at + SLOT_WORDS), find(this.#young, this.#youngMask, key));
    }
  }
}

/** First word of the slot that holds a key, or of the free one at which the search for it ends. */
function find(table: Uint32Array, mask: number, key: { readonly hi: number; readonly lo: number }): number {
  for (let slot = key.lo & mask; ; slot = (slot + 1) & mask) {
    const at = slot * SLOT_WORDS;
    if (table[at + 2] === 0 || (table[at] === key.hi && table[at + 1] === key.lo)) return at;
  }
}
