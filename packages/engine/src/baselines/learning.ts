import type { Categories } from './categories.ts';
import { keyOf, type Lesson } from './category.ts';
import { isStrange } from './novelty.ts';

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
  /** Observations that others counted, where the entity itself is only told of some. */
  readonly atLeast?: number;
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
    return categories.learnAt(entry, keyOf(value.field, value.hash), lesson);
  }
  return learnUnseen(categories, value, lesson);
}

/** `learnValue` of a value that is known to be unseen. */
export function learnUnseen(categories: Categories, value: Value, lesson: Lesson): boolean {
  const doubted = !lesson.training && (value.held || isStrange(categories, value, lesson.day));
  const as = !doubted ? 'plain' : value.covered === true ? 'covered' : 'suspect';
  return categories.add(value.field, value.hash, lesson, as);
}
