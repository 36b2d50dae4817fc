import { createHmac, randomBytes } from 'node:crypto';
import { networkPrefix } from './network-prefix.ts';
import type { Tokens } from './tokens.ts';

/** Tokens remembered so that busy values are not hashed again: 10 MB at most; when full, all are forgotten at once. */
export const TOKENS_CACHED_MAX = 65_536;

/**
 * Tokens for a replay that leaves nothing behind: a keyed hash under a random key that dies with the process, so memory
 * stays bounded whatever names arrive, and the tokens mean nothing afterwards. Nothing can be revealed or erased.
 */
export class MemoryTokens implements Tokens {
  readonly epoch = 0;
  readonly #key: Uint8Array;
  readonly #known = new Map<string, string>();

  /** A fixed `key` makes runs comparable; only tests should pass one. */
  constructor(key: Uint8Array = randomBytes(32)) {
    this.#key = key;
  }

  person(value: string): string {
    return value === '' ? '' : this.#token('person_', value);
  }

  network(address: string): string {
    const prefix = networkPrefix(address);
    return prefix === '' ? '' : this.#token('net_', prefix);
  }

  #token(kind: 'person_' | 'net_', value: string): string {
    const name = kind + value;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const token = kind + createHmac('sha256', this.#key).update(name).digest('hex').slice(0, 16);
    if (this.#known.size >= TOKENS_CACHED_MAX) this.#known.clear();
    this.#known.set(name, token);
    return token;
  }
}
