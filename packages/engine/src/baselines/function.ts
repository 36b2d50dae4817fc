import type { Names } from '../base/names.ts';
import type { Family } from '../event/finding.ts';
import { FAMILIES } from '../event/finding.ts';
import type { Clock } from '../features/clock.ts';
import { TIMER_GROUP } from '../features/groups.ts';
import type { Categories } from './categories.ts';
import type { Lesson } from './category.ts';
import { keyOf } from './category.ts';
import type { Directory } from './directory.ts';
import { type Drifts, PARTS_OF_DAY } from './drifts.ts';
import type { Flows } from './flows.ts';
import { HEAD } from './functions.ts';
import type { MetricStore } from './metrics.ts';
import type { RateMinute, RateStore } from './rates.ts';
import type { Spending } from './spending.ts';
import type { FunctionStores } from './stores.ts';
import type { Volumes } from './volumes.ts';

/** Bit of a family in the `held` words. */
export const FAMILY_BIT: { readonly [K in Family]: number } = Object.fromEntries(
  FAMILIES.map((family, at) => [family, 1 << at]),
) as { readonly [K in Family]: number };

/** Calls before a function gets memory for its rate. */
const RATE_CALLS = 3;

/** Word of the head that holds the id of the block in each store. */
const BLOCK_WORD = { sent: HEAD.egress, read: HEAD.data, traits: HEAD.shape } as const;

/**
 * What a detector of stage 1 may know of the function at hand: its learned normal. One object is pointed at each
 * function in turn (`focus`), so detectors must not keep it.
 */
export class FunctionBaselines {
  readonly metrics: MetricStore;
  readonly categories: Categories;
  /** What it sent, by destination; what it read, by store. */
  readonly sent: Volumes;
  readonly read: Volumes;
  /** Values of its events, of stores and what it does to them, and of what it leaves behind. */
  readonly traits: Categories;
  /** How many calls it gets. */
  readonly rates: RateStore;
  readonly flows: Flows;
  readonly drifts: Drifts;
  readonly spending: Spending;
  readonly names: Names;
  /** Hash of the principal kind `person`: joined records have no texts. */
  readonly person: number;
  /** Hash of the status of success. */
  readonly ok: number;
  readonly #functions: Directory;
  readonly #clock: Clock;
  #partSecond = -1;
  /** The function at hand. */
  #id = 0;
  /** Block of this observation's revision and cold or warm class in `metrics`, 0 while there is none. */
  metricBlock = 0;
  /** Invocations closed before this one. */
  invocations = 0;
  /** Invocations since the revision changed. */
  sinceRevision = 0;
  lesson: Lesson = { day: 0, training: false };
  /** Part of the model day (`PARTS_OF_DAY`), counted from the origin. */
  part = 0;
  /** Bits of the families whose learn gate is closed. */
  gate = 0;

  constructor(parts: {
    readonly functions: Directory;
    readonly clock: Clock;
    readonly metrics: MetricStore;
    readonly categories: Categories;
    readonly stores: FunctionStores;
    readonly names: Names;
    readonly person: number;
    readonly ok: number;
  }) {
    this.#functions = parts.functions;
    this.#clock = parts.clock;
    this.metrics = parts.metrics;
    this.categories = parts.categories;
    this.sent = parts.stores.sent;
    this.read = parts.stores.read;
    this.traits = parts.stores.traits;
    this.rates = parts.stores.rates;
    this.flows = parts.stores.flows;
    this.drifts = parts.stores.drifts;
    this.spending = parts.stores.spending;
    this.names = parts.names;
    this.person = parts.person;
    this.ok = parts.ok;
  }

