/**
 * Seeded 64-bit hashing of short byte strings (names, ids): HalfSipHash-1-3 (J.-P. Aumasson, D. J. Bernstein, SipHash: a
 * fast short-input PRF, 2012, in the 32-bit form of the authors' reference code). The seed comes from the log's genesis,
 * so that somebody who chooses names can neither choose collisions nor make one function's value pass for another's.
 * Result in `hi` and `lo` (unsigned 32 bit), to avoid an allocation. Cost about 45 ns for 36 bytes.
 */
export class Hasher {
  hi = 0;
  lo = 0;
  readonly #key0: number;
  readonly #key1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor(seedHi: number, seedLo: number) {
    this.#key0 = seedHi | 0;
    this.#key1 = seedLo | 0;
  }

  /** Hashes `bytes[start, end)` into `hi` and `lo`. */
  bytes(bytes: Uint8Array, start: number, end: number): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = this.#key0 ^ 0x6c796765;
    let v3 = this.#key1 ^ 0x74656462;
    let at = start;
    for (; at + 4 <= end; at += 4) {
      const word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    let last = (end - start) << 24;
    for (let shift = 0; at < end; at++, shift += 8) last |= bytes[at] << shift;
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
    this.#word(last);
    this.#finish();
  }

  /** Hashes four 32-bit words into `hi` and `lo`: combines two hashes, or a kind and a hash. */
  words(first: number, second: number, third = 0, fourth = 0): void {
    this.#v0 = this.#key0;
    this.#v1 = this.#key1 ^ 0xee;
    this.#v2 = this.#key0 ^ 0x6c796765;
    this.#v3 = this.#key1 ^ 0x74656462;
    this.#word(first | 0);
    this.#word(second | 0);
    this.#word(third | 0);
    this.#word(fourth | 0);
    this.#word(16 << 24);
    this.#finish();
  }

  #word(word: number): void {
    this.#v3 ^= word;
    this.#round();
    this.#v0 ^= word;
  }

  #finish(): void {
    this.#v2 ^= 0xee;
    this.#round();
    this.#round();
    this.#round();
    this.lo = (this.#v1 ^ this.#v3) >>> 0;
    this.#v1 ^= 0xdd;
    this.#round();
    this.#round();
    this.#round();
    this.hi = (this.#v1 ^ this.#v3) >>> 0;
  }

  #round(): void {
    let v0 = (this.#v0 + this.#v1) | 0;
    let v1 = ((this.#v1 << 5) | (this.#v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    let v2 = (this.#v2 + this.#v3) | 0;
    let v3 = ((this.#v3 << 8) | (this.#v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

/** 32-bit identity of a text under a hasher's seed, as `BatchView.lo` gives it; never 0. Leaves 64 bits in the hasher. */
export function hashOf(text: string, hasher: Hasher): number {
  const bytes = new TextEncoder().encode(text);
  hasher.bytes(bytes, 0, bytes.length);
  return hasher.lo || 1;
}

/** Bijective 32-bit mix (finaliser of MurmurHash3, A. Appleby, public domain): spreads what is hashed already. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
