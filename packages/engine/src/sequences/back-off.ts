import { mix32 } from '../base/hash.ts';

/** Steps of the past that the chance of the next one depends on. */
export const ORDER = 3;
/** What stands before the first step of a sequence. */
const START = 0x53746172;
/** The step after the last one. */
export const END = 0x456e6420;
/** Key of the empty sequence. */
const ROOT = 0x526f6f74;
// A set: keys of eight entries, their counts, and the times something new followed them.
const WAYS = 8;
const COUNTS = WAYS;
const KINDS = 2 * WAYS;
const SET_WORDS = 3 * WAYS;
/** Counts are halved here, long before 32-bit floats no longer see +1. */
const COUNT_MAX = 4_194_304;

/** Words of a model with so many sets of eight entries. */
export function wordsOf(sets: number): number {
  return sets * SET_WORDS;
}

/** Memory of models: one page of a slab, or any other. */
export interface ModelPage {
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
}

/**
 * Which step follows which: a back-off Markov model of order 3 with the estimate of I. Witten and T. Bell (1991): the chance of a
 * step after a context is (c(context, step) + T p)/(N + T), where N is how often the context was left, T how often something
 * new followed it, and p the chance after the context without its oldest step. One instance is a cursor over all models: `focus`
 * first. A model is a block of hashed sequences of one to four steps, 12 bytes each, two sets of eight for each; when both are
 * full the one counted least makes room, so a flood of invented steps pushes out other rare ones. What was pushed out is
 * strange again, never the other way round. Counts fade in closed form (`fade`). About 80 ns a step.
 *
 * First `begin`, then for each step `chance` (which changes nothing) and `pass` or `teach`.
 */
export class BackOff {
  #u32: Uint32Array = new Uint32Array(0);
  #f32: Float32Array = new Float32Array(0);
  #from = 0;
  #sets = 0;
  /** Sequences pushed out, since somebody set it to 0. */
  pushedOut = 0;
  /** Entries and keys of the contexts of 0 to 3 steps at hand; -1 for one never seen. */
  readonly #contexts = new Int32Array(ORDER + 1);
  readonly #keys = new Uint32Array(ORDER + 1);
  /** Steps that stand before the next one, the start included, at most `ORDER`. */
  #length = 0;
  /** The contexts of a place that was marked. */
  readonly #markedContexts = new Int32Array(ORDER + 1);
  readonly #markedKeys = new Uint32Array(ORDER + 1);
  #markedLength = 0;
  /** Entries and keys of the contexts with the step asked for. */
  readonly #next = new Int32Array(ORDER + 1);
  readonly #nextKeys = new Uint32Array(ORDER + 1);

  /** Points at a model of `sets` sets that begins at a word of a page. */
  focus(page: ModelPage, from: number, sets: number): void {
    this.#u32 = page.u32;
    this.#f32 = page.f32;
    this.#from = from;
    this.#sets = sets;
  }

  /** Steps learned, ends included. */
  get steps(): number {
    const root = this.#find(ROOT);
    return root < 0 ? 0 : this.#count(root);
  }

  /** How often a step was learned, wherever it stood. */
  countOf(step: number): number {
    const entry = this.#find(keyOf(ROOT, step, 1));
    return entry < 0 ? 0 : this.#count(entry);
  }

  /** Goes to the start of a sequence. */
  begin(): void {
    this.cut();
    this.#keys[1] = keyOf(ROOT, START, 1);
    this.#contexts[1] = this.#find(this.#keys[1]);
    this.#length = 1;
  }

  /** Forgets the steps before: the next one is judged by how common it is. */
  cut(): void {
    this.#keys[0] = ROOT;
    this.#contexts[0] = this.#find(ROOT);
    this.#length = 0;
  }

  /** Marks a place to go back to. */
  mark(): void {
    this.#markedContexts.set(this.#contexts);
    this.#markedKeys.set(this.#keys);
    this.#markedLength = this.#length;
  }

  /** Goes back to the marked place; what was learned since may have moved it. */
  back(): void {
    this.#contexts.set(this.#markedContexts);
    this.#keys.set(this.#markedKeys);
    this.#length = this.#markedLength;
  }

