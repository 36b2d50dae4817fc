/** Lets readers that wait for something new sleep until it is there. */
export class Wake {
  #waiting: (() => void)[] = [];

  /** Wakes everybody who waits now. */
  all(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next `all`, or when the signal aborts. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== done);
        resolve();
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.push(done);
    });
  }
}
