import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adjustedRandIndex } from './adjusted-rand.ts';

describe('adjusted Rand index', () => {
  it('is 1 for the same division under other names', () => {
    assert.equal(adjustedRandIndex([1, 1, 2, 2], ['b', 'b', 'a', 'a']), 1);
  });

  it('is that of a case worked out by hand', () => {
    // Pairs together in both 1, in the first 2, in the second 1, of 6: (1 - 1/3) / (3/2 - 1/3).
    assert.ok(Math.abs(adjustedRandIndex([1, 1, 2, 2], [1, 1, 2, 3]) - 4 / 7) < 1e-12);
  });

  it('is below 0 for divisions that disagree more than chance', () => {
    assert.ok(adjustedRandIndex([1, 1, 2, 2], [1, 2, 1, 2]) < 0);
  });
});
