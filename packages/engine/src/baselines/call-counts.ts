import type { ModelPage } from '../sequences/back-off.ts';
import { recordDecades } from '../stats/record-tail.ts';

/** Calls of a function whose number is known. Those it makes first; functions with more kinds of calls vary anyway. */
export const COUNTED_CALLS = 24;
/** Words of a call: token, invocations that made it (faded), sums of ln(times) and of its square, largest multiple of usual. */
const WORDS = 5;
/** Words of the calls of a function. */
/** Words of the calls of a function. */
export const COUNTED_WORDS = COUNTED_CALLS * WORDS;

/** Invocations that made a call before its number can be strange. */
const INVOCATIONS_MIN = 50;
/** A benign break of a record: as for other counts. A few calls more are retries, and pages of a longer answer. */
const PRIOR = { kappa: 0.5, meanBreak: 0.3, effect: 3 } as const;
/** Score from which a number of calls is strange: once in ten thousand invocations. */
export const REPEATS_THRESHOLD = 4;

/** How strange the number of one call is. */
export interface Repeated {
  readonly score: number;
  /** Most that was to be expected. */
  readonly most: number;
  /** Invocations it rests on. */
  readonly count: number;
}

/** How often an invocation makes each call, in order of first appearance; at most `COUNTED_CALLS` kinds. */
export class Tally {
  readonly tokens = new Uint32Array(COUNTED_CALLS);
  readonly times = new Uint32Array(COUNTED_CALLS);
  kinds = 0;

  /** Counts the calls of an invocation. */
  take(tokens: Uint32Array, count: number): void {
    this.kinds = 0;
    for (let at = 0; at < count; at++) {
      let kind = 0;
      while (kind < this.kinds && this.tokens[kind] !== tokens[at]) kind++;
      if (kind === COUNTED_CALLS) continue;
      if (kind === this.kinds) {
        this.tokens[kind] = tokens[at];
        this.times[kind] = 0;
        this.kinds++;
      }
      this.times[kind]++;
    }
  }
}

/** What is known of how often a call is made within one invocation. */
export interface UsualTimes {
  /** Invocations that made the call. */
  readonly count: number;
  /** Usual times, a geometric mean. */
  readonly usual: number;
  /** Spread of the logarithm of times. */
  readonly spread: number;
  /** Most times, as a multiple of what the size of the invocation's work explained. */
  readonly record: number;
}

/** The times each call is made within one invocation, of one function: five words for each call in a block. */
export class CallCounts {
  #u32: Uint32Array = new Uint32Array(0);
  #f32: Float32Array = new Float32Array(0);
  #from = 0;
  readonly #multiples = new Float64Array(COUNTED_CALLS);

  focus(page: ModelPage, from: number): void {
    this.#u32 = page.u32;
    this.#f32 = page.f32;
    this.#from = from;
  }

  /** What is known of a call; undefined when it was never made. */
  usual(token: number): UsualTimes | undefined {
    const word = this.#find(token);
    if (word < 0) return undefined;
    const count = this.#f32[word + 1];
    const mean = this.#f32[word + 2] / count;
    const variance = Math.max(0, this.#f32[word + 3] / count - mean * mean);
    return { count, usual: Math.exp(mean), spread: Math.sqrt(variance), record: this.#f32[word + 4] };
  }

  /**
   * By what the work of an invocation is larger than usual, as its other calls say: a batch of fifty records makes every call
   * fifty times. The smallest multiple among the other calls, at least 1; `batch` is the same for records, 1 when unknown.
   */
  scale(tally: Tally, except: number, batch: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let kind = 0; kind < tally.kinds; kind++) {
      if (kind === except) continue;
      const usual = this.usual(tally.tokens[kind]);
      if (usual !== undefined) least = Math.min(least, tally.times[kind] / usual.usual);
    }
    return Math.max(1, batch, least === Number.POSITIVE_INFINITY ? 1 : least);
  }

  /** How strange the number of a call is; undefined where it is not. */
  repeated(tally: Tally, kind: number, batch: number): Repeated | undefined {
    const times = tally.times[kind];
    if (times <= PRIOR.effect) return undefined;
    const usual = this.usual(tally.tokens[kind]);
    if (usual === undefined || usual.count < INVOCATIONS_MIN) return undefined;
    const scale = this.scale(tally, kind, batch);
    // Functions whose numbers vary break their records by more.
    const prior = { ...PRIOR, meanBreak: PRIOR.meanBreak + usual.spread };
    const score = recordDecades(times / scale, usual.record, { windows: usual.count, prior });
    return score <= 0 ? undefined : { score, most: usual.record * scale, count: usual.count };
  }

  /** Learns `weight` equal invocations. */
  learn(tally: Tally, batch: number, weight: number): void {
    // Multiples first: they are of what was known before.
    for (let kind = 0; kind < tally.kinds; kind++) {
      const known = this.#find(tally.tokens[kind]) >= 0;
      this.#multiples[kind] = tally.times[kind] / (known ? this.scale(tally, kind, batch) : 1);
    }
    for (let kind = 0; kind < tally.kinds; kind++) {
      const known = this.#find(tally.tokens[kind]);
      const word = known >= 0 ? known : this.#room();
      if (word < 0) continue;
      const log = Math.log(tally.times[kind]);
      this.#u32[word] = tally.tokens[kind];
      this.#f32[word + 1] += weight;
      this.#f32[word + 2] += weight * log;
      this.#f32[word + 3] += weight * log * log;
      this.#f32[word + 4] = Math.max(this.#f32[word + 4], this.#multiples[kind]);
    }
  }

  /** Multiplies what was counted by a share, 0..1; records stay. */
  fade(share: number): void {
    for (let at = 0; at < COUNTED_CALLS; at++) {
      const word = this.#from + at * WORDS;
      for (let sum = 1; sum <= 3; sum++) this.#f32[word + sum] *= share;
    }
  }

  /** A place for a call met for the first time, -1 when there is none: that of calls hardly made any more is given away. */
  #room(): number {
    for (let at = 0; at < COUNTED_CALLS; at++) {
      const word = this.#from + at * WORDS;
      if (this.#u32[word] !== 0 && this.#f32[word + 1] >= 0.5) continue;
      this.#f32.fill(0, word + 1, word + WORDS);
      return word;
    }
    return -1;
  }

  #find(token: number): number {
    for (let at = 0; at < COUNTED_CALLS; at++) {
      const word = this.#from + at * WORDS;
      if (this.#u32[word] === token && this.#f32[word + 1] > 0) return word;
    }
    return -1;
  }
}
