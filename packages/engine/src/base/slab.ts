import { assert } from './assert.ts';
import { SLAB_PAGE_BYTES } from './limits.ts';
import type { StateReader, StateWriter } from './state.ts';

/** One page of a slab, seen as every element type. */
export interface SlabPage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly u16: Uint16Array<ArrayBuffer>;
  readonly u32: Uint32Array<ArrayBuffer>;
  readonly f32: Float32Array<ArrayBuffer>;
  readonly f64: Float64Array<ArrayBuffer>;
}

/** Words of a cache line. */
const LINE_WORDS = 16;

/**
 * Fixed-size blocks in pages of 4 MiB: the state of millions of entities without an object for each. Ids start at 1; 0
 * means none. A new block is zeroed. `pages[id >>> shift]` is the block's page and `(id & mask) * blockBytes` its byte
 * offset there. Allocation is deterministic: the block freed last is reused first.
 */
export class Slab {
  readonly blockBytes: number;
  readonly shift: number;
  readonly mask: number;
  readonly pages: SlabPage[] = [];
  readonly #blocksMax: number;
  #next = 1;
  #free: number[] = [];

  /** `blockBytes` is a multiple of 8 and at most a page. */
  constructor(blockBytes: number, blocksMax: number) {
    assert(blockBytes % 8 === 0 && blockBytes <= SLAB_PAGE_BYTES, 'a block fits its page and is aligned');
    this.blockBytes = blockBytes;
    this.shift = 31 - Math.clz32(Math.floor(SLAB_PAGE_BYTES / blockBytes));
    this.mask = (1 << this.shift) - 1;
    this.#blocksMax = blocksMax;
  }

  /** Blocks in use. */
  get used(): number {
    return this.#next - 1 - this.#free.length;
  }

  /** All ids ever given are below this one. */
  get end(): number {
    return this.#next;
  }

  /** Bytes of all blocks ever given. */
  get bytes(): number {
    return this.#next * this.blockBytes;
  }

  /** Takes a zeroed block; 0 when the slab is full. */
  alloc(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    if (this.#next > this.#blocksMax) return 0;
    const id = this.#next++;
    if (id >>> this.shift >= this.pages.length) this.pages.push(newPage(this.blockBytes * (this.mask + 1)));
    return id;
  }

  /** Gives a block back. */
  free(id: number): void {
    assert(id > 0 && id < this.#next, 'only an allocated block is freed');
    const from = (id & this.mask) * this.blockBytes;
    this.pages[id >>> this.shift].bytes.fill(0, from, from + this.blockBytes);
    this.#free.push(id);
  }

  /** Reads a word of each cache line of a block, so that it is at hand soon; block 0 has none. */
  touch(id: number): number {
    if (id === 0) return 0;
    const { u32 } = this.pages[id >>> this.shift];
    const words = this.blockBytes >>> 2;
    const from = (id & this.mask) * words;
    let sum = u32[from + words - 1];
    for (let at = from; at < from + words; at += LINE_WORDS) sum |= u32[at];
    return sum;
  }

  /** Copies one block over another. */
  copy(from: number, to: number): void {
    const source = (from & this.mask) * this.blockBytes;
    const target = (to & this.mask) * this.blockBytes;
    const bytes = this.pages[from >>> this.shift].bytes.subarray(source, source + this.blockBytes);
    this.pages[to >>> this.shift].bytes.set(bytes, target);
  }

  /** Writes what one block holds. */
  keep(id: number, out: StateWriter): void {
    const from = (id & this.mask) * this.blockBytes;
    out.bytes(this.pages[id >>> this.shift].bytes.subarray(from, from + this.blockBytes));
  }

  /** Puts what `keep` wrote into a block. */
  bring(id: number, from: StateReader): void {
    const bytes = from.bytes();
    from.expect(bytes.length === this.blockBytes, 'block size');
    this.pages[id >>> this.shift].bytes.set(bytes, (id & this.mask) * this.blockBytes);
  }

  save(out: StateWriter): void {
    out.u32(this.blockBytes);
    out.u32(this.#next);
    out.u32Array(Uint32Array.from(this.#free));
    out.u32(this.pages.length);
    for (const [at, page] of this.pages.entries()) out.bytes(page.bytes.subarray(0, this.#usedBytes(at)));
  }

  load(from: StateReader): void {
    from.expect(from.u32() === this.blockBytes, 'block size');
    this.#next = from.u32();
    this.#free = Array.from(from.u32Array());
    const count = from.u32();
    this.pages.length = 0;
    for (let at = 0; at < count; at++) {
      const bytes = from.bytes();
      const page = newPage(this.blockBytes * (this.mask + 1));
      from.expect(bytes.length === this.#usedBytes(at), 'page size');
      page.bytes.set(bytes);
      this.pages.push(page);
    }
    from.expect(this.#next >= 1 && this.#next <= Math.max(1, count << this.shift), 'block count');
    from.expect(
      this.#free.every((id) => id > 0 && id < this.#next),
      'free block',
    );
  }

  /** Bytes of a page up to the end of its last block ever given. */
  #usedBytes(page: number): number {
    return Math.min(this.mask + 1, Math.max(0, this.#next - (page << this.shift))) * this.blockBytes;
  }
}

function newPage(size: number): SlabPage {
  const buffer = new ArrayBuffer(size);
  return {
    bytes: new Uint8Array(buffer),
    u16: new Uint16Array(buffer),
    u32: new Uint32Array(buffer),
    f32: new Float32Array(buffer),
    f64: new Float64Array(buffer),
  };
}

/** Stands for no page until a block is at hand. */
export const NO_PAGE: SlabPage = newPage(0);
