/** Longest text remembered, bytes: names, methods and hosts are shorter; longer ones rarely repeat. */
const REMEMBERED_BYTES_MAX = 64;
/** Texts remembered: the vocabulary of a few hundred functions. About 200 KB. */
const REMEMBERED_SLOTS = 4096;

/**
 * Turns ranges of bytes into strings and remembers short ASCII ones, because the same few hundred values come again and
 * again: a repeated text costs about 30 ns and no memory, a new one about 150 ns. Invalid UTF-8 becomes U+FFFD. What is
 * remembered never changes an answer.
 */
export class Texts {
  readonly #known: string[] = new Array<string>(REMEMBERED_SLOTS).fill('');
  #bytes: Uint8Array = new Uint8Array(0);
  #buffer: Buffer = Buffer.alloc(0);

  /** Sets the bytes that ranges refer to. */
  over(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Text of `bytes[start, end)`. */
  at(start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > REMEMBERED_BYTES_MAX) return this.#buffer.toString('utf8', start, end);
    const bytes = this.#bytes;
    let hash = length;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (REMEMBERED_SLOTS - 1);
    const known = this.#known[slot];
    if (known.length === length && this.#matches(known, start)) return known;
    const text = this.#buffer.toString('utf8', start, end);
    if (text.length === length) this.#known[slot] = text;
    return text;
  }

  #matches(text: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
    return true;
  }
}
