import { NAMES_KEPT_MAX, NAMES_MAX } from './limits.ts';
import type { StateReader, StateWriter } from './state.ts';

/**
 * Texts of hashed values, kept for explanations only: nothing is decided by a name. Two generations: when the younger is
 * full it becomes the older, and what nobody asked for since is forgotten and shown by its hash, so that a flood of
 * invented names passes through. Names of what is seen often are kept apart, where no flood reaches them.
 */
export class Names {
  #young = new Map<number, string>();
  #old = new Map<number, string>();
  readonly #kept = new Map<number, string>();

  /** Texts kept; one that is in use may count twice. */
  get size(): number {
    return this.#young.size + this.#old.size + this.#kept.size;
  }

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

  /** Keeps the text of a key for good, if there is room: of values that are seen often. */
  keep(key: number): void {
    const text = this.#find(key);
    if (text !== undefined && this.#kept.size < NAMES_KEPT_MAX) this.#kept.set(key, text);
  }

  /** Text of a key, or its hash. */
  get(key: number): string {
    return this.#find(key) ?? `#${key.toString(16).padStart(8, '0')}`;
  }

  /** Drops every text that holds a token. */
  forget(token: string): void {
    for (const texts of this.#all()) {
      for (const [key, text] of texts) if (text.includes(token)) texts.delete(key);
    }
  }

  save(out: StateWriter): void {
    for (const texts of this.#all()) {
      out.u32(texts.size);
      for (const [key, text] of texts) {
        out.u32(key);
        out.text(text);
      }
    }
  }

  load(from: StateReader): void {
    for (const texts of this.#all()) {
      texts.clear();
      for (let left = from.u32(); left > 0; left--) texts.set(from.u32(), from.text());
    }
  }

  #all(): readonly Map<number, string>[] {
    return [this.#young, this.#old, this.#kept];
  }

  #find(key: number): string | undefined {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.add(key, old);
    return old;
  }
}
