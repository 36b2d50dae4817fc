/** One table in memory: items in the order of their keys, within limits. */
import { ServiceError } from '../call.ts';
import { compareTexts } from '../text-order.ts';
import type { AttributeValue, Item } from './attribute-value.ts';
import { compareValues, copyItem, invalid, itemBytes, valueBytes } from './attribute-value.ts';
import type { ChangeStream } from './stream.ts';

/** What a table is made of. The partition key is a text; `sort` is the key within a partition, if it has one. */
export interface TableDefinition {
  readonly name: string;
  readonly key: string;
  readonly sort?: { readonly name: string; readonly type: 'S' | 'N' };
  /** Changes are offered to event source mappings. */
  readonly stream?: boolean;
}

/** Size of one item: the service's own limit. */
export const ITEM_BYTES_MAX = 400 * 1024;
/** Items of one table: inserting moves what is behind, which stays cheap up to here. */
export const TABLE_ITEMS_MAX = 100_000;
/** Bytes of one table, as it counts them: a few tables fit into the memory of a small machine. */
export const TABLE_BYTES_MAX = 128 * 1024 * 1024;
/** Size of key values: the service's own limits. */
const PARTITION_KEY_BYTES_MAX = 2048;
const SORT_KEY_BYTES_MAX = 1024;

/** Key values of an item; `attributes` is how they stand in it. */
export interface ItemKey {
  readonly partition: string;
  readonly sort?: AttributeValue;
  readonly attributes: Item;
}

interface Entry {
  readonly key: ItemKey;
  readonly item: Item;
  readonly bytes: number;
}

/** Items by key. Reading is logarithmic, writing linear in the items behind, which are only moved. */
export class Table {
  readonly definition: TableDefinition;
  readonly arn: string;
  readonly createdMs: number;
  readonly stream: ChangeStream | undefined;
  readonly #entries: Entry[] = [];
  #bytes = 0;

  constructor(
    definition: TableDefinition,
    made: { arn: string; createdMs: number; stream?: ChangeStream | undefined },
  ) {
    this.definition = definition;
    this.arn = made.arn;
    this.createdMs = made.createdMs;
    this.stream = made.stream;
  }

