import type { Lesson } from './category.ts';

/** Distinct model days after which a value is trusted. */
export const TRUST_DAYS = 3;
/** Distinct days are counted up to here. */
const DAYS_MAX = 63;

/** What is kept of a value beside its counts, in one word: `latest model day:16 | distinct days:6 | field:5 | bits:5`. */
export const USUAL_BIT = 1;
export const SUSPECT_BIT = 2;
export const TRAINED_BIT = 4;
/** The text of the value is kept (or was refused for want of room). */
export const NAMED_BIT = 8;
/** Removes the distinct days. */
export const WITHOUT_DAYS = ~(DAYS_MAX << 10);

/** Distinct model days on which the value was seen, up to 63. */
export function daysOf(packed: number): number {
  return (packed >>> 10) & DAYS_MAX;
}

/** The word of a value that is seen for the first time. */
export function seenFirst(field: number, lesson: Lesson, suspect: boolean): number {
  const bits = (suspect ? SUSPECT_BIT : 0) | (lesson.training ? TRAINED_BIT : 0);
  return ((lesson.day & 0xffff) << 16) | (1 << 10) | (field << 5) | bits;
}

/** The field a value belongs to. */
export function fieldOf(packed: number): number {
  return (packed >>> 5) & 31;
}

/** The word of a value that is seen once more. */
export function seenAgain(packed: number, lesson: Lesson): number {
  const sameDay = packed >>> 16 === (lesson.day & 0xffff);
  const days = Math.min(DAYS_MAX, daysOf(packed) + (sameDay ? 0 : 1));
  const bits = lesson.training ? (packed & 31 & ~SUSPECT_BIT) | TRAINED_BIT : packed & 31;
  return (((lesson.day & 0xffff) << 16) | (days << 10) | (fieldOf(packed) << 5) | bits) >>> 0;
}
