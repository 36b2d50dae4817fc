import { FACET } from '../event/schema.ts';
import { FACET_RANK } from '../features/join.ts';
import { FIELD_GROUPS, type Observation } from '../features/observation.ts';
import { HEAD } from './functions.ts';

/** Closed invocations after which it is known which facets a function usually delivers. */
const FACETS_KNOWN_AFTER = 8;
/** Closed invocations after which the shares of a function that always delivers the same no longer move. */
const FACETS_SETTLED_AFTER = 128;

/** Facet kinds that describe an invocation under its request id. */
const TELLING_KINDS =
  (1 << FACET.sensor) | (1 << FACET.platform) | (1 << FACET.otel) | (1 << FACET.xray) | (1 << FACET.insights);
/** Facet kinds that describe an invocation. Kept trigger events mostly do not know its request id. */
export const INVOCATION_KINDS = TELLING_KINDS | (1 << FACET.trigger);

/**
 * Whether other sources tell of a function's invocations: then a trigger event that cannot be joined with what they say is
 * a second account of one of them, and does not count as another. `u32` and `word` are the function's head.
 */
export function isTold(u32: Uint32Array, word: number): boolean {
  return (u32[word + HEAD.facetsEver] & TELLING_KINDS) !== 0;
}

/**
 * Moves the share of each facet kind a sixteenth towards what an invocation delivered, and notes which kinds are delivered
 * for at least half of the recent invocations (none while that is unknown). `u32` and `word` are the function's head.
 */
export function countFacets(u32: Uint32Array, word: number, facets: number): void {
  const ever = u32[word + HEAD.facetsEver];
  const closed = u32[word + HEAD.closed];
  if (closed > FACETS_SETTLED_AFTER && facets === ever && u32[word + HEAD.usualFacets] === ever) return;
  let usual = 0;
  for (let left = ever; left !== 0; left &= left - 1) {
    const kind = 31 - Math.clz32(left & -left);
    const at = word + HEAD.facetShare + (kind >> 1);
    const shift = (kind & 1) * 16;
    const share = (u32[at] >>> shift) & 0xffff;
    const target = (facets >>> kind) & 1 ? 0xffff : 0;
    const moved = share + ((target - share) >> (closed < FACETS_KNOWN_AFTER ? 2 : 4));
    u32[at] = ((u32[at] & ~(0xffff << shift)) | (moved << shift)) >>> 0;
    if (moved > 0x7fff) usual |= 1 << kind;
  }
  u32[word + HEAD.usualFacets] = closed + 1 < FACETS_KNOWN_AFTER ? 0 : usual;
}

/**
 * Bits of the groups of `FIELDS` that the function learns from another facet than `facets`, the one at hand. None where
 * that is the only usual one, and none while nothing is learned.
 */
export function foreignGroups(u32: Uint32Array, word: number, facets: number): number {
  if (u32[word + HEAD.usualFacets] === facets) return 0;
  const rank = rankOf(facets);
  let foreign = 0;
  for (let group = 0; group < FIELD_GROUPS; group++) {
    const from = (u32[word + HEAD.learnedFrom] >>> (group * 8)) & 0xff;
    if (from !== 0 && from !== rank) foreign |= 1 << group;
  }
  return foreign;
}

/** Notes which facet each group of `FIELDS` is learned from, as the observation is learned. */
export function noteFacets(u32: Uint32Array, word: number, seen: Observation): void {
  const joined = seen.batch === undefined;
  const own = joined ? 0 : rankOf(seen.facets);
  let learnedFrom = u32[word + HEAD.learnedFrom];
  for (let group = 0; group < FIELD_GROUPS; group++) {
    const rank = joined ? seen.fieldRanks[group] : seen.has(group) ? own : 0;
    if (rank !== 0) learnedFrom = (learnedFrom & ~(0xff << (group * 8))) | (rank << (group * 8));
  }
  u32[word + HEAD.learnedFrom] = learnedFrom;
}

/** Rank of the one facet in a set of one. */
function rankOf(facets: number): number {
  return FACET_RANK[31 - Math.clz32(facets)];
}
