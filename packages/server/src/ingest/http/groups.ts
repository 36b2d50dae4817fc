import { WIRE, WireScanner } from '../otlp/wire-scanner.ts';
import type { Slice } from './turns.ts';

/** Whole elements of a large body: `bytes[from, to)`. */
export interface Group {
  readonly from: number;
  readonly to: number;
}

/** A JSON array within a body: its elements stand in `bytes[from, to)`. */
export interface ArrayPlace {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Bytes looked at for the beginning and the end of a document. */
const EDGE_BYTES = 256;

/**
 * Where the elements of a body stand that is nothing but one array, `[...]` or `{"key":[...]}`; undefined for anything
 * else. Only the edges are looked at: what is between them is for `jsonGroups` to say.
 */
export function arrayIn(bytes: Buffer, key: string): ArrayPlace | undefined {
  const head = bytes.subarray(0, EDGE_BYTES).toString('latin1');
  const tail = bytes.subarray(Math.max(0, bytes.length - EDGE_BYTES)).toString('latin1');
  const open = (key === '' ? /^\s*\[/ : new RegExp(`^\\s*\\{\\s*"${key}"\\s*:\\s*\\[`)).exec(head);
  const close = (key === '' ? /\]\s*$/ : /\]\s*\}\s*$/).exec(tail);
  if (open === null || close === null) return undefined;
  return { from: open[0].length, to: bytes.length - close[0].length };
}

/**
 * Cuts the elements of an array into groups of about `groupBytes`, never within an element. Undefined when brackets and
 * strings do not fit together, as in a damaged document or one with more in it. Costs 2 ns a byte, with pauses.
 */
export async function jsonGroups(
  bytes: Buffer,
  { from, to }: ArrayPlace,
  { groupBytes, slice }: { readonly groupBytes: number; readonly slice: Slice },
): Promise<readonly Group[] | undefined> {
  const groups: Group[] = [];
  let start = from;
  let depth = 0;
  let pauseAt = from + groupBytes;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at, to);
      if (at < 0) return undefined;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (--depth < 0) return undefined;
    } else if (byte === COMMA && depth === 0 && at - start >= groupBytes) {
      groups.push({ from: start, to: at });
      start = at + 1;
    }
    if (at < pauseAt) continue;
    pauseAt = at + groupBytes;
    if (slice.isOver) await slice.pause();
  }
  if (depth !== 0) return undefined;
  groups.push({ from: start, to });
  return groups;
}

/**
 * Cuts a protobuf message into groups of whole fields of about `groupBytes`; undefined when its frame is damaged. Each
 * group is a message by itself.
 */
export function protobufGroups(bytes: Buffer, groupBytes: number): readonly Group[] | undefined {
  const groups: Group[] = [];
  const message = new WireScanner().open(bytes, 0, bytes.length);
  let start = 0;
  while (message.next()) {
    if (message.type !== WIRE.bytes || message.stop - start < groupBytes) continue;
    groups.push({ from: start, to: message.stop });
    start = message.stop;
  }
  if (message.failure !== '') return undefined;
  if (start < bytes.length) groups.push({ from: start, to: bytes.length });
  return groups;
}

/** Where the string that opens at `start` closes, -1 when it does not. */
function stringEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    if (bytes[at] === BACKSLASH) at++;
    else if (bytes[at] === QUOTE) return at;
  }
  return -1;
}
