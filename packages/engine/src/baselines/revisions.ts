import type { SlabPage } from '../base/slab.ts';
import { SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import type { Directory } from './directory.ts';
import { HEAD } from './functions.ts';
import type { MetricStore } from './metrics.ts';

/** Invocations before a function gets memory for metrics. Invented names rarely come so far. */
const PROVISIONAL_COUNT = 2;
/** Words of a revision slot: hash, observations, group of warm runs, group of cold runs. */
const SLOT = { hash: 0, observations: 1, warm: 2, cold: 3, words: 4 } as const;

/** Where the head of the function at hand is. */
export interface HeadPlace {
  readonly page: SlabPage;
  readonly word: number;
}

/**
 * The two revisions of a function that have metrics of their own, each with a group for warm and one for cold runs. A new
 * revision takes the slot used less, starting from what the other one knows at reduced weight; without a revision the first
 * slot serves.
 */
export class Revisions {
  /** The observation that was asked for last is of a revision that has learned nothing yet. */
  fresh = false;
  readonly #functions: Directory;
  readonly #metrics: MetricStore;

  constructor(functions: Directory, metrics: MetricStore) {
    this.#functions = functions;
    this.#metrics = metrics;
  }

  /** Group of metrics for the observation's revision and class, 0 while there is none; `learning` counts it and makes room. */
  groupOf(head: HeadPlace, seen: Observation, learning: boolean): number {
    const { u32 } = head.page;
    const at = head.word + HEAD.revisions;
    const revision = seen.symbols[SYMBOL.revision];
    let slot = at;
    this.fresh = false;
    if (revision !== 0 && u32[at] !== revision) {
      if (u32[at + SLOT.words] === revision) slot = at + SLOT.words;
      else if (learning) slot = this.#begin(u32, head.word, revision);
      else {
        slot = likelySlot(u32, at);
        this.fresh = u32[slot] !== 0;
      }
    }
    if (learning) u32[slot + SLOT.observations]++;
    const group = slot + (seen.cold ? SLOT.cold : SLOT.warm);
    if (u32[group] === 0 && learning && u32[head.word + HEAD.closed] > PROVISIONAL_COUNT) {
      u32[group] = this.#metrics.alloc();
      this.#inherit(u32[head.word + HEAD.namesake], group - slot, u32[group]);
    }
    return u32[group];
  }

  /** True when the function has changed its revision. */
  changed(head: HeadPlace): boolean {
    const { u32 } = head.page;
    const at = head.word + HEAD.revisions;
    return this.fresh || (u32[at] !== 0 && u32[at + SLOT.words] !== 0);
  }

  /** Gives the groups of a function back. */
  release(head: HeadPlace): void {
    const { u32 } = head.page;
    for (const slot of [0, SLOT.words]) {
      for (const which of [SLOT.warm, SLOT.cold]) {
        const group = u32[head.word + HEAD.revisions + slot + which];
        if (group !== 0) this.#metrics.free(group);
      }
    }
  }

  /** Starts an empty group from the namesake's: `which` is the place of the group in a slot. */
  #inherit(namesake: number, which: number, group: number): void {
    if (namesake === 0 || group === 0) return;
    const { u32 } = this.#functions.page(namesake);
    const slot = likelySlot(u32, this.#functions.word(namesake) + HEAD.revisions);
    if (u32[slot + which] !== 0) this.#metrics.inherit(u32[slot + which], group);
  }

  #begin(u32: Uint32Array, word: number, revision: number): number {
    const at = word + HEAD.revisions;
    if (u32[at] === 0 && u32[at + SLOT.words] === 0) {
      u32[at] = revision;
      return at;
    }
    const used = likelySlot(u32, at);
    const slot = used === at ? at + SLOT.words : at;
    for (const which of [SLOT.warm, SLOT.cold]) {
      if (u32[slot + which] !== 0) this.#metrics.free(u32[slot + which]);
      u32[slot + which] = 0;
      if (u32[used + which] === 0) continue;
      u32[slot + which] = this.#metrics.alloc();
      if (u32[slot + which] !== 0) this.#metrics.inherit(u32[used + which], u32[slot + which]);
    }
    u32[slot] = revision;
    u32[slot + SLOT.observations] = 0;
    u32[word + HEAD.sinceRevision] = 0;
    return slot;
  }
}

/** Slot whose experience judges a revision that has none yet: the one used most. */
export function likelySlot(u32: Uint32Array, at: number): number {
  return u32[at + SLOT.words + SLOT.observations] > u32[at + SLOT.observations] ? at + SLOT.words : at;
}
