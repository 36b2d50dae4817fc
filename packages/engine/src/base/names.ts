import { NAMES_MAX } from './limits.ts';
import type { StateReader, StateWriter } from './state.ts';

/**
 * Texts of hashed values, kept for explanations only: nothing is decided by a name. Two generations: when the younger is
 * full it becomes the older, and what nobody asked for since is forgotten and shown by its hash, so that a flood of
 * invented names passes through and names in use stay.
 */
export class Names {
  #young = new Map<number, string>();
  #old = new Map<number, string>();

  /** True when the text of a key is kept; keeps it in use. */
  has(key: number): boolean {
    return this.#find(key) !== undefined;
  }

  add(key: number, text: string): void {
    if (text === '') return;
    this.#young.set(key, text);
    if (this.#young.size < NAMES_MAX / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  /** Text of a key, or its hash. */
  get(key: number): string {
    return this.#find(key) ?? `#${key.toString(16).padStart(8, '0')}`;
  }

  /** Drops every text that holds a token. */
  forget(token: string): void {
    for (const texts of [this.#young, this.#old]) {
      for (const [key, text] of texts) if (text.includes(token)) texts.delete(key);
    }
  }

  save(out: StateWriter): void {
    for (const texts of [this.#young, this.#old]) {
      out.u32(texts.size);
      for (const [key, text] of texts) {
        out.u32(key);
        out.text(text);
      }
    }
  }

  load(from: StateReader): void {
    for (const texts of [this.#young, this.#old]) {
      texts.clear();
      for (let left = from.u32(); left > 0; left--) texts.set(from.u32(), from.text());
    }
  }

  #find(key: number): string | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.add(key, old);
    return old;
  }
}
