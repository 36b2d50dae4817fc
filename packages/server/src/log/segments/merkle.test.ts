import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyRoot, GrowingTree, LeafList, leafHash, MerkleLevels, merkleRoot, rootOfPath } from './merkle.ts';

/** Inputs and roots of the reference test of Certificate Transparency (RFC 6962). */
const INPUTS = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const leaves = (count: number): Buffer[] => Array.from({ length: count }, (_, at) => leafHash(`leaf ${at}`));

function levelsOf(hashes: readonly Buffer[]): MerkleLevels {
  const list = new LeafList();
  for (const hash of hashes) list.add(hash);
  return new MerkleLevels(list.hashes());
}

describe('Merkle tree', () => {
  it('has the roots of RFC 6962', () => {
    const hashes = INPUTS.map((hex) => leafHash(Buffer.from(hex, 'hex').toString()));
    for (const [at, root] of ROOTS.entries()) {
      assert.equal(merkleRoot(hashes.slice(0, at + 1)).toString('hex'), root);
      assert.equal(
        levelsOf(hashes.slice(0, at + 1))
          .root()
          .toString('hex'),
        root,
      );
    }
    assert.equal(merkleRoot([]).toString('hex'), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    assert.deepEqual(levelsOf([]).root(), emptyRoot());
  });

  it('takes thousands of leaves', () => {
    const many = leaves(3000);
    assert.deepEqual(levelsOf(many).root(), merkleRoot(many));
  });

  it('has the same root at any time while it grows', () => {
    const tree = new GrowingTree();
    for (const [at, leaf] of leaves(70).entries()) {
      tree.add(leaf);
      assert.deepEqual(tree.root(), levelsOf(leaves(at + 1)).root());
    }
  });

  it('leads from each leaf by its path to the root, and from no other place or leaf', () => {
    for (let size = 1; size <= 20; size++) {
      const all = leaves(size);
      const levels = levelsOf(all);
      for (let index = 0; index < size; index++) {
        const path = levels.path(index);
        assert.deepEqual(rootOfPath(all[index], { index, size }, path), levels.root());
        assert.notDeepEqual(rootOfPath(leafHash('other'), { index, size }, path), levels.root());
        for (let other = 0; other < size; other++) {
          if (other === index) continue;
          assert.notDeepEqual(rootOfPath(all[index], { index: other, size }, path), levels.root());
        }
      }
    }
  });

  it('refuses paths that are too short, too long, or outside the tree', () => {
    const all = leaves(9);
    const path = levelsOf(all).path(4);
    assert.equal(rootOfPath(all[4], { index: 4, size: 9 }, path.slice(1)), undefined);
    assert.equal(rootOfPath(all[4], { index: 4, size: 9 }, [...path, path[0]]), undefined);
    assert.equal(rootOfPath(all[4], { index: 9, size: 9 }, path), undefined);
    assert.equal(rootOfPath(all[4], { index: -1, size: 9 }, path), undefined);
  });
});
