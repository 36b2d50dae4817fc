/** The one rule by which addresses become networks; every implementation of `Tokens` follows it. */
export { networkPrefix } from './network-prefix.ts';

/**
 * Replaces what identifies people before a row is appended. The same value gives the same token within one data folder;
 * tokens are random, so that deleting the table's row forgets the person. Implementations: memory (temporary replays)
 * and the store's pseudonym table.
 */
export interface Tokens {
  /** Changes whenever somebody is forgotten: what was remembered of earlier answers is then void. */
  readonly epoch: number;
  /** Token of a person's name, e-mail address or user id: `person_` and 16 hexadecimal digits; '' if there is none. */
  person(value: string): string;
  /** Token of the network (IPv4 /24, IPv6 /48) of an address: `net_` and 16 hexadecimal digits; '' if not an address. */
  network(address: string): string;
  /** ISO code of the country of an address, '' if unknown; absent where there is no database of places. */
  country?(address: string): string;
}
