import { NAMES_MAX } from './limits.ts';
import type { StateReader, StateWriter } from './state.ts';

/**
 * Texts of hashed values, kept for explanations only: nothing is decided by a name. Bounded; when full, new names are
 * shown by their hash. Callers add a name at the second sighting of its value, so that invented names do not fill it.
 */
export class Names {
  readonly #texts = new Map<number, string>();

  has(key: number): boolean {
    return this.#texts.has(key);
  }

  add(key: number, text: string): void {
    if (text === '' || this.#texts.size >= NAMES_MAX) return;
    this.#texts.set(key, text);
  }

  get(key: number): string {
    return this.#texts.get(key) ?? `#${key.toString(16).padStart(8, '0')}`;
  }

  /** Drops every text that holds a token. */
  forget(token: string): void {
    for (const [key, text] of this.#texts) if (text.includes(token)) this.#texts.delete(key);
  }

  save(out: StateWriter): void {
    out.u32(this.#texts.size);
    for (const [key, text] of this.#texts) {
      out.u32(key);
      out.text(text);
    }
  }

  load(from: StateReader): void {
    this.#texts.clear();
    for (let left = from.u32(); left > 0; left--) {
      const key = from.u32();
      this.#texts.set(key, from.text());
    }
  }
}