  /** Chance of a step after those before, above 0 and at most 1; -1 for a step that no sequence had. */
  chance(step: number): number {
    let p = 1 / (1 + this.#kinds(this.#contexts[0]));
    let known = true;
    for (let order = 0; order <= this.#length; order++) {
      const context = this.#contexts[order];
      const entry = known ? this.#find(keyOf(this.#keys[order], step, order + 1)) : -1;
      if (entry < 0) {
        if (order === 0 && step !== END) return -1;
        known = false;
      }
      if (context < 0) break;
      const left = this.#count(context);
      const kinds = this.#kinds(context);
      const count = entry < 0 ? 0 : Math.min(left, this.#count(entry));
      p = (count + kinds * p) / (left + kinds);
    }
    return p;
  }

  /** Goes past a step without learning it. */
  pass(step: number): void {
    for (let order = Math.min(this.#length, ORDER - 1); order >= 0; order--) {
      const key = keyOf(this.#keys[order], step, order + 1);
      this.#nextKeys[order + 1] = key;
      this.#next[order + 1] = this.#find(key);
    }
    this.#shift();
  }

  /** Learns the start of `weight` equal sequences, and goes there. */
  teachStart(weight: number): void {
    if (this.steps >= COUNT_MAX) this.fade(0.5);
    this.#keys[0] = ROOT;
    this.#contexts[0] = this.#ensure(ROOT);
    this.#keys[1] = keyOf(ROOT, START, 1);
    this.#contexts[1] = this.#add(this.#keys[1], weight);
    this.#length = 1;
  }

  /** Learns a step of `weight` equal sequences, and goes past it. */
  teach(step: number, weight: number): void {
    const longest = this.#length;
    for (let order = 0; order <= longest; order++) {
      const key = keyOf(this.#keys[order], step, order + 1);
      const isNew = this.#find(key) < 0;
      const entry = this.#add(key, weight);
      if (order < ORDER) {
        this.#nextKeys[order + 1] = key;
        this.#next[order + 1] = entry;
      }
      // Room for the new one may have been made by pushing its own context out.
      const context = this.#contexts[order];
      if (isNew && context >= 0 && this.#keyAt(context) === this.#keys[order])
        this.#f32[this.#word(context) + KINDS] += 1;
    }
    const root = this.#contexts[0];
    this.#f32[this.#word(root) + COUNTS] += weight;
    this.#shift();
    // What was noted of this step may have been pushed out by a longer sequence of the same step.
    for (let order = 1; order <= this.#length; order++) this.#contexts[order] = this.#find(this.#keys[order]);
  }

  /** Multiplies all counts by a share, 0..1. */
  fade(share: number): void {
    for (let set = 0; set < this.#sets; set++) {
      const from = this.#from + set * SET_WORDS + COUNTS;
      for (let at = from; at < from + 2 * WAYS; at++) this.#f32[at] *= share;
    }
  }

  #shift(): void {
    this.#length = Math.min(ORDER, this.#length + 1);
    for (let order = 1; order <= this.#length; order++) {
      this.#keys[order] = this.#nextKeys[order];
      this.#contexts[order] = this.#next[order];
    }
  }

  #word(entry: number): number {
    return this.#from + (entry >>> 3) * SET_WORDS + (entry & (WAYS - 1));
  }

  #keyAt(entry: number): number {
    return this.#u32[this.#word(entry)];
  }

  #count(entry: number): number {
    return this.#f32[this.#word(entry) + COUNTS];
  }

  /** Times something new followed; at least one, so that something new can always follow. */
  #kinds(entry: number): number {
    return entry < 0 ? 1 : Math.max(1, this.#f32[this.#word(entry) + KINDS]);
  }

  #find(key: number): number {
    const first = this.#findIn(this.#setOf(key >>> 16), key);
    // Entries are replaced but never taken out: the second set is used only while the first one is full.
    return first === FREE || first >= 0
      ? Math.max(-1, first)
      : Math.max(-1, this.#findIn(this.#setOf(key & 0xffff), key));
  }

  /** Entry of a key in a set, `FREE` when it is absent and there is room, `FULL` when there is none. */
  #findIn(set: number, key: number): number {
    const from = this.#from + set * SET_WORDS;
    for (let way = 0; way < WAYS; way++) {
      const other = this.#u32[from + way];
      if (other === key) return set * WAYS + way;
      if (other === 0) return FREE;
    }
    return FULL;
  }

  #ensure(key: number): number {
    const found = this.#find(key);
    if (found >= 0) return found;
    const entry = this.#room(key);
    const word = this.#word(entry);
    if (this.#u32[word] !== 0) this.pushedOut++;
    this.#u32[word] = key;
    this.#f32[word + COUNTS] = 0;
    this.#f32[word + KINDS] = 0;
    return entry;
  }

  #add(key: number, weight: number): number {
    const entry = this.#ensure(key);
    this.#f32[this.#word(entry) + COUNTS] += weight;
    return entry;
  }

  /** A free entry for a key, or the one counted least that it may push out. */
  #room(key: number): number {
    let weakest = -1;
    for (const half of [key >>> 16, key & 0xffff]) {
      const set = this.#setOf(half);
      for (let entry = set * WAYS; entry < (set + 1) * WAYS; entry++) {
        const other = this.#keyAt(entry);
        if (other === 0) return entry;
        if (other !== ROOT && (weakest < 0 || this.#count(entry) < this.#count(weakest))) weakest = entry;
      }
    }
    return weakest;
  }

  #setOf(half: number): number {
    return (half * this.#sets) >>> 16;
  }
}

const FREE = -2;
const FULL = -1;

/** Key of a sequence made longer by a step. Never 0; steps are seeded hashes, so nobody can choose two that meet. */
function keyOf(before: number, step: number, length: number): number {
  return mix32(Math.imul(before, 0x9e3779b1) ^ step ^ Math.imul(length, 0x85ebca6b)) >>> 0 || 1;
}
