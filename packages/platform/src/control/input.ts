import { invalid, LambdaError } from './lambda-error.ts';

/** A JSON object from outside. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** What a call was given: parts of its path, its query, its body. Values are checked where they are read. */
export interface Input {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: JsonObject;
}

/** The body of a call as an object. Empty is an empty one. Throws `LambdaError`. */
export function parseBody(bytes: Buffer): JsonObject {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new LambdaError('InvalidRequestContentException', 'Could not parse request body into json.');
  }
  if (!isObject(value)) throw new LambdaError('InvalidRequestContentException', 'The request body is not an object.');
  return value;
}

/** Whether a value from outside is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; undefined when it is absent. */
export function optionalText(object: JsonObject, name: string, pattern?: RegExp): string | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || (pattern !== undefined && !pattern.test(value))) {
    throw invalid(
      `Value at '${name}' failed to satisfy constraint${pattern === undefined ? '' : `: ${pattern.source}`}.`,
    );
  }
  return value;
}

/** A text that must be there. */
export function text(object: JsonObject, name: string, pattern?: RegExp): string {
  const value = optionalText(object, name, pattern);
  if (value === undefined) throw invalid(`Value at '${name}' failed to satisfy constraint: Member must not be null`);
  return value;
}

/** A whole number in a range; undefined when it is absent. */
export function optionalInteger(
  object: JsonObject,
  name: string,
  range: { readonly min: number; readonly max: number },
): number | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < range.min || value > range.max) {
    throw invalid(`Value at '${name}' failed to satisfy constraint: between ${range.min} and ${range.max}.`);
  }
  return value;
}

/** A truth value; undefined when it is absent. */
export function optionalTruth(object: JsonObject, name: string): boolean | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw invalid(`Value at '${name}' is not a truth value.`);
  return value;
}

/** An object; undefined when it is absent. */
export function optionalObject(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw invalid(`Value at '${name}' is not an object.`);
  return value;
}

/** A list of texts; undefined when it is absent. */
export function optionalTexts(object: JsonObject, name: string): readonly string[] | undefined {
  const value = object[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid(`Value at '${name}' is not a list.`);
  return value.map((entry: unknown) => {
    if (typeof entry !== 'string') throw invalid(`Value at '${name}' is not a list of texts.`);
    return entry;
  });
}

/** An object whose values are all texts; undefined when it is absent. */
export function optionalTextMap(object: JsonObject, name: string): Readonly<Record<string, string>> | undefined {
  const value = optionalObject(object, name);
  if (value === undefined) return undefined;
  const map: Record<string, string> = Object.create(null);
  for (const key of Object.keys(value)) map[key] = text(value, key);
  return { ...map };
}

/** Fails when a call asks for what is not done here, rather than to take it and do nothing. */
export function refuseUnsupported(object: JsonObject, names: readonly string[]): void {
  const asked = names.find((name) => object[name] !== undefined && object[name] !== null);
  if (asked !== undefined) throw invalid(`${asked} is not supported here.`);
}

/** Elements a page holds at most, as Lambda's lists. */
const PAGE_MAX = 50;

/** One page of a list: `Marker` and `MaxItems` of the query. A marker is the key of the last element of the page before. */
export function page<T>(
  all: readonly T[],
  query: URLSearchParams,
  keyOf: (element: T) => string,
): { readonly items: readonly T[]; readonly marker: string | undefined } {
  const asked = query.get('MaxItems') ?? String(PAGE_MAX);
  if (!/^[1-9]\d{0,4}$/.test(asked)) throw invalid("Value at 'maxItems' failed to satisfy constraint.");
  const marker = query.get('Marker');
  const after = marker === null ? '' : Buffer.from(marker, 'base64url').toString('utf8');
  const start = marker === null ? 0 : all.findIndex((element) => keyOf(element) === after) + 1;
  if (marker !== null && start === 0) throw invalid("Value at 'marker' is not a marker of this list.");
  const items = all.slice(start, start + Math.min(Number(asked), PAGE_MAX));
  const last = items.at(-1);
  const isMore = last !== undefined && start + items.length < all.length;
  return { items, marker: isMore ? Buffer.from(keyOf(last)).toString('base64url') : undefined };
}
