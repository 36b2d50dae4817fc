import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';

/** Minutes remembered: an hour, and the lag of what arrives before it. */
export const RING_MINUTES = 64;

/**
 * Counts of the last 64 minutes of many things, each under a 32-bit hash. Minutes in which nothing was counted cost nothing. Bounded:
 * beyond `thingsMax` new things are refused. 268 bytes each.
 */
export class MinuteRings {
  refused = 0;
  readonly #slots: Table;
  /** Row of a thing: its counts, minute modulo 64. */
  #counts = new Uint32Array(RING_MINUTES * 16);
  /** Newest minute of each row. */
  #newest = new Int32Array(16);

  constructor(thingsMax: number) {
    this.#slots = new Table(thingsMax);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** True when there is a ring for a thing; makes one when there is room. */
  ensure(hash: number): boolean {
    if (this.#slots.get(0, hash) !== 0) return true;
    const slot = this.#slots.size + 1;
    if (!this.#slots.set(0, hash, slot)) {
      this.refused++;
      return false;
    }
    if (slot >= this.#newest.length) this.#grow();
    this.#newest[slot] = -1;
    return true;
  }

  has(hash: number): boolean {
    return this.#slots.get(0, hash) !== 0;
  }

  /** Adds to the count of a minute, for things that have a ring; minutes before the newest hour are left out. */
  add(hash: number, minute: number, count: number): void {
    const slot = this.#slots.get(0, hash);
    if (slot === 0) return;
    this.#advance(slot, minute);
    if (minute <= this.#newest[slot] - RING_MINUTES) return;
    const at = slot * RING_MINUTES + (minute % RING_MINUTES);
    this.#counts[at] = Math.min(0xffff_ffff, this.#counts[at] + count);
  }

  /** Sum of `minutes` minutes that end with `last`; 0 for what has no ring. */
  sum(hash: number, last: number, minutes: number): number {
    const slot = this.#slots.get(0, hash);
    if (slot === 0) return 0;
    const newest = this.#newest[slot];
    let sum = 0;
    const from = Math.max(0, last - minutes + 1, newest - RING_MINUTES + 1);
    for (let minute = from; minute <= Math.min(last, newest); minute++) {
      sum += this.#counts[slot * RING_MINUTES + (minute % RING_MINUTES)];
    }
    return sum;
  }

  save(out: StateWriter): void {
    this.#slots.save(out);
    const used = this.#slots.size + 1;
    out.u32Array(this.#counts.subarray(0, used * RING_MINUTES));
    out.u32Array(new Uint32Array(this.#newest.slice(0, used).buffer));
    out.u32(this.refused);
  }

  load(from: StateReader): void {
    this.#slots.load(from);
    const counts = from.u32Array();
    const newest = from.u32Array();
    const used = this.#slots.size + 1;
    from.expect(counts.length === used * RING_MINUTES && newest.length === used, 'rings');
    this.#counts = new Uint32Array(counts);
    this.#newest = new Int32Array(newest);
    this.refused = from.u32();
  }

  /** Moves a row on to a minute; what it leaves behind is forgotten. */
  #advance(slot: number, minute: number): void {
    const newest = this.#newest[slot];
    if (minute <= newest) return;
    const row = slot * RING_MINUTES;
    if (newest < 0 || minute - newest >= RING_MINUTES) this.#counts.fill(0, row, row + RING_MINUTES);
    else for (let passed = newest + 1; passed <= minute; passed++) this.#counts[row + (passed % RING_MINUTES)] = 0;
    this.#newest[slot] = minute;
  }

  #grow(): void {
    const counts = new Uint32Array(this.#counts.length * 2);
    counts.set(this.#counts);
    this.#counts = counts;
    const newest = new Int32Array(this.#newest.length * 2);
    newest.set(this.#newest);
    this.#newest = newest;
  }
}
