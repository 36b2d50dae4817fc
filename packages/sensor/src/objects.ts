/** Reading values of unknown shape without running code of theirs: own fields only, and no getters. */

/** An own field of an object; undefined for getters, inherited fields and everything that is no object. */
export function own(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/** A text below an object, '' when there is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  let at = value;
  for (const key of path) at = own(at, key);
  return typeof at === 'string' ? at : '';
}

/** A field as it is read by everybody, getters and inheritance included; undefined when reading fails. */
export function read(value: unknown, key: PropertyKey): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}
