/** An object as the attribute values of a table. Texts, numbers, booleans, lists and objects; undefined is left out. */
export function toItem(object) {
  const item = {};
  for (const [name, value] of Object.entries(object)) if (value !== undefined) item[name] = toAttribute(value);
  return item;
}

/** The reverse of `toItem`. */
export function fromItem(item) {
  const object = {};
  for (const [name, attribute] of Object.entries(item)) object[name] = fromAttribute(attribute);
  return object;
}

function toAttribute(value) {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(toAttribute) };
  return { M: toItem(value) };
}

function fromAttribute(attribute) {
  const [[type, value]] = Object.entries(attribute);
  if (type === 'N') return Number(value);
  if (type === 'NULL') return null;
  if (type === 'L') return value.map(fromAttribute);
  return type === 'M' ? fromItem(value) : value;
}
