import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AssertionError } from './assert.ts';
import { EngineError } from './errors.ts';
import { Slab } from './slab.ts';
import { StateReader, StateWriter } from './state.ts';

function saved(slab: Slab): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  slab.save(out);
  return out.finish();
}

/** The bytes of a block. */
function bytesOf(slab: Slab, id: number): Uint8Array {
  const from = (id & slab.mask) * slab.blockBytes;
  return slab.pages[id >>> slab.shift].bytes.subarray(from, from + slab.blockBytes);
}

describe('a slab', () => {
  it('gives ids from 1 on, and 0 when it is full', () => {
    const slab = new Slab(16, 3);
    assert.deepEqual([slab.alloc(), slab.alloc(), slab.alloc(), slab.alloc()], [1, 2, 3, 0]);
    assert.equal(slab.used, 3);
    slab.free(2);
    assert.deepEqual([slab.used, slab.alloc(), slab.alloc()], [2, 2, 0]);
  });

  it('gives zeroed blocks that do not overlap, over several pages', () => {
    const slab = new Slab(1_500_000, 9);
    const ids = Array.from({ length: 9 }, () => slab.alloc());
    for (const id of ids) bytesOf(slab, id).fill(id);
    for (const id of ids) assert.ok(bytesOf(slab, id).every((byte) => byte === id));
    assert.equal(bytesOf(slab, 1).length, 1_500_000);
    slab.free(5);
    assert.equal(slab.alloc(), 5);
    assert.ok(bytesOf(slab, 5).every((byte) => byte === 0));
    assert.ok(bytesOf(slab, 4).every((byte) => byte === 4));
  });

  it('uses the block freed last first, so that the same steps give the same ids', () => {
    const slab = new Slab(8, 100);
    for (let at = 0; at < 5; at++) slab.alloc();
    slab.free(2);
    slab.free(4);
    assert.deepEqual([slab.alloc(), slab.alloc(), slab.alloc()], [4, 2, 6]);
  });

  it('copies one block over another', () => {
    const slab = new Slab(16, 10);
    const [from, to] = [slab.alloc(), slab.alloc()];
    bytesOf(slab, from).set([1, 2, 3]);
    slab.copy(from, to);
    assert.deepEqual([...bytesOf(slab, to).subarray(0, 4)], [1, 2, 3, 0]);
  });

  it('goes on from its saved state', () => {
    const slab = new Slab(32, 5000);
    for (let at = 0; at < 3000; at++) bytesOf(slab, slab.alloc())[0] = at & 255;
    for (const id of [7, 2999, 100]) slab.free(id);
    const loaded = new Slab(32, 5000);
    loaded.load(new StateReader(saved(slab)));
    assert.deepEqual(saved(loaded), saved(slab));
    assert.deepEqual([loaded.used, loaded.bytes], [slab.used, slab.bytes]);
    assert.deepEqual([loaded.alloc(), loaded.alloc()], [slab.alloc(), slab.alloc()]);
  });

  it('refuses states of other blocks, and ids that have no page', () => {
    assert.throws(() => new Slab(16, 9).load(new StateReader(saved(new Slab(24, 9)))), EngineError);
    const slab = new Slab(2_097_152, 9);
    slab.alloc();
    const bytes = saved(slab);
    // The next id stands behind the block size.
    for (const next of [0, 3, 0xffff_ffff]) {
      new DataView(bytes.buffer).setUint32(4, next, true);
      assert.throws(() => new Slab(2_097_152, 9).load(new StateReader(bytes)), EngineError, `next id ${next}`);
    }
  });

  it('refuses saved free blocks that were never given', () => {
    const out = new StateWriter();
    out.u32(16);
    out.u32(1);
    out.u32Array(Uint32Array.from([9]));
    out.u32(0);
    assert.throws(() => new Slab(16, 9).load(new StateReader(out.finish())), EngineError);
  });

  it('takes only blocks that fit their page, and frees only what it gave', () => {
    assert.throws(() => new Slab(12, 9), AssertionError);
    assert.throws(() => new Slab(4_194_312, 9), AssertionError);
    assert.throws(() => new Slab(16, 9).free(1), AssertionError);
    assert.throws(() => new Slab(16, 9).free(0), AssertionError);
  });
});
