import { assert } from './assert.ts';
import type { StateReader, StateWriter } from './state.ts';

/**
 * Open-addressing table from 64-bit keys (two 32-bit words, already seeded hashes) to positive 32-bit values. Grows by
 * doubling at 70 % up to `capacityMax` entries; `set` answers false beyond that. 12 bytes a slot, one cache line a
 * look-up. Deleting shifts followers back, so there are no tombstones.
 */
export class Table {
  size = 0;
  readonly #capacityMax: number;
  #slots: Uint32Array<ArrayBuffer>;
  #mask: number;

  constructor(capacityMax: number, startSlots = 1024) {
    this.#capacityMax = capacityMax;
    this.#slots = new Uint32Array(startSlots * 3);
    this.#mask = startSlots - 1;
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Reads where a key would be looked for first, so that it is at hand soon. */
  touch(lo: number): number {
    return this.#slots[(lo & this.#mask) * 3];
  }

  /** Value of a key, 0 when absent. */
  get(hi: number, lo: number): number {
    const slots = this.#slots;
    for (let slot = lo & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      const value = slots[at + 2];
      if (value === 0) return 0;
      if (slots[at] === lo >>> 0 && slots[at + 1] === hi >>> 0) return value;
    }
  }

  /** Sets a key to a positive value; false when the table is full and the key is new. */
  set(hi: number, lo: number, value: number): boolean {
    assert(value > 0, 'zero means absent');
    if (this.size >= (this.#mask + 1) * 0.7) this.#grow();
    const slots = this.#slots;
    for (let slot = lo & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * 3;
      if (slots[at + 2] === 0) {
        if (this.size >= this.#capacityMax) return false;
        slots[at] = lo;
        slots[at + 1] = hi;
        slots[at + 2] = value;
        this.size++;
        return true;
      }
      if (slots[at] === lo >>> 0 && slots[at + 1] === hi >>> 0) {
        slots[at + 2] = value;
        return true;
      }
    }
  }

  /** Removes a key; absent keys are fine. */
  delete(hi: number, lo: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = lo & mask;
    for (; ; slot = (slot + 1) & mask) {
      const at = slot * 3;
      if (slots[at + 2] === 0) return;
      if (slots[at] === lo >>> 0 && slots[at + 1] === hi >>> 0) break;
    }
    this.size--;
    for (let next = (slot + 1) & mask; slots[next * 3 + 2] !== 0; next = (next + 1) & mask) {
      const home = slots[next * 3] & mask;
      if (((next - home) & mask) < ((next - slot) & mask)) continue;
      slots.copyWithin(slot * 3, next * 3, next * 3 + 3);
      slot = next;
    }
    slots.fill(0, slot * 3, slot * 3 + 3);
  }

  /** Hands over every entry, in no particular order. */
  each(use: (hi: number, lo: number, value: number) => void): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 3) if (slots[at + 2] !== 0) use(slots[at + 1], slots[at], slots[at + 2]);
  }

  clear(): void {
    this.#slots.fill(0);
    this.size = 0;
  }

  save(out: StateWriter): void {
    out.u32(this.size);
    out.u32Array(this.#slots);
  }

  load(from: StateReader): void {
    this.size = from.u32();
    const slots = from.u32Array();
    const count = slots.length / 3;
    from.expect(Number.isInteger(count) && count > 0 && (count & (count - 1)) === 0, 'table size');
    // A look-up ends at a free slot.
    from.expect(this.size < count && slots.some((value, at) => at % 3 === 2 && value === 0), 'full table');
    this.#slots = slots;
    this.#mask = count - 1;
  }

  #grow(): void {
    const old = this.#slots;
    const count = (this.#mask + 1) * 2;
    this.#slots = new Uint32Array(count * 3);
    this.#mask = count - 1;
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      let slot = old[at] & this.#mask;
      while (this.#slots[slot * 3 + 2] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots.set(old.subarray(at, at + 3), slot * 3);
    }
  }
}
