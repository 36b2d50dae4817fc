/**
 * Seeded 64-bit hashing of short byte strings (names, ids). The seed comes from the log's genesis, so that somebody who
 * chooses names cannot choose collisions. Result in `hash.hi` and `hash.lo` (unsigned 32 bit), to avoid an allocation.
 *
 * Two multiply-xor lanes over 32-bit words with the finaliser of MurmurHash3 (A. Appleby, public domain); not
 * cryptographic: the secret seed is the defence. Cost about 25 ns for 36 bytes.
 */
export class Hasher {
  hi = 0;
  lo = 0;
  readonly #seedHi: number;
  readonly #seedLo: number;

  constructor(seedHi: number, seedLo: number) {
    this.#seedHi = seedHi | 0;
    this.#seedLo = seedLo | 0;
  }

  /** Hashes `bytes[start, end)` into `hi` and `lo`. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    let a = this.#seedHi ^ (end - start);
    let b = this.#seedLo;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x1b873593);
      b = (b << 13) | (b >>> 19);
      b ^= a;
    }
    for (; at < end; at++) {
      a = Math.imul(a ^ bytes[at], 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul((b + bytes[at]) | 0, 0x1b873593) ^ a;
    }
    this.#finish(a, b);
  }

  /** Combines two 64-bit values (as four 32-bit words) into `hi` and `lo`. */
  words(first: number, second: number, third = 0, fourth = 0): void {
    let a = this.#seedHi;
    let b = this.#seedLo;
    for (const word of [first, second, third, fourth]) {
      a = Math.imul(a ^ word, 0xcc9e2d51);
      a ^= a >>> 15;
      b = Math.imul(b + word, 0x1b873593);
      b = (b << 13) | (b >>> 19);
      b ^= a;
    }
    this.#finish(a, b);
  }

  #finish(a: number, b: number): void {
    this.hi = mix32(a ^ (b >>> 3)) >>> 0;
    this.lo = mix32(b ^ Math.imul(a, 0x9e3779b1)) >>> 0;
  }
}

/** 32-bit identity of a text under a hasher's seed, as `BatchView.lo` gives it; never 0. Leaves 64 bits in the hasher. */
export function hashOf(text: string, hasher: Hasher): number {
  const bytes = new TextEncoder().encode(text);
  hasher.bytes(bytes, 0, bytes.length);
  return hasher.lo || 1;
}

/** Bijective 32-bit mix (finaliser of MurmurHash3). */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
