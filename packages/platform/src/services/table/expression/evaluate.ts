/** Says whether a condition holds for an item, and takes values out of items by path. Linear in condition and values. */
import type { AttributeValue, Item } from '../attribute-value.ts';
import { compareValues, copyItem, equalValues, typeOf, valueBytes } from '../attribute-value.ts';
import type { Comparator, Condition, Operand, Path } from './syntax.ts';

/** The value at a path, if there is one. */
export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value: AttributeValue | undefined = { M: item };
  for (const step of path) {
    value = inside(value, step);
    if (value === undefined) return undefined;
  }
  return value;
}

function inside(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === 'number') return 'L' in value ? value.L[step] : undefined;
  return 'M' in value && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
}

/** True if the condition holds. An item that does not exist is an empty one. */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.inner, item);
    case 'compare':
      return compares(condition.comparator, resolve(condition.left, item), resolve(condition.right, item));
    case 'between': {
      const value = resolve(condition.operand, item);
      return (
        compares('>=', value, resolve(condition.low, item)) && compares('<=', value, resolve(condition.high, item))
      );
    }
    case 'in': {
      const value = resolve(condition.operand, item);
      return condition.choices.some((choice) => compares('=', value, resolve(choice, item)));
    }
    case 'exists':
      return (valueAt(item, condition.path) !== undefined) === condition.wanted;
    case 'type': {
      const value = valueAt(item, condition.path);
      const type = resolve(condition.type, item);
      return value !== undefined && type !== undefined && 'S' in type && typeOf(value) === type.S;
    }
    case 'begins':
      return begins(resolve(condition.operand, item), resolve(condition.part, item));
    case 'contains':
      return contains(resolve(condition.operand, item), resolve(condition.part, item));
  }
}

/** The attributes at these paths only, in maps and lists as they stood. */
export function project(item: Item, paths: readonly Path[]): Item {
  return pick(
    { M: item },
    paths.filter((path) => valueAt(item, path) !== undefined),
  );
}

function pick(value: AttributeValue, paths: readonly Path[]): Item {
  const picked = copyItem({});
  if (!('M' in value)) return picked;
  for (const [name, below] of stepsOf(paths)) picked[String(name)] = pickValue(value.M[String(name)], below);
  return picked;
}

function pickValue(value: AttributeValue, paths: readonly Path[]): AttributeValue {
  if (paths.some((path) => path.length === 0)) return value;
  if ('M' in value) return { M: pick(value, paths) };
  if (!('L' in value)) return value;
  const places = [...stepsOf(paths)].sort(([a], [b]) => Number(a) - Number(b));
  return { L: places.map(([place, below]) => pickValue(value.L[Number(place)], below)) };
}

/** The paths by their first step, without it. */
function stepsOf(paths: readonly Path[]): Map<string | number, Path[]> {
  const steps = new Map<string | number, Path[]>();
  for (const [first, ...rest] of paths) {
    const below = steps.get(first);
    if (below === undefined) steps.set(first, [rest]);
    else below.push(rest);
  }
  return steps;
}

function resolve(operand: Operand, item: Item): AttributeValue | undefined {
  if (operand.kind === 'value') return operand.value;
  const value = valueAt(item, operand.path);
  if (operand.kind === 'path' || value === undefined) return value;
  const size = sizeOf(value);
  return size === undefined ? undefined : { N: String(size) };
}

/** Characters, bytes or elements, as the service's `size` counts; undefined for what has no size. */
function sizeOf(value: AttributeValue): number | undefined {
  if ('S' in value) return [...value.S].length;
  if ('B' in value) return valueBytes(value);
  if ('SS' in value) return value.SS.length;
  if ('NS' in value) return value.NS.length;
  if ('BS' in value) return value.BS.length;
  if ('L' in value) return value.L.length;
  if ('M' in value) return Object.keys(value.M).length;
  return undefined;
}

/** What does not exist is unequal to everything, and neither less nor more. */
function compares(comparator: Comparator, a: AttributeValue | undefined, b: AttributeValue | undefined): boolean {
  if (a === undefined || b === undefined) return comparator === '<>';
  if (comparator === '=') return equalValues(a, b);
  if (comparator === '<>') return !equalValues(a, b);
  const order = compareValues(a, b);
  if (order === undefined) return false;
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

function begins(value: AttributeValue | undefined, start: AttributeValue | undefined): boolean {
  if (value === undefined || start === undefined) return false;
  if ('S' in value && 'S' in start) return value.S.startsWith(start.S);
  if (!('B' in value && 'B' in start)) return false;
  const bytes = Buffer.from(start.B, 'base64');
  return Buffer.from(value.B, 'base64').subarray(0, bytes.length).equals(bytes);
}

function contains(value: AttributeValue | undefined, part: AttributeValue | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ('S' in value && 'S' in part) return value.S.includes(part.S);
  if ('B' in value && 'B' in part) return Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'));
  if ('SS' in value && 'S' in part) return value.SS.includes(part.S);
  if ('NS' in value && 'N' in part) return value.NS.includes(part.N);
  if ('BS' in value && 'B' in part) return value.BS.includes(part.B);
  return 'L' in value && value.L.some((one) => equalValues(one, part));
}
