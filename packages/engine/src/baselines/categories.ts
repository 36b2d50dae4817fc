import { mix32 } from '../base/hash.ts';
import { Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';

/** Fields of which an entity remembers the values it has shown. The numbers are part of saved state. */
export const CATEGORY = {
  /** Verb and resource of calls, child processes. */
  call: 0,
  destination: 1,
  /** Kind and source of the trigger. */
  trigger: 2,
  /** Who caused the invocation. */
  principal: 3,
  /** Functions and gateways that call this function. */
  caller: 4,
  /** Functions this function calls. */
  callee: 5,
  /** API actions of a principal. */
  action: 6,
  /** Networks a principal acts from. */
  network: 7,
  /** Principals that change this function, or this kind of thing in the account. */
  changer: 8,
  /** Error types. */
  error: 9,
} as const;
export type Category = keyof typeof CATEGORY;

/** Bytes of one block: 16 field headers of 16 bytes and 14 sets of 8 entries of 16 bytes. */
export const CATEGORY_BLOCK_BYTES = 2048;
const HEADER_BYTES = 256;
const SETS = 14;
const WAYS = 8;
/** Counts of a field are halved here, long before 32-bit floats no longer see +1; shares stay as they are. */
const COUNT_MAX = 8_388_608;
/** What is left of a novelty after so many model days: half after seven, 2^(-days/7) before. */
const NOVELTY_LEFT: readonly number[] = [1, 0.905724, 0.820335, 0.742997, 0.67295, 0.609507, 0.552045];
const NOVELTY_HALF_LIFE_DAYS = NOVELTY_LEFT.length;
/** Less than this is forgotten: it no longer moves a score. */
const NOVELTY_LEAST = 0.01;
/** Observations between two looks at which calls are usual. */
const USUAL_EVERY = 32;
/** Observations before a call can be usual: 0.5/51 is the first rarity below 1 %. */
export const USUAL_COUNT_MIN = 50;
/** Share of invocations a usual call is part of. */
const USUAL_SHARE_MIN = 0.98;
/** Observations that make a value hard to evict. */
const HELD_COUNT_MIN = 8;
/** Observations that inherited experience counts for: enough to be judged by, soon outweighed by one's own. */
const INHERITED_MAX = 64;
/** Observations from which a value may make others less surprised by it. */
const VOUCHES_FROM = 20;
/** Distinct model days after which a value is trusted. */
export const TRUST_DAYS = 3;

const USUAL_BIT = 1;
const SUSPECT_BIT = 2;
const TRAINED_BIT = 4;
/** The text of the value is kept (or was refused for want of room). */
const NAMED_BIT = 8;

const NOTHING: readonly never[] = [];

/**
 * How a new value is learned: as one more, as one that was judged strange (it stays strange until it earned trust), or
 * as part of something another detector judged strange.
 */
export type Newcomer = 'plain' | 'suspect' | 'covered';

/** How an observation is learned. */
export interface Lesson {
  /** Model day since genesis. */
  readonly day: number;
  /** Inside a training span: values are trusted at once. */
  readonly training: boolean;
}

/**
 * The values an entity has shown, per field: a bounded set of counted 32-bit hashes (a set-associative table of 112
 * entries in one 2 KiB block). A newcomer may push out only entries that are neither trusted nor often seen, so a flood
 * of invented values cannot make an entity forget. One instance is a cursor over all blocks of its slab: `focus` first.
 * Each look-up touches two cache lines, four where sets are full. A value for which there is no room counts as a new one
 * each time: an entity that shows more values than that is one that changes all the time.
 *
 * Entry words: key, count (f32), observations of the field when first seen (f32), packed
 * `lastDay:16 | days:6 | field:4 | bits:6`.
 */
export class Categories {
  readonly slab: Slab;
  #page: SlabPage | undefined = undefined;
  #word = 0;
  #created: number[] = [];

  constructor(blocksMax: number) {
    this.slab = new Slab(CATEGORY_BLOCK_BYTES, blocksMax);
  }

  /** Points at a block; 0 points at nothing: everything is unseen and nothing is learned. */
  focus(block: number): void {
    if (block === 0) {
      this.#page = undefined;
      return;
    }
    this.#page = this.slab.pages[block >>> this.slab.shift];
    this.#word = ((block & this.slab.mask) * CATEGORY_BLOCK_BYTES) >>> 2;
  }

  /** Observations of a field so far. */
  observations(field: number): number {
    return this.#page === undefined ? 0 : this.#page.f32[this.#word + field * 4];
  }

  /** Times a new value appeared after the first observation, faded by half every seven model days. */
  novelties(field: number, day: number): number {
    if (this.#page === undefined) return 0;
    let novelties = this.#page.f32[this.#word + field * 4 + 1];
    let left = Math.max(0, day - (this.#page.u32[this.#word + field * 4 + 2] & 0xffff));
    for (; left >= NOVELTY_HALF_LIFE_DAYS && novelties > NOVELTY_LEAST; left -= NOVELTY_HALF_LIFE_DAYS) novelties /= 2;
    return novelties * NOVELTY_LEFT[left % NOVELTY_HALF_LIFE_DAYS];
  }

  /** Number of usual calls (see `refreshUsual`). */
  get usualCount(): number {
    return this.#page === undefined ? 0 : this.#page.u32[this.#word + CATEGORY.call * 4 + 3];
  }

  /** Word offset of a value's entry in the focused page, -1 when unseen. Valid until the next `learn` or `focus`. */
  find(field: number, hash: number): number {
    const page = this.#page;
    if (page === undefined) return -1;
    const key = keyOf(field, hash);
    const { u32 } = page;
    const first = this.#setOf(key >>> 16);
    for (let at = first; at < first + WAYS * 4; at += 4) {
      if (u32[at] === key) return at;
      // Entries are replaced but never emptied: the second set is used only while the first one is full.
      if (u32[at] === 0) return -1;
    }
    const second = this.#setOf(key & 0xffff);
    for (let at = second; at < second + WAYS * 4; at += 4) if (u32[at] === key) return at;
    return -1;
  }

  /** Observations a found value was part of. */
  countAt(entry: number): number {
    return this.#page === undefined ? 0 : this.#page.f32[entry + 1];
  }

  /** Observations of the field since a found value was first seen, that one included. */
  sinceAt(field: number, entry: number): number {
    return this.#page === undefined ? 0 : this.observations(field) - this.#page.f32[entry + 2];
  }

  isUsual(entry: number): boolean {
    return this.#page !== undefined && (this.#page.u32[entry + 3] & USUAL_BIT) !== 0;
  }

  /** True while a value that looked strange when it came has not yet earned trust over distinct days. */
  isSuspect(entry: number): boolean {
    if (this.#page === undefined) return false;
    const packed = this.#page.u32[entry + 3];
    return (packed & SUSPECT_BIT) !== 0 && daysOf(packed) < TRUST_DAYS;
  }

  /** True once for each found value: the caller then keeps its text. */
  wantsName(entry: number): boolean {
    if (entry < 0 || this.#page === undefined || (this.#page.u32[entry + 3] & NAMED_BIT) !== 0) return false;
    this.#page.u32[entry + 3] |= NAMED_BIT;
    return true;
  }

  /** True for a found value that is nothing new and not suspect: by far the most. */
  isKnown(entry: number): boolean {
    return entry >= 0 && !this.isSuspect(entry);
  }

  /**
   * `learn` of a value found at `entry`, without looking it up again; `key` is its `keyOf`. False when it no longer stands
   * there: learning another value of the same observation may have pushed it out.
   */
  learnAt(entry: number, key: number, lesson: Lesson): boolean {
    const page = this.#page;
    if (page === undefined || page.u32[entry] !== key) return false;
    page.f32[entry + 1] += 1;
    page.u32[entry + 3] = seenAgain(page.u32[entry + 3], lesson);
    if (page.f32[entry + 1] === VOUCHES_FROM) this.#vouch(entry, key);
    return true;
  }

  /** Counts one observation of a field. Call before `learn` of its values. */
  observe(field: number): void {
    const page = this.#page;
    if (page === undefined) return;
    const at = this.#word + field * 4;
    if (page.f32[at] >= COUNT_MAX) this.#halve(field);
    page.f32[at] += 1;
    if (field === CATEGORY.call && page.f32[at] % USUAL_EVERY === 0) this.#refreshUsual();
  }

  /**
   * Counts a value in the current observation; false when it is new and there is no room. `as` says how a new value was
   * judged.
   */
  learn(field: number, hash: number, lesson: Lesson, as: Newcomer = 'plain'): boolean {
    const page = this.#page;
    if (page === undefined) return false;
    const found = this.find(field, hash);
    if (found >= 0) {
      return this.learnAt(found, keyOf(field, hash), lesson);
    }
    this.#novelty(field, lesson.day, as !== 'plain');
    const key = keyOf(field, hash);
    const entry = this.#room(key);
    if (entry < 0) return false;
    const observations = this.observations(field);
    page.u32[entry] = key;
    page.f32[entry + 1] = 1;
    page.f32[entry + 2] = observations > 0 ? observations - 1 : 0;
    const bits = (as === 'suspect' ? SUSPECT_BIT : 0) | (lesson.training ? TRAINED_BIT : 0);
    page.u32[entry + 3] = ((lesson.day & 0xffff) << 16) | (1 << 10) | (field << 6) | bits;
    return true;
  }

  /** Keys of calls and destinations that became usual here, not as suspects, since this was last asked. */
  takeCreated(): readonly number[] {
    if (this.#created.length === 0) return NOTHING;
    const created = this.#created;
    this.#created = [];
    return created;
  }

  /**
   * Starts a block from what another knows, at reduced weight: a function from its namesake in another account, region
   * or preview. Shares stay as they are.
   */
  inherit(from: number, to: number): void {
    this.slab.copy(from, to);
    this.focus(to);
    const page = this.#page;
    if (page === undefined) return;
    this.#each((at) => {
      const observations = this.observations(fieldOf(page.u32[at + 3]));
      if (observations <= INHERITED_MAX) return;
      page.f32[at + 1] *= INHERITED_MAX / observations;
      page.f32[at + 2] *= INHERITED_MAX / observations;
    });
    for (const field of Object.values(CATEGORY)) {
      const at = this.#word + field * 4;
      page.f32[at] = Math.min(page.f32[at], INHERITED_MAX);
    }
  }

  /** Makes a value trusted (an operator said "expected"), or strange again. */
  setTrusted(field: number, hash: number, trusted: boolean): void {
    const entry = this.find(field, hash);
    if (entry < 0 || this.#page === undefined) return;
    const packed = this.#page.u32[entry + 3];
    this.#page.u32[entry + 3] = trusted
      ? (packed | TRAINED_BIT) & ~SUSPECT_BIT
      : (packed | SUSPECT_BIT) & ~TRAINED_BIT & ~(63 << 10);
  }

  /** Keys, counts and shares of a field's values, most frequent first. For reports; not for the hot path. */
  values(field: number): { key: number; count: number; share: number; usual: boolean }[] {
    const list: { key: number; count: number; share: number; usual: boolean }[] = [];
    this.#each((at) => {
      if (this.#page === undefined || fieldOf(this.#page.u32[at + 3]) !== field) return;
      const count = this.countAt(at);
      const since = Math.max(1, this.sinceAt(field, at));
      list.push({ key: this.#page.u32[at], count, share: Math.min(1, count / since), usual: this.isUsual(at) });
    });
    return list.sort((a, b) => b.count - a.count || a.key - b.key);
  }

  save(out: StateWriter): void {
    this.slab.save(out);
    out.u32Array(Uint32Array.from(this.#created));
  }

  load(from: StateReader): void {
    this.slab.load(from);
    this.#created = Array.from(from.u32Array());
    this.#page = undefined;
  }

  /** Lets an established value speak for itself elsewhere. What was seen on one day only speaks only if it was trained. */
  #vouch(entry: number, key: number): void {
    const packed = this.#page?.u32[entry + 3] ?? 0;
    const field = fieldOf(packed);
    const shared = field === CATEGORY.call || field === CATEGORY.destination;
    const trusted = (packed & TRAINED_BIT) !== 0 || daysOf(packed) >= TRUST_DAYS;
    if (shared && trusted && (packed & SUSPECT_BIT) === 0) this.#created.push(key);
  }

  /** First word of the set that half a key falls into. A key has two sets, so that the block fills up before one does. */
  #setOf(half: number): number {
    return this.#word + (HEADER_BYTES >> 2) + ((half * SETS) >>> 16) * WAYS * 4;
  }

  /**
   * Notes that a new value appeared. One that was judged strange is no proof that the entity changes, or a handful of
   * decoys would blind it; a day on which such values came is, from the next day on, like one new value.
   */
  #novelty(field: number, day: number, doubted: boolean): void {
    const page = this.#page;
    if (page === undefined || this.observations(field) <= 1) return;
    const at = this.#word + field * 4;
    const doubtedDay = page.u32[at + 2] >>> 16;
    const earlierDay = doubtedDay !== 0 && doubtedDay !== (day & 0x7fff) + 1;
    // One more stranger who changes things is no proof that strangers may, on whatever day.
    const counts = !doubted || (earlierDay && field !== CATEGORY.changer);
    if (counts) {
      page.f32[at + 1] = Math.min(COUNT_MAX, this.novelties(field, day) + 1);
      page.u32[at + 2] = ((page.u32[at + 2] & 0xffff_0000) | (day & 0xffff)) >>> 0;
    }
    if (doubted) page.u32[at + 2] = ((page.u32[at + 2] & 0xffff) | (((day & 0x7fff) + 1) << 16)) >>> 0;
  }

  /** A free entry for a key, or the weakest that may be pushed out, or -1. */
  #room(key: number): number {
    const page = this.#page;
    if (page === undefined) return -1;
    let weakest = -1;
    for (const from of [this.#setOf(key >>> 16), this.#setOf(key & 0xffff)]) {
      for (let at = from; at < from + WAYS * 4; at += 4) {
        if (page.u32[at] === 0) return at;
        if (keeps(page.u32[at + 3], page.f32[at + 1])) continue;
        if (weakest < 0 || page.f32[at + 1] < page.f32[weakest + 1]) weakest = at;
      }
    }
    return weakest;
  }

  /** Forgets half of a field's observations, so that its counts stay exact; rare values keep one. */
  #halve(field: number): void {
    const page = this.#page;
    if (page === undefined) return;
    page.f32[this.#word + field * 4] = COUNT_MAX / 2;
    this.#each((at) => {
      if (fieldOf(page.u32[at + 3]) !== field) return;
      page.f32[at + 1] = Math.max(1, Math.floor(page.f32[at + 1] / 2));
      page.f32[at + 2] = Math.floor(page.f32[at + 2] / 2);
    });
  }

  #refreshUsual(): void {
    const page = this.#page;
    if (page === undefined) return;
    let usual = 0;
    this.#each((at) => {
      if (fieldOf(page.u32[at + 3]) !== CATEGORY.call) return;
      const since = this.sinceAt(CATEGORY.call, at);
      const is = since >= USUAL_COUNT_MIN && page.f32[at + 1] >= USUAL_SHARE_MIN * since;
      page.u32[at + 3] = is ? page.u32[at + 3] | USUAL_BIT : page.u32[at + 3] & ~USUAL_BIT;
      if (is) usual++;
    });
    page.u32[this.#word + CATEGORY.call * 4 + 3] = usual;
  }

  #each(visit: (entry: number) => void): void {
    if (this.#page === undefined) return;
    const from = this.#word + (HEADER_BYTES >> 2);
    for (let at = from; at < from + SETS * WAYS * 4; at += 4) if (this.#page.u32[at] !== 0) visit(at);
  }
}

/** Key of a value within a block; also the key under which its text is remembered. Never 0. */
export function keyOf(field: number, hash: number): number {
  return mix32(hash ^ Math.imul(field + 1, 0x9e3779b1)) >>> 0 || 1;
}

/** True for an entry that newcomers may not push out: trusted or often seen. */
function keeps(packed: number, count: number): boolean {
  return (packed & TRAINED_BIT) !== 0 || daysOf(packed) >= TRUST_DAYS || count >= HELD_COUNT_MIN;
}

function daysOf(packed: number): number {
  return (packed >>> 10) & 63;
}

function fieldOf(packed: number): number {
  return (packed >>> 6) & 15;
}

function seenAgain(packed: number, lesson: Lesson): number {
  const sameDay = packed >>> 16 === (lesson.day & 0xffff);
  const days = Math.min(63, daysOf(packed) + (sameDay ? 0 : 1));
  const bits = lesson.training ? (packed & 63 & ~SUSPECT_BIT) | TRAINED_BIT : packed & 63;
  return (((lesson.day & 0xffff) << 16) | (days << 10) | (fieldOf(packed) << 6) | bits) >>> 0;
}
