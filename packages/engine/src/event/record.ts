import type { Batch } from './batch.ts';
import type { SET_STATES } from './finding.ts';

/** Written first in every log: what the engine may not invent for itself. */
export interface Genesis {
  readonly kind: 'genesis';
  /** Seed of all hashing and sampling, two 32-bit words. */
  readonly seed: readonly [number, number];
  /** Start of model time. */
  readonly originMs: number;
  /** Real milliseconds per model day: 86,400,000 unless a demonstration runs faster. */
  readonly tempoMs: number;
  /** Version of the record schema. */
  readonly schema: number;
}

/** An operator declares a period normal: days-long gates are waived inside it and nothing is reported from it. */
export interface TrainingSpan {
  readonly kind: 'training-span';
  readonly fromMs: number;
  readonly toMs: number;
  readonly by: string;
}

/** For whom a person's word holds. */
export const FEEDBACK_SCOPES = ['function', 'peers', 'tenant'] as const;
export type FeedbackScope = (typeof FEEDBACK_SCOPES)[number];

/** A person's verdict on a finding. `undo` takes back an earlier one. */
export interface Feedback {
  readonly kind: 'feedback';
  readonly finding: string;
  readonly verdict: 'expected' | 'malicious' | 'undo';
  /**
   * For whom it holds: this function (the default), functions of its name everywhere, or the whole tenant. Beyond the function, what is
   * expected is half as surprising, not silent.
   */
  readonly scope?: FeedbackScope;
  readonly by: string;
}

/** State of an incident as a person set it. */
export interface IncidentState {
  readonly kind: 'incident-state';
  readonly incident: string;
  readonly state: (typeof SET_STATES)[number];
  readonly by: string;
}

/** What people may set. Values are texts; each key says in `event/control.ts` which ones it takes. */
export const SETTING_KEYS = [
  /** Families that are learned but not judged, separated by commas; '' for none. */
  'off',
  /** Incidents a week that people are paged for, 0 to 1000. */
  'budget',
  /** How much functions matter: `PATTERN=LEVEL` separated by commas, see `event/sensitivity.ts`; '' for all alike. */
  'sensitivity',
] as const;
export type SettingKey = (typeof SETTING_KEYS)[number];

/** Settings changed by a person. Keys that are not named stay as they are. */
export interface SettingsChange {
  readonly kind: 'settings';
  readonly set: { readonly [K in SettingKey]?: string };
  readonly by: string;
}

/**
 * A person puts what was learned of a function back to what it was by a time (`roll-back`), for instance to before an incident;
 * `undo` takes the last roll-back of that function back.
 */
export interface RollBack {
  readonly kind: 'roll-back';
  readonly action: (typeof ROLL_BACK_ACTIONS)[number];
  /** Function key; '' for all functions. */
  readonly function: string;
  /** Nothing learned from then on stays, ms since 1970. Not used by `undo`. */
  readonly toMs: number;
  readonly by: string;
}
export const ROLL_BACK_ACTIONS = ['roll-back', 'undo'] as const;

/** A person is forgotten: the engine drops the entity with this token. */
export interface Erasure {
  readonly kind: 'erasure';
  readonly principal: string;
  readonly by: string;
}

/**
 * What became of a response, or of one step of it. Written before and after everything that a response does, so that after
 * a crash the log alone says what was changed and how it was before.
 *
 * Of the whole response: `planned` (its steps follow, nothing is done yet), `begun` (all steps are written, acting starts),
 * `in-force`, `extended`, `releasing`, `halted` (releasing stopped before its end), `released`, `abandoned` (nothing was done).
 * Of a step: `step-planned`, `acting`, `acted`, `skipped` (already so), `failed`, `undoing`, `undone`, `undo-failed`.
 */
export const RESPONSE_STATES = [
  'planned',
  'begun',
  'in-force',
  'extended',
  'releasing',
  'halted',
  'released',
  'abandoned',
  'step-planned',
  'acting',
  'acted',
  'skipped',
  'failed',
  'undoing',
  'undone',
  'undo-failed',
] as const;
export type ResponseState = (typeof RESPONSE_STATES)[number];

/** One transition of a response. The engine carries it and learns nothing from it. */
export interface ResponseTransition {
  readonly kind: 'response';
  /** Id of the response. */
  readonly response: string;
  /** Incident that led to it; '' when a person named the function. */
  readonly incident: string;
  /** Function key. */
  readonly function: string;
  /** Step it is about; '' when it is about the whole response. */
  readonly step: string;
  readonly state: ResponseState;
  /** When it happened, ms since 1970. */
  readonly atMs: number;
  readonly by: string;
  /** What the state needs to go on or back from, as JSON: at most `RESPONSE_CONTENT_CHARS_MAX`; '' when it needs nothing. */
  readonly content: string;
}

/** Everything that a person or the outside decides and that changes learning or alerting, and what was done about it. */
export type Control =
  | Genesis
  | TrainingSpan
  | Feedback
  | IncidentState
  | SettingsChange
  | RollBack
  | Erasure
  | ResponseTransition;
export const CONTROL_KINDS = [
  'genesis',
  'training-span',
  'feedback',
  'incident-state',
  'settings',
  'roll-back',
  'erasure',
  'response',
] as const;

/** Version of the record schema this code writes. Older ones stay readable; newer ones are refused. */
export const SCHEMA = 1;

/**
 * What the log holds and the engine steps over. The clock is the monotone sequence of `receivedMs` stamps: the engine
 * ticks at each second boundary that a stamp crosses. A tick record only says that seconds passed (`throughMs`,
 * inclusive) without an event. Ordinals count observations (one a row) and controls; ticks have none.
 */
export type LogRecord =
  | { readonly type: 'observation'; readonly batch: Batch }
  | { readonly type: 'control'; readonly receivedMs: number; readonly control: Control }
  | { readonly type: 'tick'; readonly throughMs: number };

/** How many ordinals a record takes. */
export function ordinalsOf(record: LogRecord): number {
  if (record.type === 'observation') return record.batch.rows;
  return record.type === 'control' ? 1 : 0;
}
