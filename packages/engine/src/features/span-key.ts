import type { Hasher } from '../base/hash.ts';
import type { Calls } from '../event/batch.ts';

/** A span id as two 32-bit words. */
export interface Key {
  readonly hi: number;
  readonly lo: number;
}

/** Key of a span id given as text: 16 hexadecimal digits as they are (so that they equal a call's), else hashed. */
export function spanKeyOf(
  bytes: Uint8Array,
  range: { readonly start: number; readonly end: number },
  hasher: Hasher,
): Key {
  const { start, end } = range;
  if (end - start === 16) {
    const hi = hexWord(bytes, start);
    const lo = hexWord(bytes, start + 8);
    if (hi >= 0 && lo >= 0) return { hi, lo };
  }
  hasher.bytes(bytes, start, end);
  return { hi: hasher.hi, lo: hasher.lo };
}

/** Eight hexadecimal digits as a word, -1 when they are not. */
function hexWord(bytes: Uint8Array, start: number): number {
  let word = 0;
  for (let at = start; at < start + 8; at++) {
    const byte = bytes[at];
    let digit = -1;
    if (byte >= 48 && byte <= 57) digit = byte - 48;
    else if (byte >= 97 && byte <= 102) digit = byte - 87;
    else if (byte >= 65 && byte <= 70) digit = byte - 55;
    if (digit < 0) return -1;
    word = word * 16 + digit;
  }
  return word;
}

/** True when a call of the row has a span of its own. */
export function hasSpans(calls: Calls, row: number): boolean {
  for (let at = calls.start[row]; at < calls.start[row + 1]; at++) {
    if (calls.spanHi[at] !== 0 || calls.spanLo[at] !== 0) return true;
  }
  return false;
}
