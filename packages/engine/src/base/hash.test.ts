import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hasher, mix32 } from './hash.ts';

const NAMES = Array.from({ length: 20_000 }, (_, at) => new TextEncoder().encode(`aws:111122223333:eu-west-1:f${at}`));

function wordsOf(hasher: Hasher, names = NAMES): { hi: number; lo: number }[] {
  return names.map((bytes) => {
    hasher.bytes(bytes, 0, bytes.length);
    return { hi: hasher.hi, lo: hasher.lo };
  });
}

/** Pearson's chi-square over `buckets` equal ranges of a word; its mean is `buckets - 1`, its deviation sqrt of twice that. */
function chiSquare(words: readonly number[], bucketOf: (word: number) => number, buckets: number): number {
  const counts = new Array<number>(buckets).fill(0);
  for (const word of words) counts[bucketOf(word)]++;
  const expected = words.length / buckets;
  return counts.reduce((sum, count) => sum + ((count - expected) * (count - expected)) / expected, 0);
}

describe('the seeded hash', () => {
  it('is the same for the same seed and bytes, wherever they stand', () => {
    const [first, second] = [new Hasher(1, 2), new Hasher(1, 2)];
    assert.deepEqual(wordsOf(first), wordsOf(second));
    const padded = new Uint8Array([9, 9, 9, ...NAMES[0], 7]);
    first.bytes(NAMES[0], 0, NAMES[0].length);
    second.bytes(padded, 3, 3 + NAMES[0].length);
    assert.deepEqual([first.hi, first.lo], [second.hi, second.lo]);
  });

  it('changes nearly every result with either word of the seed', () => {
    const base = wordsOf(new Hasher(1, 2));
    for (const other of [wordsOf(new Hasher(3, 2)), wordsOf(new Hasher(1, 3))]) {
      const equal = base.filter((word, at) => word.lo === other[at].lo || word.hi === other[at].hi);
      assert.ok(equal.length <= 2, `${equal.length} of ${base.length} words stayed`);
    }
  });

  it('gives unsigned words, and different ones for names that differ in one character', () => {
    const words = wordsOf(new Hasher(0, 0));
    assert.equal(new Set(words.map(({ hi, lo }) => `${hi} ${lo}`)).size, NAMES.length);
    for (const { hi, lo } of words) assert.ok(hi >= 0 && lo >= 0 && Number.isInteger(hi) && Number.isInteger(lo));
  });

  it('tells lengths apart, the empty string and zero bytes included', () => {
    const hasher = new Hasher(5, 6);
    const seen = new Set<string>();
    for (let length = 0; length < 64; length++) {
      hasher.bytes(new Uint8Array(64), 0, length);
      seen.add(`${hasher.hi} ${hasher.lo}`);
    }
    assert.equal(seen.size, 64);
  });

  it('spreads similar names evenly over low and high bits of both words', () => {
    // 255 degrees of freedom: beyond 400 is six deviations.
    const words = wordsOf(new Hasher(0xfeed, 0xbeef));
    for (const list of [words.map(({ lo }) => lo), words.map(({ hi }) => hi)]) {
      for (const bucketOf of [(word: number) => word & 255, (word: number) => word >>> 24]) {
        const found = chiSquare(list, bucketOf, 256);
        assert.ok(found < 400, `chi-square ${found}`);
      }
    }
  });

  it('combines words so that their places matter', () => {
    const hasher = new Hasher(1, 2);
    const combined = (...words: [number, number, number?, number?]) => {
      hasher.words(...words);
      return `${hasher.hi} ${hasher.lo}`;
    };
    const all = [combined(1, 2), combined(2, 1), combined(1, 2, 3), combined(1, 2, 0, 3), combined(0, 1, 2)];
    assert.equal(new Set(all).size, all.length);
    assert.equal(combined(1, 2), combined(1, 2, 0, 0));
  });

  it('mixes 32 bits without losing any', () => {
    const seen = new Set<number>();
    for (let value = 0; value < 50_000; value++) seen.add(mix32(value));
    assert.equal(seen.size, 50_000);
  });
});
