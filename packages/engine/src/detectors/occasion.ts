import { CATEGORY } from '../baselines/category.ts';
import { learnUnseen } from '../baselines/learning.ts';
import { type Novelty, scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';

/** Entities of the account that hold what happens to it now and then. The numbers are part of saved state. */
export const OCCASION = { newPrincipal: 1, travel: 2, outside: 3, newAction: 4 } as const;
export type Occasion = keyof typeof OCCASION;

/** How rare an occasion is in the account, by Krichevsky and Trofimov over the chances it had. */
export function scoreOccasion(state: TenantBaselines, occasion: Occasion, base: number): Novelty {
  state.focus('account', OCCASION[occasion]);
  const place = { field: CATEGORY.occasion, entry: -1, day: state.lesson.day };
  // An entry of -1 is never known, so there is always a novelty.
  return scoreNovelty(state.categories, place, base) ?? NEVER;
}

/** Counts one chance the occasion had. */
export function countChance(state: TenantBaselines, occasion: Occasion): void {
  state.ensure('account', OCCASION[occasion], () => occasion);
  state.categories.observe(CATEGORY.occasion);
}

/** Counts that it happened, under what names it. */
export function learnOccasion(
  state: TenantBaselines,
  occasion: Occasion,
  as: { readonly hash: number; readonly base: number },
): void {
  state.focus('account', OCCASION[occasion]);
  const { hash, base } = as;
  learnUnseen(state.categories, { field: CATEGORY.occasion, hash, base, held: state.held }, state.lesson);
}

const NEVER: Novelty = { score: 0, threshold: 1, count: 0, before: 0, novelties: 0, suspect: false };
