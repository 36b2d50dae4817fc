import type { Slab } from './slab.ts';
import type { StateReader, StateWriter } from './state.ts';

/** Blocks of which some have a second one in another slab: its id stands in word `link` of the first, 0 for none. */
export interface LinkedBlocks {
  readonly blocks: Slab;
  readonly more: Slab;
  readonly link: number;
}

/** Writes a block and its second one. */
export function keepLinked(of: LinkedBlocks, block: number, out: StateWriter): void {
  const { u32, at } = linkOf(of, block);
  of.blocks.keep(block, out);
  if (u32[at] !== 0) of.more.keep(u32[at], out);
}

/** Puts what `keepLinked` wrote into a block. Without memory for its second one, that is left out. */
export function bringLinked(of: LinkedBlocks, block: number, from: StateReader): void {
  const { u32, at } = linkOf(of, block);
  const had = u32[at];
  of.blocks.bring(block, from);
  const more = u32[at] === 0 ? 0 : had || of.more.alloc();
  if (had !== 0 && more === 0) of.more.free(had);
  if (more !== 0) of.more.bring(more, from);
  u32[at] = more;
}

function linkOf({ blocks, link }: LinkedBlocks, block: number): { readonly u32: Uint32Array; readonly at: number } {
  return {
    u32: blocks.pages[block >>> blocks.shift].u32,
    at: (block & blocks.mask) * (blocks.blockBytes >>> 2) + link,
  };
}
