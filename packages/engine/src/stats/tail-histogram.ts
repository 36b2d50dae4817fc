import { mix32 } from '../base/hash.ts';
import { decodeCount, encodeCount, incrementCount } from './float-count.ts';
import { OCTAVE_STEPS } from './log-table.ts';

/** Bins per side: three an octave from 2^-3 to 2^8.7 sizes; what is larger is counted in the last one. */
const TAIL_BINS = 35;
/**
 * Bytes of two histograms, of which each takes every second one: the bins, from the middle outwards and the two sides in
 * turn, and for each side how many of them are in use. So what is counted of ordinary values lies in few cache lines.
 */
export const TAIL_PAIR_BYTES = 2 * (2 * TAIL_BINS + 2);
/** From a byte of a histogram to the next. */
const STEP = 2;
/** From a bin to the next one on the same side. */
const SIDE_STEP = 2 * STEP;
/** Side of the bins above the middle, and of those below. */
const ABOVE = 0;
const BELOW = 1;
/** How many bins are in use: of a side. */
const USED = 2 * TAIL_BINS * STEP;

const BINS_PER_OCTAVE = 3;
const OCTAVES_BELOW_ONE = 3;
/** Places inside are three times the steps of the logarithm, so a bin spans as many of them as an octave has steps. */
const BIN_STEPS = OCTAVE_STEPS;
const BIN_SHIFT = 31 - Math.clz32(BIN_STEPS);
const ZERO_PLACE = OCTAVES_BELOW_ONE * BINS_PER_OCTAVE * BIN_STEPS;
/** Magnitudes up to this one are not told apart: they share the first bin. */
export const LEAST = magnitudeAt(1);
/** Where each bin lies, on a line from the outermost lower to the outermost upper one. */
const LINE = Uint8Array.from({ length: 2 * TAIL_BINS }, (_, at) =>
  at < TAIL_BINS ? (TAIL_BINS - 1 - at) * SIDE_STEP + BELOW * STEP : (at - TAIL_BINS) * SIDE_STEP + ABOVE * STEP,
);
/** A value with more than this share of everything beyond it is ordinary and scores 0, which keeps the common case cheap. */
const ORDINARY_SHARE = 0.02;
/** A value is moved inwards by this much before its tail is summed, so that equal spikes do not score by scale drift. */
const TOLERANCE_STEPS = BIN_STEPS / 4;
/** Bins that hold, with their neighbours, more than this share of everything are not odd. */
const ODD_SHARE_MAX = 0.006;
/** Mass from which the tail's exponent is estimated: four values, or 0.3 % of many. */
const FIT_MASS_MIN = 4;
const FIT_SHARE = 0.003;
/** Prior of the exponent and its weight in values: metrics of functions have exponents of 1.5 to 4. */
const EXPONENT_PRIOR = 3;
const EXPONENT_PRIOR_WEIGHT = 3;
const EXPONENT_MIN = 0.5;
/** Some hundred values cannot show that a tail is thinner, and thin tails are where false claims come from. */
const EXPONENT_MAX = 4;
/** Extrapolation starts at 4 sizes at least: nearer, the shape of the bulk says nothing about the tail. */
const FIT_FROM_BIN = (2 + OCTAVES_BELOW_ONE) * BINS_PER_OCTAVE;
/** The same as a magnitude: up to here a value is no rarer than half a value among all. */
export const TAIL_FROM = magnitudeAt(FIT_FROM_BIN);

/**
 * Two-sided logarithmic histogram of standardised values in one-byte counts. A view: `at` moves it from one histogram to
 * the next, because the state of millions of them lives in slabs. Score first, then `add`. Values come as a side and the
 * logarithm of their magnitude (`log2Steps`); counts as whole numbers: integers are handed on without allocating.
 *
 * `tail` is the share of values beyond, extrapolated past the record by a Pareto tail (B. M. Hill 1975, shrunk to a prior
 * and taken one standard error heavier than estimated). `oddity` is the share in bins as thinly filled (HBOS, Goldstein
 * and Dengel 2012). Both in decades, 0 for ordinary values. 5 to 30 ns.
 */
