/** Moments remembered at most. When more are needed, every second one is forgotten: the lag is then a little too long. */
const MOMENTS_MAX = 1_024;
/** Appends closer together than this share a moment, ms. */
const MOMENT_MS = 20;

/** Ordinal behind what was appended since a moment, ms. */
interface Moment {
  next: number;
  readonly sinceMs: number;
}

/**
 * How long the oldest record that was not consumed has been waiting, from when ordinals were appended. Bounded memory;
 * never says less than it is.
 */
export class Lag {
  /** Ordinal behind what was appended, and when the first of it was; both rise. */
  #moments: Moment[] = [];

  /** Says that everything below `next` has been appended. */
  appended(next: number, nowMs: number): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && next <= last.next) return;
    if (last !== undefined && nowMs - last.sinceMs < MOMENT_MS) last.next = next;
    else this.#moments.push({ next, sinceMs: nowMs });
    if (this.#moments.length > MOMENTS_MAX) this.#thin();
  }

  /** The lag now, ms, when everything below `consumed` is done. 0 when nothing waits. */
  ms(consumed: number, nowMs: number): number {
    const done = this.#moments.findIndex(({ next }) => next > consumed);
    this.#moments.splice(0, done < 0 ? this.#moments.length : done);
    return this.#moments.length === 0 ? 0 : nowMs - this.#moments[0].sinceMs;
  }

  /** Joins neighbours: the earlier moment stands for both. */
  #thin(): void {
    const kept: Moment[] = [];
    for (let at = 0; at < this.#moments.length; at += 2) {
      const { sinceMs, next } = this.#moments[at];
      kept.push({ sinceMs, next: this.#moments[at + 1]?.next ?? next });
    }
    this.#moments = kept;
  }
}
