/** A closed list of words, looked up by their bytes without making a string. */
export class Words {
  readonly #words: readonly Uint8Array[];

  /** Up to a dozen ASCII words: the look-up compares one by one. */
  constructor(words: readonly string[]) {
    this.#words = words.map((word) => new TextEncoder().encode(word));
  }

  /** True when `bytes[from, to)` is one of the words. */
  has(bytes: Uint8Array, from: number, to: number): boolean {
    for (const word of this.#words) {
      if (word.length !== to - from || word[0] !== bytes[from]) continue;
      let at = 1;
      while (at < word.length && word[at] === bytes[from + at]) at++;
      if (at === word.length) return true;
    }
    return false;
  }
}