  /** Points at a function; `block` holds the metrics of the revision and class at hand. */
  focus(id: number, block: number, second: number): void {
    const { u32 } = this.#functions.page(id);
    const word = this.#functions.word(id);
    this.#id = id;
    this.metricBlock = block;
    if (second !== this.#partSecond) {
      this.#partSecond = second;
      this.part = this.#clock.partOf(second, PARTS_OF_DAY);
    }
    this.invocations = u32[word + HEAD.closed];
    this.sinceRevision = u32[word + HEAD.sinceRevision];
    this.gate = second < u32[word + HEAD.heldUntil] ? u32[word + HEAD.held] : 0;
    this.categories.focus(u32[word + HEAD.categories]);
    this.sent.focus(u32[word + HEAD.egress]);
    this.read.focus(u32[word + HEAD.data]);
    this.traits.focus(u32[word + HEAD.shape]);
    this.flows.focus(u32[word + HEAD.flows]);
    this.drifts.focus(u32[word + HEAD.drift]);
    this.spending.focus(u32[word + HEAD.spending]);
  }

  /**
   * Gives the function at hand memory in one of its stores when it has none; false while there is none to give, and for its first
   * invocation: most of what is invented never comes again.
   */
  grant(which: 'sent' | 'read' | 'traits'): boolean {
    const { u32 } = this.#functions.page(this.#id);
    const at = this.#functions.word(this.#id) + BLOCK_WORD[which];
    if (u32[at] !== 0) return true;
    if (u32[this.#functions.word(this.#id) + HEAD.closed] < 2) return false;
    return this.#make(BLOCK_WORD[which], this[which]);
  }

  /** Gives the function a block for slow changes, if it has none. */
  makeDrifts(): void {
    this.#make(HEAD.drift, this.drifts);
  }

  /** Gives the function a block for the order of its calls, if it has none. */
  makeFlows(): void {
    this.#make(HEAD.flows, this.flows);
  }

  /** Gives the function a block for what it costs, if it has none. */
  makeSpending(): void {
    this.#make(HEAD.spending, this.spending);
  }

  /**
   * Judges and learns the calls of a minute that ended at `second`; false while the function has no memory for it, which it gets
   * with its third call. What was found is `rates.verdict`.
   */
  closeRate(second: number, count: number, held: boolean): boolean {
    const { u32 } = this.#functions.page(this.#id);
    const word = this.#functions.word(this.#id);
    const minute = second / 60 - 1;
    if (u32[word + HEAD.rate] === 0) {
      if (u32[word + HEAD.closed] < RATE_CALLS) return false;
      u32[word + HEAD.rate] = this.rates.alloc(Math.min(minute, Math.floor(u32[word + HEAD.firstSecond] / 60)));
    }
    if (u32[word + HEAD.rate] === 0) return false;
    // Changes whenever a revision takes one of the two slots.
    const revision = (u32[word + HEAD.revisions] ^ u32[word + HEAD.revisions + 4]) >>> 0;
    const of: RateMinute = { minute, count, held, revision, timer: u32[word + HEAD.group] === TIMER_GROUP };
    this.rates.close(u32[word + HEAD.rate], of);
    return true;
  }

  /** True when `rates.verdict` is of this function and of the minute that ended at `second`. */
  ratesAt(second: number): boolean {
    const block = this.#functions.page(this.#id).u32[this.#functions.word(this.#id) + HEAD.rate];
    return block !== 0 && this.rates.judged === block && this.rates.verdict.minute === second / 60 - 1;
  }

  /** Function key. */
  get name(): string {
    return this.#functions.names[this.#id];
  }

  /** The learn gate: true while an incident about this family is open. What scores high is then not learned. */
  held(family: Family): boolean {
    return (this.gate & FAMILY_BIT[family]) !== 0;
  }

  /** Text of a value of a field, or its hash when the text is not kept. */
  text(field: number, hash: number): string {
    return this.names.get(keyOf(field, hash));
  }

  /** Short name for sentences: the last part of the key. */
  get shortName(): string {
    return shortNameOf(this.name);
  }

  /** Gives the function at hand a block in a store whose ids are at `word` of the head, and points at it; false when there is no room. */
  #make(word: number, store: { alloc(): number; focus(id: number): void }): boolean {
    const { u32 } = this.#functions.page(this.#id);
    const at = this.#functions.word(this.#id) + word;
    if (u32[at] === 0) {
      u32[at] = store.alloc();
      store.focus(u32[at]);
    }
    return u32[at] !== 0;
  }
}

/** Last part of a function key: what people call the function. */
export function shortNameOf(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1);
}
