import type { Batch } from './batch.ts';

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

/** A person's verdict on a finding. `undo` takes back an earlier one. */
export interface Feedback {
  readonly kind: 'feedback';
  readonly finding: string;
  readonly verdict: 'expected' | 'malicious' | 'undo';
  readonly by: string;
}

/** State of an incident as a person set it. */
export interface IncidentState {
  readonly kind: 'incident-state';
  readonly incident: string;
  readonly state: 'acknowledged' | 'contained' | 'closed-true' | 'closed-false' | 'closed-expected';
  readonly by: string;
}

/** A person is forgotten: the engine drops the entity with this token. */
export interface Erasure {
  readonly kind: 'erasure';
  readonly principal: string;
  readonly by: string;
}

/** Everything that a person or the outside decides and that changes learning or alerting. */
export type Control = Genesis | TrainingSpan | Feedback | IncidentState | Erasure;
export const CONTROL_KINDS = ['genesis', 'training-span', 'feedback', 'incident-state', 'erasure'] as const;

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
