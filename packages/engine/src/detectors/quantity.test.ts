import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quantity } from './quantity.ts';

describe('quantities in words', () => {
  it('choose the unit people would', () => {
    assert.equal(quantity('durationMs', 61.04), '61 ms');
    assert.equal(quantity('durationMs', 0.397), '0.4 ms');
    assert.equal(quantity('durationMs', 41_234), '41.2 s');
    assert.equal(quantity('initMs', 900_000), '15 min');
    assert.equal(quantity('bytesOut', 512), '512 B');
    assert.equal(quantity('bytesOut', 6_270_000), '6.27 MB');
    assert.equal(quantity('tmpBytes', 0), '0 B');
    assert.equal(quantity('memoryMb', 80), '80 MB');
    assert.equal(quantity('memoryMb', 3008), '3.01 GB');
    assert.equal(quantity('threads', 12), '12');
  });

  it('do not round up into a number of the smaller unit', () => {
    assert.equal(quantity('bytesOut', 999.7), '1 kB');
    assert.equal(quantity('bytesOut', 999_700), '1 MB');
    assert.equal(quantity('durationMs', 999.7), '1 s');
  });
});
