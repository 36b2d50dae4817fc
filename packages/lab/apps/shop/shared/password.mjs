import { Buffer } from 'node:buffer';
import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(scrypt);

/** Bytes of a derived key. */
const KEY_BYTES = 32;

/** Cost of a derivation: about 10 ms and 4 MB. */
const COST = { N: 4096, r: 8, p: 1 };

/** Whether a password belongs to a hash of the form `salt$key`, both in hex. Takes as long for a wrong one. */
export async function isPassword(password, hash) {
  const [salt = '', key = ''] = hash.split('$');
  const derived = await derive(password, Buffer.from(salt, 'hex'), KEY_BYTES, COST);
  const expected = Buffer.from(key, 'hex');
  return expected.length === derived.length && timingSafeEqual(expected, derived);
}