export class TailHistogram {
  #bytes: Uint8Array = new Uint8Array(TAIL_PAIR_BYTES);
  #from = 0;
  // The side that was faced last: its first bin, that of the other one, and how many bins are in use.
  #zero = 0;
  #other = 0;
  #used = 0;

  /** Points the view at the histogram whose first byte is at `from`. A zeroed one is empty. */
  at(bytes: Uint8Array, from: number): this {
    this.#bytes = bytes;
    this.#from = from;
    return this;
  }

  /** Decades of rarity of a value at least this far out on its side, among `count` counted values. */
  tail(low: boolean, steps: number, count: number): number {
    const place = Math.max(0, placeOf(steps) - TOLERANCE_STEPS);
    this.#face(low ? BELOW : ABOVE);
    // The last bin has no upper edge: whatever falls in it counts as equal.
    return this.#tailBeyond(this.#used === TAIL_BINS ? Math.min(place, (TAIL_BINS - 1) * BIN_STEPS) : place, count);
  }

  /** Decades of rarity of falling into bins as thinly filled as this value's, among `count` counted values. */
  oddity(low: boolean, steps: number, count: number): number {
    const bytes = this.#bytes;
    const from = this.#from;
    const own = around(bytes, from, low ? TAIL_BINS - 1 - binOf(steps) : TAIL_BINS + binOf(steps));
    if (own > ODD_SHARE_MAX * count) return 0;
    let mass = 0.5;
    for (let at = 0; at < LINE.length; at++) {
      const code = bytes[from + LINE[at]];
      if (code !== 0 && around(bytes, from, at) <= own) mass += decodeCount(code);
    }
    return Math.max(0, Math.log((count + 1) / mass) / Math.LN10);
  }

  /**
   * Magnitude up to which `tail` and, where `odd` is set, `oddity` of a side are certainly 0 among `count` values; -1 when
   * not even the middle is ordinary.
   */
  quiet(side: 1 | -1, count: number, odd: boolean): number {
    this.#face(side < 0 ? BELOW : ABOVE);
    const enough = ORDINARY_SHARE * count;
    let mass = 0;
    let bin = this.#used;
    while (bin > 0 && mass <= enough) mass += this.#count(--bin);
    if (mass <= enough) return -1;
    // Of the bin where the limit is reached, the part that is not needed.
    const limit = bin + (mass - enough) / this.#count(bin);
    const even = odd ? this.#even(bin, ODD_SHARE_MAX * count) : limit;
    return even === 0 && odd ? -1 : magnitudeAt(Math.min(limit, even));
  }

  /** Standardised value beyond which at most `share` of `count` values lie on the upper (1) or lower (-1) side. */
  quantile(side: 1 | -1, share: number, count: number): number {
    this.#face(side < 0 ? BELOW : ABOVE);
    let mass = 0;
    let bin = this.#used;
    while (bin > 0) {
      mass += this.#count(bin - 1);
      if (mass > share * count) break;
      bin--;
    }
    return bin === 0 ? 0 : side * magnitudeAt(bin);
  }