  get items(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Names of the key attributes. */
  get keyNames(): readonly string[] {
    const { key, sort } = this.definition;
    return sort === undefined ? [key] : [key, sort.name];
  }

  /** The key of a whole item. Throws `ValidationException` if it is not complete. */
  keyOfItem(item: Item): ItemKey {
    const { key, sort } = this.definition;
    const attributes: Record<string, AttributeValue> = copyItem({});
    const partition = item[key];
    if (partition === undefined)
      throw invalid(`One or more parameter values were invalid: Missing the key ${key} in the item`);
    if (!('S' in partition)) throw wrongKeyType(key);
    expectKeySize(partition, PARTITION_KEY_BYTES_MAX, key);
    attributes[key] = partition;
    if (sort === undefined) return { partition: partition.S, attributes };
    const value = item[sort.name];
    if (value === undefined) {
      throw invalid(`One or more parameter values were invalid: Missing the key ${sort.name} in the item`);
    }
    if (!(sort.type in value)) throw wrongKeyType(sort.name);
    expectKeySize(value, SORT_KEY_BYTES_MAX, sort.name);
    attributes[sort.name] = value;
    return { partition: partition.S, sort: value, attributes };
  }

  /** The key from an input that has the key attributes and nothing else. */
  keyOf(key: Item): ItemKey {
    if (Object.keys(key).length !== this.keyNames.length)
      throw invalid('The provided key element does not match the schema');
    for (const name of this.keyNames) {
      if (key[name] === undefined) throw invalid('The provided key element does not match the schema');
    }
    return this.keyOfItem(key);
  }

  get(key: ItemKey): Item | undefined {
    const at = this.#search(key);
    return at.found ? this.#entries[at.place].item : undefined;
  }

  /**
   * Throws if an item, or the table with it, would be beyond the limits. The items of a batch are each asked for alone, so
   * that one batch may exceed the limits of the table by its own size.
   */
  expectRoom(item: Item | undefined, old: Item | undefined): void {
    if (item === undefined) return;
    const bytes = itemBytes(item);
    if (bytes > ITEM_BYTES_MAX) throw invalid('Item size has exceeded the maximum allowed size');
    const more = bytes - (old === undefined ? 0 : itemBytes(old));
    const isFull = old === undefined && this.#entries.length >= TABLE_ITEMS_MAX;
    if (isFull || this.#bytes + more > TABLE_BYTES_MAX) {
      throw new ServiceError(
        'ProvisionedThroughputExceededException',
        `The table has reached its limit of ${TABLE_ITEMS_MAX} items or ${TABLE_BYTES_MAX} bytes`,
      );
    }
  }

  /** Puts (or removes, if `next` is absent) the item of a key, and tells the stream. Ask `expectRoom` before. */
  write(key: ItemKey, next: Item | undefined): void {
    const { place, found } = this.#search(key);
    const old = found ? this.#entries[place] : undefined;
    if (old === undefined && next === undefined) return;
    this.#bytes -= old?.bytes ?? 0;
    if (next === undefined) this.#entries.splice(place, 1);
    else {
      const bytes = itemBytes(next);
      this.#bytes += bytes;
      this.#entries.splice(place, found ? 1 : 0, { key, item: next, bytes });
    }
    this.stream?.append({ keys: key.attributes, old: old?.item, next });
  }

  /**
   * Items in the order of their keys (or the reverse), beginning behind `after`, or at the first (last) of `partition`.
   * Stops at the end of the partition if one is named. Must not be written to meanwhile.
   */
  *walk(range: { partition?: string; after?: ItemKey | undefined; reverse?: boolean }): Generator<Item> {
    const step = range.reverse === true ? -1 : 1;
    for (let at = this.#start(range); at >= 0 && at < this.#entries.length; at += step) {
      const { key, item } = this.#entries[at];
      if (range.partition !== undefined && key.partition !== range.partition) return;
      yield item;
    }
  }

  #start(range: { partition?: string; after?: ItemKey | undefined; reverse?: boolean }): number {
    const { partition, after, reverse = false } = range;
    if (after !== undefined) {
      const { place, found } = this.#search(after);
      if (reverse) return place - 1;
      return found ? place + 1 : place;
    }
    if (partition === undefined) return reverse ? this.#entries.length - 1 : 0;
    const first = this.#firstWhere((key) => compareTexts(key.partition, partition) >= 0);
    if (!reverse) return first;
    return this.#firstWhere((key) => compareTexts(key.partition, partition) > 0) - 1;
  }

  #search(key: ItemKey): { place: number; found: boolean } {
    const place = this.#firstWhere((other) => compareKeys(other, key) >= 0);
    return { place, found: place < this.#entries.length && compareKeys(this.#entries[place].key, key) === 0 };
  }

  /** First place whose key fulfils a condition that all later ones fulfil too. */
  #firstWhere(fulfils: (key: ItemKey) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (fulfils(this.#entries[middle].key)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function compareKeys(a: ItemKey, b: ItemKey): number {
  const order = compareTexts(a.partition, b.partition);
  if (order !== 0 || a.sort === undefined || b.sort === undefined) return order;
  return compareValues(a.sort, b.sort) ?? 0;
}

function expectKeySize(value: AttributeValue, bytesMax: number, name: string): void {
  const bytes = valueBytes(value);
  if (bytes === 0) {
    throw invalid(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
    );
  }
  if (bytes > bytesMax) {
    throw invalid(
      `One or more parameter values were invalid: Size of key ${name} has exceeded the maximum of ${bytesMax} bytes`,
    );
  }
}

function wrongKeyType(name: string): ServiceError {
  return invalid(`One or more parameter values were invalid: Type mismatch for key ${name}`);
}
