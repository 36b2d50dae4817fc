import { assert } from '../base/assert.ts';
import { OPEN_INVOCATIONS_MAX } from '../base/limits.ts';
import { Slab } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';
import { FACETS, type FacetKind, NUMBERS, SYMBOL, SYMBOLS } from '../event/schema.ts';
import { FIELDS, type Observation } from './observation.ts';

/** Seconds after the last facet until an invocation is closed without the missing ones. */
export const CLOSE_AFTER_S = 30;
/** Seconds after the first facet until it is closed in any case. */
const CLOSE_LATEST_S = 900;
/** Calls kept of a joined invocation; the flow is in the first ones. */
const JOIN_CALLS_MAX = 64;

/** Which facet kind a field is learned from when several carry it: lower wins. Never 0. */
export const FACET_RANK: readonly number[] = FACETS.map((kind) => {
  const order: readonly FacetKind[] = ['platform', 'insights', 'sensor', 'otel', 'xray', 'trigger'];
  const at = order.indexOf(kind);
  return at < 0 ? order.length + 1 : at + 1;
});
/** Added to the precedence of a facet that the function does not usually deliver. */
const UNUSUAL_RANK = 16;

// Columns are only ever added: room for what each takes follows from how many there are.
const NUMBERS_AT = 16;
const NUMBER_RANKS_AT = NUMBERS_AT + 2 * NUMBERS.length;
const SYMBOLS_AT = NUMBER_RANKS_AT + Math.ceil(NUMBERS.length / 4);
const SYMBOL_RANKS_AT = SYMBOLS_AT + SYMBOLS.length;
const GATE_AT = SYMBOL_RANKS_AT + Math.ceil(SYMBOLS.length / 4);

const WORD = {
  keyHi: 0,
  keyLo: 1,
  function: 2,
  facets: 3,
  flags: 4,
  firstSecond: 5,
  lastSecond: 6,
  calls: 7,
  callRank: 8,
  trust: 9,
  serial: 10,
  functionKeyLo: 11,
  ordinal: 12,
  eventMs: 14,
  numbers: NUMBERS_AT,
  numberRank: NUMBER_RANKS_AT,
  symbols: SYMBOLS_AT,
  symbolRank: SYMBOL_RANKS_AT,
  gate: GATE_AT,
  tokens: GATE_AT + 1,
} as const;
/** Words of one call: token, destination, bytes out, bytes in; its class is a byte of its own behind them. */
const CALL_WORDS = 4;
const CLASSES_AT = WORD.tokens + JOIN_CALLS_MAX * CALL_WORDS;
/** Whole pairs of words, so that blocks stay aligned. */
const BLOCK_BYTES = 8 * Math.ceil((CLASSES_AT * 4 + JOIN_CALLS_MAX) / 8);

/**
 * Function an invocation belongs to; the key tells a function apart from one that took its place. `gate` is the learn
 * gate as it stood when the invocation began, for the caller's use.
 */
export interface Owner {
  readonly id: number;
  readonly keyLo: number;
  readonly gate: number;
}

/**
 * Invocations of which more facets are expected. Facets are merged field by field, the more trusted kind winning, so
 * that any order and any subset of facets gives the same record. At most 65,536 are open; beyond that the oldest is
 * closed early and counted.
 */
export class OpenInvocations {
  /** Closed before their time because the table was full. */
  overflowed = 0;
  readonly #slab = new Slab(BLOCK_BYTES, OPEN_INVOCATIONS_MAX);
  readonly #table = new Table(OPEN_INVOCATIONS_MAX);
  /** Queue of (block, serial, second): the second at which to look at it. */
  #queue = new Uint32Array(3 * 64);
  #head = 0;
  #length = 0;
  #serial = 0;

  get count(): number {
    return this.#table.size;
  }

  /** Open invocation of a request, 0 when none. */
  find(hi: number, lo: number): number {
    return this.#table.get(hi, lo);
  }

  /** True when `open` needs room to be made with `closeOldest`. */
  get full(): boolean {
    return this.#table.size >= OPEN_INVOCATIONS_MAX - 1;
  }

  open(key: { readonly hi: number; readonly lo: number }, owner: Owner, second: number): number {
    const id = this.#slab.alloc();
    assert(id !== 0, 'an open invocation was closed to make room');
    const { u32, word } = this.#at(id);
    this.#serial = (this.#serial + 1) >>> 0;
    u32[word + WORD.keyHi] = key.hi;
    u32[word + WORD.keyLo] = key.lo;
    u32[word + WORD.function] = owner.id;
    u32[word + WORD.functionKeyLo] = owner.keyLo;
    u32[word + WORD.gate] = owner.gate;
    u32[word + WORD.firstSecond] = second;
    u32[word + WORD.serial] = this.#serial;
    this.#table.set(key.hi, key.lo, id);
    this.#push(id, this.#serial, second + CLOSE_AFTER_S);
    return id;
  }

