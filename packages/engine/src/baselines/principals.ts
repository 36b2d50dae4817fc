import { PRINCIPALS_MAX } from '../base/limits.ts';
import { NO_PAGE, Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { countAtLeast } from '../stats/negative-binomial.ts';

const HOURS = 24;
const HOUR_MS = 3_600_000;

// A block, in words: active hours by hour of the day, then what follows.
const LATEST = 24;
/** Of the hour that is not over: calls, and a bit for each of 64 classes of refused actions. */
const CALLS = 25;
const REFUSED_LO = 26;
const REFUSED_HI = 27;
/** Of hours that are over: how many, the sum of calls and of their squares, the most calls, the sum of refused actions. */
const ACTIVE = 28;
const SUM = 29;
const SQUARES = 30;
const MOST = 31;
const REFUSED_SUM = 32;
/** Country it was last seen in (its hash), and when. */
const COUNTRY = 33;
const COUNTRY_SECOND = 34;
/** Hours of the day that were new lately, faded with every active hour. */
const NEW_HOURS = 35;
const BLOCK_WORDS = 36;

/** Active hours after which all counts are halved: half a year of working days. */
const ACTIVE_MAX = 1024;
/** Share of an hour that spreads to each neighbour: habits end on no full hour. */
const NEIGHBOUR = 0.25;
/** Pseudo-count of the uniform prior over the day, in active hours; each hour of the day that was new lately adds one. */
const HOUR_PRIOR = 2;
/** What is left of a new hour after one more active hour: a third after fifty. */
const NEW_HOUR_LEFT = 0.98;
/** Active hours the pooled rate of principals of the same sort stands for. */
const POOL_WEIGHT = 5;
/** What a first principal is taken for when nobody came before: calls an hour, and dispersion. */
const CALLS_PRIOR = 20;
/** Least dispersion of hourly counts: nobody's work is a Poisson process. */
const DISPERSION_MIN = 0.1;
/** Prior of refused actions an active hour: mean 1/2, shape 1/2. */
const REFUSED_PRIOR = 0.5;
/** An hour teaches at most this many times the record before it, so that one burst does not excuse the next. */
const LESSON_MAX = 2;

/** Sort of principal that shares a pool: people and programs work differently. */
export const POOL = { program: 0, person: 1 } as const;

/**
 * When, how much and with how many refusals each principal acts, in 144 bytes: an hour-of-day histogram with smoothed
 * edges, a gamma-Poisson of calls an active hour shrunk towards all principals of its sort, and one of refused actions.
 * `focus` points at a block; block 0 knows nothing. Hours are those of event times; a late row counts in the hour at hand.
 */
export class Principals {
  readonly #slab = new Slab(BLOCK_WORDS * 4, PRINCIPALS_MAX);
  /** Active hours, sum and squares of calls, per pool. */
  readonly #pools = new Float64Array(6);
  #page: SlabPage = NO_PAGE;
  #word = 0;
  #block = 0;

  get bytes(): number {
    return this.#slab.bytes;
  }

  alloc(): number {
    return this.#slab.alloc();
  }

  free(block: number): void {
    if (block !== 0) this.#slab.free(block);
    if (block === this.#block) this.focus(0);
  }

  focus(block: number): void {
    this.#block = block;
    if (block === 0) return;
    this.#page = this.#slab.pages[block >>> this.#slab.shift];
    this.#word = (block & this.#slab.mask) * BLOCK_WORDS;
  }

  /** Hours in which the principal in focus acted, that are over. */
  get activeHours(): number {
    return this.#block === 0 ? 0 : this.#page.f32[this.#word + ACTIVE];
  }

  /** Most calls of one hour that is over. */
  get mostCalls(): number {
    return this.#block === 0 ? 0 : this.#page.f32[this.#word + MOST];
  }

  /** True when a call at this time begins a new active hour. */
  beginsHour(eventMs: number): boolean {
    return this.#block === 0 || hourOf(eventMs) > this.#page.u32[this.#word + LATEST];
  }

  /** Calls of the hour at hand, with one more at this time. */
  callsWith(eventMs: number): number {
    return this.beginsHour(eventMs) ? 1 : this.#page.u32[this.#word + CALLS] + 1;
  }

  /** Different refused actions of the hour at hand, with this one. */
  refusedWith(eventMs: number, action: number): number {
    const begins = this.beginsHour(eventMs);
    const lo = begins ? 0 : this.#page.u32[this.#word + REFUSED_LO];
    const hi = begins ? 0 : this.#page.u32[this.#word + REFUSED_HI];
    const bit = 1 << (action & 31);
    return (action & 32) === 0 ? ones(lo | bit) + ones(hi) : ones(lo) + ones(hi | bit);
  }

  /** Whether a refused action is the first of its class in the hour at hand. */
  isFreshRefusal(eventMs: number, action: number): boolean {
    if (this.beginsHour(eventMs)) return true;
    const bits = this.#page.u32[this.#word + ((action & 32) === 0 ? REFUSED_LO : REFUSED_HI)];
    return (bits & (1 << (action & 31))) === 0;
  }

  /**
   * Chance that an active hour of the principal falls where it acts no more often than at this hour of the day: all such
   * hours together, with a uniform prior that is heavier for who has shown new hours lately.
   */
  hourTail(eventMs: number): number {
    const own = this.#smoothed(hourOf(eventMs) % HOURS);
    let tail = 0;
    for (let hour = 0; hour < HOURS; hour++) {
      const here = this.#smoothed(hour);
      if (here <= own) tail += here;
    }
    return tail / (this.activeHours + this.#prior);
  }

  /** Hours of the day, 0 to 23 UTC, in which the principal acted before. */
  get hoursActed(): readonly number[] {
    if (this.#block === 0) return [];
    const { f32 } = this.#page;
    return Array.from({ length: HOURS }, (_, hour) => hour).filter((hour) => f32[this.#word + hour] > 0);
  }

  /** Chance that an active hour holds at least so many calls, and how many are expected. */
  rateTail(calls: number, pool: number): { readonly p: number; readonly mean: number } {
    const { f32 } = this.#page;
    const [hours, sum, squares] = this.#pools.subarray(pool * 3, pool * 3 + 3);
    const poolMean = hours === 0 ? CALLS_PRIOR : sum / hours;
    const poolSquare = hours === 0 ? 2 * CALLS_PRIOR * CALLS_PRIOR : squares / hours;
    const n = this.activeHours;
    const mean = ((n === 0 ? 0 : f32[this.#word + SUM]) + POOL_WEIGHT * poolMean) / (n + POOL_WEIGHT);
    const square = ((n === 0 ? 0 : f32[this.#word + SQUARES]) + POOL_WEIGHT * poolSquare) / (n + POOL_WEIGHT);
    const dispersion = Math.max(DISPERSION_MIN, (square - mean * mean - mean) / (mean * mean));
    return { p: countAtLeast(calls, mean, dispersion), mean };
  }

  /** Chance that an active hour holds at least so many different refused actions, and how many are expected. */
  refusedTail(refused: number): { readonly p: number; readonly mean: number } {
    const known = this.#block === 0 ? 0 : this.#page.f32[this.#word + REFUSED_SUM];
    const shape = REFUSED_PRIOR + known;
    const mean = shape / (1 + this.activeHours);
    return { p: countAtLeast(refused, mean, 1 / shape), mean };
  }

  /** Country the principal was last seen in, and when; hash 0 when never. */
  get lastPlace(): { readonly country: number; readonly second: number } {
    if (this.#block === 0) return { country: 0, second: 0 };
    return { country: this.#page.u32[this.#word + COUNTRY], second: this.#page.u32[this.#word + COUNTRY_SECOND] };
  }

  setPlace(country: number, second: number): void {
    if (this.#block === 0) return;
    this.#page.u32[this.#word + COUNTRY] = country;
    this.#page.u32[this.#word + COUNTRY_SECOND] = second;
  }

  /** Counts a call. While `held`, hours that end are forgotten: what happened in them is in question. */
  observe(call: {
    readonly eventMs: number;
    readonly refused: number;
    readonly pool: number;
    readonly held: boolean;
  }): void {
    if (this.#block === 0) return;
    const { u32 } = this.#page;
    const word = this.#word;
    if (this.beginsHour(call.eventMs)) {
      if (u32[word + CALLS] > 0 && !call.held) this.#close(call.pool);
      u32[word + LATEST] = hourOf(call.eventMs);
      u32[word + CALLS] = 0;
      u32[word + REFUSED_LO] = 0;
      u32[word + REFUSED_HI] = 0;
    }
    u32[word + CALLS] = Math.min(u32[word + CALLS] + 1, 0xffff_fffe);
    if (call.refused !== 0)
      u32[word + ((call.refused & 32) === 0 ? REFUSED_LO : REFUSED_HI)] |= 1 << (call.refused & 31);
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
    for (const value of this.#pools) out.f64(value);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
    for (let at = 0; at < this.#pools.length; at++) this.#pools[at] = from.f64();
    this.#block = 0;
  }

  #close(pool: number): void {
    const { f32, u32 } = this.#page;
    const word = this.#word;
    const record = f32[word + MOST];
    const calls = record === 0 ? u32[word + CALLS] : Math.min(u32[word + CALLS], LESSON_MAX * record);
    const hour = word + (u32[word + LATEST] % HOURS);
    f32[word + NEW_HOURS] = f32[word + NEW_HOURS] * NEW_HOUR_LEFT + (f32[hour] === 0 ? 1 : 0);
    f32[hour] += 1;
    f32[word + ACTIVE] += 1;
    f32[word + SUM] += calls;
    f32[word + SQUARES] += calls * calls;
    f32[word + MOST] = Math.max(record, calls);
    f32[word + REFUSED_SUM] += ones(u32[word + REFUSED_LO]) + ones(u32[word + REFUSED_HI]);
    this.#pools[pool * 3] += 1;
    this.#pools[pool * 3 + 1] += calls;
    this.#pools[pool * 3 + 2] += calls * calls;
    if (f32[word + ACTIVE] < ACTIVE_MAX) return;
    for (let at = word; at < word + HOURS; at++) f32[at] /= 2;
    for (const at of [ACTIVE, SUM, SQUARES, REFUSED_SUM]) f32[word + at] /= 2;
  }

  /** Active hours at an hour of the day with those of its neighbours, and the prior's part. */
  #smoothed(hour: number): number {
    if (this.#block === 0) return this.#prior / HOURS;
    const { f32 } = this.#page;
    const before = f32[this.#word + ((hour + HOURS - 1) % HOURS)];
    const after = f32[this.#word + ((hour + 1) % HOURS)];
    const own = f32[this.#word + hour];
    return (1 - 2 * NEIGHBOUR) * own + NEIGHBOUR * (before + after) + this.#prior / HOURS;
  }

  get #prior(): number {
    return HOUR_PRIOR + (this.#block === 0 ? 0 : this.#page.f32[this.#word + NEW_HOURS]);
  }
}

function hourOf(eventMs: number): number {
  return Math.max(0, Math.floor(eventMs / HOUR_MS));
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
