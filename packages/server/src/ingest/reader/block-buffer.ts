/** Bytes that wait to be cut into records: appended at the end, used up from the front. Grows to what is asked of it. */
export class BlockBuffer {
  #bytes = Buffer.alloc(0);
  length = 0;

  append(chunk: Uint8Array): void {
    const needed = this.length + chunk.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.length);
    this.length = needed;
  }

  /** What waits; valid until the next change. */
  get view(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  /** Removes bytes from the front. */
  use(count: number): void {
    this.#bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** Removes everything and lets go of memory beyond `bytesMax`. */
  clear(bytesMax: number): void {
    this.length = 0;
    if (this.#bytes.length > bytesMax) this.#bytes = Buffer.alloc(0);
  }
}
