import { closeSync, openSync, readSync } from 'node:fs';
import { REMEMBERED_MAX } from './limits.ts';

/** Hex digits of a pseudonym and of the MAC of a record. */
const DIGITS = 16;
/**
 * Stands before names of people, so that no pseudonym is ever the MAC of a line that somebody put in place of a name: lines
 * begin with a brace.
 */
const PERSON = 'person:';

/** What is made with the key of the layer. Without one, pseudonyms hold for this sandbox only, and there is no MAC. */
export interface Keyed {
  /** The transport pseudonym of a person. About 3 µs for new names. */
  person(name: string): string;
  /** MAC over the bytes of a line before its `mac` field; '' without a key. About 2 µs. */
  mac(line: string): string;
}

/** Makes pseudonyms and MACs with `key`; '' for none. */
export function keyedBy(key: string): Keyed {
  let secret: string | undefined = key === '' ? undefined : key;
  const digest = (text: string) => {
    secret ??= randomId() + randomId();
    return ciphers().createHmac('sha256', secret).update(text).digest('hex').slice(0, DIGITS);
  };
  const people = new Map<string, string>();
  const remembered = (name: string): string => {
    const token = digest(PERSON + name.toLowerCase());
    if (people.size >= REMEMBERED_MAX) people.clear();
    people.set(name, token);
    return token;
  };
  return {
    person: (name) => people.get(name) ?? remembered(name),
    mac: key === '' ? () => '' : digest,
  };
}

/** A random id, 16 hex digits. From the system's own source, which costs nothing to load. */
export function randomId(): string {
  const bytes = Buffer.alloc(DIGITS / 2);
  const source = openSync('/dev/urandom', 'r');
  try {
    readSync(source, bytes, 0, bytes.length, null);
  } finally {
    closeSync(source);
  }
  return bytes.toString('hex');
}

/** A fingerprint of bytes, as many hex digits as a pseudonym. */
export function fingerprint(parts: readonly (string | Uint8Array)[]): string {
  const hash = ciphers().createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, DIGITS);
}

/** Loading takes 4 ms, so that it is left to those who need it. Throws on versions of Node that cannot. */
function ciphers() {
  return process.getBuiltinModule('node:crypto');
}
