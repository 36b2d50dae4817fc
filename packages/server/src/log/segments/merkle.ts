import { hash } from 'node:crypto';
import { assert } from '@gait/engine/base/assert';
import { HASH_BYTES } from './frame.ts';

/**
 * Merkle trees as in RFC 6962, section 2.1: leaves are hashed with a 0x00 before, inner nodes with a 0x01, so that no
 * leaf can pass as a node. SHA-256.
 */
const LEAF = '\u0000';
const NODE = 1;

/** Hash of a leaf. */
export function leafHash(text: string): Buffer {
  return hash('sha256', LEAF + text, 'buffer');
}

/** Root of a tree without leaves. */
export function emptyRoot(): Buffer {
  return hash('sha256', '', 'buffer');
}

/** A tree that only grows and keeps one hash per level: enough for the root at any time. */
export class GrowingTree {
  count = 0;
  /** Roots of full subtrees, largest first; their sizes are the set bits of `count`. */
  readonly #peaks: Buffer[] = [];

  add(leaf: Buffer): void {
    let node = leaf;
    // A subtree is full for each low bit that the count carries over.
    for (let rest = this.count; rest % 2 === 1; rest = (rest - 1) / 2) node = parent(this.#pop(), node);
    this.#peaks.push(node);
    this.count++;
  }

  root(): Buffer {
    if (this.#peaks.length === 0) return emptyRoot();
    return this.#peaks.reduceRight((right, left) => parent(left, right));
  }

  #pop(): Buffer {
    const peak = this.#peaks.pop();
    assert(peak !== undefined, 'a carried bit has its subtree');
    return peak;
  }
}

/** Root over leaf hashes. */
export function merkleRoot(leaves: readonly Buffer[]): Buffer {
  const tree = new GrowingTree();
  for (const leaf of leaves) tree.add(leaf);
  return tree.root();
}

/** Leaf hashes one after the other, growing. 32 bytes a leaf. */
export class LeafList {
  #bytes: Buffer = Buffer.alloc(HASH_BYTES * 1024);
  #count = 0;

  add(leaf: Buffer): void {
    const at = this.#count * HASH_BYTES;
    if (at === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(at)]);
    leaf.copy(this.#bytes, at);
    this.#count++;
  }

  /** The hashes so far. */
  hashes(): Buffer {
    return this.#bytes.subarray(0, this.#count * HASH_BYTES);
  }
}

/** All levels of a tree, to take many paths from. Memory: 64 bytes a leaf. */
export class MerkleLevels {
  readonly #levels: Buffer[];

  /** `leaves`: leaf hashes one after the other. */
  constructor(leaves: Buffer) {
    this.#levels = [leaves];
    for (let level = leaves; level.length > HASH_BYTES; ) {
      const count = level.length / HASH_BYTES;
      const above = Buffer.alloc(Math.ceil(count / 2) * HASH_BYTES);
      for (let at = 0; at + 1 < count; at += 2) {
        parent(nodeOf(level, at), nodeOf(level, at + 1)).copy(above, (at / 2) * HASH_BYTES);
      }
      // A node without a sibling moves up as it is: this is RFC 6962's split at the largest power of two.
      if (count % 2 === 1) nodeOf(level, count - 1).copy(above, above.length - HASH_BYTES);
      this.#levels.push(above);
      level = above;
    }
  }

  root(): Buffer {
    const top = this.#levels[this.#levels.length - 1];
    return top.length === 0 ? emptyRoot() : top;
  }

  /** Siblings from leaf `index` to the root. */
  path(index: number): Buffer[] {
    assert(index >= 0 && index < this.#levels[0].length / HASH_BYTES, 'the leaf is in the tree');
    const path: Buffer[] = [];
    let at = index;
    for (const level of this.#levels.slice(0, -1)) {
      const sibling = at % 2 === 1 ? at - 1 : at + 1;
      if (sibling * HASH_BYTES < level.length) path.push(nodeOf(level, sibling));
      at = Math.floor(at / 2);
    }
    return path;
  }
}

function nodeOf(level: Buffer, at: number): Buffer {
  return level.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
}

/** The root that a leaf and its path lead to in a tree of `size` leaves; undefined if the path has a wrong length. */
export function rootOfPath(
  leaf: Buffer,
  place: { index: number; size: number },
  path: readonly Buffer[],
): Buffer | undefined {
  let node = leaf;
  let at = place.index;
  let width = place.size;
  if (at < 0 || at >= width) return undefined;
  const rest = [...path];
  while (width > 1) {
    if (at % 2 === 1 || at + 1 < width) {
      const sibling = rest.shift();
      if (sibling === undefined) return undefined;
      node = at % 2 === 1 ? parent(sibling, node) : parent(node, sibling);
    }
    at = Math.floor(at / 2);
    width = Math.ceil(width / 2);
  }
  return rest.length === 0 ? node : undefined;
}

function parent(left: Buffer, right: Buffer): Buffer {
  const both = Buffer.allocUnsafe(1 + left.length + right.length);
  both[0] = NODE;
  left.copy(both, 1);
  right.copy(both, 1 + left.length);
  return hash('sha256', both, 'buffer');
}
