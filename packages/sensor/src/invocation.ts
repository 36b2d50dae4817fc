import { Calls, nowMs } from './calls.ts';
import type { Trigger } from './collect/trigger.ts';

/** What the platform says about an invocation. */
export interface Platform {
  readonly function: string;
  readonly qualifier: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly flags: number;
}

/** An invocation from its beginning to its record. */
export interface Invocation {
  readonly context: unknown;
  /** ms since 1970, for the record. */
  readonly timeMs: number;
  /** By the monotonic clock. */
  readonly startMs: number;
  /** By the monotonic clock; infinite when the platform names none. */
  readonly deadlineMs: number;
  readonly platform: Platform;
  readonly trigger: Trigger;
  readonly shape: string;
  readonly requestBytes: number;
  readonly calls: Calls;
  /** Calls at the front that were made before it began. */
  readonly leftover: number;
  /** Other invocations that ran meanwhile. */
  shared: number;
  /** When the handler returned without saying whether it is done; NaN while it runs. */
  returnedMs: number;
}

/** How an invocation ended. */
export interface Outcome {
  readonly status: 'ok' | 'error' | 'timeout';
  readonly error?: unknown;
  readonly result?: unknown;
}

/** An invocation that begins now. */
export function newInvocation(
  of: Omit<Invocation, 'timeMs' | 'startMs' | 'deadlineMs' | 'shared' | 'returnedMs'>,
  remainingMs: number,
): Invocation {
  const startMs = nowMs();
  return { ...of, timeMs: Date.now(), startMs, deadlineMs: startMs + remainingMs, shared: 0, returnedMs: Number.NaN };
}

/** The calls of an invocation that begins with those made since the last one ended. */
export function callsAfter(between: Calls): Calls {
  if (between.list.length === 0) return new Calls();
  const calls = new Calls();
  for (const call of between.list) calls.add(call);
  calls.cut += between.cut;
  between.list.length = 0;
  between.cut = 0;
  return calls;
}
