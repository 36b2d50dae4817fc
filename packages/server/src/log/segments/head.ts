import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { HASH_BYTES } from './frame.ts';
import type { SigningKey } from './keys.ts';
import { HEAD_BYTES_MAX } from './limits.ts';

/** `open`: the segment still grows. `sealed`: it is complete. `removed`: retention deleted its file. */
export const HEAD_STATES = ['open', 'sealed', 'removed'] as const;
export type HeadState = (typeof HEAD_STATES)[number];

/** What a signed head says of a segment. Hashes are lower-case hex. */
export interface Head {
  readonly state: HeadState;
  readonly segment: number;
  /** Ordinals `[first, next)` are in the segment so far. */
  readonly first: number;
  readonly next: number;
  /** Bytes of the file that the head speaks of. */
  readonly bytes: number;
  /** Merkle root over the canonical texts of the records `[first, next)`. */
  readonly root: string;
  /** Hash of the last frame within `bytes`, which chains all frames before it. */
  readonly frame: string;
  /** Newest stamp, ms since 1970. */
  readonly lastMs: number;
  /** Clock of the writer when it signed. */
  readonly atMs: number;
  readonly schema: number;
  /** SHA-256 of the line before in the heads file; of its last line for an open head; zeros for the first. */
  readonly previous: string;
  /** SHA-256 of the public key. */
  readonly key: string;
}

/** A head with its line of text and signature. */
export interface SignedHead {
  readonly head: Head;
  /** The exact line, without the line feed. Its hash links the next head. */
  readonly line: string;
}

/** Link of the first head of a chain. */
export const NO_HEAD = '0'.repeat(HASH_BYTES * 2);
const HEX_HASH = /^[0-9a-f]{64}$/;
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

/** Signs a head (Ed25519 over its JSON). */
export function signHead(head: Head, key: SigningKey): SignedHead {
  const text = textOf(head);
  const signature = sign(null, Buffer.from(text), key.privateKey).toString('base64');
  return { head, line: lineOf(text, signature) };
}

/** True if the head was signed with the private half of the key. */
export function headSigned(signed: SignedHead, publicKey: KeyObject): boolean {
  const text = textOf(signed.head);
  const signature = signed.line.slice(lineOf(text, '').length - 2, -2);
  return verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64'));
}

/** Reads the line of a signed head; undefined unless it is exactly as written. Does not check the signature. */
export function parseHead(line: string): SignedHead | undefined {
  if (line.length > HEAD_BYTES_MAX) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined;
  const head = headFrom(new Map(Object.entries(fields)));
  const signature: unknown = 'signature' in fields ? fields.signature : undefined;
  if (head === undefined || typeof signature !== 'string' || !SIGNATURE.test(signature)) return undefined;
  // The last letter has spare bits; only one spelling of a signature is accepted.
  if (Buffer.from(signature, 'base64').toString('base64') !== signature) return undefined;
  return lineOf(textOf(head), signature) === line ? { head, line } : undefined;
}

/** Hash of a head's line: the link of the chain. */
export function headHash(signed: SignedHead): string {
  return createHash('sha256').update(signed.line).digest('hex');
}

/** The signed text: keys in declared order. */
function textOf(head: Head): string {
  return JSON.stringify({
    state: head.state,
    segment: head.segment,
    first: head.first,
    next: head.next,
    bytes: head.bytes,
    root: head.root,
    frame: head.frame,
    lastMs: head.lastMs,
    atMs: head.atMs,
    schema: head.schema,
    previous: head.previous,
    key: head.key,
  });
}

function lineOf(text: string, signature: string): string {
  return `${text.slice(0, -1)},"signature":"${signature}"}`;
}

function headFrom(fields: ReadonlyMap<string, unknown>): Head | undefined {
  const count = (name: string): number => {
    const value = fields.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : Number.NaN;
  };
  const time = (name: string): number => {
    const value = fields.get(name);
    return typeof value === 'number' ? value : Number.NaN;
  };
  const hex = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' && HEX_HASH.test(value) ? value : '';
  };
  const state = HEAD_STATES.find((candidate) => candidate === fields.get('state'));
  if (state === undefined) return undefined;
  const head: Head = {
    state,
    segment: count('segment'),
    first: count('first'),
    next: count('next'),
    bytes: count('bytes'),
    root: hex('root'),
    frame: hex('frame'),
    lastMs: time('lastMs'),
    atMs: time('atMs'),
    schema: count('schema'),
    previous: hex('previous'),
    key: hex('key'),
  };
  const sound = Object.values(head).every((value) => value !== '' && !Number.isNaN(value));
  return sound && head.next >= head.first ? head : undefined;
}
