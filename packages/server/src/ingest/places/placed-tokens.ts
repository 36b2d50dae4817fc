import type { Tokens } from '../tokens.ts';
import type { Places } from './places.ts';

/**
 * Networks where anybody can rent a machine: there the owner says nothing about who acts, and credentials used from inside the
 * same cloud would look at home. The token of the prefix stays with the owner. AWS, Google, Microsoft, DigitalOcean, OVH,
 * Hetzner, Akamai (Linode), Vultr, Alibaba, Oracle, Tencent.
 */
const RENTED: ReadonlySet<string> = new Set(
  'AS16509 AS14618 AS8987 AS15169 AS396982 AS8075 AS14061 AS16276 AS24940 AS213230 AS63949 AS20473 AS45102 AS31898 AS132203'.split(
    ' ',
  ),
);

/**
 * Tokens with places: the network of an address is its owner instead of the random token of its prefix, and its country is known.
 * The address itself goes nowhere. Private addresses and those the databases do not know keep their token.
 */
export class PlacedTokens implements Tokens {
  readonly #tokens: Tokens;
  readonly #places: Places;

  constructor(tokens: Tokens, places: Places) {
    this.#tokens = tokens;
    this.#places = places;
  }

  get epoch(): number {
    return this.#tokens.epoch;
  }

  person(value: string): string {
    return this.#tokens.person(value);
  }

  network(address: string): string {
    const owner = this.#places.owner(address);
    if (owner === '') return this.#tokens.network(address);
    const [number] = owner.split(' ', 1);
    return RENTED.has(number) ? `${owner} ${this.#tokens.network(address)}` : owner;
  }

  country(address: string): string {
    return this.#places.country(address);
  }
}

/** Tokens with places where there are any. */
export function withPlaces(tokens: Tokens, places: Places | undefined): Tokens {
  return places === undefined ? tokens : new PlacedTokens(tokens, places);
}
