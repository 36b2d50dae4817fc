import { CALLS_PER_ROW_MAX, FUNCTIONS_MAX } from '../base/limits.ts';
import { Slab } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { CallModel } from '../sequences/call-model.ts';

/** Counts of one function's call model. */
const SLOTS = 512;
/** Bins of the surprise of whole invocations, four a decade, and of their numbers of calls. */
const SURPRISES = 32;
const BINS_PER_DECADE = 4;
const LENGTHS = 32;
/** Numbers of calls up to this one have a bin each; from there on each bin is a fifth larger. */
const EXACT_LENGTH = 12;
const LENGTH_GROWTH = 1.2;
/** Invocations after which half of everything is forgotten. */
const MEMORY = 8192;
/** Places in a block, in 16-bit words after the keys. */
const COUNTS_AT = SLOTS * 2;
const SURPRISES_AT = COUNTS_AT + SLOTS;
const LENGTHS_AT = SURPRISES_AT + SURPRISES;
const TOTAL_AT = LENGTHS_AT + LENGTHS;
/** Invocations like the one before since one of them was learned, and the shape of the one learned last (two words). */
const ALIKE_AT = TOTAL_AT + 1;
const SHAPE_AT = TOTAL_AT + 2;
const BLOCK_BYTES = 2 * (TOTAL_AT + 4);

/** How usual an invocation's calls are. */
export interface FlowRarity {
  /** Decades of rarity of a surprise as large, and of as many calls, by the function's own record. */
  readonly surprise: number;
  readonly length: number;
  /** Invocations the record rests on. */
  readonly count: number;
}

/**
 * The order and number of calls of each function: a call model, and histograms of how surprising whole invocations are and how many calls
 * they make, in a block of 3.2 KB. A surprise is judged by the function's own record, so that a function whose order varies is not
 * strange for it.
 */
export class Flows {
  readonly model = new CallModel();
  /** The sequence at hand, as the model knows tokens: to be filled before `surprises` and `learn`. */
  readonly tokens = new Uint32Array(CALLS_PER_ROW_MAX);
  readonly #surprises = new Float64Array(CALLS_PER_ROW_MAX + 1);
  readonly #slab = new Slab(BLOCK_BYTES, FUNCTIONS_MAX);
  readonly #memory = { keys: new Uint32Array(0), counts: new Uint16Array(0), keysAt: 0, countsAt: 0, slots: SLOTS };
  #u16 = new Uint16Array(0);
  #at = 0;
  #id = 0;

  get bytes(): number {
    return this.#slab.bytes;
  }

  alloc(): number {
    return this.#slab.alloc();
  }

  free(id: number): void {
    this.#slab.free(id);
  }

  /** Points at a block; 0 for none. */
  focus(id: number): void {
    this.#id = id;
    if (id === 0) return;
    const page = this.#slab.pages[id >>> this.#slab.shift];
    const byte = (id & this.#slab.mask) * BLOCK_BYTES;
    this.#u16 = page.u16;
    this.#at = byte >> 1;
    this.#memory.keys = page.u32;
    this.#memory.counts = page.u16;
    this.#memory.keysAt = byte >> 2;
    this.#memory.countsAt = this.#at + COUNTS_AT;
    this.model.at(this.#memory);
  }

  /** True when the function in focus has a block. */
  get ready(): boolean {
    return this.#id !== 0;
  }

  /** True when an invocation has the calls of the one learned last, in the same order. */
  isAlike(shape: number): boolean {
    if (this.#id === 0) return false;
    const at = this.#at + SHAPE_AT;
    return this.#u16[at] === (shape & 0xffff) && this.#u16[at + 1] === shape >>> 16;
  }

  /** Counts one that is alike; true for one in `stride`. */
  turn(stride: number): boolean {
    const at = this.#at + ALIKE_AT;
    this.#u16[at] = (this.#u16[at] + 1) % stride;
    return this.#u16[at] === 0;
  }

  /** Decades of surprise of each step of the sequence at hand, `count` tokens and its end. Overwritten by the next call. */
  surprises(count: number): Float64Array {
    this.model.surprises(this.tokens, count, this.#surprises);
    return this.#surprises;
  }

  /** Invocations learned and not forgotten. */
  get count(): number {
    return this.#id === 0 ? 0 : this.#u16[this.#at + TOTAL_AT];
  }

  /** How rare a surprise and a number of calls are. */
  rarity(surprise: number, calls: number): FlowRarity {
    const { count } = this;
    const beyond = (from: number, bin: number, bins: number) => {
      let mass = 0;
      for (let at = bin; at < bins; at++) mass += this.#u16[this.#at + from + at];
      return Math.log10((count + 1) / (mass + 0.5));
    };
    return {
      surprise: Math.max(0, beyond(SURPRISES_AT, surpriseBin(surprise), SURPRISES)),
      length: Math.max(0, beyond(LENGTHS_AT, lengthBin(calls), LENGTHS)),
      count,
    };
  }

  /** Largest surprise of an invocation, as far as bins tell. */
  get highestSurprise(): number {
    for (let bin = SURPRISES - 1; bin >= 0; bin--) {
      if (this.#u16[this.#at + SURPRISES_AT + bin] > 0) return (bin + 1) / BINS_PER_DECADE;
    }
    return 0;
  }

  /** Most calls of an invocation, as far as bins tell. */
  get mostCalls(): number {
    for (let bin = LENGTHS - 1; bin >= 0; bin--) if (this.#u16[this.#at + LENGTHS_AT + bin] > 0) return lengthOf(bin);
    return 0;
  }

  /** Learns the sequence at hand, as often as `times` says. */
  learn(of: { surprise: number; calls: number; times: number; shape: number }): void {
    if (this.#id === 0) return;
    const u16 = this.#u16;
    const at = this.#at;
    if (u16[at + TOTAL_AT] + of.times > MEMORY) {
      for (let word = at + SURPRISES_AT; word <= at + TOTAL_AT; word++) u16[word] >>= 1;
      this.model.halve();
    }
    u16[at + SURPRISES_AT + surpriseBin(of.surprise)] += of.times;
    u16[at + LENGTHS_AT + lengthBin(of.calls)] += of.times;
    u16[at + TOTAL_AT] += of.times;
    u16[at + SHAPE_AT] = of.shape & 0xffff;
    u16[at + SHAPE_AT + 1] = of.shape >>> 16;
    this.model.learn(this.tokens, of.calls, of.times);
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
}

function surpriseBin(surprise: number): number {
  return Math.min(SURPRISES - 1, Math.max(0, Math.floor(surprise * BINS_PER_DECADE)));
}

function lengthBin(calls: number): number {
  if (calls <= EXACT_LENGTH) return calls;
  const bin = EXACT_LENGTH + 1 + Math.floor(Math.log(calls / (EXACT_LENGTH + 1)) / Math.log(LENGTH_GROWTH));
  return Math.min(LENGTHS - 1, bin);
}

/** Largest number of calls of a bin. */
function lengthOf(bin: number): number {
  if (bin <= EXACT_LENGTH) return bin;
  return Math.floor((EXACT_LENGTH + 1) * Math.exp((bin - EXACT_LENGTH) * Math.log(LENGTH_GROWTH)) - 1e-9);
}
