import { assert } from '@gait/engine/base/assert';
import { BURST_SECONDS } from './limits.ts';

/** A part of a record that sums of fractions may be wrong by: without it, waiting as told could be a moment too short. */
const ROUNDING = 1e-6;

/** Whether records were taken, else how long to wait, ms. */
export type Taken = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

/**
 * A token bucket: so many records a second in the long run, those of two seconds at once. What is larger than the bucket
 * is let through when it is full, and is paid for afterwards: a batch that could never pass would be sent for ever.
 */
export class Bucket {
  readonly perSecond: number;
  readonly #roomMax: number;
  #room: number;
  #filledMs: number;

  /** `nowMs` is of a clock that never goes back. */
  constructor(perSecond: number, nowMs: number) {
    assert(Number.isFinite(perSecond) && perSecond > 0, 'a rate is a positive number');
    this.perSecond = perSecond;
    this.#roomMax = perSecond * BURST_SECONDS;
    this.#room = this.#roomMax;
    this.#filledMs = nowMs;
  }

  /** Takes records, or none of them. */
  take(records: number, nowMs: number): Taken {
    assert(Number.isFinite(records) && records >= 0, 'a number of records is not negative');
    this.#fill(nowMs);
    const missing = Math.min(records, this.#roomMax) - this.#room;
    if (missing > ROUNDING) return { ok: false, retryAfterMs: Math.ceil((missing / this.perSecond) * 1000) };
    this.#room -= records;
    return { ok: true };
  }

  #fill(nowMs: number): void {
    const gained = (Math.max(0, nowMs - this.#filledMs) / 1000) * this.perSecond;
    this.#room = Math.min(this.#roomMax, this.#room + gained);
    this.#filledMs = Math.max(this.#filledMs, nowMs);
  }
}