  /**
   * Merges what was seen; returns the facet bits that have arrived. Facets the function usually delivers come before
   * others, so that the record is the same whether it closes before or after a stray one.
   */
  merge(id: number, seen: Observation, at: { readonly second: number; readonly usual: number }): number {
    const { page, word } = this.#at(id);
    const { u32, f64, bytes } = page;
    const rank = FACET_RANK[31 - Math.clz32(seen.facets)] + ((seen.facets & at.usual) !== 0 ? 0 : UNUSUAL_RANK);
    if (u32[word + WORD.facets] === 0 || seen.trust < u32[word + WORD.trust]) u32[word + WORD.trust] = seen.trust;
    const first = u32[word + WORD.facets] === 0;
    u32[word + WORD.facets] |= seen.facets;
    u32[word + WORD.flags] |= seen.flags;
    u32[word + WORD.lastSecond] = at.second;
    if (first || seen.ordinal < f64[(word + WORD.ordinal) >> 1]) f64[(word + WORD.ordinal) >> 1] = seen.ordinal;
    if (first || seen.eventMs < f64[(word + WORD.eventMs) >> 1]) f64[(word + WORD.eventMs) >> 1] = seen.eventMs;
    const numberRanks = (word + WORD.numberRank) * 4;
    for (let field = 0; field < NUMBERS.length; field++) {
      const value = seen.numbers[field];
      const held = bytes[numberRanks + field];
      if (Number.isNaN(value) || (held !== 0 && held <= rank)) continue;
      bytes[numberRanks + field] = rank;
      f64[((word + WORD.numbers) >> 1) + field] = value;
    }
    const symbolRanks = (word + WORD.symbolRank) * 4;
    for (let field = 0; field < SYMBOLS.length; field++) {
      const held = bytes[symbolRanks + field];
      if (seen.symbols[field] === 0 || (held !== 0 && held <= rank)) continue;
      bytes[symbolRanks + field] = rank;
      u32[word + WORD.symbols + field] = seen.symbols[field];
    }
    this.#mergeCalls(id, seen, rank);
    return u32[word + WORD.facets];
  }

  /** Closes the learn gate of an open invocation for more families. */
  hold(id: number, families: number): void {
    const { u32, word } = this.#at(id);
    u32[word + WORD.gate] |= families;
  }

  /** Copies the joined record into an observation, forgets it, and returns its function. */
  close(id: number, seen: Observation): Owner {
    const { page, word } = this.#at(id);
    const { u32, f32, f64, bytes } = page;
    seen.batch = undefined;
    seen.facets = u32[word + WORD.facets];
    seen.flags = u32[word + WORD.flags];
    seen.trust = u32[word + WORD.trust];
    seen.ordinal = f64[(word + WORD.ordinal) >> 1];
    seen.eventMs = f64[(word + WORD.eventMs) >> 1];
    const numberRanks = (word + WORD.numberRank) * 4;
    for (let at = 0; at < NUMBERS.length; at++) {
      seen.numbers[at] = bytes[numberRanks + at] === 0 ? Number.NaN : f64[((word + WORD.numbers) >> 1) + at];
    }
    for (let at = 0; at < SYMBOLS.length; at++) seen.symbols[at] = u32[word + WORD.symbols + at];
    const rankOf = (field: number) => usualRank(bytes[(word + WORD.symbolRank) * 4 + field]);
    seen.fieldRanks[FIELDS.calls] = usualRank(u32[word + WORD.callRank]);
    // Kind and source may come from two facets; the one that knows both has the worse rank then.
    seen.fieldRanks[FIELDS.trigger] = Math.max(rankOf(SYMBOL.triggerKind), rankOf(SYMBOL.triggerSource));
    seen.fieldRanks[FIELDS.principal] = rankOf(SYMBOL.principal);
    seen.fieldRanks[FIELDS.error] = rankOf(SYMBOL.errorType);
    seen.callsKnown = u32[word + WORD.callRank] !== 0;
    seen.callCount = u32[word + WORD.calls];
    for (let at = 0; at < seen.callCount; at++) {
      seen.callToken[at] = u32[word + WORD.tokens + at];
      seen.callDestination[at] = u32[word + WORD.tokens + JOIN_CALLS_MAX + at];
      seen.callBytesOut[at] = f32[word + WORD.tokens + 2 * JOIN_CALLS_MAX + at];
      seen.callBytesIn[at] = f32[word + WORD.tokens + 3 * JOIN_CALLS_MAX + at];
      seen.callClass[at] = bytes[(word + CLASSES_AT) * 4 + at];
    }
    const owner = {
      id: u32[word + WORD.function],
      keyLo: u32[word + WORD.functionKeyLo],
      gate: u32[word + WORD.gate],
    };
    this.#table.delete(u32[word + WORD.keyHi], u32[word + WORD.keyLo]);
    this.#slab.free(id);
    return owner;
  }

