import type { Family, Finding, Incident } from '@gait/engine/event/finding';
import type { Standing } from '@gait/engine/standing';

/** A JSON value as the store keeps it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What is shown about one function or one source: free-form, last write wins. */
export interface Projection {
  /** Function key, or for coverage the name of what is covered. */
  readonly key: string;
  readonly updatedMs: number;
  readonly content: Json;
}

/** Everything one step of the engine changes, committed together or not at all. */
export interface Step {
  readonly findings: readonly Finding[];
  /** Whole incidents as they are after the step. */
  readonly incidents: readonly Incident[];
  /** The next ordinal to consume: everything below it is in this step or in earlier ones. */
  readonly consumed: number;
  readonly profiles?: readonly Projection[];
  readonly coverage?: readonly Projection[];
  /** How the promises to people stand: one entry. */
  readonly standing?: Projection;
}

/** Which findings to list. Fields that are left out don't filter. */
export interface FindingsQuery {
  readonly level?: Finding['level'];
  readonly detector?: string;
  readonly family?: Family;
  readonly function?: string;
  readonly principal?: string;
  readonly incident?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly riskMin?: number;
  /**
   * `newest` (default) by time, `riskiest` by risk. Of equals, `newest` begins with the one told last and `riskiest` with
   * the one told first, as the summary of an incident does: never by id, which is another one in every log. `told` is
   * the order in which they came into the store, oldest first: what has come since a finding is what is after it.
   */
  readonly order?: 'newest' | 'riskiest' | 'told';
  /** Id of a finding: only those behind it in the order. None if there is no such finding. */
  readonly after?: string;
  /** Default `FINDINGS_LISTED_DEFAULT`, at most `FINDINGS_LISTED_MAX`. */
  readonly limit?: number;
}

/** Which incidents to list, newest first; of equals, the one opened last. */
export interface IncidentsQuery {
  readonly state?: Incident['state'];
  readonly sinceMs?: number;
  /** Only the one that a finding of this id is part of. */
  readonly finding?: string;
  /** False: without those that became part of another incident and have no findings of their own. */
  readonly merged?: boolean;
  /** Only those behind this incident as it was listed, even if it has moved since. */
  readonly after?: { readonly id: string; readonly lastMs: number };
  readonly limit?: number;
}

/** Answer to a look-up by the beginning of an id. `ids` are the first few that fit. */
export type Lookup<T> =
  | { readonly kind: 'found'; readonly value: T }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] };

/** Rows listed when the caller does not say: two terminal pages. */
export const FINDINGS_LISTED_DEFAULT = 100;
/** Rows in one answer: about 30 MB of findings, read in under a second. */
export const FINDINGS_LISTED_MAX = 10_000;
/** Ids named in an ambiguous answer: enough to see the difference. */
export const AMBIGUOUS_IDS_MAX = 8;

/**
 * What people see of the engine's work: a projection of the log. All of it can be rebuilt by replaying, so a row is
 * never the only copy of anything (people's names are, and live in the pseudonym table, not here).
 *
 * `commitStep` is one transaction, on disk when it returns. Handing in a step again changes nothing: findings are kept
 * as first written, and incidents and projections only move forward. Calls are synchronous: the store is in process,
 * and a step is only done when it is committed. Errors are `StoreError` with a code of `STORE_ERRORS`.
 */
export interface Store {
  /** The next ordinal to consume; 0 at first. Never goes back, except by `rebuild`. */
  readonly consumed: number;
  commitStep(step: Step): void;
  /** By id or by its beginning, if only one fits. */
  finding(idOrPrefix: string): Lookup<Finding>;
  findings(query?: FindingsQuery): readonly Finding[];
  incident(idOrPrefix: string): Lookup<Incident>;
  incidents(query?: IncidentsQuery): readonly Incident[];
  /** Every function's profile, by key; or at most `limit` of those whose key is after another. */
  functions(query?: { readonly after?: string; readonly limit?: number }): readonly Projection[];
  /** One function's profile, by its whole key. */
  functionAt(key: string): Projection | undefined;
  /** Every coverage entry, by key. */
  coverage(): readonly Projection[];
  /** How the promises to people stand; undefined before it was written first. */
  standing(): Standing | undefined;
  /** Forgets everything that the log can produce again; the next step starts from ordinal 0. */
  rebuild(): void;
  /** May be called twice. */
  close(): void;
}

/** Closed list of the store's expected failures, documented in docs/reference/store.md. */
export const STORE_ERRORS = {
  GAIT_STORE_NEWER: 'The store was written by a newer version of Gait. Use that version, or another folder.',
  GAIT_STORE_DAMAGED: 'The store is damaged. It can be made again from the log with `gait rebuild-store`.',
  GAIT_STORE_BUSY: 'Another process keeps the store locked. Try again when it has finished.',
  GAIT_STORE_FULL: 'The disk is full. Free space and start again; nothing acknowledged was lost.',
  GAIT_STORE_IO: 'The store could not be read or written.',
  GAIT_STORE_CLOSED: 'The store is closed.',
} as const;
export type StoreErrorCode = keyof typeof STORE_ERRORS;

/** An expected failure of the store: has a code from the closed list and keeps its cause. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? STORE_ERRORS[code] : `${STORE_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}
