import type { SourceDefaults } from '../decoder.ts';
import { functionKey } from '../identity.ts';

/** Bytes of a function key: three parts of 64, and names of up to 140 with room for other providers' longer ones. */
export const FUNCTION_KEY_BYTES_MAX = 400;
const PART_BYTES_MAX = 64;
const COLON = 0x3a;
const UNKNOWN = 0x3f;
/** Bytes that the provider may consist of, and those that account and region may consist of. */
const PROVIDER = bytesLike(/[a-z]/);
const PART = bytesLike(/[0-9A-Za-z._-]/);

/** What may be wrong with a function key. */
export type KeyForm = 'complete' | 'partial' | 'malformed';

/**
 * Whether `bytes[from, to)` has the form `provider:account:region:name`: `complete`, `partial` when parts are `?`, or
 * `malformed`.
 */
export function keyForm(bytes: Uint8Array, from: number, to: number): KeyForm {
  if (to - from > FUNCTION_KEY_BYTES_MAX) return 'malformed';
  let partial = false;
  let at = from;
  for (let parts = 0; parts < 3; parts++) {
    const start = at;
    const allowed = parts === 0 ? PROVIDER : PART;
    if (at < to && bytes[at] === UNKNOWN) {
      partial = true;
      at++;
    } else while (at < to && allowed[bytes[at]] === 1) at++;
    const length = at - start;
    if (length === 0 || length > PART_BYTES_MAX || at >= to || bytes[at] !== COLON) return 'malformed';
    at++;
  }
  if (at === to) return 'malformed';
  return partial || (bytes[at] === UNKNOWN && at + 1 === to) ? 'partial' : 'complete';
}

/** A well-formed key with its unknown parts taken from what is configured for the source. */
export function withDefaults(key: string, defaults: SourceDefaults): string {
  const [provider, account, region, name] = partsOf(key);
  return functionKey(
    {
      provider: provider === '?' ? defaults.provider : provider,
      account: account === '?' ? defaults.account : account,
      region: region === '?' ? defaults.region : region,
    },
    name,
  );
}

function partsOf(key: string): readonly [string, string, string, string] {
  const [provider = '?', account = '?', region = '?', ...name] = key.split(':');
  return [provider, account, region, name.length === 0 ? '?' : name.join(':')];
}

/** 1 for each byte that is a character of the class. */
function bytesLike(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (characters.test(String.fromCharCode(byte)) ? 1 : 0));
}
