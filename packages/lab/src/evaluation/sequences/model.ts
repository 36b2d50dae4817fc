import { BackOff, END, wordsOf } from '@gait/engine/sequences/back-off';

/**
 * Sets of eight sequences: 6 MiB. A trace of system calls has hundreds of different symbols and thousands of steps, and one
 * model stands for a whole host here, not for one function of an estate: that is what a host can spare.
 */
const SETS = 65_536;
/** Steps over which surprise is averaged at most: an attack is a short part of a long trace. */
const WINDOW = 64;
/** Steps between two windows. */
const STRIDE = 16;
/** A symbol nobody ever saw: as surprising as one seen once in a million. */
const UNKNOWN_DECADES = 6;

/** One trace: what happened in order, as numbers. */
export type Symbols = Uint32Array;

/**
 * Scores traces by the engine's model of order. The score of a trace is its strangest window plus its strangest mixture: the
 * largest mean surprise of 64 steps, and how far its counts of symbols are from those of any trace it was trained on (cosine
 * distance to the nearest), each in units of what the training traces themselves show.
 */
export class SequenceScorer {
  readonly #model = new BackOff();
  readonly #exemplars: Map<number, number>[] = [];
  #orderScale = { mean: 0, spread: 1 };
  #mixScale = { mean: 0, spread: 1 };

  constructor(train: readonly Symbols[]) {
    const words = wordsOf(SETS);
    const buffer = new ArrayBuffer(4 * words);
    this.#model.focus({ u32: new Uint32Array(buffer), f32: new Float32Array(buffer) }, 0, SETS);
    // Half teaches, the other half says how strange normal traces look; then that half teaches, too.
    const [first, second] = [train.filter((_, at) => at % 2 === 0), train.filter((_, at) => at % 2 === 1)];
    for (const trace of first) this.#learn(trace);
    const judged = second.length > 0 ? second : first;
    this.#orderScale = scaleOf(judged.map((trace) => this.#order(trace)));
    this.#mixScale = scaleOf(judged.map((trace) => this.#mix(trace)));
    for (const trace of second) this.#learn(trace);
  }

  /** High is strange. */
  score(trace: Symbols): number {
    const order = (this.#order(trace) - this.#orderScale.mean) / this.#orderScale.spread;
    const mix = (this.#mix(trace) - this.#mixScale.mean) / this.#mixScale.spread;
    return order + mix;
  }

  #learn(trace: Symbols): void {
    this.#model.teachStart(1);
    for (const symbol of trace) this.#model.teach(symbol, 1);
    this.#model.teach(END, 1);
    this.#exemplars.push(profileOf(trace));
  }

  /** Largest mean surprise of a window. */
  #order(trace: Symbols): number {
    const surprise = new Float64Array(trace.length);
    this.#model.begin();
    for (const [at, symbol] of trace.entries()) {
      const chance = this.#model.chance(symbol);
      surprise[at] = chance < 0 ? UNKNOWN_DECADES : -Math.log10(chance);
      this.#model.pass(symbol);
    }
    let worst = 0;
    for (let from = 0; from === 0 || from + WINDOW <= trace.length; from += STRIDE) {
      const window = surprise.subarray(from, Math.min(trace.length, from + WINDOW));
      worst = Math.max(worst, window.reduce((sum, one) => sum + one, 0) / Math.max(1, window.length));
    }
    return worst;
  }

  /** Distance to the nearest training trace by counts of symbols. */
  #mix(trace: Symbols): number {
    const profile = profileOf(trace);
    let nearest = 1;
    for (const other of this.#exemplars) nearest = Math.min(nearest, 1 - cosine(profile, other));
    return nearest;
  }
}

/** Logarithms of the counts of symbols, with length one. */
function profileOf(trace: Symbols): Map<number, number> {
  const counts = new Map<number, number>();
  for (const symbol of trace) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  let length = 0;
  for (const [symbol, count] of counts) {
    const weight = Math.log1p(count);
    counts.set(symbol, weight);
    length += weight * weight;
  }
  for (const [symbol, weight] of counts) counts.set(symbol, weight / Math.sqrt(length));
  return counts;
}

function cosine(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [symbol, weight] of one) sum += weight * (other.get(symbol) ?? 0);
  return sum;
}

function scaleOf(values: readonly number[]): { mean: number; spread: number } {
  const mean = values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
  const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / Math.max(1, values.length);
  return { mean, spread: Math.max(1e-6, Math.sqrt(variance)) };
}
