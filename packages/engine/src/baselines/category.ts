import { mix32 } from '../base/hash.ts';

/** Fields of which an entity remembers the values it has shown. The numbers are part of saved state. */
export const CATEGORY = {
  /** Verb and resource of calls, child processes. */
  call: 0,
  destination: 1,
  /** Kind and source of the trigger. */
  trigger: 2,
  /** Who caused the invocation. */
  principal: 3,
  /** Functions and gateways that call this function. */
  caller: 4,
  /** Functions this function calls. */
  callee: 5,
  /** API actions of a principal. */
  action: 6,
  /** Networks a principal acts from. */
  network: 7,
  /** Principals that change this function, or this kind of thing in the account. */
  changer: 8,
  /** Error types. */
  error: 9,
  /** Stores and what is done to them: read, list, write, delete. */
  access: 10,
  /** Structures of events. */
  structure: 11,
  /** Aliases and versions a function is called by. */
  version: 12,
  /** What is left behind or unaccounted for at the end of an invocation. */
  residue: 13,
  /** Countries a principal acts from. */
  country: 14,
  /** Client classes a principal acts with; of an account, those that the credentials of functions are used with. */
  client: 15,
  /** What happens to the account as a whole now and then: a new principal, an impossible journey. */
  occasion: 16,
} as const;
export type Category = keyof typeof CATEGORY;

/**
 * How a new value is learned: as one more, as one that was judged strange (it stays strange until it earned trust), or
 * as part of something another detector judged strange.
 */
export type Newcomer = 'plain' | 'suspect' | 'covered';

/** How an observation is learned. */
export interface Lesson {
  /** Model day since genesis. */
  readonly day: number;
  /** Inside a training span: values are trusted at once. */
  readonly training: boolean;
}

/** Key of a value within a block; also the key under which its text is remembered. Never 0. */
export function keyOf(field: number, hash: number): number {
  return keyBits(field, hash) >>> 0;
}

/** The same bits as a signed number, which costs no allocation. */
export function keyBits(field: number, hash: number): number {
  return mix32(hash ^ Math.imul(field + 1, 0x9e3779b1)) || 1;
}

/** A learned value, for reports. */
export interface CategoryValue {
  readonly key: number;
  readonly count: number;
  /** Of all observations of its field. */
  readonly share: number;
  /** Observations of its field since it was first seen. */
  readonly since: number;
  readonly usual: boolean;
  /** It made a finding, or came while an incident was open, and has not earned trust. */
  readonly doubted: boolean;
}
