import { SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { triggerOf } from '../features/shape.ts';
import { type Categories, HABIT } from './categories.ts';
import { CATEGORY, keyOf } from './category.ts';

/** Marks a value that already stood earlier in the list: an invocation counts a value once. */
export const REPEATED = -2;

/** Looks the calls and destinations of an observation up in the categories in focus, once for all detectors. */
export function locateCalls(seen: Observation, categories: Categories): void {
  locate(seen.callToken, seen.callEntry, { count: seen.callCount, field: CATEGORY.call, categories });
  locate(seen.callDestination, seen.destinationEntry, {
    count: seen.callCount,
    field: CATEGORY.destination,
    categories,
  });
}

/** Looks who caused an observation up in the categories in focus. */
export function locatePrincipal(seen: Observation, categories: Categories): void {
  const principal = seen.symbols[SYMBOL.principal];
  seen.principalEntry = principal === 0 ? -1 : categories.find(CATEGORY.principal, principal);
}

function locate(
  values: Uint32Array,
  entries: Int32Array,
  of: { readonly count: number; readonly field: number; readonly categories: Categories },
): void {
  for (let at = 0; at < of.count; at++) {
    let before = 0;
    while (before < at && values[before] !== values[at]) before++;
    entries[at] = before < at ? REPEATED : of.categories.find(of.field, values[at]);
  }
}

/**
 * Makes the calls and the trigger of an observation that was located and learned on model day `day` the habit of its
 * function, if they came the same way the last time and all of them are well known. Cost 5 ns, or 60 ns when it does.
 */
export function keepHabit(seen: Observation, categories: Categories, day: number): void {
  if (!categories.cameLast(seen.shape)) return;
  let values = seen.callsKnown ? HABIT.calls : 0;
  let usual = 0;
  for (let at = 0; at < seen.callCount; at++) {
    const call = seen.callEntry[at];
    if (call !== REPEATED) {
      if (!categories.isOld(call, keyOf(CATEGORY.call, seen.callToken[at]), day)) return;
      values |= 1 << call;
      if (categories.isUsual(call)) usual++;
    }
    const destination = seen.destinationEntry[at];
    const hash = seen.callDestination[at];
    if (destination === REPEATED || hash === 0) continue;
    if (!categories.isOld(destination, keyOf(CATEGORY.destination, hash), day)) return;
    values |= 1 << destination;
  }
  if (seen.callsKnown && usual !== categories.usualCount) return;
  const trigger = triggerOf(seen);
  if (trigger !== 0) {
    const entry = categories.find(CATEGORY.trigger, trigger);
    if (!categories.isOld(entry, keyOf(CATEGORY.trigger, trigger), day)) return;
    values |= HABIT.trigger | (1 << entry);
  }
  categories.setHabit(values, day);
}
