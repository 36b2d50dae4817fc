import { mix32 } from '../base/hash.ts';

/** Longest context, in tokens. Order 5 costs four times as much for half a point of AUC on system calls. */
export const ORDER = 3;
/** Stands before the first token and after the last one. */
const EDGE = 0x9e3779b9;
/** Symbols under which a context keeps how often it was seen, and how many different tokens followed it. */
const TOTAL = 0x51ed270b;
const KINDS = 0x7f4a7c15;
/** Slots looked at for a key; the least of them gives way when none is free. */
const PROBES = 8;
const COUNT_MAX = 65_535;
/** Chance of a token nobody ever saw, where even the shortest context knows nothing. */
const UNKNOWN = 1 / 256;

/** Memory of a model: `slots` keys from `keysAt` and counts from `countsAt` on, a power of two of them. */
export interface ModelMemory {
  readonly keys: Uint32Array;
  readonly counts: Uint16Array;
  readonly keysAt: number;
  readonly countsAt: number;
  readonly slots: number;
}

/**
 * Order of calls: a back-off Markov model of order 3 over tokens, smoothed as I. Witten and T. Bell did (1991): a context speaks as far as
 * it has been seen, the next shorter one for the rest. Contexts are hashed into a fixed memory; what was seen least gives way. A view:
 * `at` moves it from one memory to the next. A zeroed memory knows nothing. Sequences never mix: each begins and ends with a mark.
 *
 * Wrong where functions make calls in parallel: all orders seen are then usual, which is right, and unseen ones are hardly strange.
 * 0.1 µs a token.
 */
export class CallModel {
  #keys: Uint32Array = new Uint32Array(0);
  #counts: Uint16Array = new Uint16Array(0);
  #keysAt = 0;
  #countsAt = 0;
  #mask = 0;

  /** Points the view at a memory. */
  at(memory: ModelMemory): this {
    this.#keys = memory.keys;
    this.#counts = memory.counts;
    this.#keysAt = memory.keysAt;
    this.#countsAt = memory.countsAt;
    this.#mask = memory.slots - 1;
    return this;
  }

  /** Decades of surprise of each step of a sequence, its end included: `out[count]` is that of ending there. */
  surprises(tokens: ArrayLike<number>, count: number, out: Float64Array): void {
    let [third, second, first] = [EDGE, EDGE, EDGE];
    for (let at = 0; at <= count; at++) {
      const token = at < count ? tokens[at] : EDGE;
      out[at] = -Math.log10(this.#chance({ first, second, third }, token));
      third = second;
      second = first;
      first = token;
    }
  }

  /** Learns a sequence, as often as `times` says. */
  learn(tokens: ArrayLike<number>, count: number, times = 1): void {
    let [third, second, first] = [EDGE, EDGE, EDGE];
    for (let at = 0; at <= count; at++) {
      const token = at < count ? tokens[at] : EDGE;
      this.#count(0, token, times);
      this.#count(contextOf(first, 0, 0), token, times);
      this.#count(contextOf(first, second, 0), token, times);
      this.#count(contextOf(first, second, third), token, times);
      third = second;
      second = first;
      first = token;
    }
  }

  /** Chance that `token` follows `before` (`undefined`: that it comes first), by the shortest context. */
  follows(before: number | undefined, token: number | undefined): number {
    const context = contextOf(before ?? EDGE, 0, 0);
    const total = this.#get(context, TOTAL);
    return total === 0 ? 0 : this.#get(context, token ?? EDGE) / total;
  }

  /** Forgets half of everything: at 1, by turns. */
  halve(): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      this.#counts[this.#countsAt + slot] >>= 1;
      if (this.#counts[this.#countsAt + slot] === 0) this.#keys[this.#keysAt + slot] = 0;
    }
  }

  #chance(before: { first: number; second: number; third: number }, token: number): number {
    const { first, second, third } = before;
    let chance = this.#step(0, token, UNKNOWN);
    chance = this.#step(contextOf(first, 0, 0), token, chance);
    chance = this.#step(contextOf(first, second, 0), token, chance);
    return this.#step(contextOf(first, second, third), token, chance);
  }

  /** What a context says, with the rest from the shorter one. */
  #step(context: number, token: number, shorter: number): number {
    const total = this.#get(context, TOTAL);
    if (total === 0) return shorter;
    const kinds = Math.max(1, this.#get(context, KINDS));
    return (this.#get(context, token) + kinds * shorter) / (total + kinds);
  }

  #count(context: number, token: number, times: number): void {
    if (this.#add(context, token, times)) this.#add(context, KINDS, 1);
    this.#add(context, TOTAL, times);
  }

  #get(context: number, symbol: number): number {
    const key = keyOf(context, symbol);
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (key + probe) & this.#mask;
      if (this.#keys[this.#keysAt + slot] === key) return this.#counts[this.#countsAt + slot];
    }
    return 0;
  }

  /** Adds to a count; true when it is new. */
  #add(context: number, symbol: number, times: number): boolean {
    const key = keyOf(context, symbol);
    let least = -1;
    for (let probe = 0; probe < PROBES; probe++) {
      const slot = (key + probe) & this.#mask;
      const count = this.#countsAt + slot;
      if (this.#keys[this.#keysAt + slot] === key) {
        this.#counts[count] = Math.min(COUNT_MAX, this.#counts[count] + times);
        return false;
      }
      if (least < 0 || this.#counts[count] < this.#counts[this.#countsAt + least]) least = slot;
    }
    this.#keys[this.#keysAt + least] = key;
    this.#counts[this.#countsAt + least] = Math.min(COUNT_MAX, times);
    return true;
  }
}

function contextOf(first: number, second: number, third: number): number {
  return mix32(mix32(mix32(first) ^ second) ^ (third + 0x2545f491)) >>> 0 || 1;
}

function keyOf(context: number, symbol: number): number {
  return mix32(context ^ Math.imul(symbol, 0x85ebca6b)) >>> 0 || 1;
}
