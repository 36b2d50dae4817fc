import type { ServiceStatus } from '../runtime/service.ts';

/** The engine ticks each second; when it has not for this long, it does not move, ms. */
const STEPPED_MS_MAX = 15_000;
/** How long the receiver has to answer, ms. */
const ANSWER_MS_MAX = 10_000;
/** Wait after a first failure, ms; twice as long after each further one, up to the usual time between two. */
const RETRY_MS = 5_000;

/** Why a heartbeat did not arrive. */
export const HEARTBEAT_FAILURES = ['network', 'timeout', 'redirect', 'status'] as const;
export type HeartbeatFailure = (typeof HEARTBEAT_FAILURES)[number];

/** Counts since the start. */
export interface HeartbeatCounters {
  sent: number;
  /** How often it was looked at and not sent because the engine did not move. */
  withheld: number;
  readonly failed: Record<HeartbeatFailure, number>;
}

/** Where and how often, and whose life. */
export interface HeartbeatOptions {
  readonly url: string;
  readonly everyMs: number;
  status(): ServiceStatus;
  /** Wall clock, ms since 1970. */
  readonly nowMs?: () => number;
  /** As `RETRY_MS` and `ANSWER_MS_MAX`; tests are in more of a hurry. */
  readonly retryMs?: number;
  readonly answerMsMax?: number;
}

/** A heartbeat that goes on until it is closed. */
export interface Heartbeat {
  readonly counters: HeartbeatCounters;
  /** Ends it, and what is under way. May be called twice. */
  close(): Promise<void>;
}

/**
 * Tells the outside, again and again, that detection moves: POSTs `{time, state, lagMs, appended, consumed}`. It falls
 * silent when the engine has not stepped for 15 s, has failed or is closing, which is the point: whoever listens notices
 * although the process still answers. Only the configured URL is ever called: redirects are failures, and what is
 * answered is not read. One request at a time; never throws, and keeps no process alive.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  return new Beating(options);
}

class Beating implements Heartbeat {
  readonly counters: HeartbeatCounters = {
    sent: 0,
    withheld: 0,
    failed: { network: 0, timeout: 0, redirect: 0, status: 0 },
  };
  readonly #options: HeartbeatOptions;
  readonly #closing = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void>;
  #failures = 0;
  #moves = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#beating = this.#beat();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#beating;
  }

  async #beat(): Promise<void> {
    const failure = await this.#tell();
    if (this.#closing.signal.aborted) return;
    this.#failures = failure === undefined ? 0 : this.#failures + 1;
    if (failure !== undefined) this.counters.failed[failure]++;
    this.#timer = setTimeout(() => {
      this.#beating = this.#beat();
    }, this.#waitMs()).unref();
  }

  #waitMs(): number {
    const { everyMs, retryMs = RETRY_MS } = this.#options;
    // Whoever listens has been waiting since the engine stood still: that it moves again is told soon.
    if (!this.#moves) return Math.min(everyMs, retryMs);
    return this.#failures === 0 ? everyMs : Math.min(everyMs, retryMs * 2 ** (this.#failures - 1));
  }

  /** Sends one if there is life to tell of; gives why it did not arrive. */
  async #tell(): Promise<HeartbeatFailure | undefined> {
    const { status, nowMs = Date.now } = this.#options;
    const { state, lagMs, appended, consumed, steppedMs } = status();
    const now = nowMs();
    this.#moves = (state === 'running' || state === 'catching-up') && now - steppedMs <= STEPPED_MS_MAX;
    if (!this.#moves) {
      this.counters.withheld++;
      return undefined;
    }
    const failure = await this.#post({ time: new Date(now).toISOString(), state, lagMs, appended, consumed });
    if (failure === undefined && !this.#closing.signal.aborted) this.counters.sent++;
    return failure;
  }

  async #post(body: object): Promise<HeartbeatFailure | undefined> {
    const timeout = AbortSignal.timeout(this.#options.answerMsMax ?? ANSWER_MS_MAX);
    try {
      const response = await fetch(this.#options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'gait' },
        body: JSON.stringify(body),
        redirect: 'manual',
        signal: AbortSignal.any([timeout, this.#closing.signal]),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      return response.status >= 300 && response.status < 400 ? 'redirect' : 'status';
    } catch {
      // Whatever went wrong on the way, trying again is all there is to do.
      return timeout.aborted ? 'timeout' : 'network';
    }
  }
}
