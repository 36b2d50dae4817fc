import { mix32 } from '../base/hash.ts';
import { decodeCount, encodeCount, incrementCount } from './float-count.ts';

/** Bins per side: three an octave from 2^-3 to 2^9 standard sizes; larger values are counted in the last one. */
export const TAIL_BINS = 35;
/** Bytes of one histogram: both sides and the outermost non-empty bin of each. */
export const TAIL_BYTES = 2 * TAIL_BINS + 4;

const BINS_PER_OCTAVE = 3;
const OCTAVES_BELOW_ONE = 3;
/** Where bin 0 of the upper side lies; the lower side runs down from the byte before. */
const MIDDLE = TAIL_BINS;
const TOP_LOW = 2 * TAIL_BINS;
const TOP_HIGH = TOP_LOW + 1;
const PLAIN_LOW = TOP_LOW + 2;
const PLAIN_HIGH = TOP_LOW + 3;
/** Bins by which a value is moved inwards before its tail is summed, so that equal spikes do not score by scale drift. */
const TOLERANCE_BINS = 0.25;
/** A value among this share of its side is ordinary: the walk stops there, which keeps the common case cheap. */
const ORDINARY_SHARE = 0.25;
/** A value in bins that hold more than this share of everything is not odd. */
const ODD_SHARE_MAX = 0.005;
/** Mass from which the tail's exponent is estimated: four values, or 0.3 % of many. */
const FIT_MASS_MIN = Number(process.env.FM ?? 4);
const FIT_SHARE = Number(process.env.FS ?? 0.003);
/** Prior of the exponent and its weight in values. Real metrics have exponents of 1.5 to 4. */
const EXPONENT_PRIOR = Number(process.env.EP ?? 3);
const EXPONENT_PRIOR_WEIGHT = 3;
const EXPONENT_MIN = 0.5;
/** A few hundred values cannot show that a tail is thinner than this, and thin tails are where false claims come from. */
const EXPONENT_MAX = Number(process.env.EM ?? 4);
/** Extrapolation never starts nearer than 4 sizes: inside that, the shape says nothing about the tail. */
const FIT_FROM_BIN = (2 + OCTAVES_BELOW_ONE) * BINS_PER_OCTAVE;

const LN2 = Math.LN2;
const LN10 = Math.LN10;
const MANTISSA_STEPS = 256;

/**
 * Two-sided logarithmic histogram of standardised values with one-byte counts, seen through a view that is moved from
 * one to the next (`at`): the state of millions of them lives in slabs. Score first, then `add`.
 *
 * `tail` is the empirical share beyond a value, extrapolated past the record with a Pareto tail whose exponent is the
 * Hill estimate shrunk to a prior (metrics design; B. M. Hill 1975). `oddity` is the histogram-based outlier share
 * (HBOS, Goldstein and Dengel 2012). Both in decades, 0 for ordinary values. About 5 to 15 ns a call.
 */
export class TailHistogram {
  #bytes = new Uint8Array(TAIL_BYTES);
  caution = 1;
  #from = 0;
  #step = 1;
  #zero = 0;
  #top = 0;
  readonly #float = new Float32Array(1);
  readonly #bits = new Uint32Array(this.#float.buffer);
  readonly #mantissa = mantissaPositions();

  /** Points the view at the histogram whose bytes start at `from`. A zeroed one is empty. */
  at(bytes: Uint8Array, from: number): this {
    this.#bytes = bytes;
    this.#from = from;
    return this;
  }

