/** Receivers that wait for something to receive. */

interface Waiter {
  settle(woken: boolean): void;
}

/** Wakes receivers in the order in which they came. */
export class Waiting {
  readonly #waitersMax: number;
  readonly #waiters = new Set<Waiter>();

  constructor(waitersMax: number) {
    this.#waitersMax = waitersMax;
  }

  /** Resolves with true when woken, with false after `waitMs`, or at once if too many wait already. */
  wait(waitMs: number): Promise<boolean> {
    if (this.#waiters.size >= this.#waitersMax) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        settle: (woken) => {
          clearTimeout(timer);
          this.#waiters.delete(waiter);
          resolve(woken);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), waitMs);
      timer.unref();
      this.#waiters.add(waiter);
    });
  }

  wakeOne(): void {
    const [first] = this.#waiters;
    first?.settle(true);
  }

  wakeAll(): void {
    for (const waiter of [...this.#waiters]) waiter.settle(true);
  }
}
