import type { StateReader, StateWriter } from '../base/state.ts';

const NOTHING: readonly never[] = [];

/** Keys of values to be told of at the next tick. */
export class KeyQueue {
  #keys: number[] = [];

  push(key: number): void {
    this.#keys.push(key);
  }

  /** The keys since this was last asked, in order. */
  take(): readonly number[] {
    if (this.#keys.length === 0) return NOTHING;
    const keys = this.#keys;
    this.#keys = [];
    return keys;
  }

  save(out: StateWriter): void {
    out.u32Array(Uint32Array.from(this.#keys));
  }

  load(from: StateReader): void {
    this.#keys = Array.from(from.u32Array());
  }
}
