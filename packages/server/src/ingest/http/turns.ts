import { Refusal } from './refusal.ts';

/** Lets only so many do something at once, in the order in which they came. */
export class Turns {
  readonly #atOnce: number;
  readonly #waitingMax: number;
  #taken = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce;
    this.#waitingMax = waitingMax;
  }

  /** Does the work when its turn comes. Throws a `Refusal` at once when too many wait already. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#atOnce) this.#taken++;
    else {
      if (this.#waiting.length >= this.#waitingMax) {
        throw new Refusal('not-taken', 'too many requests at once', { retryAfterMs: 1000 });
      }
      // The turn is handed over, so that nobody who comes later takes it in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#taken--;
      else next();
    }
  }
}

/** A piece of work that lets others have their turn now and then. */
export class Slice {
  readonly #lengthMs: number;
  #startedMs = performance.now();

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** True when it is time to pause. */
  get isOver(): boolean {
    return performance.now() - this.#startedMs >= this.#lengthMs;
  }

  /** Lets everything that waits on the event loop run once. */
  async pause(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#startedMs = performance.now();
  }
}
