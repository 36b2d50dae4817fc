/**
 * Values as the table service stores them. They stay in the form they have on the wire, checked and with numbers and sets
 * written in one way only, so that equal values are equal texts.
 */
import { ServiceError } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import { isObject } from '../json-protocol.ts';
import { compareTexts } from '../text-order.ts';
import { compareDecimals, formatDecimal, parseDecimal } from './decimal.ts';

/** One value with its type. Binary values are base64. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Item };

/** Attributes by name. Has no prototype, so that any name can stand in it. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** Levels of lists and maps in a value: the service's own limit. */
const NESTING_LEVELS_MAX = 32;
/** Length of the name of an attribute: the service's own limit. */
const NAME_BYTES_MAX = 65_535;

/** What is wrong with the input, in the service's words. */
export function invalid(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

/** A copy that can be written to, without a prototype. */
export function copyItem(item: Item): Record<string, AttributeValue> {
  return Object.assign(Object.create(null), item);
}

/** Checks attributes from outside. Throws `ValidationException`. */
export function parseItem(value: unknown, what: string): Item {
  return parseMap(value, what, 0);
}

/** Checks one value from outside. Throws `ValidationException`. `what` is how the message calls it. */
export function parseValue(value: unknown, what: string, level = 0): AttributeValue {
  if (level > NESTING_LEVELS_MAX) throw invalid('Nesting Levels have exceeded supported limits');
  const types = isObject(value) ? Object.keys(value) : [];
  if (!isObject(value) || types.length !== 1) {
    throw invalid(
      types.length === 0
        ? `Supplied AttributeValue is empty, must contain exactly one of the supported datatypes: ${what}`
        : `Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes: ${what}`,
    );
  }
  return parseTyped(types[0], value, { what, level });
}

interface ParsePlace {
  readonly what: string;
  readonly level: number;
}

function parseTyped(type: string, holder: JsonObject, place: ParsePlace): AttributeValue {
  const inner = holder[type];
  switch (type) {
    case 'S':
      return { S: text(inner, place.what) };
    case 'N':
      return { N: parseNumber(inner) };
    case 'B':
      return { B: binary(inner, place.what) };
    case 'BOOL':
      if (typeof inner !== 'boolean') throw invalid(`BOOL must be true or false: ${place.what}`);
      return { BOOL: inner };
    case 'NULL':
      if (inner !== true) throw invalid('Null attribute value types must have the value of true');
      return { NULL: true };
    case 'SS':
      return { SS: parseSet(inner, (one) => text(one, place.what)) };
    case 'NS':
      return { NS: parseSet(inner, parseNumber) };
    case 'BS':
      return { BS: parseSet(inner, (one) => binary(one, place.what)) };
    case 'L':
      if (!Array.isArray(inner)) throw invalid(`L must be a list: ${place.what}`);
      return { L: inner.map((one) => parseValue(one, place.what, place.level + 1)) };
    case 'M':
      return { M: parseMap(inner, place.what, place.level + 1) };
    default:
      throw invalid(`Supplied AttributeValue has an unknown datatype '${type}': ${place.what}`);
  }
}

function parseMap(value: unknown, what: string, level: number): Item {
  if (!isObject(value)) throw invalid(`${what} must be a map of attributes`);
  const item: Record<string, AttributeValue> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) {
    if (level === 0 && name === '') throw invalid('One or more parameter values were invalid: empty attribute name');
    if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw invalid('Attribute name is too large');
    item[name] = parseValue(inner, what, level);
  }
  return item;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(`S must be a text: ${what}`);
  return value;
}

function binary(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(`B must be base64: ${what}`);
  const canonical = Buffer.from(value, 'base64').toString('base64');
  if (canonical.replace(/=+$/, '') !== value.replace(/=+$/, '')) throw invalid(`B must be base64: ${what}`);
  return canonical;
}

function parseNumber(value: unknown): string {
  const decimal = typeof value === 'string' ? parseDecimal(value) : undefined;
  if (decimal === undefined) {
    throw invalid(
      `The parameter cannot be converted to a numeric value: ${String(value).slice(0, 50)} (at most 38 significant digits)`,
    );
  }
  return formatDecimal(decimal);
}

function parseSet(value: unknown, parse: (one: unknown) => string): string[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalid('One or more parameter values were invalid: An string set  may not be empty');
  }
  const members = value.map(parse);
  if (new Set(members).size !== members.length) {
    throw invalid('One or more parameter values were invalid: Input collection contains duplicates.');
  }
  return members.sort();
}

/** `S`, `N`, `M` …: the type of a value. */
export function typeOf(value: AttributeValue): string {
  return Object.keys(value)[0];
}

/** True if two values have the same type and content; sets in any order. Linear in their size. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  if ('M' in a) return 'M' in b && equalItems(a.M, b.M);
  if ('L' in a) {
    return 'L' in b && a.L.length === b.L.length && a.L.every((one, at) => equalValues(one, b.L[at]));
  }
  return JSON.stringify(a) === JSON.stringify(b);
}

/** True if two items have the same attributes with equal values. */
export function equalItems(a: Item, b: Item): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => b[name] !== undefined && equalValues(a[name], b[name]))
  );
}

/** Order of two texts, numbers or binary values of one type; undefined for anything else. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('S' in a && 'S' in b) return compareTexts(a.S, b.S);
  if ('N' in a && 'N' in b) {
    const left = parseDecimal(a.N);
    const right = parseDecimal(b.N);
    return left === undefined || right === undefined ? undefined : compareDecimals(left, right);
  }
  if ('B' in a && 'B' in b) return Buffer.compare(Buffer.from(a.B, 'base64'), Buffer.from(b.B, 'base64'));
  return undefined;
}

/** Bytes of an item as the service counts them: names and values, without their encoding. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) bytes += Buffer.byteLength(name) + valueBytes(value);
  return bytes;
}

/** Bytes of one value; lists and maps cost three, and one for each element. */
export function valueBytes(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S);
  if ('N' in value) return numberBytes(value.N);
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('SS' in value) return value.SS.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  if ('NS' in value) return value.NS.reduce((sum, one) => sum + numberBytes(one), 0);
  if ('BS' in value) return value.BS.reduce((sum, one) => sum + Buffer.byteLength(one, 'base64'), 0);
  if ('L' in value) return value.L.reduce((sum, one) => sum + 1 + valueBytes(one), 3);
  if ('M' in value) return 3 + Object.keys(value.M).length + itemBytes(value.M);
  return 1;
}

function numberBytes(number: string): number {
  return 1 + Math.ceil(number.replace(/[-.]/g, '').length / 2);
}
