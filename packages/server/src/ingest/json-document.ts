import type { RejectReason } from './decoder.ts';

/** Levels of nesting in one record. Real records stay below 30; deeper ones are an attack on a recursive reader. */
export const JSON_DEPTH_MAX = 64;
/** Bytes of one JSON document: about what one delivery of a cloud log holds; larger exports come as lines. */
export const JSON_BYTES_MAX = 64 * 1024 * 1024;

/** A parsed document, or why there is none. */
export type JsonResult = { readonly value: unknown } | { readonly reason: RejectReason };

/** A JSON object of which nothing is known. Read it with `own` and the functions below. */
export type JsonObject = { readonly [key: string]: unknown };

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * Parses the JSON document in `bytes[start, end)`. Size and depth are checked before parsing, so that a hostile document
 * costs one pass over its characters. Never throws.
 */
export function parseJson(bytes: Uint8Array, start: number, end: number): JsonResult {
  if (end - start > JSON_BYTES_MAX) return { reason: 'too-large' };
  let text: string;
  try {
    text = strictUtf8.decode(bytes.subarray(start, end));
  } catch {
    return { reason: 'bad-utf8' };
  }
  return parseJsonText(text);
}

/** Parses a JSON document that stands inside another one as a string. Same limits as `parseJson`. */
export function parseJsonText(text: string): JsonResult {
  if (text.length > JSON_BYTES_MAX) return { reason: 'too-large' };
  const { deepest, isOpen } = bracketsOf(text);
  if (deepest > JSON_DEPTH_MAX) return { reason: 'too-deep' };
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch {
    return { reason: isOpen ? 'truncated' : 'bad-json' };
  }
}

/** Value of an object's own property: `__proto__`, inherited names and values of other types give undefined. */
export function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Value at the end of a path of own properties. */
export function ownPath(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) at = own(at, key);
  return at;
}

/** Text at the end of a path of own properties, '' when absent or not text. */
export function ownText(value: unknown, ...path: readonly string[]): string {
  const found = ownPath(value, ...path);
  return typeof found === 'string' ? found : '';
}

/** Number at the end of a path of own properties, NaN when absent, not a number or infinite. */
export function ownNumber(value: unknown, ...path: readonly string[]): number {
  const found = ownPath(value, ...path);
  return typeof found === 'number' && Number.isFinite(found) ? found : Number.NaN;
}

/** Amount (duration, bytes, count) at the end of a path: NaN when absent, negative or absurd. */
export function ownAmount(value: unknown, ...path: readonly string[]): number {
  const found = ownNumber(value, ...path);
  return found >= 0 && found <= Number.MAX_SAFE_INTEGER ? found : Number.NaN;
}

/** Array at the end of a path of own properties, empty when absent or not an array. */
export function ownArray(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = ownPath(value, ...path);
  return Array.isArray(found) ? found : [];
}

/** True for JSON objects; false for arrays and null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How deep brackets go, up to just beyond the limit, and whether one or a string is still open: cut, not garbled. */
function bracketsOf(text: string): { readonly deepest: number; readonly isOpen: boolean } {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length && deepest <= JSON_DEPTH_MAX; at++) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) deepest = Math.max(deepest, ++depth);
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--;
  }
  return { deepest, isOpen: inString || depth > 0 };
}
