import { mix32 } from '../base/hash.ts';
import { CATEGORY } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { HEAD } from '../baselines/functions.ts';
import { METRICS } from '../baselines/metric-block.ts';
import { likelySlot } from '../baselines/revisions.ts';
import { GROUPS } from '../features/groups.ts';

/** What is counted of the values a function shows. */
const VARIETIES = [CATEGORY.call, CATEGORY.destination, CATEGORY.trigger, CATEGORY.principal, CATEGORY.error] as const;
/** Seconds over which a rate is taken at least. */
const SPAN_SECONDS_MIN = 600;

/** Where the head of a function is, with the baselines pointed at it. */
export interface Described {
  readonly u32: Uint32Array;
  readonly word: number;
  readonly baselines: FunctionBaselines;
}

/**
 * How a function behaves, in numbers that mean the same for all: middle and width of each metric of its warm runs (logarithms), rate,
 * share of days it was active on, of cold starts and errors, how many calls and how many different ones, destinations, triggers,
 * principals and errors it shows, and a 1 for what triggers it. NaN is what is not known. They rest on state of this function
 * alone, so they are the same in any partition.
 */
export function peerNumbers({ u32, word, baselines }: Described): Float64Array {
  const closed = Math.max(1, u32[word + HEAD.closed]);
  const seconds = Math.max(SPAN_SECONDS_MIN, u32[word + HEAD.lastSecond] - u32[word + HEAD.firstSecond]);
  const warm = u32[likelySlot(u32, word + HEAD.revisions) + 2];
  const bands = METRICS.map((metric) => baselines.metrics.describe(warm, metric));
  const { categories } = baselines;
  const group = u32[word + HEAD.group];
  return Float64Array.from([
    ...bands.map(({ count, centre }) => (count === 0 ? Number.NaN : Math.log(1 + centre))),
    ...bands.map(({ count, low, high }) => (count === 0 ? Number.NaN : Math.log((1 + high) / (1 + low)))),
    Math.log(closed / seconds),
    ((u32[word + HEAD.days] & 0xffff) * 86_400) / (seconds + 86_400),
    u32[word + HEAD.cold] / closed,
    u32[word + HEAD.errors] / closed,
    Math.log(1 + categories.observations(CATEGORY.call) / closed),
    ...VARIETIES.map((field) => known(categories.values(field).length)),
    ...Array.from({ length: GROUPS }, (_, at) => (at === group ? 1 : Number.NaN)),
  ]);
}

/** A function that shows no value may be one of which values cannot be seen. */
function known(count: number): number {
  return count === 0 ? Number.NaN : Math.log(count);
}

/**
 * What a function comes from, as far as behaviour says: functions with the very same calls and destinations are copies of one code,
 * whatever they are called and however many there are. `otherwise` is for those that show none.
 */
export function sourceOf(baselines: FunctionBaselines, otherwise: number): number {
  const { categories } = baselines;
  let sum = 0;
  let count = 0;
  for (const field of [CATEGORY.call, CATEGORY.destination]) {
    for (const { key } of categories.values(field)) {
      sum = (sum + (mix32(key) >>> 0)) >>> 0;
      count++;
    }
  }
  return count === 0 ? otherwise : sum;
}