  /** Multiplies all counts by `factor` (0..1), rounding at random, reproducibly from `seed`, so that means are kept. */
  shrink(factor: number, seed: number): void {
    for (let at = 0; at < LINE.length; at++) {
      const bin = this.#from + LINE[at];
      const code = this.#bytes[bin];
      if (code === 0) continue;
      const uniform = (mix32(seed + at) >>> 0) / 4_294_967_296;
      this.#bytes[bin] = encodeCount(decodeCount(code) * factor, uniform);
    }
    for (const side of [BELOW, ABOVE]) {
      this.#face(side);
      let used = this.#used;
      while (used > 0 && this.#count(used - 1) === 0) used--;
      this.#bytes[this.#from + USED + side * STEP] = used;
    }
  }

  /** `tail` for the side faced, once the value is known not to be ordinary. */
  #tailBeyond(place: number, count: number): number {
    const own = place >> BIN_SHIFT;
    const ordinary = count * ORDINARY_SHARE;
    let mass = 0;
    for (let bin = this.#used - 1; bin > own; bin--) {
      mass += this.#count(bin);
      if (mass > ordinary) return 0;
    }
    // Of its own bin, the part beyond it.
    if (own < this.#used) mass += this.#count(own) * (own + 1 - place / BIN_STEPS);
    const beyond = mass < 1 ? Math.min(mass + 0.5, this.#extrapolated(place, count)) : mass + 0.5;
    return Math.max(0, Math.log((count + 1) / beyond) / Math.LN10);
  }

  /** First bin, up to `last`, that holds with its neighbours `few` or less; infinite when none does. */
  #even(last: number, few: number): number {
    let before = decodeCount(this.#bytes[this.#other]);
    let own = this.#count(0);
    for (let bin = 0; bin <= last; bin++) {
      const after = bin + 1 < TAIL_BINS ? this.#count(bin + 1) : 0;
      if (before + own + after <= few) return bin;
      before = own;
      own = after;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Expected number of values beyond `place`, extrapolated from the outermost ones of the side faced. */
  #extrapolated(place: number, count: number): number {
    const enough = Math.max(FIT_MASS_MIN, FIT_SHARE * count);
    let mass = 0;
    let bins = 0;
    let bin = this.#used;
    while (bin > FIT_FROM_BIN && mass < enough) {
      // Everything counted so far lies one bin further from the new lower edge; the new values lie half a bin from it.
      bin--;
      const more = this.#count(bin);
      bins += mass + more * 0.5;
      mass += more;
    }
    const logs = (bins * Math.LN2) / BINS_PER_OCTAVE;
    const sample = mass + EXPONENT_PRIOR_WEIGHT;
    const estimate = sample / (logs + EXPONENT_PRIOR_WEIGHT / EXPONENT_PRIOR);
    const cautious = estimate * (1 - 1 / Math.sqrt(sample));
    const exponent = Math.min(EXPONENT_MAX, Math.max(EXPONENT_MIN, cautious));
    const octaves = Math.max(0, place / BIN_STEPS - Math.max(bin, FIT_FROM_BIN)) / BINS_PER_OCTAVE;
    return Math.max(mass, 0.5) * Math.exp(-exponent * Math.LN2 * octaves);
  }

  /** Turns to a side. */
  #face(side: number): void {
    this.#zero = this.#from + side * STEP;
    this.#other = this.#from + (1 - side) * STEP;
    this.#used = this.#bytes[this.#from + USED + side * STEP];
  }

  /** Count in a bin of the side faced. */
  #count(bin: number): number {
    return decodeCount(this.#bytes[this.#zero + bin * SIDE_STEP]);
  }
}

/** Number of the bin that counts a value. */
export function tailBin(low: boolean, steps: number): number {
  return binOf(steps) * 2 + (low ? BELOW : ABOVE);
}

/** Counts a value whose `tailBin` is `bin` in the histogram whose first byte is at `from`; `draw` supplies 15 random bits. */
export function countInTail(
  bytes: Uint8Array,
  from: number,
  { bin, draw }: { readonly bin: number; readonly draw: number },
): void {
  const at = from + bin * STEP;
  bytes[at] = incrementCount(bytes[at], draw);
  const mark = from + USED + (bin & 1) * STEP;
  const used = (bin >> 1) + 1;
  if (bytes[mark] < used) bytes[mark] = used;
}

/** Magnitude at a place counted in bins from the middle. */
function magnitudeAt(bins: number): number {
  return Math.exp((bins / BINS_PER_OCTAVE - OCTAVES_BELOW_ONE) * Math.LN2);
}

/** Place on the scale of bins, in `BIN_STEPS`; negative below the first bin. */
function placeOf(steps: number): number {
  return steps * BINS_PER_OCTAVE + ZERO_PLACE;
}

/** Bin of a side, counted from the middle. */
function binOf(steps: number): number {
  return Math.min(TAIL_BINS - 1, Math.max(0, placeOf(steps)) >> BIN_SHIFT);
}

/** Counts in the bin that is `at` on the line, and its two neighbours. */
function around(bytes: Uint8Array, from: number, at: number): number {
  const before = at > 0 ? decodeCount(bytes[from + LINE[at - 1]]) : 0;
  const after = at < LINE.length - 1 ? decodeCount(bytes[from + LINE[at + 1]]) : 0;
  return before + decodeCount(bytes[from + LINE[at]]) + after;
}
