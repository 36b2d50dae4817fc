/** GetItem, Query and Scan. */
import { crc32 } from 'node:zlib';
import type { JsonObject } from '../json-protocol.ts';
import type { AttributeValue, Item } from './attribute-value.ts';
import { invalid, itemBytes } from './attribute-value.ts';
import { holds, project } from './expression/evaluate.ts';
import { parseCondition, parseProjection } from './expression/parser.ts';
import { ExpressionScope } from './expression/scope.ts';
import type { Condition, Path } from './expression/syntax.ts';
import type { ItemKey, Table } from './table.ts';
import type { Tables } from './tables.ts';
import { expectOffered, expressionOf, itemUnder } from './tables.ts';

/** Bytes of the items that one page looks at: the service's own limit. */
const PAGE_BYTES_MAX = 1024 * 1024;
/** Parts of a parallel scan: the service's own limit. */
const SEGMENTS_MAX = 1_000_000;

/** GetItem. */
export function getItem(tables: Tables, input: JsonObject): JsonObject {
  expectOffered(input);
  const table = tables.of(input);
  const scope = new ExpressionScope(input);
  const paths = projectionOf(input, scope);
  scope.expectAllUsed();
  const item = table.get(table.keyOf(itemUnder(input, 'Key')));
  return item === undefined ? {} : { Item: shown(item, paths) };
}

/** Query: the items of one partition, in the order of their sort key. */
export function query(tables: Tables, input: JsonObject): JsonObject {
  expectOffered(input);
  const table = tables.of(input);
  const scope = new ExpressionScope(input);
  const text = expressionOf(input, 'KeyConditionExpression');
  if (text === undefined) {
    throw invalid('Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.');
  }
  const wanted = keyConditionOf(table, parseCondition(text, 'KeyConditionExpression', scope));
  const page = pageOf(table, input, scope);
  if (page.after !== undefined && page.after.partition !== wanted.partition) {
    throw invalid('The provided starting key is outside query boundaries based on provided conditions');
  }
  const forward = input['ScanIndexForward'] !== false;
  const items = table.walk({ partition: wanted.partition, after: page.after, reverse: !forward });
  const { sort } = wanted;
  return collect(sort === undefined ? items : only(items, (item) => holds(sort, item)), page);
}

/** Scan: all items, or one part of them. */
export function scan(tables: Tables, input: JsonObject): JsonObject {
  expectOffered(input);
  const table = tables.of(input);
  const page = pageOf(table, input, new ExpressionScope(input));
  const belongs = segmentOf(table, input);
  return collect(only(table.walk({ after: page.after }), belongs), page);
}

/** The paths an input asks for; undefined for whole items. */
export function projectionOf(input: JsonObject, scope: ExpressionScope): readonly Path[] | undefined {
  const text = expressionOf(input, 'ProjectionExpression');
  return text === undefined ? undefined : parseProjection(text, scope);
}

/** An item as it is answered. */
export function shown(item: Item, paths: readonly Path[] | undefined): Item {
  return paths === undefined ? item : project(item, paths);
}

interface Page {
  readonly table: Table;
  readonly filter: Condition | undefined;
  readonly paths: readonly Path[] | undefined;
  readonly itemsMax: number;
  readonly after: ItemKey | undefined;
  readonly countOnly: boolean;
}

function pageOf(table: Table, input: JsonObject, scope: ExpressionScope): Page {
  const filterText = expressionOf(input, 'FilterExpression');
  const filter = filterText === undefined ? undefined : parseCondition(filterText, 'FilterExpression', scope);
  const paths = projectionOf(input, scope);
  scope.expectAllUsed();
  const limit = input['Limit'] ?? Number.POSITIVE_INFINITY;
  if (typeof limit !== 'number' || !(limit >= 1)) throw invalid('Limit must be greater than or equal to 1');
  const hasStart = input['ExclusiveStartKey'] !== undefined && input['ExclusiveStartKey'] !== null;
  const after = hasStart ? table.keyOf(itemUnder(input, 'ExclusiveStartKey')) : undefined;
  return { table, filter, paths, itemsMax: limit, after, countOnly: input['Select'] === 'COUNT' };
}

/** Looks at items until the page is full; the filter comes after the limit, as in AWS. */
function collect(items: Iterable<Item>, page: Page): JsonObject {
  const found: Item[] = [];
  let looked = 0;
  let bytes = 0;
  let last: Item | undefined;
  for (const item of items) {
    looked++;
    bytes += itemBytes(item);
    if (page.filter === undefined || holds(page.filter, item)) found.push(item);
    if (looked < page.itemsMax && bytes < PAGE_BYTES_MAX) continue;
    last = item;
    break;
  }
  return {
    ...(page.countOnly ? {} : { Items: found.map((item) => shown(item, page.paths)) }),
    Count: found.length,
    ScannedCount: looked,
    ...(last === undefined ? {} : { LastEvaluatedKey: page.table.keyOfItem(last).attributes }),
  };
}

function* only(items: Iterable<Item>, wanted: (item: Item) => boolean): Generator<Item> {
  for (const item of items) if (wanted(item)) yield item;
}

/** A key condition is `partition = value`, alone or AND one condition on the sort key. */
function keyConditionOf(table: Table, condition: Condition): { partition: string; sort?: Condition } {
  const parts = condition.kind === 'and' ? [condition.left, condition.right] : [condition];
  const { key, sort } = table.definition;
  const values = parts.map((part) => equalsOn(part, key));
  const at = values.findIndex((value) => value !== undefined);
  const value = values[at];
  if (value === undefined) throw invalid(`Query condition missed key schema element: ${key}`);
  if (!('S' in value))
    throw invalid('One or more parameter values were invalid: Condition parameter type does not match schema type');
  const rest = parts.find((_, other) => other !== at);
  if (rest === undefined) return { partition: value.S };
  if (sort === undefined || !isSortCondition(rest, sort.name)) throw invalid('Query key condition not supported');
  return { partition: value.S, sort: rest };
}

function equalsOn(condition: Condition, name: string): AttributeValue | undefined {
  if (condition.kind !== 'compare' || condition.comparator !== '=' || condition.right.kind !== 'value')
    return undefined;
  return isPath(condition.left, name) ? condition.right.value : undefined;
}

function isSortCondition(condition: Condition, name: string): boolean {
  switch (condition.kind) {
    case 'compare':
      return condition.comparator !== '<>' && condition.right.kind === 'value' && isPath(condition.left, name);
    case 'between':
      return condition.low.kind === 'value' && condition.high.kind === 'value' && isPath(condition.operand, name);
    case 'begins':
      return condition.part.kind === 'value' && isPath(condition.operand, name);
    default:
      return false;
  }
}

function isPath(operand: { readonly kind: string; readonly path?: Path }, name: string): boolean {
  return operand.kind === 'path' && operand.path?.length === 1 && operand.path[0] === name;
}

function segmentOf(table: Table, input: JsonObject): (item: Item) => boolean {
  const segment = input['Segment'];
  const total = input['TotalSegments'];
  if (segment === undefined && total === undefined) return () => true;
  if (typeof segment !== 'number' || typeof total !== 'number' || !(total >= 1 && total <= SEGMENTS_MAX)) {
    throw invalid('Segment and TotalSegments are needed together');
  }
  if (!(segment >= 0 && segment < total))
    throw invalid('The Segment parameter is zero-based and must be less than TotalSegments');
  return (item) => crc32(table.keyOfItem(item).partition) % total === segment;
}
