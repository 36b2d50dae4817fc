import type { Names } from './base/names.ts';
import { CATEGORY, type CategoryValue } from './baselines/category.ts';
import { HEAD } from './baselines/functions.ts';
import { METRICS } from './baselines/metric-block.ts';
import type { Engine } from './engine.ts';
import { FACETS, type FacetKind } from './event/schema.ts';
import { CAPABILITIES, litBy, unseenWith } from './scoring/coverage.ts';
import type { StageOne } from './stage-one.ts';

// Types, not interfaces, so that they count as JSON.

/** Learned band of one metric of one class of invocations. */
export type MetricProfile = {
  readonly metric: string;
  readonly cold: boolean;
  readonly count: number;
  readonly low: number;
  readonly centre: number;
  readonly high: number;
  readonly max: number;
};

/** A value with the share of invocations it is part of. */
export type ValueProfile = {
  readonly text: string;
  readonly count: number;
  readonly share: number;
  /** It looked strange when it came and has not earned trust: seen, but no part of what is normal. */
  readonly doubted: boolean;
};

/** Functions that behave alike, named by the one that stands for them. */
export type PeersProfile = {
  /** Stays the same while the group does. */
  readonly label: number;
  readonly medoid: string;
  /** Functions of the sample that the group was formed from. */
  readonly members: number;
};

/** What is learned of one function, for people. */
export type FunctionProfile = {
  readonly key: string;
  readonly invocations: number;
  readonly cold: number;
  readonly errors: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** Distinct model days it was active. */
  readonly days: number;
  /** 0: nothing known yet, towards 1: judged by its own record. */
  readonly maturity: number;
  /** The group of functions that behave as it does; null for one that is like no group, or too new to tell. */
  readonly peers: PeersProfile | null;
  readonly metrics: readonly MetricProfile[];
  readonly calls: readonly ValueProfile[];
  readonly destinations: readonly ValueProfile[];
  readonly triggers: readonly ValueProfile[];
  readonly callers: readonly ValueProfile[];
  readonly callees: readonly ValueProfile[];
  readonly facets: readonly FacetKind[];
  readonly unseen: readonly string[];
};

/** Invocations at which half of the judgement is the function's own. */
const MATURITY_HALF_COUNT = 50;
/** Values listed per field. */
const VALUES_MAX = 20;

/** Describes every function, in order of the key. Cost: 20 µs a function. */
export function profilesOf(engine: Engine): FunctionProfile[] {
  return [...profilesInTurn(engine)].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Describes one function after the other as it is then; the engine may step between. */
export function* profilesInTurn(engine: Engine): Generator<FunctionProfile, undefined> {
  for (const stage of engine.stageOne) {
    for (const id of stage.functions.ids()) yield profileOf(engine, stage, id);
  }
}

/** How each capability is lit, over functions: number of functions with full, partial and no sight. */
export type CoverageRow = {
  readonly capability: string;
  readonly full: number;
  readonly partial: number;
  readonly dark: number;
};

/** The coverage matrix of the estate. Cost: 10 ns a function. */
export function coverageOf(engine: Engine): CoverageRow[] {
  const functions = functionsByFacets(engine);
  return CAPABILITIES.map((capability) => {
    const row = { capability: capability.name, full: 0, partial: 0, dark: 0 };
    for (const [facets, count] of functions) {
      row[litBy(capability, facets | engine.stageTwo.accountFacets)] += count;
    }
    return row;
  });
}

/** Number of functions by the bits of the facets ever seen of them. */
function functionsByFacets(engine: Engine): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { functions } of engine.stageOne) {
    for (const id of functions.ids()) {
      const facets = functions.page(id).u32[functions.word(id) + HEAD.facetsEver];
      counts.set(facets, (counts.get(facets) ?? 0) + 1);
    }
  }
  return counts;
}

function profileOf(engine: Engine, stage: StageOne, id: number): FunctionProfile {
  const group = engine.peers.of(stage, id);
  const { page, word, baselines } = stage.focus(id);
  const { u32 } = page;
  const key = stage.functions.names[id];
  const { stageTwo } = engine;
  const values = (field: number) => valuesOf(baselines.categories.values(field), stage.names).slice(0, VALUES_MAX);
  const ends = (kind: 'caller' | 'callee') => valuesOf(stageTwo.edgeEnds(kind, u32[word + HEAD.keyLo]), stageTwo.names);
  const [calls, destinations, triggers] = [
    values(CATEGORY.call),
    values(CATEGORY.destination),
    values(CATEGORY.trigger),
  ];
  const closed = u32[word + HEAD.closed];
  const facetsEver = u32[word + HEAD.facetsEver];
  return {
    key,
    invocations: closed,
    cold: u32[word + HEAD.cold],
    errors: u32[word + HEAD.errors],
    firstMs: u32[word + HEAD.firstSecond] * 1000,
    lastMs: u32[word + HEAD.lastSecond] * 1000,
    days: u32[word + HEAD.days] & 0xffff,
    maturity: closed / (closed + MATURITY_HALF_COUNT),
    peers: group === undefined ? null : { label: group.label, medoid: group.medoid, members: group.members },
    metrics: metricsOf(stage, u32, word),
    calls,
    destinations,
    triggers,
    callers: ends('callee'),
    callees: ends('caller'),
    facets: FACETS.filter((_, kind) => (facetsEver & (1 << kind)) !== 0),
    unseen: unseenWith(facetsEver | stageTwo.accountFacets),
  };
}

/** Values by name. Equal counts in the order of their texts: that of their hashes means nothing to anybody. */
function valuesOf(list: readonly CategoryValue[], names: Names): ValueProfile[] {
  return list
    .map(({ key, count, share, doubted }) => ({ text: names.get(key), count, share, doubted }))
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
}

function metricsOf(stage: StageOne, u32: Uint32Array, word: number): MetricProfile[] {
  const at = word + HEAD.revisions;
  const slot = u32[at + 5] > u32[at + 1] ? at + 4 : at;
  const profiles: MetricProfile[] = [];
  for (const cold of [false, true]) {
    const block = u32[slot + (cold ? 3 : 2)];
    if (block === 0) continue;
    for (const metric of METRICS) {
      const band = stage.metrics.describe(block, metric);
      if (band.count === 0) continue;
      const { count, low, centre, high, max } = band;
      profiles.push({ metric, cold, count, low, centre, high, max });
    }
  }
  return profiles;
}
