/** Operations on many items: batches, each item for itself, and transactions, all or nothing. */
import { ServiceError } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import { isObject, textOr } from '../json-protocol.ts';
import { invalid, itemBytes, parseItem } from './attribute-value.ts';
import { ExpressionScope } from './expression/scope.ts';
import { getItem, projectionOf, shown } from './reads.ts';
import type { Tables } from './tables.ts';
import { expectOffered } from './tables.ts';
import type { PlannedWrite, WriteKind } from './writes.ts';
import { planWrite } from './writes.ts';

/** Items of one BatchGetItem and BatchWriteItem: the service's own limits. */
const BATCH_GET_ITEMS_MAX = 100;
const BATCH_WRITE_ITEMS_MAX = 25;
/** Actions of one transaction: the service's own limit. */
export const TRANSACTION_ITEMS_MAX = 100;
/** Length of a client's token: the service's own limit. */
const TOKEN_LENGTH_MAX = 36;
/** Bytes answered by one BatchGetItem: the service's own limit; what does not fit is given back unprocessed. */
const BATCH_GET_BYTES_MAX = 16 * 1024 * 1024;

const WRITE_KINDS: readonly WriteKind[] = ['Put', 'Update', 'Delete', 'ConditionCheck'];

/** BatchGetItem. */
export function batchGet(tables: Tables, input: JsonObject): JsonObject {
  const wanted = requestItems(input).map(([name, request]) => {
    if (!isObject(request)) throw invalid('RequestItems must be a map of tables');
    return { name, request, keys: listOf(request['Keys'], 'Keys') };
  });
  expectCount(
    wanted.reduce((sum, { keys }) => sum + keys.length, 0),
    BATCH_GET_ITEMS_MAX,
    'keys',
  );
  const responses: Record<string, unknown> = Object.create(null);
  const unprocessed: Record<string, unknown> = Object.create(null);
  let bytes = 0;
  for (const { name, request, keys } of wanted) {
    expectOffered(request);
    const table = tables.of({ TableName: name });
    const scope = new ExpressionScope(request);
    const paths = projectionOf(request, scope);
    scope.expectAllUsed();
    const parsed = keys.map((key) => table.keyOf(parseItem(key, 'Key')));
    expectDistinct(parsed.map(({ attributes }) => attributes));
    const found = [];
    const left = [];
    for (const [at, key] of parsed.entries()) {
      const item = table.get(key);
      bytes += item === undefined ? 0 : itemBytes(item);
      if (bytes > BATCH_GET_BYTES_MAX) left.push(keys[at]);
      else if (item !== undefined) found.push(shown(item, paths));
    }
    responses[name] = found;
    if (left.length > 0) unprocessed[name] = { ...request, Keys: left };
  }
  return { Responses: responses, UnprocessedKeys: unprocessed };
}

/** BatchWriteItem: checks all before it writes any. */
export function batchWrite(tables: Tables, input: JsonObject): JsonObject {
  const requests = requestItems(input).flatMap(([name, list]) =>
    listOf(list, 'RequestItems').map((one) => ({ name, request: one })),
  );
  expectCount(requests.length, BATCH_WRITE_ITEMS_MAX, 'requests');
  const planned = requests.map(({ name, request }) => planBatched(tables, name, request));
  expectApart(planned);
  for (const one of planned) one.table.write(one.key, one.next);
  return { UnprocessedItems: {} };
}

function planBatched(tables: Tables, name: string, request: unknown): PlannedWrite {
  const put = isObject(request) ? request['PutRequest'] : undefined;
  const remove = isObject(request) ? request['DeleteRequest'] : undefined;
  if (isObject(put) === isObject(remove)) {
    throw invalid('Supplied request must have exactly one of PutRequest and DeleteRequest');
  }
  if (isObject(put)) return planWrite(tables, 'Put', { TableName: name, Item: put['Item'] });
  return planWrite(tables, 'Delete', { TableName: name, Key: isObject(remove) ? remove['Key'] : undefined });
}

