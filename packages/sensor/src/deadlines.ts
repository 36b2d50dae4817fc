import { nowMs } from './calls.ts';
import type { Invocation } from './invocation.ts';
import { DEADLINE_MARGIN_MS, DEADLINE_MS_MAX } from './limits.ts';

/**
 * Tells of invocations that are about to be killed, while there is time to report them: a sandbox that has timed out sends
 * nothing. One timer for all, which is set again only when it fires, so that an invocation costs 0.1 µs. It does not keep
 * the process alive. Silent when the function keeps the event loop busy.
 */
export class Deadlines {
  readonly #open: ReadonlySet<Invocation>;
  readonly #late: (invocation: Invocation) => void;
  #firesMs = Number.POSITIVE_INFINITY;

  constructor(open: ReadonlySet<Invocation>, late: (invocation: Invocation) => void) {
    this.#open = open;
    this.#late = late;
  }

  /** Watches over an invocation that has just begun. */
  watch({ deadlineMs }: Invocation): void {
    if (deadlineMs < this.#firesMs) this.#set(deadlineMs);
  }

  #set(deadlineMs: number): void {
    const now = nowMs();
    const delayMs = deadlineMs - DEADLINE_MARGIN_MS - now;
    if (delayMs > DEADLINE_MS_MAX) return;
    this.#firesMs = deadlineMs;
    setTimeout(() => this.#fire(deadlineMs), Math.max(1, delayMs)).unref();
  }

  #fire(deadlineMs: number): void {
    // An earlier deadline has taken over.
    if (deadlineMs !== this.#firesMs) return;
    this.#firesMs = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    const dueMs = nowMs() + DEADLINE_MARGIN_MS;
    for (const invocation of this.#open) {
      if (invocation.deadlineMs <= dueMs) this.#late(invocation);
      else next = Math.min(next, invocation.deadlineMs);
    }
    if (next !== Number.POSITIVE_INFINITY) this.#set(next);
  }
}
