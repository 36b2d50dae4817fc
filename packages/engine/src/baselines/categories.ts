import { bringLinked, keepLinked } from '../base/linked-blocks.ts';
import { NO_PAGE, Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { FIELDS_OF_FUNCTIONS, faded, INHERITED_MAX } from './carried-over.ts';
import { CATEGORY, type CategoryValue, keyBits, keyOf, type Lesson, type Newcomer } from './category.ts';
import { KeyQueue } from './key-queue.ts';
import type { FunctionStore } from './stores.ts';
import {
  daysOf,
  fieldOf,
  NAMED_BIT,
  SUSPECT_BIT,
  seenAgain,
  seenFirst,
  TRAINED_BIT,
  TRUST_DAYS,
  USUAL_BIT,
  WITHOUT_DAYS,
} from './value-bits.ts';

/** Fields of functions, of their traits and of other entities share places in a block: no block has two of them. */
const PLACE_OF = Uint8Array.of(0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 0, 1, 2, 3, 0, 1, 2);

// A block, in words: four for each of five fields, the id of a block with more values, the keys and then the counts of
// the values that came first.
const FIELD_WORDS = 4;
const MORE = 20;
/** Shape of the latest observation; while it is the habit, the values it counts (see `HABIT`), and how far it is. */
const SHAPE = 21;
const SHAPE_VALUES = 22;
/** `model day:16 | observations it may still count:8 | observations not yet added:8`. */
const SHAPE_COUNTS = 23;
const KEYS = 24;
const VALUES = 26;
const COUNTS = KEYS + VALUES;
/** Words of what is counted of a value: observations, observations of the field before it, packed bits. */
const COUNT_WORDS = 3;
/** Bytes of a block. */
export const CATEGORY_BLOCK_BYTES = (COUNTS + VALUES * COUNT_WORDS) * 4;
// A block with more values: keys in sets, then counts.
const SETS = 12;
const WAYS = 8;
const MORE_COUNTS = SETS * WAYS;
const MORE_BYTES = MORE_COUNTS * (1 + COUNT_WORDS) * 4;
/** Values an entity remembers. */
export const CATEGORY_VALUES_MAX = VALUES + SETS * WAYS;
/** Counts of a field are halved here, long before 32-bit floats no longer see +1; shares stay as they are. */
const COUNT_MAX = 8_388_608;
/** Model days are kept modulo 2^15, beside one bit. */
const DAY_MASK = 0x7fff;
/** The latest novelty fell into a training span: what is kept is the sum over novelties of the observations before them. */
const SUMMED_BIT = 0x8000;
/** Observations between two looks at which calls are usual. */
const USUAL_EVERY = 32;
/** Observations before a call can be usual: 0.5/51 is the first rarity below 1 %. */
export const USUAL_COUNT_MIN = 50;
/** Share of invocations a usual call is part of. */
const USUAL_SHARE_MIN = 0.98;
/** Observations that make a value hard to evict. */
const HELD_COUNT_MIN = 8;
/** Observations from which a value may make others less surprised by it. */
const VOUCHES_FROM = 20;
/** Bits of the values of a habit beside those of the first values: which fields it observes. */
export const HABIT = { calls: 1 << VALUES, trigger: 1 << (VALUES + 1) } as const;
const HABIT_VALUES = (1 << VALUES) - 1;
/** Fields whose values a habit holds. */
const HABIT_FIELDS: readonly number[] = [CATEGORY.call, CATEGORY.destination, CATEGORY.trigger];
const HABIT_FIELD_BITS = HABIT_FIELDS.reduce((bits, field) => bits | (1 << field), 0);

/**
 * The values an entity has shown, per field: a bounded set of counted 32-bit hashes. The first 26 stand in one list, in 512
 * bytes that the processor reads fast; where there are more, a second block holds 96 others in sets of eight, two for each
 * value. There a newcomer may push out entries that are neither trusted nor often seen, so a flood of invented values cannot
 * make an entity forget. A value for which there is no room counts as a new one each time: an entity that shows more
 * values than that is one that changes all the time. One instance is a cursor over all entities: `focus` first.
 *
 * Found values are known by their number, which holds until the next `learn` or `focus`. Counted of each: observations
 * (f32), observations of the field when first seen (f32), packed `lastDay:16 | days:6 | field:5 | bits:5`.
 */
export class Categories implements FunctionStore {
  readonly #blocks: Slab;
  readonly #more: Slab;
  /** Block in focus, 0 when none is; its page and first word, and those of its block with more values. */
  #block = 0;
  #page: SlabPage = NO_PAGE;
  #word = 0;
  #morePage: SlabPage = NO_PAGE;
  #moreWord = 0;
  /** Where the next search starts: values tend to come in the order in which they were first seen. */
  #next = 0;
  /** The weakest value that a search for room met, -1 when none may be pushed out, and its count. */
  #weakest = -1;
  #weakestCount = 0;
  /** Keys of calls and destinations that became usual somewhere, not as suspects. */
  readonly created = new KeyQueue();
  /** Keys of values that were seen twenty times by now: their names are worth keeping. */
  readonly frequent = new KeyQueue();

  constructor(entitiesMax: number) {
    this.#blocks = new Slab(CATEGORY_BLOCK_BYTES, entitiesMax);
    this.#more = new Slab(MORE_BYTES, entitiesMax);
  }

  /** Entities with memory for values. */
  get used(): number {
    return this.#blocks.used;
  }

  /** Bytes of all blocks ever given. */
  get bytes(): number {
    return this.#blocks.bytes + this.#more.bytes;
  }

  /** Takes an empty block; 0 when there is no room. */
  alloc(): number {
    return this.#blocks.alloc();
  }

  /** Gives a block back. */
  free(block: number): void {
    this.focus(block);
    const more = this.#page.u32[this.#word + MORE];
    if (more !== 0) this.#more.free(more);
    this.#blocks.free(block);
    this.focus(0);
  }

  /** Reads a block, so that it is at hand soon: of one with a habit, what a habit needs. Block 0 is none. */
  touch(block: number): number {
    if (block === 0) return 0;
    const { pages, shift, mask } = this.#blocks;
    const counts = pages[block >>> shift].u32[(block & mask) * (CATEGORY_BLOCK_BYTES / 4) + SHAPE_COUNTS];
    return (counts & 0xff00) === 0 ? this.#blocks.touch(block) : counts;
  }

  /** Points at a block; 0 points at nothing: everything is unseen and nothing is learned. */
  focus(block: number): void {
    this.#block = block;
    if (block === 0) return;
    const { pages, shift, mask } = this.#blocks;
    this.#page = pages[block >>> shift];
    this.#word = (block & mask) * (CATEGORY_BLOCK_BYTES / 4);
    this.#next = 0;
    this.#focusMore(this.#page.u32[this.#word + MORE]);
  }

  /** Observations of a field so far. */
  observations(field: number): number {
    if (this.#block === 0) return 0;
    this.#settle(field);
    return this.#page.f32[this.#fieldWord(field)];
  }

  /**
   * True for the shape of an observation that showed exactly the values of the entity's habit: none is new, suspect or
   * missing, and `repeat` counts them all. One look at the head of the block, about 3 ns.
   */
  repeats(shape: number, day: number): boolean {
    if (this.#block === 0) return false;
    const { u32 } = this.#page;
    const counts = u32[this.#word + SHAPE_COUNTS];
    return u32[this.#word + SHAPE] === shape && (counts & 0xff00) !== 0 && counts >>> 16 === day;
  }

  /** Counts an observation that `repeats`. What it counts is added to its values when somebody looks at them. */
  repeat(): void {
    this.#page.u32[this.#word + SHAPE_COUNTS] += 1 - 0x100;
  }

  /** Notes the shape of an observation that was learned; true when the one before had it, too. */
  cameLast(shape: number): boolean {
    if (this.#block === 0) return false;
    const { u32 } = this.#page;
    if (u32[this.#word + SHAPE] === shape) return true;
    this.#settle(CATEGORY.call);
    u32[this.#word + SHAPE] = shape;
    u32[this.#word + SHAPE_COUNTS] = 0;
    return false;
  }

  /** True for a found value that a habit may hold: known, named, and past the count from which it vouches. */
  isOld(value: number, key: number, day: number): boolean {
    if (value < 0 || value >= VALUES || this.#keyAt(value) !== key || this.isSuspect(value)) return false;
    const packed = this.#page.u32[this.#wordOf(value) + 2];
    return (packed & NAMED_BIT) !== 0 && packed >>> 16 === (day & 0xffff) && this.countAt(value) >= VOUCHES_FROM;
  }

  /** Makes the shape that came last the habit: a bit for each of its values, and those of `HABIT`. */
  setHabit(values: number, day: number): void {
    const { u32 } = this.#page;
    this.#settle(CATEGORY.call);
    // The next look at which calls are usual, and the halving of counts, belong to an observation that is learned in full.
    const calls = (values & HABIT.calls) === 0 ? 0 : Math.floor(this.observations(CATEGORY.call)) % USUAL_EVERY;
    let most = 0;
    for (const field of HABIT_FIELDS) most = Math.max(most, this.observations(field));
    const left = most + USUAL_EVERY > COUNT_MAX ? 0 : USUAL_EVERY - 1 - calls;
    u32[this.#word + SHAPE_VALUES] = values;
    u32[this.#word + SHAPE_COUNTS] = ((day << 16) | (left << 8)) >>> 0;
  }

  /**
   * Times a new value appeared after the first observation, faded by half every seven model days. Of a training span, which
   * says in an hour what days would, they fade with every observation, too: what an entity showed at its beginning says
   * little about whether it still changes, what it showed at the end a lot.
   */
  novelties(field: number, day: number): number {
    if (this.#block === 0) return 0;
    const { f32, u32 } = this.#page;
    const at = this.#fieldWord(field);
    let novelties = f32[at + 1];
    if ((u32[at + 2] & SUMMED_BIT) !== 0) novelties /= Math.max(1, this.observations(field));
    return faded(novelties, Math.max(0, (day & DAY_MASK) - (u32[at + 2] & DAY_MASK)));
  }

  /** Number of usual calls (see `refreshUsual`). */
  get usualCount(): number {
    return this.#block === 0 ? 0 : this.#page.u32[this.#fieldWord(CATEGORY.call) + 3];
  }

  /** Number of a value, -1 when unseen. */
  find(field: number, hash: number): number {
    if (this.#block === 0) return -1;
    const key = keyBits(field, hash);
    const { u32 } = this.#page;
    const keys = this.#word + KEYS;
    this.#settle(field);
    let at = this.#next;
    for (; at < VALUES && (u32[keys + at] | 0) !== 0; at++) {
      if ((u32[keys + at] | 0) !== key) continue;
      this.#next = at + 1;
      return at;
    }
    const full = at === VALUES;
    for (at = 0; at < this.#next; at++) {
      if ((u32[keys + at] | 0) !== key) continue;
      this.#next = at + 1;
      return at;
    }
    return full && this.#moreWord >= 0 ? this.#findMore(key) : -1;
  }

  /** Observations a found value was part of. */
  countAt(value: number): number {
    return this.#pageOf(value).f32[this.#wordOf(value)];
  }

  /** Observations of the field since a found value was first seen, that one included. */
  sinceAt(field: number, value: number): number {
    return this.observations(field) - this.#pageOf(value).f32[this.#wordOf(value) + 1];
  }

  isUsual(value: number): boolean {
    return (this.#pageOf(value).u32[this.#wordOf(value) + 2] & USUAL_BIT) !== 0;
  }

  /** True while a value that looked strange when it came has not yet earned trust over distinct days. */
  isSuspect(value: number): boolean {
    const packed = this.#pageOf(value).u32[this.#wordOf(value) + 2];
    return (packed & SUSPECT_BIT) !== 0 && daysOf(packed) < TRUST_DAYS;
  }

  /** True once for each found value: the caller then keeps its text. */
  wantsName(value: number): boolean {
    if (value < 0) return false;
    const { u32 } = this.#pageOf(value);
    const at = this.#wordOf(value) + 2;
    if ((u32[at] & NAMED_BIT) !== 0) return false;
    u32[at] |= NAMED_BIT;
    return true;
  }

  /** True for a found value that is nothing new and not suspect: by far the most. */
  isKnown(value: number): boolean {
    return value >= 0 && !this.isSuspect(value);
  }

  /**
   * `learn` of a found value, without looking it up again; `key` is its `keyOf`. False when it no longer stands there:
   * learning another value of the same observation may have pushed it out.
   */
  learnAt(value: number, key: number, lesson: Lesson): boolean {
    if (this.#keyAt(value) !== key) return false;
    const { f32, u32 } = this.#pageOf(value);
    const at = this.#wordOf(value);
    f32[at] += 1;
    u32[at + 2] = seenAgain(u32[at + 2], lesson);
    if (f32[at] === VOUCHES_FROM) {
      this.#vouch(u32[at + 2], key);
      this.frequent.push(key);
    }
    return true;
  }

  /** Counts one observation of a field. Call before `learn` of its values. */
  observe(field: number): void {
    if (this.#block === 0) return;
    this.#settle(field);
    const { f32 } = this.#page;
    const at = this.#fieldWord(field);
    if (f32[at] >= COUNT_MAX) this.#halve(field);
    f32[at] += 1;
    if (field === CATEGORY.call && f32[at] % USUAL_EVERY === 0) this.#refreshUsual();
  }

  /**
   * Counts a value in the current observation; false when it is new and there is no room. `as` says how a new value was
   * judged.
   */
  learn(field: number, hash: number, lesson: Lesson, as: Newcomer = 'plain'): boolean {
    const found = this.find(field, hash);
    return found >= 0 ? this.learnAt(found, keyOf(field, hash), lesson) : this.add(field, hash, lesson, as);
  }

  /** `learn` of a value that is unseen. */
  add(field: number, hash: number, lesson: Lesson, as: Newcomer = 'plain'): boolean {
    if (this.#block === 0) return false;
    const key = keyOf(field, hash);
    this.#novelty(field, lesson, as !== 'plain');
    const value = this.#room(key);
    if (value < 0) return false;
    const page = this.#pageOf(value);
    const at = this.#wordOf(value);
    page.u32[this.#keyWord(value)] = key;
    page.f32[at] = 1;
    page.f32[at + 1] = Math.max(0, this.observations(field) - 1);
    page.u32[at + 2] = seenFirst(field, lesson, as === 'suspect');
    return true;
  }

  /**
   * Starts an empty block from what another knows, at reduced weight: a function from its namesake in another account,
   * region or preview. Shares stay as they are.
   */
  inherit(from: number, to: number): void {
    this.focus(from);
    this.#settle(CATEGORY.call);
    const source = this.#page.u32[this.#word + MORE];
    const more = source === 0 ? 0 : this.#more.alloc();
    if (more !== 0) this.#more.copy(source, more);
    this.#blocks.copy(from, to);
    this.focus(to);
    this.#page.u32[this.#word + MORE] = more;
    this.#endHabit();
    this.#focusMore(more);
    this.#each((value) => {
      const { f32, u32 } = this.#pageOf(value);
      const at = this.#wordOf(value);
      const observations = this.observations(fieldOf(u32[at + 2]));
      if (observations <= INHERITED_MAX) return;
      f32[at] *= INHERITED_MAX / observations;
      f32[at + 1] *= INHERITED_MAX / observations;
    });
    for (const field of FIELDS_OF_FUNCTIONS) {
      this.#recount(field, Math.min(this.observations(field), INHERITED_MAX));
    }
  }

  /** Makes a value trusted (an operator said "expected"), or strange again. */
  setTrusted(field: number, hash: number, trusted: boolean): void {
    const value = this.find(field, hash);
    if (value < 0) return;
    this.#endHabit();
    const { u32 } = this.#pageOf(value);
    const at = this.#wordOf(value) + 2;
    u32[at] = trusted ? (u32[at] | TRAINED_BIT) & ~SUSPECT_BIT : (u32[at] | SUSPECT_BIT) & ~TRAINED_BIT & WITHOUT_DAYS;
  }

  /** Keys, counts and shares of a field's values, most frequent first. For reports; not for the hot path. */
  values(field: number): CategoryValue[] {
    const list: CategoryValue[] = [];
    const all = Math.max(1, this.observations(field));
    this.#each((value) => {
      if (this.#fieldAt(value) !== field) return;
      const [count, since] = [this.countAt(value), Math.max(1, this.sinceAt(field, value))];
      const [usual, doubted] = [this.isUsual(value), this.isSuspect(value)];
      list.push({ key: this.#keyAt(value), count, share: Math.min(1, count / all), since, usual, doubted });
    });
    return list.sort((a, b) => b.count - a.count || a.key - b.key);
  }

  /** Writes a block, without its habit. */
  keep(block: number, out: StateWriter): void {
    this.#forgetHabit(block);
    keepLinked({ blocks: this.#blocks, more: this.#more, link: MORE }, block, out);
  }

  /** Puts what `keep` wrote into a block. */
  bring(block: number, from: StateReader): void {
    bringLinked({ blocks: this.#blocks, more: this.#more, link: MORE }, block, from);
    this.focus(block);
  }

  /** Habits are not saved: the counts are the same without them. */
  save(out: StateWriter): void {
    for (let block = 1; block < this.#blocks.end; block++) this.#forgetHabit(block);
    this.focus(0);
    this.#blocks.save(out);
    this.#more.save(out);
    this.created.save(out);
    this.frequent.save(out);
  }

  #forgetHabit(block: number): void {
    this.focus(block);
    this.#settle(CATEGORY.call);
    this.#page.u32.fill(0, this.#word + SHAPE, this.#word + SHAPE_COUNTS + 1);
  }

  load(from: StateReader): void {
    this.#blocks.load(from);
    this.#more.load(from);
    this.created.load(from);
    this.frequent.load(from);
    this.#block = 0;
  }

  /** Adds what the habit has counted, where a field's counts are asked for. One by one, as it would be without a habit. */
  #settle(field: number): void {
    const { u32, f32 } = this.#page;
    const counted = u32[this.#word + SHAPE_COUNTS] & 0xff;
    if (counted === 0 || ((1 << field) & HABIT_FIELD_BITS) === 0) return;
    u32[this.#word + SHAPE_COUNTS] -= counted;
    const values = u32[this.#word + SHAPE_VALUES];
    for (let left = counted; left > 0; left--) {
      for (let rest = values & HABIT_VALUES; rest !== 0; rest &= rest - 1) {
        f32[this.#wordOf(31 - Math.clz32(rest & -rest))] += 1;
      }
      if ((values & HABIT.calls) !== 0) {
        f32[this.#fieldWord(CATEGORY.call)] += 1;
        f32[this.#fieldWord(CATEGORY.destination)] += 1;
      }
      if ((values & HABIT.trigger) !== 0) f32[this.#fieldWord(CATEGORY.trigger)] += 1;
    }
  }

  /** Ends the habit, which must be settled. */
  #endHabit(): void {
    this.#page.u32[this.#word + SHAPE_COUNTS] = 0;
  }

  #focusMore(more: number): void {
    const { pages, shift, mask } = this.#more;
    this.#moreWord = more === 0 ? -1 : (more & mask) * (MORE_BYTES / 4);
    if (more !== 0) this.#morePage = pages[more >>> shift];
  }

  #findMore(key: number): number {
    const { u32 } = this.#morePage;
    const first = setOf(key >>> 16);
    for (let at = first; at < first + WAYS; at++) {
      const other = u32[this.#moreWord + at] | 0;
      if (other === key) return VALUES + at;
      // Values are replaced but never taken out: the second set is used only while the first one is full.
      if (other === 0) return -1;
    }
    const second = setOf(key & 0xffff);
    for (let at = second; at < second + WAYS; at++) if ((u32[this.#moreWord + at] | 0) === key) return VALUES + at;
    return -1;
  }

  /** First word of a field. */
  #fieldWord(field: number): number {
    return this.#word + PLACE_OF[field] * FIELD_WORDS;
  }

  /** Page of a value. */
  #pageOf(value: number): SlabPage {
    return value < VALUES ? this.#page : this.#morePage;
  }

  /** First word of what is counted of a value. */
  #wordOf(value: number): number {
    return value < VALUES
      ? this.#word + COUNTS + value * COUNT_WORDS
      : this.#moreWord + MORE_COUNTS + (value - VALUES) * COUNT_WORDS;
  }

  #keyWord(value: number): number {
    return value < VALUES ? this.#word + KEYS + value : this.#moreWord + value - VALUES;
  }

  #keyAt(value: number): number {
    return this.#pageOf(value).u32[this.#keyWord(value)];
  }

  #fieldAt(value: number): number {
    return fieldOf(this.#pageOf(value).u32[this.#wordOf(value) + 2]);
  }

  /** Lets an established value speak for itself elsewhere. What was seen on one day only speaks only if it was trained. */
  #vouch(packed: number, key: number): void {
    const field = fieldOf(packed);
    const shared = field === CATEGORY.call || field === CATEGORY.destination;
    const trusted = (packed & TRAINED_BIT) !== 0 || daysOf(packed) >= TRUST_DAYS;
    if (shared && trusted && (packed & SUSPECT_BIT) === 0) this.created.push(key);
  }

  /**
   * Notes that a new value appeared. One that was judged strange is no proof that the entity changes, or a handful of
   * decoys would blind it; a day on which such values came is, from the next day on, like one new value.
   */
  #novelty(field: number, lesson: Lesson, doubted: boolean): void {
    if (this.observations(field) <= 1) return;
    const { f32, u32 } = this.#page;
    const at = this.#fieldWord(field);
    const doubtedDay = u32[at + 2] >>> 16;
    const earlierDay = doubtedDay !== 0 && doubtedDay !== (lesson.day & DAY_MASK) + 1;
    // One more stranger who changes things is no proof that strangers may, on whatever day.
    const counts = !doubted || (earlierDay && field !== CATEGORY.changer);
    if (counts) {
      const novelties = this.novelties(field, lesson.day) + 1;
      f32[at + 1] = lesson.training ? novelties * this.observations(field) : Math.min(COUNT_MAX, novelties);
      const summed = lesson.training ? SUMMED_BIT : 0;
      u32[at + 2] = ((u32[at + 2] & 0xffff_0000) | summed | (lesson.day & DAY_MASK)) >>> 0;
    }
    if (doubted) u32[at + 2] = ((u32[at + 2] & 0xffff) | (((lesson.day & DAY_MASK) + 1) << 16)) >>> 0;
  }

  /** A free number for a key, or that of the weakest value it may push out, or -1. */
  #room(key: number): number {
    if (this.#moreWord < 0) {
      for (let value = 0; value < VALUES; value++) if (this.#keyAt(value) === 0) return value;
      const more = this.#more.alloc();
      this.#page.u32[this.#word + MORE] = more;
      this.#focusMore(more);
    }
    if (this.#moreWord < 0) return -1;
    this.#weakest = -1;
    this.#weakestCount = HELD_COUNT_MIN;
    let room = this.#roomInSet(setOf(key >>> 16));
    if (room < 0) room = this.#roomInSet(setOf(key & 0xffff));
    return room >= 0 ? room : this.#weakest;
  }

  /**
   * A free number in a set, or -1. Notes the weakest value met so far that newcomers may push out: neither trusted nor
   * often seen.
   */
  #roomInSet(first: number): number {
    const { u32, f32 } = this.#morePage;
    for (let at = first; at < first + WAYS; at++) {
      if (u32[this.#moreWord + at] === 0) return VALUES + at;
      const counts = this.#moreWord + MORE_COUNTS + at * COUNT_WORDS;
      const packed = u32[counts + 2];
      const count = f32[counts];
      if (count >= this.#weakestCount || (packed & TRAINED_BIT) !== 0 || daysOf(packed) >= TRUST_DAYS) continue;
      this.#weakest = VALUES + at;
      this.#weakestCount = count;
    }
    return -1;
  }

  /** Forgets half of a field's observations, so that its counts stay exact; rare values keep one. */
  #halve(field: number): void {
    this.#endHabit();
    this.#recount(field, COUNT_MAX / 2);
    this.#each((value) => {
      if (this.#fieldAt(value) !== field) return;
      const { f32 } = this.#pageOf(value);
      const at = this.#wordOf(value);
      f32[at] = Math.max(1, Math.floor(f32[at] / 2));
      f32[at + 1] = Math.floor(f32[at + 1] / 2);
    });
  }

  /** Sets the observations of a field; its novelties stay as many. */
  #recount(field: number, observations: number): void {
    const { f32, u32 } = this.#page;
    const at = this.#fieldWord(field);
    if ((u32[at + 2] & SUMMED_BIT) !== 0 && f32[at] > 0) f32[at + 1] *= observations / f32[at];
    f32[at] = observations;
  }

  #refreshUsual(): void {
    let usual = 0;
    this.#each((value) => {
      if (this.#fieldAt(value) !== CATEGORY.call) return;
      const since = this.sinceAt(CATEGORY.call, value);
      const is = since >= USUAL_COUNT_MIN && this.countAt(value) >= USUAL_SHARE_MIN * since;
      const { u32 } = this.#pageOf(value);
      const at = this.#wordOf(value) + 2;
      u32[at] = is ? u32[at] | USUAL_BIT : u32[at] & ~USUAL_BIT;
      if (is) usual++;
    });
    this.#endHabit();
    this.#page.u32[this.#fieldWord(CATEGORY.call) + 3] = usual;
  }

  #each(visit: (value: number) => void): void {
    if (this.#block === 0) return;
    const values = this.#moreWord < 0 ? VALUES : CATEGORY_VALUES_MAX;
    for (let value = 0; value < values; value++) if (this.#keyAt(value) !== 0) visit(value);
  }
}

/** First place of the set that half a key falls into. A key has two sets, so that the block fills up before one does. */
function setOf(half: number): number {
  return ((half * SETS) >>> 16) * WAYS;
}
