import { FUNCTIONS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Categories } from './categories.ts';
import { Drifts } from './drifts.ts';
import { Flows } from './flows.ts';
import { HEAD } from './functions.ts';
import { RateStore } from './rates.ts';
import { Spending } from './spending.ts';
import { Volumes } from './volumes.ts';

/** Places of which amounts are kept for each function, the fixed ones of `volumes.ts` included. */
const SENT_SLOTS = 10;
const READ_SLOTS = 8;

/** Blocks of state of one family, one for each function that needs it. Id 0 means none. */
export interface FunctionStore {
  /** Bytes reserved. */
  readonly bytes: number;
  /** Gives a block back. */
  free(id: number): void;
  save(out: StateWriter): void;
  load(from: StateReader): void;
}

/** A store whose blocks can be put back to what they were (`FunctionCopies`). */
export interface CopiedStore extends FunctionStore {
  /** Takes an empty block; 0 when there is no room. */
  alloc(): number;
  /** Writes what one block holds, and whatever belongs to it; `bring` puts it into another block, and forgets what that one held. */
  keep(id: number, out: StateWriter): void;
  bring(id: number, from: StateReader): void;
}

/**
 * The stores whose blocks a function holds by an id in its head, beside its categories and metrics. What is listed in `all` is
 * saved, loaded, counted, and given back when the function is pushed out.
 */
export class FunctionStores {
  /** How many calls functions get. */
  readonly rates = new RateStore(FUNCTIONS_MAX);
  readonly flows = new Flows();
  readonly drifts = new Drifts();
  readonly spending = new Spending();
  /** What functions send, by destination. */
  readonly sent = new Volumes(FUNCTIONS_MAX, SENT_SLOTS);
  /** What they read, by store. */
  readonly read = new Volumes(FUNCTIONS_MAX, READ_SLOTS);
  /** Values of their events, of stores and what they do to them, and of what they leave behind. */
  readonly traits = new Categories(FUNCTIONS_MAX);
  /** Those that a roll-back puts back: not what counts minutes, for which the time between would be silence. */
  readonly copied: readonly { readonly word: number; readonly store: CopiedStore }[] = [
    { word: HEAD.flows, store: this.flows },
    { word: HEAD.drift, store: this.drifts },
    { word: HEAD.spending, store: this.spending },
    { word: HEAD.egress, store: this.sent },
    { word: HEAD.data, store: this.read },
    { word: HEAD.shape, store: this.traits },
  ];

  /** Each store with the word of the head that holds its id. The order is part of saved state. */
  readonly all: readonly { readonly word: number; readonly store: FunctionStore }[] = [
    { word: HEAD.rate, store: this.rates },
    ...this.copied,
  ];

  get bytes(): number {
    return this.all.reduce((sum, { store }) => sum + store.bytes, 0);
  }

  /** Gives back all blocks of a function whose head begins at `head`. */
  release(u32: Uint32Array, head: number): void {
    for (const { word, store } of this.all) {
      const id = u32[head + word];
      if (id !== 0) store.free(id);
    }
  }

  save(out: StateWriter): void {
    for (const { store } of this.all) store.save(out);
  }

  load(from: StateReader): void {
    for (const { store } of this.all) store.load(from);
  }
}
