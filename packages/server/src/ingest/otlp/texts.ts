/** Longest text remembered, bytes: names, methods, hosts and ARNs are shorter; longer ones rarely repeat. */
const REMEMBERED_BYTES_MAX = 128;
/** Texts remembered: the vocabulary of a few hundred functions. About 400 KB. */
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
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Sets the bytes that ranges refer to. */
  over(bytes: Uint8Array): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Text of `bytes[start, end)`. */
  at(start: number, end: number): string {
    const length = end - start;
    if (length === 0) return '';
    if (length > REMEMBERED_BYTES_MAX) return this.#buffer.toString('utf8', start, end);
    const hash = this.mix(start, end, length);
    const slot = (hash ^ (hash >>> 15)) & (REMEMBERED_SLOTS - 1);
    const known = this.#known[slot];
    if (known.length === length && this.#matches(known, start)) return known;
    const text = this.#buffer.toString('utf8', start, end);
    if (text.length === length) this.#known[slot] = text;
    return text;
  }

  /** Goes on hashing from `hash` over `bytes[start, end)`, four bytes at once; the last ones one by one. */
  mix(start: number, end: number, hash: number): number {
    const bytes = this.#bytes;
    const view = this.#view;
    let mixed = hash;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      mixed = Math.imul(mixed ^ view.getUint32(at, true), 0x9e3779b1);
      mixed ^= mixed >>> 15;
    }
    for (; at < end; at++) mixed = Math.imul(mixed ^ bytes[at], 0x01000193);
    return mixed;
  }

  /** Whether the bytes from `start` on are those of `other` at `[from, to)`. The caller knows that there are as many. */
  equals(start: number, other: DataView, [from, to]: readonly [number, number]): boolean {
    const view = this.#view;
    let at = start;
    let there = from;
    for (; there + 4 <= to; at += 4, there += 4) {
      if (view.getUint32(at, true) !== other.getUint32(there, true)) return false;
    }
    for (; there < to; at++, there++) if (view.getUint8(at) !== other.getUint8(there)) return false;
    return true;
  }

  #matches(text: string, start: number): boolean {
    const bytes = this.#bytes;
    for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) !== bytes[start + at]) return false;
    return true;
  }
}
