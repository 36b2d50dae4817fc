import { RESERVE_CHECK_BYTES } from './limits.ts';

/**
 * Keeps room on the disk for control records: observations are refused while less than the reserve is free. Asks the file
 * system before the first commit, after each `RESERVE_CHECK_BYTES` written, and at each commit while space is short.
 */
export class DiskReserve {
  readonly #reserveBytes: number;
  readonly #freeBytes: () => Promise<number>;
  /** Free bytes when last asked, less what was written since. */
  #freeEstimate = 0;
  #writtenSince = RESERVE_CHECK_BYTES;

  constructor(reserveBytes: number, freeBytes: () => Promise<number>) {
    this.#reserveBytes = reserveBytes;
    this.#freeBytes = freeBytes;
  }

  /** Counts bytes about to be written; true if observations may be. Answers at once if it need not ask. */
  admits(bytes: number): boolean | Promise<boolean> {
    if (this.#reserveBytes === 0) return true;
    const short = this.#freeEstimate < 2 * this.#reserveBytes + bytes;
    return short || this.#writtenSince >= RESERVE_CHECK_BYTES ? this.#ask(bytes) : this.#count(bytes);
  }

  async #ask(bytes: number): Promise<boolean> {
    this.#freeEstimate = await this.#freeBytes();
    this.#writtenSince = 0;
    return this.#count(bytes);
  }

  #count(bytes: number): boolean {
    this.#freeEstimate -= bytes;
    this.#writtenSince += bytes;
    return this.#freeEstimate >= this.#reserveBytes;
  }
}
