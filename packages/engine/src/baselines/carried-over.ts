import { CATEGORY } from './category.ts';

/** What functions show. */
export const FIELDS_OF_FUNCTIONS = [
  CATEGORY.call,
  CATEGORY.destination,
  CATEGORY.trigger,
  CATEGORY.principal,
  CATEGORY.error,
] as const;
/** Observations that inherited experience counts for: enough to be judged by, soon outweighed by one's own. */
export const INHERITED_MAX = 64;

/** What is left of a novelty after so many model days: half after seven, 2^(-days/7) before. */
const NOVELTY_LEFT: readonly number[] = [1, 0.905724, 0.820335, 0.742997, 0.67295, 0.609507, 0.552045];
const HALF_LIFE_DAYS = NOVELTY_LEFT.length;
/** Less than this is forgotten: it no longer moves a score. */
const NOVELTY_LEAST = 0.01;

/** What is left of novelties after some model days; the same on every machine. */
export function faded(novelties: number, days: number): number {
  let rest = novelties;
  let left = days;
  for (; left >= HALF_LIFE_DAYS && rest > NOVELTY_LEAST; left -= HALF_LIFE_DAYS) rest /= 2;
  return rest * NOVELTY_LEFT[left % HALF_LIFE_DAYS];
}
