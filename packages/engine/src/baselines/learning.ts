import type { Categories, Lesson } from './categories.ts';
import { scoreNovelty } from './novelty.ts';

/** One value to be learned, and how strict its field is. */
export interface Value {
  readonly field: number;
  readonly hash: number;
  /** Base threshold of the detector that judges the field. */
  readonly base: number;
  /** The learn gate of the detector's family. */
  readonly held: boolean;
  /** Part of something another detector judges: that one carries the suspicion. */
  readonly covered?: boolean;
}

/**
 * Learns one value behind the gate. A new value that would be a finding is remembered as suspect and stays strange until
 * it was seen on distinct days; while an incident is open it does not even earn those, and whatever is new then is suspect
 * too. Returns false when there was no room.
 */
export function learnValue(categories: Categories, value: Value, lesson: Lesson): boolean {
  const entry = categories.find(value.field, value.hash);
  if (entry >= 0) {
    if (value.held && categories.isSuspect(entry) && !lesson.training) return true;
    return categories.learn(value.field, value.hash, lesson);
  }
  const novelty = lesson.training
    ? undefined
    : scoreNovelty(categories, { field: value.field, entry, day: lesson.day }, value.base);
  const strange = novelty !== undefined && novelty.score >= novelty.threshold;
  const doubted = strange || (value.held && !lesson.training);
  const as = !doubted ? 'plain' : value.covered === true ? 'covered' : 'suspect';
  return categories.learn(value.field, value.hash, lesson, as);
}
