import { FUNCTIONS_MAX } from '../base/limits.ts';
import { Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';

/** Callers told apart within an hour. */
const CALLERS = 8;
/** Minutes of the window that spending is judged over. */
const WINDOW_MINUTES = 60;
/** Words of a block; 64-bit fields at even offsets. */
const WORD = {
  /** Minute since the origin of time that was closed last. */
  minute: 0,
  /** Hour whose callers are counted. */
  hour: 1,
  /** Hours learned. */
  hours: 2,
  /** Invocations of the hour with a known caller. */
  calls: 3,
  /** Most invocations one caller made in an hour, and its share of that hour's in 65,535ths, largest of all hours. */
  mostByOne: 4,
  shareByOne: 5,
  /** Largest spending of sixty minutes, of the hours learned, dollars. */
  record: 6,
  /** Largest spending of the hour at hand so far. */
  current: 8,
  /** The same of the hour before, which is not learned yet. */
  last: 10,
  callers: 12,
  spending: 12 + 2 * CALLERS,
} as const;
const BLOCK_BYTES = 4 * (WORD.spending + WINDOW_MINUTES);
/** Hours with fewer invocations say nothing about who makes them. */
const SHARE_CALLS_MIN = 50;
/** What is left of a record after an hour: half of it after a month. */
const RECORD_KEPT = 0.999;
/** Idle hours that count as seen at most: a week. */
const IDLE_HOURS_MAX = 168;

/** What a function's callers did in the hour at hand. */
export interface Concentration {
  /** Hash of the caller with most invocations. */
  readonly caller: number;
  readonly calls: number;
  readonly all: number;
}

/**
 * What functions cost and who makes them run, hour by hour, in a block of 352 bytes each. Spending is summed over the last sixty minutes; the
 * most of an hour enters the record when the next one is over, so that nothing is judged by itself. Callers are counted with eight counters an
 * hour (J. Misra, D. Gries, 1982): what one of them counts is never too much.
 */
export class Spending {
  readonly #slab = new Slab(BLOCK_BYTES, FUNCTIONS_MAX);
  #page: SlabPage | undefined = undefined;
  #word = 0;

  get bytes(): number {
    return this.#slab.bytes;
  }

  alloc(): number {
    return this.#slab.alloc();
  }

  free(id: number): void {
    this.#slab.free(id);
  }

  /** Points at a block; 0 for none: everything is then 0 and nothing is learned. */
  focus(id: number): void {
    this.#page = id === 0 ? undefined : this.#slab.pages[id >>> this.#slab.shift];
    this.#word = ((id & this.#slab.mask) * BLOCK_BYTES) >>> 2;
  }

  /** Counts an invocation by a caller. */
  called(caller: number): void {
    const u32 = this.#page?.u32;
    if (u32 === undefined) return;
    u32[this.#word + WORD.calls]++;
    const from = this.#word + WORD.callers;
    let free = -1;
    for (let at = from; at < from + 2 * CALLERS; at += 2) {
      if (u32[at] === caller) {
        u32[at + 1]++;
        return;
      }
      if (u32[at + 1] === 0) free = at;
    }
    if (free >= 0) {
      u32[free] = caller;
      u32[free + 1] = 1;
      return;
    }
    for (let at = from; at < from + 2 * CALLERS; at += 2) u32[at + 1]--;
  }

  /** Closes a minute in which the function cost `dollars`; `held` keeps what is learned as it is. */
  close(minute: number, dollars: number, held: boolean): void {
    const page = this.#page;
    if (page === undefined) return;
    const { u32, f32, f64 } = page;
    const word = this.#word;
    const before = u32[word + WORD.minute];
    const ring = word + WORD.spending;
    for (let passed = Math.max(before + 1, minute - WINDOW_MINUTES + 1); passed <= minute; passed++) {
      f32[ring + (passed % WINDOW_MINUTES)] = 0;
    }
    f32[ring + (minute % WINDOW_MINUTES)] += dollars;
    u32[word + WORD.minute] = minute;
    const hour = Math.floor(minute / 60);
    if (hour !== u32[word + WORD.hour]) this.#turn(hour, held);
    const current = (word + WORD.current) >> 1;
    f64[current] = Math.max(f64[current], this.hourly);
  }

  /** Dollars of the last sixty minutes. */
  get hourly(): number {
    const f32 = this.#page?.f32;
    if (f32 === undefined) return 0;
    let sum = 0;
    for (let at = 0; at < WINDOW_MINUTES; at++) sum += f32[this.#word + WORD.spending + at];
    return sum;
  }

  /** Hours that were learned. */
  get hours(): number {
    return this.#page?.u32[this.#word + WORD.hours] ?? 0;
  }

  /** Most dollars in sixty minutes, of the hours learned. */
  get record(): number {
    return this.#page?.f64[(this.#word + WORD.record) >> 1] ?? 0;
  }

  /** Most invocations one caller made in an hour, and the largest share of an hour, 0..1, of the hours learned. */
  get usual(): { readonly mostByOne: number; readonly shareByOne: number } {
    const u32 = this.#page?.u32;
    if (u32 === undefined) return { mostByOne: 0, shareByOne: 0 };
    return { mostByOne: u32[this.#word + WORD.mostByOne], shareByOne: u32[this.#word + WORD.shareByOne] / 65_535 };
  }

  /** The caller with most invocations in the hour at hand. */
  get concentration(): Concentration {
    const u32 = this.#page?.u32;
    if (u32 === undefined) return { caller: 0, calls: 0, all: 0 };
    const from = this.#word + WORD.callers;
    let most = from;
    for (let at = from; at < from + 2 * CALLERS; at += 2) if (u32[at + 1] > u32[most + 1]) most = at;
    return { caller: u32[most], calls: u32[most + 1], all: u32[this.#word + WORD.calls] };
  }

  keep(id: number, out: StateWriter): void {
    this.#slab.keep(id, out);
  }

  bring(id: number, from: StateReader): void {
    this.#slab.bring(id, from);
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
  }

  /** Ends an hour: what it showed becomes part of what is known, unless it is held. */
  #turn(hour: number, held: boolean): void {
    const page = this.#page;
    if (page === undefined) return;
    const { u32, f64 } = page;
    const word = this.#word;
    if (u32[word + WORD.hour] !== 0 && !held) {
      const { calls, all } = this.concentration;
      // Hours in which nothing ran were seen as well.
      u32[word + WORD.hours] += Math.min(IDLE_HOURS_MAX, hour - u32[word + WORD.hour]);
      u32[word + WORD.mostByOne] = Math.max(u32[word + WORD.mostByOne], calls);
      const share = all < SHARE_CALLS_MIN ? 0 : Math.round((65_535 * calls) / all);
      u32[word + WORD.shareByOne] = Math.max(u32[word + WORD.shareByOne], share);
      const record = (word + WORD.record) >> 1;
      f64[record] = Math.max(RECORD_KEPT * f64[record], f64[(word + WORD.last) >> 1]);
      f64[(word + WORD.last) >> 1] = f64[(word + WORD.current) >> 1];
    }
    u32[word + WORD.hour] = hour;
    u32[word + WORD.calls] = 0;
    u32.fill(0, word + WORD.callers, word + WORD.callers + 2 * CALLERS);
    f64[(word + WORD.current) >> 1] = 0;
  }
}
