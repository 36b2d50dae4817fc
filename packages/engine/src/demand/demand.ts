import { DRIVEN_FUNCTIONS_MAX, DRIVERS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';
import { countAtLeast, countAtMost } from '../stats/negative-binomial.ts';
import type { Arrival, Fired } from './arrivals.ts';
import { MinuteRings } from './minute-ring.ts';

/** Drivers remembered of one function. */
const DRIVERS_PER_FUNCTION = 8;
/** Minutes of one window that the ratio is learned from. */
export const WINDOW_MINUTES = 10;
/** Minutes by which an invocation may follow what fires it. */
const LAG_MINUTES = 2;
/** Windows with arrivals after which the ratio explains anything. */
const WINDOWS_MIN = 6;
/** Windows the ratio forgets after: it follows a changed application within a day. */
const WINDOWS_MEMORY = 144;
/** Dispersion before there is evidence, and its weight in windows. */
const DISPERSION_PRIOR = 0.05;
const DISPERSION_PRIOR_WINDOWS = 5;
/** Beyond this arrivals say too little about invocations to explain them. */
const DISPERSION_MAX = 2;
/** A window whose invocations are rarer than this, given its arrivals, does not teach the ratio. */
const TAUGHT_RARITY_MIN = 1e-4;
/** State of one function, in 64-bit floats. */
const STATE = { windows: 0, arrivals: 1, invocations: 2, squares: 3, errors: 4, words: 5 } as const;

/** How much of a function's load its callers, gateways and queues account for. */
export interface Explained {
  /** Invocations expected from what arrived, with the lag that explains most. */
  readonly expected: number;
  /** Chance of at least as many invocations, given what arrived. */
  readonly atLeast: number;
  /** Chance of at most as many. */
  readonly atMost: number;
  /** Ten-minute windows the ratio rests on. */
  readonly windows: number;
}

/**
 * Regression of each function's load on what fires it: invocations = ratio x arrivals, lags of 0 to 2 minutes, negative binomial around
 * it. What arrives is counted from the outside of the function: messages its callers sent to its queue, requests at its gateway, the
 * invocations of functions that call it. Ratio and dispersion are learned from windows of ten minutes, window by window, and not
 * from those the ratio itself calls strange. Silent for functions of which nobody sees what fires them, and wrong for the first
 * windows after an application changed what it sends. Bounded; about 100 ns per driven function and window, 0.4 KiB each.
 */
export class Demand {
  /** Pairs that were not remembered for want of room. */
  refused = 0;
  readonly #rings = new MinuteRings(DRIVERS_MAX);
  readonly #functions = new Table(DRIVEN_FUNCTIONS_MAX);
  /** Hash of each function, by slot. */
  #hashes = new Uint32Array(16);
  /** Drivers of each function: hashes, 0 for none. */
  #drivers = new Uint32Array(16 * DRIVERS_PER_FUNCTION);
  #state = new Float64Array(16 * STATE.words);
  /** Window learned last. */
  #window = -1;

  /** Functions with something that fires them. */
  get size(): number {
    return this.#functions.size;
  }

  /** "This fires that function": from its own trigger, or from the edge of a trace, where the driver is the calling function. */
  fires({ functionHash, driver }: Fired): void {
    if (driver === 0 || driver === functionHash) return;
    const slot = this.#slotOf(functionHash);
    if (slot === 0) {
      this.refused++;
      return;
    }
    const from = slot * DRIVERS_PER_FUNCTION;
    for (let at = from; at < from + DRIVERS_PER_FUNCTION; at++) {
      if (this.#drivers[at] === driver) return;
      if (this.#drivers[at] !== 0) continue;
      if (this.#rings.ensure(driver) && this.#rings.ensure(functionHash)) this.#drivers[at] = driver;
      return;
    }
    this.refused++;
  }

  /** Adds what arrived in a minute, and how often functions ran in it (their hash is the driver). */
  minute(minute: number, counts: readonly Arrival[]): void {
    for (const { driver, count } of counts) this.#rings.add(driver, minute, count);
    const window = Math.floor((minute + 1) / WINDOW_MINUTES);
    if (window === this.#window) return;
    // The window that ended last; those before it, in which no minute was closed, were empty.
    this.#learn(window * WINDOW_MINUTES - 1);
    this.#window = window;
  }

  /** What explains `count` invocations of a function in the `minutes` minutes up to `minute`; undefined when nothing can be said. */
  explain(functionHash: number, at: { minute: number; minutes: number; count: number }): Explained | undefined {
    const slot = this.#functions.get(0, functionHash);
    if (slot === 0) return undefined;
    const known = this.#ratioOf(slot);
    if (known === undefined) return undefined;
    const { ratio, dispersion, windows } = known;
    const arrivals = this.#arrivals(slot, at.minute, at.minutes);
    const high = ratio * arrivals.most;
    const low = ratio * arrivals.least;
    return {
      expected: high,
      atLeast: countAtLeast(at.count, Math.max(high, 0.5), dispersion),
      atMost: countAtMost(at.count, Math.max(low, 1e-9), dispersion),
      windows,
    };
  }

  /** Invocations of a driven function in the minutes up to `minute`. */
  invocations(functionHash: number, minute: number, minutes: number): number {
    return this.#rings.sum(functionHash, minute, minutes);
  }

  save(out: StateWriter): void {
    this.#rings.save(out);
    this.#functions.save(out);
    const used = this.#functions.size + 1;
    out.u32Array(this.#hashes.subarray(0, used));
    out.u32Array(this.#drivers.subarray(0, used * DRIVERS_PER_FUNCTION));
    out.f64Array(this.#state.subarray(0, used * STATE.words));
    out.f64(this.#window);
    out.u32(this.refused);
  }

  load(from: StateReader): void {
    this.#rings.load(from);
    this.#functions.load(from);
    const used = this.#functions.size + 1;
    this.#hashes = new Uint32Array(from.u32Array());
    this.#drivers = new Uint32Array(from.u32Array());
    this.#state = new Float64Array(from.f64Array());
    from.expect(this.#hashes.length === used && this.#drivers.length === used * DRIVERS_PER_FUNCTION, 'drivers');
    from.expect(this.#state.length === used * STATE.words, 'demand');
    this.#window = from.f64();
    this.refused = from.u32();
  }

  #learn(minute: number): void {
    for (let slot = 1; slot <= this.#functions.size; slot++) {
      const { middle } = this.#arrivals(slot, minute, WINDOW_MINUTES);
      const count = this.#rings.sum(this.#hashes[slot], minute, WINDOW_MINUTES);
      if (middle === 0 && count === 0) continue;
      const explained = this.explain(this.#hashes[slot], { minute, minutes: WINDOW_MINUTES, count });
      if (explained !== undefined && Math.min(explained.atLeast, explained.atMost) < TAUGHT_RARITY_MIN) continue;
      this.#teach(slot, middle, count);
    }
  }

  #teach(slot: number, arrivals: number, count: number): void {
    const state = this.#state;
    const at = slot * STATE.words;
    const keep = 1 - 1 / WINDOWS_MEMORY;
    const known = this.#ratioOf(slot);
    if (known !== undefined) {
      const mean = known.ratio * arrivals;
      const error = count - mean;
      state[at + STATE.errors] = state[at + STATE.errors] * keep + error * error - mean;
      state[at + STATE.squares] = state[at + STATE.squares] * keep + mean * mean;
    }
    if (arrivals > 0) state[at + STATE.windows] = state[at + STATE.windows] * keep + 1;
    state[at + STATE.arrivals] = state[at + STATE.arrivals] * keep + arrivals;
    state[at + STATE.invocations] = state[at + STATE.invocations] * keep + count;
  }

  /** Invocations an arrival makes, undefined while that is not known or says nothing. */
  #ratioOf(slot: number): { ratio: number; dispersion: number; windows: number } | undefined {
    const state = this.#state;
    const at = slot * STATE.words;
    const windows = state[at + STATE.windows];
    const arrivals = state[at + STATE.arrivals];
    if (windows < WINDOWS_MIN || arrivals === 0) return undefined;
    const ratio = state[at + STATE.invocations] / arrivals;
    // Moments of the negative binomial: the errors' squares are mean + dispersion x mean^2.
    const meanSquare = Math.max(1e-9, state[at + STATE.squares] / windows);
    const excess = state[at + STATE.errors] + DISPERSION_PRIOR * DISPERSION_PRIOR_WINDOWS * meanSquare;
    const dispersion = Math.max(1e-4, excess / (state[at + STATE.squares] + DISPERSION_PRIOR_WINDOWS * meanSquare));
    return ratio > 0 && dispersion <= DISPERSION_MAX ? { ratio, dispersion, windows } : undefined;
  }

  /** Arrivals of a function in the minutes up to `minute`, by the lag that sees most, least, and on average of the lags. */
  #arrivals(slot: number, minute: number, minutes: number): { most: number; least: number; middle: number } {
    let most = 0;
    let least = Number.POSITIVE_INFINITY;
    let all = 0;
    for (let lag = 0; lag <= LAG_MINUTES; lag++) {
      let sum = 0;
      for (let at = slot * DRIVERS_PER_FUNCTION; at < (slot + 1) * DRIVERS_PER_FUNCTION; at++) {
        const driver = this.#drivers[at];
        if (driver !== 0) sum += this.#rings.sum(driver, minute - lag, minutes);
      }
      most = Math.max(most, sum);
      least = Math.min(least, sum);
      all += sum;
    }
    return { most, least, middle: all / (LAG_MINUTES + 1) };
  }

  #slotOf(functionHash: number): number {
    const known = this.#functions.get(0, functionHash);
    if (known !== 0) return known;
    const slot = this.#functions.size + 1;
    if (!this.#functions.set(0, functionHash, slot)) return 0;
    if (slot >= this.#hashes.length) this.#grow();
    this.#hashes[slot] = functionHash;
    return slot;
  }

  #grow(): void {
    const count = this.#hashes.length * 2;
    const hashes = new Uint32Array(count);
    hashes.set(this.#hashes);
    this.#hashes = hashes;
    const drivers = new Uint32Array(count * DRIVERS_PER_FUNCTION);
    drivers.set(this.#drivers);
    this.#drivers = drivers;
    const state = new Float64Array(count * STATE.words);
    state.set(this.#state);
    this.#state = state;
  }
}
