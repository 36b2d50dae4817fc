import { hash } from 'node:crypto';
import { assert } from '@gait/engine/base/assert';

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

/** All levels of a tree, to take many paths from. Memory: two hashes a leaf. */
export class MerkleLevels {
  readonly #levels: Buffer[][];

  constructor(leaves: readonly Buffer[]) {
    this.#levels = [[...leaves]];
    for (let level = this.#levels[0]; level.length > 1; ) {
      const above: Buffer[] = [];
      for (let at = 0; at + 1 < level.length; at += 2) above.push(parent(level[at], level[at + 1]));
      // A node without a sibling moves up as it is: this is RFC 6962's split at the largest power of two.
      if (level.length % 2 === 1) above.push(level[level.length - 1]);
      this.#levels.push(above);
      level = above;
    }
  }

  root(): Buffer {
    return this.#levels[this.#levels.length - 1][0] ?? emptyRoot();
  }

  /** Siblings from leaf `index` to the root. */
  path(index: number): Buffer[] {
    assert(index >= 0 && index < this.#levels[0].length, 'the leaf is in the tree');
    const path: Buffer[] = [];
    let at = index;
    for (const level of this.#levels.slice(0, -1)) {
      const sibling = level[at ^ 1];
      if (sibling !== undefined) path.push(sibling);
      at = Math.floor(at / 2);
    }
    return path;
  }
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
