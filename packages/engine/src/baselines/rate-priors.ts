import type { SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { RATE, SCALE, SCALE_MINUTES, scaleWord, windowSpread } from './rate-block.ts';
import { CLASS, RATE_CLASSES } from './rate-class.ts';

const SCALES = SCALE_MINUTES.length;
const CELLS = RATE_CLASSES.length * SCALES;
/**
 * What is taken of each class and scale (10 and 60 minutes) until the fleet shows more: chance of a record in windows, mean size
 * of one (ln), and over-dispersion. Measured on 173 distinct series of the Azure Functions sample of 2019.
 */
const SHIPPED = {
  chance: [0.51, 0.35, 0.42, 0.16, 0.59, 0.49, 0.45, 0.41, 0.49, 0.16],
  size: [0.61, 0.94, 0.39, 0.49, 0.17, 0.12, 0.22, 0.27, 0.27, 0.39],
  spread: [2.7, 2.7, 4.5, 4.5, 0.017, 0.016, 0.21, 0.057, 2.7, 2.7],
} as const;
/** Episodes from which the fleet's own figures replace the shipped ones. */
const EPISODES_MIN = 20;
/** Weight of the shipped figures beside the fleet's, in functions. */
const PRIOR_FUNCTIONS = 5;
/** A fleet's figures stay within this factor of the shipped ones: what is odd in it must not teach everybody. */
const FACTOR_MAX = 4;
/** Sums are whole numbers of this part, so that they do not depend on their order. */
const UNIT = 65_536;
/** Fields of a cell's sums. */
const SUMS = {
  episodes: 0,
  chances: 1,
  breaks: 2,
  functions: 3,
  sizes: 4,
  sized: 5,
  spread: 6,
  spreads: 7,
  length: 8,
} as const;

/** What one function contributes to a cell: each has a weight of one. */
interface Share {
  readonly episodes: number;
  readonly breaks: number;
  readonly chances: number;
  readonly size: number;
}

/** Sums over the functions of a fleet, from which priors are made. Exact: they do not depend on the order of functions. */
export class RateFleet {
  readonly sums = new Float64Array(CELLS * SUMS.length);

  /** Adds a function by its block. */
  add(page: SlabPage, word: number): void {
    for (let scale = 0; scale < SCALES; scale++) {
      const at = (page.u32[word + RATE.class] * SCALES + scale) * SUMS.length;
      const own = shareOf(page, scaleWord(word, scale));
      this.sums[at + SUMS.episodes] += own.episodes;
      this.sums[at + SUMS.breaks] += Math.round(own.breaks * UNIT);
      this.sums[at + SUMS.chances] += Math.round(own.chances * UNIT);
      this.sums[at + SUMS.functions]++;
      if (own.episodes > 0) {
        this.sums[at + SUMS.sizes] += Math.round(own.size * UNIT);
        this.sums[at + SUMS.sized]++;
      }
      if (page.u32[scaleWord(word, scale) + SCALE.whole] < SCALE_MINUTES[scale] * 10) continue;
      this.sums[at + SUMS.spread] += Math.round(windowSpread(page, scaleWord(word, scale)) * UNIT);
      this.sums[at + SUMS.spreads]++;
    }
  }

  /** Adds the functions of another part of the fleet. */
  absorb(other: RateFleet): void {
    for (let at = 0; at < this.sums.length; at++) this.sums[at] += other.sums[at];
  }
}

/** Chance of a record, mean size of one, over-dispersion: all that a function is judged by beside its own history. */
export class RatePriors {
  readonly #sums = new Float64Array(CELLS * SUMS.length);

  /** Takes over what a fleet shows; to be called with whole fleets only. */
  fit(fleet: RateFleet): void {
    this.#sums.set(fleet.sums);
  }

  /** Windows whose chance of a record a history of none equals; without what the judged function itself contributed. */
  chance(cls: number, scale: number, own: Share = NOTHING): number {
    const shipped = SHIPPED.chance[cls * SCALES + scale];
    const at = this.#cell(cls, scale);
    if (at < 0) return shipped;
    const breaks = Math.max(0, this.#sums[at + SUMS.breaks] / UNIT - own.breaks);
    const chances = Math.max(0, this.#sums[at + SUMS.chances] / UNIT - own.chances);
    return bounded((breaks + PRIOR_FUNCTIONS * shipped) / (chances + PRIOR_FUNCTIONS), shipped);
  }

  /** Mean size of a record, as the logarithm of its ratio to the one before. */
  size(cls: number, scale: number, own: Share = NOTHING): number {
    const shipped = SHIPPED.size[cls * SCALES + scale];
    const at = this.#cell(cls, scale);
    if (at < 0) return shipped;
    const counted = own.episodes > 0 ? 1 : 0;
    const sizes = Math.max(0, this.#sums[at + SUMS.sizes] / UNIT - counted * own.size);
    const functions = Math.max(0, this.#sums[at + SUMS.sized] - counted);
    return bounded((sizes + PRIOR_FUNCTIONS * shipped) / (functions + PRIOR_FUNCTIONS), shipped);
  }

  /** Over-dispersion of windows of a class. */
  spread(cls: number, scale: number): number {
    const shipped = SHIPPED.spread[cls * SCALES + scale];
    const at = this.#cell(cls, scale);
    if (at < 0) return shipped;
    const sum = this.#sums[at + SUMS.spread] / UNIT + PRIOR_FUNCTIONS * shipped;
    return bounded(sum / (this.#sums[at + SUMS.spreads] + PRIOR_FUNCTIONS), shipped);
  }

  /** Records broken by functions of a class, for explanations. */
  episodes(cls: number, scale: number): number {
    return this.#sums[(cls * SCALES + scale) * SUMS.length + SUMS.episodes];
  }

  save(out: StateWriter): void {
    out.f64Array(this.#sums);
  }

  load(from: StateReader): void {
    const sums = from.f64Array();
    from.expect(sums.length === this.#sums.length, 'number of rate sums');
    this.#sums.set(sums);
  }

  /** Where a cell's sums begin; -1 while there are too few. */
  #cell(cls: number, scale: number): number {
    const at = (cls * SCALES + scale) * SUMS.length;
    return this.#sums[at + SUMS.episodes] < EPISODES_MIN ? -1 : at;
  }
}

const NOTHING: Share = { episodes: 0, breaks: 0, chances: 0, size: 0 };

/** What a function contributes by the part of a scale. */
export function shareOf(page: SlabPage, scaleAt: number): Share {
  const episodes = page.u32[scaleAt + SCALE.episodes];
  const chance = page.f64[(scaleAt + SCALE.chance) >> 1];
  const weight = 1 / Math.max(1, chance);
  return {
    episodes,
    breaks: episodes * weight,
    chances: chance * weight,
    size: episodes === 0 ? 0 : page.f64[(scaleAt + SCALE.size) >> 1] / episodes,
  };
}

function bounded(value: number, shipped: number): number {
  return Math.min(shipped * FACTOR_MAX, Math.max(shipped / FACTOR_MAX, value));
}

/** Forgets what a function contributed as a member of another class. */
export function forgetShare(page: SlabPage, word: number): void {
  for (let scale = 0; scale < SCALES; scale++) {
    const at = scaleWord(word, scale);
    page.u32[at + SCALE.episodes] = 0;
    page.f64[(at + SCALE.size) >> 1] = 0;
    page.f64[(at + SCALE.chance) >> 1] = 0;
  }
}

/** True for classes in which a function's own mean says something. */
export function isRegular(cls: number): boolean {
  return cls === CLASS.clock || cls === CLASS.steady;
}
