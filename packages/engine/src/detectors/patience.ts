import type { Observation } from '../features/observation.ts';

/** A program does the same few things for ever: 25 recorded calls without a change make the next one strange. */
const BASE_PROGRAM = 1.7;
/** People try things: 150 calls. */
const BASE_PERSON = 2.5;

/** Base threshold for what a principal does for the first time, by what sort of principal it is. */
export function patienceWith(seen: Observation): number {
  return seen.batch?.symbolText(seen.row, 'principalKind') === 'person' ? BASE_PERSON : BASE_PROGRAM;
}
