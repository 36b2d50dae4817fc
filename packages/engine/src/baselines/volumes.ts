import { NO_PAGE, Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { AnchoredCusum, CUSUM_WORDS } from '../stats/anchored-cusum.ts';
import { PEAK_WORDS, PeakTail } from '../stats/peak-tail.ts';
import type { Lesson } from './category.ts';
import type { FunctionStore } from './stores.ts';

/** Slots that every block has, before those of destinations or stores. */
export const SLOT = {
  /** All bytes of an invocation. */
  total: 0,
  /** Sent: bytes of the response. Read: calls that read. */
  second: 1,
  /** Sent: characters carried in names of hosts. Read: records of the batch that fired it. */
  names: 2,
} as const;
/** Number of the first slot that belongs to a place. */
export const PLACES_FROM = 3;

// The head of a block, in words.
const DAY = 0;
const INVOCATIONS = 1;
/** Bits of the slots whose day was closed and not judged yet. */
const PENDING = 2;
const REVISED = 3;
const HOUR = 4;
const MAP = 5;
const MAP_WORDS = 4;
const STAGED = 9;
const STAGED_BEYOND = 10;
const STAGED_SECOND = 11;
const RECORDS = 12;
/** Records of distinct destinations in an hour and in an invocation, of /tmp, and of what one principal read in a day. */
export const RECORD = { hour: 0, invocation: 1, temporary: 2, principal: 3 } as const;
/** Principals of the current day: hash and bytes. */
const PRINCIPALS = RECORDS + 4 * PEAK_WORDS;
const PRINCIPALS_MAX = 6;
const HEAD_WORDS = PRINCIPALS + 2 * PRINCIPALS_MAX;

// A slot, in words.
const KEY = 0;
const TOUCHED = 1;
const TODAY = 2;
const TAIL = 4;
const DAY_TAIL = TAIL + PEAK_WORDS;
const CUSUM = DAY_TAIL + PEAK_WORDS;
const LAST_DAY = CUSUM + CUSUM_WORDS;
/** Bytes of the day that was closed last. */
const CLOSED = LAST_DAY + 1;
/** Sum of the day in which what is beyond the ordinary counts as if it were not: one large document is no slow drip. */
const ORDINARY = CLOSED + 1;
const SLOT_WORDS = ORDINARY + 2;

/** A place not met for so many days makes room for a new one; one met a few times does so on the next day. */
const IDLE_DAYS = 28;
const FEW = 8;
/** What is left of a record after a day: half after 28. */
const FADE = 0.975549;
const FADE_DAYS_MAX = 64;
/** Decades beyond the record at which a value that makes a finding is learned: a change that lasts is news a few times. */
export const CLAIM_BEYOND = 2;

/**
 * A decade of rarity is at least 3.2 times the amount of an invocation: once in a while everybody handles something far larger
 * than ever. Sums of a day, and numbers of things, are steadier.
 */
const INVOCATION_EXCESS_MIN = 0.5;

/** How a value is to be learned. */
export interface AmountLesson {
  /** The learn gate: what is strange is not learned. */
  readonly held: boolean;
  readonly training: boolean;
}

/** Why something was not learned: all places taken; no memory. */
export type VolumeRefusal = 'crowded' | 'full';

/**
 * Amounts of a function by place (bytes sent to destinations, bytes read from stores), per invocation and per day: for each the
 * record of single invocations, the record of days, and an anchored sum of slow rises. Beside them what else is counted of
 * where bytes go: distinct destinations in an hour by linear counting (K.-Y. Whang et al. 1990) in 128 bits, what was put aside
 * in /tmp, and what single principals had read. One instance is a cursor over all functions: `focus` first; block 0 is empty.
 *
 * A new place takes a free slot or that of one long idle, never that of an established one; what finds no room is counted in
 * the total only, and in `refused`. Score first, then learn. 1,120 bytes with ten slots; about 60 ns an invocation.
 */
export class Volumes implements FunctionStore {
  readonly slots: number;
  readonly refused: { [K in VolumeRefusal]: number } = { crowded: 0, full: 0 };
  readonly #blocks: Slab;
  readonly #words: number;
  readonly #tail = new PeakTail(INVOCATION_EXCESS_MIN);
  readonly #dayTail = new PeakTail();
  readonly #record = new PeakTail();
  readonly #cusum = new AnchoredCusum();
  readonly #map = new Uint32Array(MAP_WORDS);
  #block = 0;
  #page: SlabPage = NO_PAGE;
  #word = 0;

  constructor(functionsMax: number, slots: number) {
    this.slots = slots;
    this.#words = HEAD_WORDS + slots * SLOT_WORDS;
    this.#blocks = new Slab(this.#words * 4, functionsMax);
  }

  get bytes(): number {
    return this.#blocks.bytes;
  }

  /** Takes an empty block; 0, counted, when there is no room. */
  alloc(): number {
    const block = this.#blocks.alloc();
    if (block === 0) this.refused.full++;
    return block;
  }

  free(block: number): void {
    this.#blocks.free(block);
    if (this.#block === block) this.#block = 0;
  }

  focus(block: number): void {
    this.#block = block;
    if (block === 0) return;
    this.#page = this.#blocks.pages[block >>> this.#blocks.shift];
    this.#word = (block & this.#blocks.mask) * this.#words;
  }

  /** False while nothing is known of the function. */
  get known(): boolean {
    return this.#block !== 0;
  }

  /** Slot of a place, -1 when it has none. */
  find(key: number): number {
    if (this.#block === 0) return -1;
    const { u32 } = this.#page;
    for (let slot = PLACES_FROM; slot < this.slots; slot++) if (u32[this.#slot(slot) + KEY] === key) return slot;
    return -1;
  }

  /** Key of the place in a slot, 0 when it is free. */
  keyAt(slot: number): number {
    return this.#page.u32[this.#slot(slot) + KEY];
  }

  /** Record of single invocations of a slot; valid until the next call. */
  tail(slot: number): PeakTail {
    return this.#tail.at(this.#page.f32, this.#slot(slot) + TAIL);
  }

  /** Record of days of a slot; valid until the next call. */
  dayTail(slot: number): PeakTail {
    return this.#dayTail.at(this.#page.f32, this.#slot(slot) + DAY_TAIL);
  }

  /** Sum of slow rises of a slot; valid until the next call. */
  cusum(slot: number): AnchoredCusum {
    return this.#cusum.at(this.#page.f32, this.#slot(slot) + CUSUM);
  }

  /** One of `RECORD`; valid until the next call. */
  record(which: number): PeakTail {
    return this.#record.at(this.#page.f32, this.#word + RECORDS + which * PEAK_WORDS);
  }

  /** Amount of a slot on model day `day` so far. */
  today(slot: number, day: number): number {
    if (this.#block === 0 || this.#page.u32[this.#word + DAY] !== day + 1) return 0;
    return this.#page.f64[(this.#slot(slot) + TODAY) >> 1];
  }

  /** Amount of a slot on the day that was closed last. */
  closed(slot: number): number {
    return this.#page.f32[this.#slot(slot) + CLOSED];
  }

  /** Invocations of model day `day` so far. */
  invocationsToday(day: number): number {
    return this.#block === 0 || this.#page.u32[this.#word + DAY] !== day + 1
      ? 0
      : this.#page.u32[this.#word + INVOCATIONS];
  }

  /** Takes the bits of slots whose day was closed since the last call. */
  takeClosed(): number {
    if (this.#block === 0) return 0;
    const { u32 } = this.#page;
    const bits = u32[this.#word + PENDING];
    u32[this.#word + PENDING] = 0;
    return bits;
  }

  /** Counts an invocation of a day, after closing the day before. `revised`: the first one of a new revision. */
  begin(lesson: Lesson, of: { readonly held: boolean; readonly revised: boolean }): void {
    const { u32 } = this.#page;
    const day = u32[this.#word + DAY];
    if (day !== lesson.day + 1) {
      if (day !== 0) this.#closeDay(lesson, { held: of.held, elapsed: lesson.day + 1 - day });
      u32[this.#word + DAY] = lesson.day + 1;
      u32[this.#word + INVOCATIONS] = 0;
      u32[this.#word + REVISED] = 0;
    }
    u32[this.#word + INVOCATIONS]++;
    if (of.revised) u32[this.#word + REVISED] = 1;
  }

  /** Learns an amount in a fixed slot. */
  learnFixed(slot: number, amount: number, as: AmountLesson): void {
    const at = this.#slot(slot);
    this.#page.u32[at + KEY] = 1;
    this.#learn(at, amount, as);
  }

  /** Learns an amount of a place; counted as refused when there is no room for a new one. */
  learnPlace(key: number, amount: number, as: AmountLesson): void {
    const found = this.find(key);
    const slot = found >= 0 || as.held ? found : this.#room(key);
    if (slot < 0) {
      this.refused.crowded++;
      return;
    }
    this.#learn(this.#slot(slot), amount, as);
  }

  /** Distinct destinations of hour `hour` so far if these were met, too; 0 when none of them is new in it. */
  distinctWith(hour: number, hashes: Uint32Array, count: number): number {
    if (this.#block === 0) return 0;
    const { u32 } = this.#page;
    const same = u32[this.#word + HOUR] === hour + 1;
    const map = this.#map;
    for (let word = 0; word < MAP_WORDS; word++) map[word] = same ? u32[this.#word + MAP + word] : 0;
    let fresh = false;
    for (let at = 0; at < count; at++) {
      if (hashes[at] === 0) continue;
      const place = placeInMap(hashes[at]);
      const bit = 1 << (place & 31);
      if ((map[place >>> 5] & bit) !== 0) continue;
      map[place >>> 5] |= bit;
      fresh = true;
    }
    return fresh ? distinctIn(map) : 0;
  }

  /** Counts the first destinations of a list in their hour, after closing the hour before; `held`: that one is not learned. */
  learnDistinct(hour: number, hashes: Uint32Array, of: { readonly count: number; readonly held: boolean }): void {
    const { u32 } = this.#page;
    const first = this.#word + MAP;
    if (u32[this.#word + HOUR] !== hour + 1) {
      const map = u32.subarray(first, first + MAP_WORDS);
      if (u32[this.#word + HOUR] !== 0) {
        learnAmount(this.record(RECORD.hour), distinctIn(map), { held: of.held, training: false });
      }
      map.fill(0);
      u32[this.#word + HOUR] = hour + 1;
    }
    for (let at = 0; at < of.count; at++) {
      if (hashes[at] === 0) continue;
      const place = placeInMap(hashes[at]);
      u32[first + (place >>> 5)] |= 1 << (place & 31);
    }
  }

  /** What was put aside in /tmp, when, and how far beyond the record that was. */
  get staged(): { readonly bytes: number; readonly beyond: number; readonly second: number } {
    const { f32, u32 } = this.#page;
    const at = this.#word;
    return { bytes: f32[at + STAGED], beyond: f32[at + STAGED_BEYOND], second: u32[at + STAGED_SECOND] };
  }

  /** Remembers what was put aside; 0 bytes forget it. */
  stage(bytes: number, beyond: number, second: number): void {
    const { f32, u32 } = this.#page;
    f32[this.#word + STAGED] = bytes;
    f32[this.#word + STAGED_BEYOND] = beyond;
    u32[this.#word + STAGED_SECOND] = second;
  }

  /** What a principal read on model day `day` so far; undercounted when there are more than six. */
  ofPrincipal(principal: number, day: number): number {
    if (this.#block === 0 || this.#page.u32[this.#word + DAY] !== day + 1) return 0;
    const { u32, f32 } = this.#page;
    for (let at = this.#word + PRINCIPALS; at < this.#word + HEAD_WORDS; at += 2) {
      if (u32[at] === principal) return f32[at + 1];
    }
    return 0;
  }

  /** Adds to what a principal read today. A newcomer takes the place of the one that read least. */
  addToPrincipal(principal: number, bytes: number): void {
    const { u32, f32 } = this.#page;
    let least = this.#word + PRINCIPALS;
    for (let at = least; at < this.#word + HEAD_WORDS; at += 2) {
      if (u32[at] === principal) {
        f32[at + 1] += bytes;
        return;
      }
      if (f32[at + 1] < f32[least + 1]) least = at;
    }
    if (u32[least] !== 0) this.#settlePrincipal(least);
    u32[least] = principal;
    f32[least + 1] = bytes;
  }

  keep(block: number, out: StateWriter): void {
    this.#blocks.keep(block, out);
  }

  bring(block: number, from: StateReader): void {
    this.#blocks.bring(block, from);
  }

  save(out: StateWriter): void {
    this.#blocks.save(out);
    out.f64(this.refused.crowded);
    out.f64(this.refused.full);
  }

  load(from: StateReader): void {
    this.#blocks.load(from);
    this.refused.crowded = from.f64();
    this.refused.full = from.f64();
    this.#block = 0;
  }

  #slot(slot: number): number {
    return this.#word + HEAD_WORDS + slot * SLOT_WORDS;
  }

  #learn(at: number, amount: number, as: AmountLesson): void {
    if (!(amount >= 0 && amount < Number.POSITIVE_INFINITY)) return;
    const { u32, f64, f32 } = this.#page;
    u32[at + TOUCHED]++;
    f64[(at + TODAY) >> 1] += amount;
    u32[at + LAST_DAY] = u32[this.#word + DAY];
    const tail = this.#tail.at(f32, at + TAIL);
    f64[(at + ORDINARY) >> 1] += tail.count < RECORD_COUNT_MIN ? amount : Math.min(amount, tail.ordinaryMax);
    learnAmount(tail, amount, as);
  }

  /** Slot for a new place, -1 when all are taken by established ones. */
  #room(key: number): number {
    const { u32, f32 } = this.#page;
    const day = u32[this.#word + DAY];
    for (let slot = PLACES_FROM; slot < this.slots; slot++) {
      const at = this.#slot(slot);
      const idle = day - u32[at + LAST_DAY];
      const free = u32[at + KEY] === 0 || idle > IDLE_DAYS || (idle > 0 && f32[at + TAIL] < FEW);
      if (!free) continue;
      u32.fill(0, at, at + SLOT_WORDS);
      u32[at + KEY] = key;
      return slot;
    }
    return -1;
  }

  #closeDay(lesson: Lesson, of: { readonly held: boolean; readonly elapsed: number }): void {
    const { u32, f32 } = this.#page;
    const fade = faded(of.elapsed);
    for (let slot = 0; slot < this.slots; slot++) {
      const at = this.#slot(slot);
      if (u32[at + KEY] === 0) continue;
      if (u32[at + TOUCHED] > 0 && this.#closeSlot(at, { ...lesson, held: of.held })) {
        u32[this.#word + PENDING] |= 1 << slot;
      }
      this.#tail.at(f32, at + TAIL).fade(fade);
      this.#dayTail.at(f32, at + DAY_TAIL).fade(fade);
    }
    for (const which of Object.values(RECORD)) this.record(which).fade(fade);
    for (let at = this.#word + PRINCIPALS; at < this.#word + HEAD_WORDS; at += 2) {
      if (u32[at] !== 0) this.#settlePrincipal(at);
    }
  }

  /** Closes the day of a slot; true when there is something to judge. */
  #closeSlot(at: number, as: AmountLesson): boolean {
    const { u32, f32, f64 } = this.#page;
    const amount = f64[(at + TODAY) >> 1];
    const invocations = Math.max(1, u32[this.#word + INVOCATIONS]);
    const cusum = this.#cusum.at(f32, at + CUSUM);
    const revised = u32[this.#word + REVISED] !== 0;
    const ordinary = f64[(at + ORDINARY) >> 1];
    const level = Math.log((ordinary + 1) / invocations);
    const excess = (expected: number) => ordinary - Math.exp(expected) * invocations;
    cusum.close(level, { held: as.held && !as.training, revised, excess });
    if (as.training) cusum.restart();
    learnAmount(this.#dayTail.at(f32, at + DAY_TAIL), amount, as);
    f32[at + CLOSED] = amount;
    f64[(at + TODAY) >> 1] = 0;
    f64[(at + ORDINARY) >> 1] = 0;
    u32[at + TOUCHED] = 0;
    return !as.training;
  }

  #settlePrincipal(at: number): void {
    const { u32, f32 } = this.#page;
    learnAmount(this.record(RECORD.principal), f32[at + 1], { held: false, training: false });
    u32[at] = 0;
    f32[at + 1] = 0;
  }
}

/** Values without which no record says anything. */
export const RECORD_COUNT_MIN = 20;

/**
 * Learns an amount behind the gate: what would be a finding is learned as if it had just not been one, and not at all while an
 * incident is open.
 */
export function learnAmount(tail: PeakTail, amount: number, as: AmountLesson): void {
  if (as.training || tail.count < RECORD_COUNT_MIN) {
    tail.learn(amount);
    return;
  }
  if (tail.beyond(amount) < 0) tail.learn(amount);
  else if (!as.held) tail.learn(Math.min(amount, tail.limit(CLAIM_BEYOND)));
}

function faded(days: number): number {
  let factor = 1;
  for (let left = Math.min(days, FADE_DAYS_MAX); left > 0; left--) factor *= FADE;
  return factor;
}

/** Place of a hash in the map of an hour. */
function placeInMap(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> 25;
}

/** Number of distinct values that set so many bits, by the share of bits that are still 0. */
function distinctIn(map: Uint32Array): number {
  let zeros = 0;
  for (const word of map) zeros += 32 - ones(word);
  const bits = MAP_WORDS * 32;
  return Math.round(bits * Math.log(bits / Math.max(zeros, 0.5)));
}

function ones(word: number): number {
  let left = word - ((word >>> 1) & 0x5555_5555);
  left = (left & 0x3333_3333) + ((left >>> 2) & 0x3333_3333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
