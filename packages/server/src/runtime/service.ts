import type { Batch } from '@gait/engine/event/batch';
import type { Finding, Incident } from '@gait/engine/event/finding';
import type { Control } from '@gait/engine/event/record';

/** Why nothing is taken just now; answered with 503 and `Retry-After`. `failed`: the disk broke; only a restart helps. */
export type NotTaken = 'closing' | 'disk-full' | 'busy' | 'failed';

/** When it is worth coming again, s: what is full is emptied by people, what is closing is started again soon. */
export const RETRY_AFTER_SECONDS: Readonly<Record<NotTaken, number>> = {
  closing: 5,
  'disk-full': 60,
  busy: 1,
  failed: 60,
};

/** Expected failure of taking something in. */
export class NotTakenError extends Error {
  override readonly name = 'NotTakenError';
  readonly reason: NotTaken;
  constructor(reason: NotTaken, options?: ErrorOptions) {
    super(reason, options);
    this.reason = reason;
  }
}

/** What was committed by one step of the engine, told after the commit. */
export interface Committed {
  /** When it was committed, ms since 1970. */
  readonly committedMs: number;
  readonly findings: readonly Finding[];
  /** Whole incidents as they are now. */
  readonly incidents: readonly Incident[];
}

/** How the service is, for health, readiness and metrics. All times in ms since 1970, all counts since the start. */
export interface ServiceStatus {
  readonly startedMs: number;
  readonly state: 'catching-up' | 'running' | 'closing' | 'failed';
  /** Why it failed. */
  readonly failure?: string;
  /** Next ordinal of the log, and of the engine. */
  readonly appended: number;
  readonly consumed: number;
  /** How long the oldest record that is not consumed has been waiting, ms. */
  readonly lagMs: number;
  /** When the engine last did something, ticks included. */
  readonly steppedMs: number;
  readonly diskFreeBytes: number;
  readonly logBytes: number;
  /** Heads are signed; else why not. */
  readonly headFailure?: string;
  readonly functions: number;
  readonly findings: number;
  readonly incidents: number;
  readonly engineBytes: number;
  /** Times the engine's thread died and was started again. */
  readonly engineRestarts: number;
  /** Checkpoint saved last: ordinal and time. */
  readonly checkpointOrdinal: number;
  readonly checkpointMs: number;
  /** Rows of charts that were not kept, by reason. */
  readonly seriesDropped: Readonly<Record<string, number>>;
}

/**
 * The running service behind the HTTP surfaces: one log that everything is appended to, one engine in a thread of its own
 * that follows it. Nothing here waits for the engine.
 */
export interface Service {
  readonly folder: string;
  /** Appends observations; resolves when they are durable. Throws `NotTakenError`. */
  append(batch: Batch): Promise<void>;
  /** Appends a decision; resolves with its ordinal when it is durable. Throws `NotTakenError` only when closing. */
  control(control: Control): Promise<number>;
  status(): ServiceStatus;
  /** Calls back after each commit with findings or incidents; returns what ends that. */
  onCommitted(listener: (committed: Committed) => void): () => void;
  /** Has profiles and coverage in the store written as they are now; resolves when they are. At most once a second. */
  refresh(): Promise<void>;
}