  /** Second at which the next invocation may be due, Infinity when none is open. */
  get nextSecond(): number {
    return this.#length === 0 ? Number.POSITIVE_INFINITY : this.#queue[this.#head * 3 + 2];
  }

  /** Takes the next invocation that is due at `second`, 0 when none is. */
  due(second: number): number {
    while (this.#length > 0 && this.#queue[this.#head * 3 + 2] <= second) {
      const [id, serial] = this.#shift();
      const { u32, word } = this.#at(id);
      if (u32[word + WORD.serial] !== serial) continue;
      const until = Math.min(
        u32[word + WORD.lastSecond] + CLOSE_AFTER_S,
        u32[word + WORD.firstSecond] + CLOSE_LATEST_S,
      );
      if (until <= second) return id;
      this.#push(id, serial, until);
    }
    return 0;
  }

  /** The invocation opened longest ago, 0 when none is. */
  oldest(): number {
    while (this.#length > 0) {
      const [id, serial] = this.#shift();
      const { u32, word } = this.#at(id);
      if (u32[word + WORD.serial] !== serial) continue;
      this.overflowed++;
      return id;
    }
    return 0;
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
    this.#table.save(out);
    out.u32Array(this.#queue);
    out.u32(this.#head);
    out.u32(this.#length);
    out.u32(this.#serial);
    out.u32(this.overflowed);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
    this.#table.load(from);
    this.#queue = from.u32Array();
    this.#head = from.u32();
    this.#length = from.u32();
    this.#serial = from.u32();
    this.overflowed = from.u32();
    from.expect(this.#queue.length % 3 === 0 && this.#head * 3 < this.#queue.length, 'queue');
    from.expect(this.#length * 3 <= this.#queue.length, 'queue length');
  }

  #mergeCalls(id: number, seen: Observation, rank: number): void {
    const { page, word } = this.#at(id);
    const { u32, f32, bytes } = page;
    const held = u32[word + WORD.callRank];
    if (!seen.callsKnown || (held !== 0 && held <= rank)) return;
    u32[word + WORD.callRank] = rank;
    const count = Math.min(seen.callCount, JOIN_CALLS_MAX);
    u32[word + WORD.calls] = count;
    for (let at = 0; at < count; at++) {
      u32[word + WORD.tokens + at] = seen.callToken[at];
      u32[word + WORD.tokens + JOIN_CALLS_MAX + at] = seen.callDestination[at];
      f32[word + WORD.tokens + 2 * JOIN_CALLS_MAX + at] = seen.callBytesOut[at];
      f32[word + WORD.tokens + 3 * JOIN_CALLS_MAX + at] = seen.callBytesIn[at];
      bytes[(word + CLASSES_AT) * 4 + at] = seen.callClass[at];
    }
  }

  #at(id: number) {
    const page = this.#slab.pages[id >>> this.#slab.shift];
    return { page, u32: page.u32, word: ((id & this.#slab.mask) * BLOCK_BYTES) >>> 2 };
  }

  #push(id: number, serial: number, second: number): void {
    if ((this.#length + 1) * 3 > this.#queue.length) this.#makeRoom();
    const at = ((this.#head + this.#length) % (this.#queue.length / 3)) * 3;
    this.#queue[at] = id;
    this.#queue[at + 1] = serial;
    this.#queue[at + 2] = second;
    this.#length++;
  }

  #shift(): readonly [number, number] {
    const at = this.#head * 3;
    const entry = [this.#queue[at], this.#queue[at + 1]] as const;
    this.#head = (this.#head + 1) % (this.#queue.length / 3);
    this.#length--;
    return entry;
  }

  /** Drops the entries of invocations that have closed; doubles the queue when most are still open. */
  #makeRoom(): void {
    const slots = this.#queue.length / 3;
    const kept = new Uint32Array(this.count * 2 > slots ? this.#queue.length * 2 : this.#queue.length);
    let length = 0;
    for (let i = 0; i < this.#length; i++) {
      const from = ((this.#head + i) % slots) * 3;
      const { u32, word } = this.#at(this.#queue[from]);
      if (u32[word + WORD.serial] !== this.#queue[from + 1]) continue;
      kept.set(this.#queue.subarray(from, from + 3), length * 3);
      length++;
    }
    this.#queue = kept;
    this.#head = 0;
    this.#length = length;
  }
}

/** Rank of a facet that the function usually delivers, else 0. */
function usualRank(rank: number): number {
  return rank < UNUSUAL_RANK ? rank : 0;
}
