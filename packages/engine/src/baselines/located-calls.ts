import type { Observation } from '../features/observation.ts';
import { CATEGORY, type Categories } from './categories.ts';

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
