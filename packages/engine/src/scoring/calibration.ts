import type { StateReader, StateWriter } from '../base/state.ts';
import { SCORE_MIN } from '../detectors/detector.ts';
import { ScoreTail } from '../stats/score-tail.ts';

/** A detector's own rank is believed down to this many observations in its record. */
const OWN_RANKS = 10;
/**
 * Scores one entity may add to a detector's tails in an hour: cheap oddities must not raise everybody's threshold. An
 * entity that behaves fills its part with eighty judged observations; more would add little to what the pool knows.
 */
export const SCORES_PER_ENTITY_HOUR_MAX = 4;
/** Entities told apart within an hour, per detector together. The scores of further ones are not learned. */
export const ENTITIES_PER_HOUR_MAX = 65_536;
/** Groups told apart; others share group 0. */
const GROUPS_MAX = 64;
const HOUR_MS = 3_600_000;
/** Rarities at which claims are compared with what happened. */
export const EXCEEDANCE_LEVELS = [1e-2, 1e-3, 1e-4, 1e-5] as const;

/** What is asked of a score. */
export interface Claim {
  readonly detector: string;
  /** Entities alike in what their tails look like: what triggers a function, what sort of principal acts. */
  readonly group: number;
  /** Decades of rarity by the entity's own record. */
  readonly score: number;
  /** Own observations the score rests on. */
  readonly count: number;
}

/** A score to be learned. */
export interface Observed {
  readonly detector: string;
  readonly group: number;
  readonly score: number;
  /** Own observations the score rests on; without it the score is taken at its word where rarity is measured. */
  readonly count?: number;
  /** Its rarity, where that was asked before. */
  readonly rarity?: number;
  /** Who showed it: contributes a bounded number an hour. */
  readonly entity: string;
  readonly nowMs: number;
}

/** How often rarities at or below a level were claimed, and how often they should have been. */
export interface Exceedance {
  readonly detector: string;
  readonly level: number;
  readonly expected: number;
  readonly observed: number;
}

interface DetectorTails {
  readonly tenant: ScoreTail;
  readonly groups: Map<number, ScoreTail>;
  /** Scores that entities have added in the current hour. */
  readonly parts: Map<string, number>;
  /** Claims at or below each level, forgotten as the tenant's tail is. */
  readonly claimed: Float64Array<ArrayBuffer>;
}

/**
 * Turns scores into rarities: how often an entity of this kind looks at least this strange while nothing is wrong.
 *
 * Three ranges. Down to ten observations of its own record the entity's score is believed (p = 10^-score), times how
 * much too often its pool scores at all. Below, the shape of the pool's scores decides how much further it goes: the tail
 * of its group, leaning on the tenant's where the group is small; beyond all data their Pareto tail (`ScoreTail`). Without
 * data a prior falls half as fast as the score claims. Rarity never rises with the score.
 *
 * Wrong where a group mixes entities with very different tails, and for as long as attacks dominate what is learned.
 * Deterministic; forgets by observations, not by time. 1 KiB per detector and group; `rarity` about 0.5 us.
 */
export class Calibration {
  /** Scores not learned: below `SCORE_MIN` or not finite; over an entity's hourly part; of too many entities. */
  readonly refused = { 'not-a-score': 0, 'entity-part': 0, entities: 0 };
  readonly #detectors = new Map<string, DetectorTails>();
  #hour = -1;
  /** Entities told apart in the current hour. */
  #entities = 0;

  /** Counts `n` judged observations of a detector in a group. */
  judged(detector: string, group: number, n: number): void {
    const tails = this.#tailsOf(detector);
    groupOf(tails, group).judge(n);
    if (tails.tenant.judge(n)) for (let at = 0; at < tails.claimed.length; at++) tails.claimed[at] /= 2;
  }

