/** A stream of bytes that can be looked into and put back. One reader. */
export class Feed {
  readonly #source: AsyncIterator<Uint8Array>;
  #waiting: Uint8Array = NOTHING;
  #done = false;
  /** Bytes taken so far, those put back not counted. */
  taken = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Takes the next bytes, as many as come; undefined at the end. Never empty. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#waiting.length === 0) await this.#fill();
    if (this.#waiting.length === 0) return undefined;
    const chunk = this.#waiting;
    this.#waiting = NOTHING;
    this.taken += chunk.length;
    return chunk;
  }

  /** Gives back the end of the chunk taken last. */
  putBack(rest: Uint8Array): void {
    this.#waiting = rest.length === 0 ? NOTHING : rest;
    this.taken -= rest.length;
  }

  /** Shows the next `count` bytes, fewer at the end, and perhaps more, without taking them. */
  async head(count: number): Promise<Uint8Array> {
    while (this.#waiting.length < count && !this.#done) await this.#fill();
    return this.#waiting;
  }

  /** Takes `count` bytes that `head` has shown, and forgets them. */
  async skip(count: number): Promise<void> {
    const chunk = await this.next();
    if (chunk !== undefined && chunk.length > count) this.putBack(chunk.subarray(count));
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    this.#done = true;
    await this.#source.return?.();
  }

  async #fill(): Promise<void> {
    if (this.#done) return;
    const { value, done } = await this.#source.next();
    if (done === true) this.#done = true;
    else this.#waiting = this.#waiting.length === 0 ? value : Buffer.concat([this.#waiting, value]);
  }
}

const NOTHING = new Uint8Array(0);
