import { Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';

/** Words every head begins with. */
export const KEY = { keyHi: 0, keyLo: 1 } as const;

/** Heads looked at to find room for one newcomer. */
const EVICTION_SCAN = 64;

/** How a directory's heads are kept. */
export interface DirectoryOptions {
  readonly headBytes: number;
  readonly capacityMax: number;
  /** True for an entity that newcomers may not push out. */
  established(page: SlabPage, word: number): boolean;
  /** Frees what a head owns before it is evicted. */
  release(page: SlabPage, word: number): void;
}

/**
 * Entities found by the 64-bit seeded hash of their key: a head in a slab and a name each. When full, a newcomer takes
 * the place of an entity that is not established yet, or is refused (id 0), so that invented names cannot make it forget.
 */
export class Directory {
  readonly slab: Slab;
  readonly names: string[] = [''];
  /** Newcomers refused and newcomers that pushed another one out. */
  refused = 0;
  evicted = 0;
  readonly #table: Table;
  readonly #options: DirectoryOptions;
  #hand = 1;

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.slab = new Slab(options.headBytes, options.capacityMax);
    this.#table = new Table(options.capacityMax);
  }

  get count(): number {
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes + this.slab.bytes;
  }

  page(id: number): SlabPage {
    return this.slab.pages[id >>> this.slab.shift];
  }

  word(id: number): number {
    return ((id & this.slab.mask) * this.#options.headBytes) >>> 2;
  }

  /** Reads where an entity would be looked for first, so that it is at hand soon. */
  touch(lo: number): number {
    return this.#table.touch(lo);
  }

  /** Id of an entity, 0 when unknown. */
  find(hi: number, lo: number): number {
    return this.#table.get(hi, lo);
  }

  /** Id of an entity, made when new; 0 when there is no room. */
  ensure(hi: number, lo: number, name: () => string): number {
    const known = this.#table.get(hi, lo);
    if (known !== 0) return known;
    let id = this.slab.alloc();
    if (id === 0) {
      if (!this.#evictOne()) {
        this.refused++;
        return 0;
      }
      id = this.slab.alloc();
    }
    const page = this.page(id);
    const word = this.word(id);
    page.u32[word + KEY.keyHi] = hi;
    page.u32[word + KEY.keyLo] = lo;
    this.names[id] = name();
    this.#table.set(hi, lo, id);
    return id;
  }

  /** Forgets an entity; unknown ones are fine. */
  remove(hi: number, lo: number): void {
    const id = this.#table.get(hi, lo);
    if (id === 0) return;
    this.#drop(id);
  }

  /** Ids in use, ascending. */
  *ids(): Generator<number> {
    for (let id = 1; id < this.names.length; id++) if (this.names[id] !== '') yield id;
  }

  save(out: StateWriter): void {
    this.slab.save(out);
    this.#table.save(out);
    out.u32(this.names.length);
    for (const name of this.names) out.text(name);
    out.u32(this.refused);
    out.u32(this.evicted);
    out.u32(this.#hand);
  }

  load(from: StateReader): void {
    this.slab.load(from);
    this.#table.load(from);
    this.names.length = 0;
    for (let left = from.u32(); left > 0; left--) this.names.push(from.text());
    this.refused = from.u32();
    this.evicted = from.u32();
    this.#hand = from.u32();
  }

  #evictOne(): boolean {
    for (let tries = 0; tries < EVICTION_SCAN; tries++) {
      const id = this.#hand;
      this.#hand = id + 1 >= this.names.length ? 1 : id + 1;
      if (this.names[id] === '') continue;
      const page = this.page(id);
      const word = this.word(id);
      if (this.#options.established(page, word)) continue;
      this.#drop(id);
      this.evicted++;
      return true;
    }
    return false;
  }

  #drop(id: number): void {
    const page = this.page(id);
    const word = this.word(id);
    this.#options.release(page, word);
    this.#table.delete(page.u32[word + KEY.keyHi], page.u32[word + KEY.keyLo]);
    this.slab.free(id);
    this.names[id] = '';
  }
}