  /** Bin a value falls in, 0 for the lowest: what `add` counts. */
  index(z: number): number {
    const bin = Math.min(TAIL_BINS - 1, Math.max(0, Math.floor(this.#position(Math.abs(z)))));
    return z < 0 ? MIDDLE - 1 - bin : MIDDLE + bin;
  }

  /** Counts a value by its bin; `draw` supplies 10 random bits. */
  add(index: number, draw: number, weight: number): void {
    const at = this.#from + index;
    this.#bytes[at] = incrementCount(this.#bytes[at], draw);
    const low = index < MIDDLE;
    const used = low ? MIDDLE - index : index - MIDDLE + 1;
    const top = this.#from + (low ? TOP_LOW : TOP_HIGH);
    if (this.#bytes[top] < used) this.#bytes[top] = used;
    if ((draw & 15) === 0) this.#refresh(low ? -1 : 1, weight);
  }

  #refresh(side: 1 | -1, weight: number): void {
    this.#face(side);
    let mass = 0;
    let bin = this.#top;
    while (bin > 0 && mass <= ORDINARY_SHARE * weight) mass += this.#count(--bin);
    this.#bytes[this.#from + (side < 0 ? PLAIN_LOW : PLAIN_HIGH)] = mass > ORDINARY_SHARE * weight ? bin : 0;
  }

  /** Decades of rarity of a value at least this far out on its side, among `weight` counted values. */
  tail(z: number, weight: number): number {
    let position = Math.max(0, this.#position(Math.abs(z)) - TOLERANCE_BINS);
    if (position >= TAIL_BINS - 1 && this.#bytes[this.#from + (z < 0 ? TOP_LOW : TOP_HIGH)] === TAIL_BINS) position = TAIL_BINS - 1;
    const own = Math.floor(position);
    if (own < this.#bytes[this.#from + (z < 0 ? PLAIN_LOW : PLAIN_HIGH)]) return 0;
    this.#face(z < 0 ? -1 : 1);
    const ordinary = weight * ORDINARY_SHARE;
    let mass = 0;
    for (let bin = this.#top - 1; bin > own; bin--) {
      mass += this.#count(bin);
      if (mass > ordinary) return 0;
    }
    if (own < this.#top) mass += this.#count(own) * (own + 1 - position);
    let expected = mass + 0.5;
    if (mass < 1) expected = Math.min(expected, this.#extrapolated(position, weight));
    return Math.max(0, -Math.log(expected / (weight + 1)) / LN10);
  }

  /** Decades of rarity of falling into bins as thinly filled as this value's, among `weight` counted values. */
  oddity(z: number, weight: number): number {
    const bytes = this.#bytes;
    const first = this.#from;
    const last = first + 2 * TAIL_BINS - 1;
    const bin = Math.min(TAIL_BINS - 1, Math.max(0, Math.floor(this.#position(Math.abs(z)))));
    const at = first + (z < 0 ? MIDDLE - 1 - bin : MIDDLE + bin);
    let before = at > first ? decodeCount(bytes[at - 1]) : 0;
    let here = decodeCount(bytes[at]);
    const own = before + here + (at < last ? decodeCount(bytes[at + 1]) : 0);
    if (own > 3 * ODD_SHARE_MAX * weight) return 0;
    let mass = 0;
    before = 0;
    here = decodeCount(bytes[first]);
    for (let index = first; index <= last; index++) {
      const after = index < last ? decodeCount(bytes[index + 1]) : 0;
      if (before + here + after <= own) mass += here;
      before = here;
      here = after;
    }
    return Math.max(0, -Math.log((mass + 0.5) / (weight + 1)) / LN10);
  }

  /** Standardised value beyond which at most `share` of `weight` values lie on the upper (1) or lower (-1) side. */
  quantile(side: 1 | -1, share: number, weight: number): number {
    this.#face(side);
    let mass = 0;
    let bin = this.#top;
    while (bin > 0) {
      mass += this.#count(bin - 1);
      if (mass > share * weight) break;
      bin--;
    }
    return bin === 0 ? 0 : side * Math.exp((bin / BINS_PER_OCTAVE - OCTAVES_BELOW_ONE) * LN2);
  }

  /** Multiplies all counts by `factor` (0..1), rounding at random but reproducibly from `seed`, so that means are kept. */
  shrink(factor: number, seed: number): void {
    for (let bin = 0; bin < 2 * TAIL_BINS; bin++) {
      const code = this.#bytes[this.#from + bin];
      if (code === 0) continue;
      const share = (mix32(seed + bin) >>> 0) / 4_294_967_296;
      this.#bytes[this.#from + bin] = encodeCount(decodeCount(code) * factor, share);
    }
    for (const side of [-1, 1] as const) {
      this.#face(side);
      let top = this.#top;
      while (top > 0 && this.#count(top - 1) === 0) top--;
      this.#bytes[this.#from + (side < 0 ? TOP_LOW : TOP_HIGH)] = top;
    }
  }

  /** Expected number of values beyond `position`, extrapolated from the outermost ones of the side faced. */
  #extrapolated(position: number, weight: number): number {
    const enough = Math.max(FIT_MASS_MIN, FIT_SHARE * weight);
    let mass = 0;
    let bins = 0;
    let bin = this.#top;
    while (bin > FIT_FROM_BIN && mass < enough) {
      // Everything counted so far lies one bin further from the new lower edge; the new ones lie half a bin from it.
      bin--;
      const count = this.#count(bin);
      bins += mass + count * 0.5;
      mass += count;
    }
    const logs = (bins * LN2) / BINS_PER_OCTAVE;
    const estimate = (mass + EXPONENT_PRIOR_WEIGHT) / (logs + EXPONENT_PRIOR_WEIGHT / EXPONENT_PRIOR);
    const exponent = Math.min(EXPONENT_MAX, Math.max(EXPONENT_MIN, estimate * (1 - this.caution / Math.sqrt(mass + EXPONENT_PRIOR_WEIGHT))));
    const octaves = Math.max(0, position - Math.max(bin, FIT_FROM_BIN)) / BINS_PER_OCTAVE;
    return Math.max(mass, 0.5) * Math.exp(-exponent * LN2 * octaves);
  }

  /** Turns the view to one side. */
  #face(side: 1 | -1): void {
    this.#step = side;
    this.#zero = this.#from + (side < 0 ? MIDDLE - 1 : MIDDLE);
    this.#top = this.#bytes[this.#from + (side < 0 ? TOP_LOW : TOP_HIGH)];
  }

  /** Count in a bin of the side faced. */
  #count(bin: number): number {
    return decodeCount(this.#bytes[this.#zero + this.#step * bin]);
  }

  /** Place of a magnitude on the scale of bins; a table instead of a logarithm, monotone, exact to 1/80 of a bin. */
  #position(magnitude: number): number {
    this.#float[0] = magnitude;
    const bits = this.#bits[0];
    return ((bits >>> 23) - 127 + OCTAVES_BELOW_ONE) * BINS_PER_OCTAVE + this.#mantissa[(bits >>> 15) & 255];
  }
}

function mantissaPositions(): Float64Array {
  const positions = new Float64Array(MANTISSA_STEPS);
  for (let step = 0; step < MANTISSA_STEPS; step++) {
    positions[step] = (BINS_PER_OCTAVE * Math.log(1 + step / MANTISSA_STEPS)) / LN2;
  }
  return positions;
}
