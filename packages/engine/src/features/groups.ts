import { type Hasher, hashOf } from '../base/hash.ts';

/** Kinds whose members share a tail in calibration: how a function is triggered, and what sort of principal acts. */
const NAMES = [
  'http',
  'queue',
  'timer',
  'object',
  'stream',
  'topic',
  'invoke',
  'edge',
  'other',
  'person',
  'role',
  'service',
  'function',
  'account',
] as const;
/** Group of functions that a timer triggers. */
export const TIMER_GROUP = NAMES.indexOf('timer') + 1;
/** Number of groups; group 0 holds everything else. */
export const GROUPS = NAMES.length + 1;

/** Finds the group of a hashed kind. Unknown kinds share group 0, so that invented ones cost nothing. */
export class Groups {
  readonly #byHash = new Map<number, number>();

  constructor(hasher: Hasher) {
    for (const [at, name] of NAMES.entries()) this.#byHash.set(hashOf(name, hasher), at + 1);
  }

  of(hash: number): number {
    return hash === 0 ? 0 : (this.#byHash.get(hash) ?? 0);
  }
}
