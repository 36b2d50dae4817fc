/** Takes records out of the function. Never throws, never keeps the process alive. */
export interface Transport {
  /** Hands over one line, without its line end. */
  send(line: string): void;
  /**
   * Waits until what was handed over is delivered, but no longer than the time budget. Undefined when there is nothing to
   * wait for: the response then need not wait at all.
   */
  flush(): Promise<void> | undefined;
  /** Records lost so far. */
  dropped(): number;
}
