import { isObject, own, ownArray, ownText } from '../json-document.ts';
import { type KnownName, knownName } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';
import { ATTRIBUTES_READ_MAX, VALUE_DEPTH_MAX, VALUE_ENTRIES_MAX } from './limits.ts';

/**
 * Reads a list of `{key, value}` into `Attributes`. Entries of the wrong shape are skipped, as unknown fields are. Tells
 * whether the list was read to its end.
 */
export function readAttributes(list: unknown, into: Attributes): boolean {
  if (!Array.isArray(list)) return true;
  const count = Math.min(list.length, ATTRIBUTES_READ_MAX);
  for (let at = 0; at < count; at++) {
    const pair: unknown = list[at];
    const key = own(pair, 'key');
    const known = typeof key === 'string' ? knownName(key) : undefined;
    if (known !== undefined) put(known, own(pair, 'value'), into);
  }
  return count === list.length;
}

/** A 64-bit integer of protobuf's JSON form, a decimal string or a number; NaN when it is neither. */
export function integerOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : Number.NaN;
}

/** A double of protobuf's JSON form: a number, or a string (also NaN and Infinity); NaN when it is neither. */
export function doubleOf(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** An `AnyValue` as plain JSON: for bodies of log records. */
export function plainValue(value: unknown, depth = 0): unknown {
  const text = own(value, 'stringValue') ?? own(value, 'boolValue');
  if (text !== undefined) return text;
  const integer = own(value, 'intValue');
  if (integer !== undefined) return integerOf(integer);
  const double = own(value, 'doubleValue');
  if (double !== undefined) return doubleOf(double);
  const list = own(value, 'kvlistValue');
  if (!isObject(list) || depth >= VALUE_DEPTH_MAX) return undefined;
  const pairs = ownArray(list, 'values').slice(0, VALUE_ENTRIES_MAX);
  return Object.fromEntries(pairs.map((pair) => [ownText(pair, 'key'), plainValue(own(pair, 'value'), depth + 1)]));
}

/** Puts one `AnyValue`; of a list, its first element. */
function put(known: KnownName, value: unknown, into: Attributes): void {
  const text = own(value, 'stringValue');
  if (typeof text === 'string') {
    into.putText(known, text);
    return;
  }
  const truth = own(value, 'boolValue');
  if (typeof truth === 'boolean') {
    into.putNumber(known, truth ? 1 : 0);
    return;
  }
  const integer = own(value, 'intValue');
  if (integer !== undefined) {
    into.putNumber(known, integerOf(integer));
    return;
  }
  const double = own(value, 'doubleValue');
  if (double !== undefined) {
    into.putNumber(known, doubleOf(double));
    return;
  }
  const [first] = ownArray(value, 'arrayValue', 'values');
  if (first !== undefined && own(first, 'arrayValue') === undefined) put(known, first, into);
}