/** TransactWriteItems: all conditions are asked before anything is written. */
export function transactWrite(tables: Tables, input: JsonObject): JsonObject {
  const items = listOf(input['TransactItems'], 'TransactItems');
  expectCount(items.length, TRANSACTION_ITEMS_MAX, 'actions');
  const token = textOr(input, 'ClientRequestToken');
  if (token.length > TOKEN_LENGTH_MAX)
    throw invalid(`ClientRequestToken may have at most ${TOKEN_LENGTH_MAX} characters`);
  if (token !== '' && tables.transactions.isMade(token, items)) return {};
  const actions = items.map(writeActionOf);
  const planned = actions.map(({ kind, action }) => planWrite(tables, kind, action));
  if (!areApart(planned)) throw invalid('Transaction request cannot include multiple operations on one item');
  if (planned.some(({ admitted }) => !admitted))
    throw canceled(
      planned,
      actions.map(({ action }) => action),
    );
  for (const one of planned) if (one.writes) one.table.write(one.key, one.next);
  if (token !== '') tables.transactions.made(token, items);
  return {};
}

/** TransactGetItems. */
export function transactGet(tables: Tables, input: JsonObject): JsonObject {
  const items = listOf(input['TransactItems'], 'TransactItems');
  expectCount(items.length, TRANSACTION_ITEMS_MAX, 'actions');
  const responses = items.map((item) => {
    const get = isObject(item) ? item['Get'] : undefined;
    if (!isObject(get)) throw invalid('TransactItems can only contain Get');
    return getItem(tables, get);
  });
  return { Responses: responses };
}

/** Kind and table of each action of a transaction, for permissions. Takes any input. */
export function transactionParts(input: JsonObject): { kind: string; table: string }[] {
  const items: unknown = input['TransactItems'];
  if (!Array.isArray(items)) return [];
  const parts: { kind: string; table: string }[] = [];
  for (const item of items.slice(0, TRANSACTION_ITEMS_MAX)) {
    if (!isObject(item)) continue;
    for (const [kind, action] of Object.entries(item)) {
      if (isObject(action)) parts.push({ kind, table: textOr(action, 'TableName') });
    }
  }
  return parts;
}

function writeActionOf(item: unknown): { kind: WriteKind; action: JsonObject } {
  const found = isObject(item) ? WRITE_KINDS.filter((kind) => item[kind] !== undefined && item[kind] !== null) : [];
  const action = isObject(item) && found.length === 1 ? item[found[0]] : undefined;
  if (!isObject(action)) throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
  return { kind: found[0], action };
}

function canceled(planned: readonly PlannedWrite[], actions: readonly JsonObject[]): ServiceError {
  const reasons = planned.map(({ admitted, old }, at) => {
    if (admitted) return { Code: 'None' };
    const shows = actions[at]['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD' && old !== undefined;
    return {
      Code: 'ConditionalCheckFailed',
      Message: 'The conditional request failed',
      ...(shows ? { Item: old } : {}),
    };
  });
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new ServiceError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { members: { CancellationReasons: reasons } },
  );
}

function requestItems(input: JsonObject): [string, unknown][] {
  const items = input['RequestItems'];
  if (!isObject(items) || Object.keys(items).length === 0)
    throw invalid("The parameter 'RequestItems' must not be empty");
  return Object.entries(items);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(`'${what}' must be a list with at least one element`);
  return value;
}

function expectCount(count: number, max: number, what: string): void {
  if (count > max) throw invalid(`Too many ${what}: Member must have length less than or equal to ${max}`);
}

function expectApart(planned: readonly PlannedWrite[]): void {
  if (!areApart(planned)) throw invalid('Provided list of item keys contains duplicates');
}

function areApart(planned: readonly PlannedWrite[]): boolean {
  const keys = planned.map(({ table, key }) => `${table.arn} ${JSON.stringify(key.attributes)}`);
  return new Set(keys).size === keys.length;
}

function expectDistinct(keys: readonly unknown[]): void {
  const texts = keys.map((key) => JSON.stringify(key));
  if (new Set(texts).size !== texts.length) throw invalid('Provided list of item keys contains duplicates');
}
