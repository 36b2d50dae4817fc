import { REMEMBERED_MAX } from './limits.ts';

/** Longest name remembered, in characters: longer ones are rare, and would make the bound a large one. */
const NAME_CHARS_MAX = 256;

/**
 * Answers of a pure function by its argument, so that busy names are worked out once. Bounded: when full, all are
 * forgotten at once, which costs time but never changes an answer.
 */
export class Remembered<T> {
  readonly #known = new Map<string, T>();

  get(name: string, work: (name: string) => T): T {
    if (name.length > NAME_CHARS_MAX) return work(name);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const answer = work(name);
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(name, answer);
    return answer;
  }
}
