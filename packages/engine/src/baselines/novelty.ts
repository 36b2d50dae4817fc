import type { Categories } from './categories.ts';

/** How strange it is that a value appeared. */
export interface Novelty {
  /** -log10 of the chance that this entity shows a new value in one observation. */
  readonly score: number;
  /** What the score must reach to be a finding: rises with every recent novelty, so that a changing entity stays quiet. */
  readonly threshold: number;
  /** Own observations of the field. */
  readonly count: number;
  /** Those before the value first appeared: all of them for a new one. */
  readonly before: number;
  /** Recent new values, faded. */
  readonly novelties: number;
  /** Seen before, but not trusted yet. */
  readonly suspect: boolean;
}

/** Half a decade more is asked for each new value the entity has recently shown. */
const THRESHOLD_PER_NOVELTY = 0.5;

/**
 * Scores a value that the entity has not shown before, in its observations or the `atLeast` that others counted, or showed only while strange. Chance of a new value: Krichevsky
 * and Trofimov's estimate (K + 1/2)/(n + 1) with K new values in n observations, the first observation aside. Returns
 * undefined for a value that is known, and for scores below `least`.
 */
export function scoreNovelty(
  categories: Categories,
  value: { readonly field: number; readonly entry: number; readonly day: number; readonly atLeast?: number },
  base: number,
  least = Number.NEGATIVE_INFINITY,
): Novelty | undefined {
  if (value.entry >= 0 && !categories.isSuspect(value.entry)) return undefined;
  const count = Math.max(categories.observations(value.field), value.atLeast ?? 0);
  const suspect = value.entry >= 0;
  const novelties = categories.novelties(value.field, value.day);
  const score = Math.log10((count + 1) / (novelties + 0.5));
  if (score < least) return undefined;
  return {
    score,
    threshold: base + THRESHOLD_PER_NOVELTY * novelties,
    count,
    before: suspect ? count - categories.sinceAt(value.field, value.entry) : count,
    novelties,
    suspect,
  };
}

/** No score is higher: what is counted stays below ten million. */
const SCORE_MAX = 7.5;

/** True when an unseen value reaches its threshold. */
export function isStrange(
  categories: Categories,
  value: { readonly field: number; readonly base: number; readonly atLeast?: number },
  day: number,
): boolean {
  const novelties = categories.novelties(value.field, day);
  const threshold = value.base + THRESHOLD_PER_NOVELTY * novelties;
  if (threshold > SCORE_MAX) return false;
  const count = Math.max(categories.observations(value.field), value.atLeast ?? 0);
  return Math.log10((count + 1) / (novelties + 0.5)) >= threshold;
}