  /** Learns a score of at least `SCORE_MIN`, and notes how rare it was claimed to be. */
  observe(of: Observed): void {
    if (!(of.score >= SCORE_MIN && of.score < Number.POSITIVE_INFINITY)) {
      this.refused['not-a-score']++;
      return;
    }
    const tails = this.#tailsOf(of.detector);
    const rarity = of.rarity ?? this.rarity({ ...of, count: of.count ?? Number.POSITIVE_INFINITY });
    for (let at = 0; at < EXCEEDANCE_LEVELS.length; at++) if (rarity <= EXCEEDANCE_LEVELS[at]) tails.claimed[at]++;
    if (!this.#hasPart(tails.parts, of)) return;
    groupOf(tails, of.group).add(of.score);
    tails.tenant.add(of.score);
  }

  /** How often normal behaviour looks at least this strange: 0..1, never 0. */
  rarity(of: Claim): number {
    const ownEnd = Math.max(SCORE_MIN, Math.log10(Math.max(1, of.count) / OWN_RANKS));
    const tails = this.#tailsOf(of.detector);
    const tail = groupOf(tails, of.group);
    // Where the pool reaches even ordinary scores too often, the scores overstate, and this one does as well.
    const own = fromDecades(Math.min(of.score, ownEnd)) * excessOf(tail);
    if (of.score <= ownEnd) return Math.min(1, own);
    return Math.min(1, (own * tail.beyond(of.score, tails.tenant)) / tail.beyond(ownEnd, tails.tenant));
  }

  /** Claimed against expected exceedances of each detector, in the order detectors were first seen. */
  exceedances(): readonly Exceedance[] {
    const rows: Exceedance[] = [];
    for (const [detector, tails] of this.#detectors) {
      for (const [at, level] of EXCEEDANCE_LEVELS.entries()) {
        rows.push({ detector, level, expected: tails.tenant.judged * level, observed: tails.claimed[at] });
      }
    }
    return rows;
  }

  save(out: StateWriter): void {
    out.u32(this.#detectors.size);
    for (const [detector, tails] of this.#detectors) {
      out.text(detector);
      tails.tenant.save(out);
      out.f64Array(tails.claimed);
      out.u32(tails.groups.size);
      for (const [group, tail] of tails.groups) {
        out.u32(group);
        tail.save(out);
      }
      out.u32(tails.parts.size);
      for (const [entity, used] of tails.parts) {
        out.text(entity);
        out.u32(used);
      }
    }
    out.f64(this.#hour);
    for (const reason of REFUSALS) out.f64(this.refused[reason]);
  }

  load(from: StateReader): void {
    this.#detectors.clear();
    this.#entities = 0;
    for (let left = from.u32(); left > 0; left--) {
      const tails = this.#tailsOf(from.text());
      tails.tenant.load(from);
      const claimed = from.f64Array();
      from.expect(claimed.length === tails.claimed.length, 'number of levels');
      tails.claimed.set(claimed);
      for (let groups = from.u32(); groups > 0; groups--) groupOf(tails, from.u32()).load(from);
      for (let parts = from.u32(); parts > 0; parts--) tails.parts.set(from.text(), from.u32());
      this.#entities += tails.parts.size;
    }
    this.#hour = from.f64();
    for (const reason of REFUSALS) this.refused[reason] = from.f64();
  }

  #tailsOf(detector: string): DetectorTails {
    let tails = this.#detectors.get(detector);
    if (tails === undefined) {
      const claimed = new Float64Array(EXCEEDANCE_LEVELS.length);
      tails = { tenant: new ScoreTail(SCORE_MIN), groups: new Map(), parts: new Map(), claimed };
      this.#detectors.set(detector, tails);
    }
    return tails;
  }

  /** True while an entity may still contribute to a detector in this hour. */
  #hasPart(parts: Map<string, number>, of: Observed): boolean {
    const hour = Math.floor(of.nowMs / HOUR_MS);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#entities = 0;
      for (const tails of this.#detectors.values()) tails.parts.clear();
    }
    const used = parts.get(of.entity);
    if (used === undefined && this.#entities >= ENTITIES_PER_HOUR_MAX) {
      this.refused.entities++;
      return false;
    }
    if (used !== undefined && used >= SCORES_PER_ENTITY_HOUR_MAX) {
      this.refused['entity-part']++;
      return false;
    }
    if (used === undefined) this.#entities++;
    parts.set(of.entity, (used ?? 0) + 1);
    return true;
  }
}

const REFUSALS = ['not-a-score', 'entity-part', 'entities'] as const;

function groupOf(tails: DetectorTails, group: number): ScoreTail {
  const key = Number.isInteger(group) && group > 0 && group < GROUPS_MAX ? group : 0;
  let tail = tails.groups.get(key);
  if (tail === undefined) {
    tail = new ScoreTail(SCORE_MIN);
    tails.groups.set(key, tail);
  }
  return tail;
}

/** How many times more often than it should a pool reaches `SCORE_MIN`; 1 when not more often. */
function excessOf(tail: ScoreTail): number {
  return Math.max(1, tail.count / Math.max(1, tail.judged * fromDecades(SCORE_MIN)));
}

function fromDecades(score: number): number {
  return Math.exp(-score * Math.LN10);
}
