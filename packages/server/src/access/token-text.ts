import { createHash, randomBytes } from 'node:crypto';

/** Bytes of a secret: 256 bits, so that guessing is out of the question and a plain hash suffices to keep it. */
const SECRET_BYTES = 32;
/** Bytes of an id: enough to tell ten thousand tokens apart. */
const ID_BYTES = 6;
/** `gait_` lets scanners of repositories and logs recognise a token that leaked. */
const TOKEN = /^gait_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** A new token: its public id and the text that is shown once. */
export function newToken(): { readonly id: string; readonly secret: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  return { id, secret: `gait_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}` };
}

/** The id in the text of a token; undefined when it is not the text of one. */
export function idOf(presented: string): string | undefined {
  return TOKEN.exec(presented)?.[1];
}

/** What is kept of a token: SHA-256 of its whole text, id included. */
export function digestOf(presented: string): Buffer {
  return createHash('sha256').update(presented, 'utf8').digest();
}
