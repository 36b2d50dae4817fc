import type { StateReader, StateWriter } from '../base/state.ts';
import { distance, quantile, type Scale, scaled, scaleOf } from './distance.ts';
import { clusterByMedoids, nearestOf } from './medoids.ts';

/** Groups at most: more neither hold longer nor say more about what starts a function (measured on public workloads). */
export const GROUPS_MAX = 20;
/** Profiles the groups are formed from: what an hourly tick can afford. */
export const SAMPLE_MAX = 1024;
/** Sources a group needs before it is one. */
export const SOURCES_MIN = 5;
/** A function further from its medoid than this many times what nine in ten members are is in no group. */
const REACH = 2;
const MEMBERS_WITHIN = 0.9;

/** What the groups are formed from. */
export interface Profile {
  readonly name: string;
  /** Who or what it comes from: all functions of one source together count as one. */
  readonly source: number;
  readonly numbers: Float64Array;
}

/** A group of functions that behave alike. */
export interface PeerGroup {
  /** Stays while the group does, whatever its members are. */
  readonly label: number;
  /** The function that stands for it. */
  readonly medoid: string;
  /** Of the sample. */
  readonly members: number;
  readonly sources: number;
}

interface Kept extends PeerGroup {
  readonly numbers: Float64Array;
  readonly radius: number;
}

/**
 * Groups of functions that behave alike, each named by one of them. What one source contributes counts as one function, however many
 * it makes, and a group needs `SOURCES_MIN` sources: whoever creates a hundred functions does not thereby create a norm. Labels
 * outlive the forming of groups where the medoids are near each other. Membership is not kept: it is looked up, which costs
 * `GROUPS_MAX` distances. Bounded by `GROUPS_MAX` profiles. Wrong when profiles are few or do not differ: then there is no group.
 */
export class PeerGroups {
  #scale: Scale = { centre: new Float64Array(0), spread: new Float64Array(0) };
  #groups: Kept[] = [];
  /** The same in units of the scale. */
  #centres: Float64Array[] = [];
  #nextLabel = 1;

  get groups(): readonly PeerGroup[] {
    return this.#groups;
  }

  /** Forms the groups anew from at most `SAMPLE_MAX` profiles, in an order that depends on nothing but their names. */
  form(sample: readonly Profile[], seed: number): void {
    const profiles = [...sample].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, SAMPLE_MAX);
    const scale = scaleOf(profiles.map(({ numbers }) => numbers));
    const rows = profiles.map(({ numbers }) => scaled(numbers, scale));
    const weights = weightsOf(profiles);
    const { medoids, groupOf } = clusterByMedoids(rows, weights, { count: countFor(profiles), seed });
    const formed: Kept[] = [];
    for (const [group, medoid] of medoids.entries()) {
      const members = profiles.filter((_, row) => groupOf[row] === group);
      const sources = new Set(members.map(({ source }) => source)).size;
      if (sources < SOURCES_MIN) continue;
      const away = rows.filter((_, row) => groupOf[row] === group).map((row) => distance(row, rows[medoid]));
      const radius = quantile(Float64Array.from(away).sort(), MEMBERS_WITHIN) * REACH;
      const { name, numbers } = profiles[medoid];
      formed.push({ label: 0, medoid: name, members: members.length, sources, numbers, radius });
    }
    const labels = this.#labelsOf(formed, scale);
    this.#take(
      formed.map((group, at) => ({ ...group, label: labels[at] })),
      scale,
    );
  }

  /** Group of a function; undefined for one that is like no group. */
  groupOf(numbers: Float64Array): PeerGroup | undefined {
    if (this.#groups.length === 0 || numbers.length !== this.#scale.centre.length) return undefined;
    const row = scaled(numbers, this.#scale);
    const at = nearestOf(row, this.#centres);
    return distance(row, this.#centres[at]) <= this.#groups[at].radius ? this.#groups[at] : undefined;
  }

  save(out: StateWriter): void {
    out.u32(this.#nextLabel);
    out.f64Array(this.#scale.centre);
    out.f64Array(this.#scale.spread);
    out.u32(this.#groups.length);
    for (const group of this.#groups) {
      out.u32(group.label);
      out.text(group.medoid);
      out.u32(group.members);
      out.u32(group.sources);
      out.f64(group.radius);
      out.f64Array(group.numbers);
    }
  }

  load(from: StateReader): void {
    this.#nextLabel = from.u32();
    const scale = { centre: from.f64Array(), spread: from.f64Array() };
    const width = scale.centre.length;
    from.expect(scale.spread.length === width, 'scale of peers');
    const count = from.u32();
    from.expect(count <= GROUPS_MAX, 'groups of peers');
    const groups: Kept[] = [];
    for (let at = 0; at < count; at++) {
      const [label, medoid] = [from.u32(), from.text()];
      const [members, sources, radius, numbers] = [from.u32(), from.u32(), from.f64(), from.f64Array()];
      from.expect(numbers.length === width, 'profile of a medoid');
      groups.push({ label, medoid, members, sources, radius, numbers });
    }
    this.#take(groups, scale);
  }

  #take(groups: Kept[], scale: Scale): void {
    this.#groups = groups;
    this.#scale = scale;
    this.#centres = groups.map(({ numbers }) => scaled(numbers, scale));
  }

  /** Gives each new group the label of the old one whose medoid is nearest and within reach of either, nearest pairs first. */
  #labelsOf(formed: readonly Kept[], scale: Scale): number[] {
    const old = this.#groups.map((group) => ({ ...group, row: scaled(group.numbers, scale) }));
    const pairs = formed.flatMap((group, at) => {
      const row = scaled(group.numbers, scale);
      return old
        .filter(({ numbers }) => numbers.length === group.numbers.length)
        .map(({ label, radius, row: other }) => ({
          at,
          label,
          reach: Math.max(radius, group.radius),
          away: distance(row, other),
        }));
    });
    pairs.sort((a, b) => a.away - b.away || a.label - b.label || a.at - b.at);
    const labels = new Map<number, number>();
    const used = new Set<number>();
    for (const { at, label, reach, away } of pairs) {
      if (away > reach || labels.has(at) || used.has(label)) continue;
      labels.set(at, label);
      used.add(label);
    }
    return formed.map((_, at) => labels.get(at) ?? this.#nextLabel++);
  }
}

/** Groups to look for: few functions in many groups would leave each with too few sources to be one. */
function countFor(profiles: readonly Profile[]): number {
  const sources = new Set(profiles.map(({ source }) => source)).size;
  return Math.max(1, Math.min(GROUPS_MAX, Math.floor(sources / (2 * SOURCES_MIN))));
}

/** Functions of one source share the weight of one. */
function weightsOf(profiles: readonly Profile[]): Float64Array {
  const counts = new Map<number, number>();
  for (const { source } of profiles) counts.set(source, (counts.get(source) ?? 0) + 1);
  return Float64Array.from(profiles, ({ source }) => 1 / (counts.get(source) ?? 1));
}
