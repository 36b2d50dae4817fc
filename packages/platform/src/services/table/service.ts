/** The table service: DynamoDB's protocol over tables in memory. */
import type { AwsRequest, AwsResponse, AwsService, EventSource } from '../../contract.ts';
import type { ServicePlace } from '../call.ts';
import type { JsonDialect, JsonObject, JsonOperation } from '../json-protocol.ts';
import { answerJson, isObject, textOr } from '../json-protocol.ts';
import { invalid } from './attribute-value.ts';
import {
  batchGet,
  batchWrite,
  TRANSACTION_ITEMS_MAX,
  transactGet,
  transactionParts,
  transactWrite,
} from './batches.ts';
import { getItem, query, scan } from './reads.ts';
import type { Table, TableDefinition } from './table.ts';
import { Tables } from './tables.ts';
import type { WriteKind } from './writes.ts';
import { carryOutWrite, expectReturnValues, planWrite } from './writes.ts';

const DIALECT: JsonDialect = {
  targetPrefix: 'DynamoDB_20120810',
  errorNamespace: 'com.amazonaws.dynamodb.v20120810',
};

/** Names of tables in one answer of ListTables: the service's own limit. */
const LIST_TABLES_MAX = 100;

type Run = (tables: Tables, input: JsonObject) => JsonObject;

/**
 * Tables for applications: items, expressions, batches, transactions and streams. There are no secondary indexes, no
 * time to live and no PartiQL; inputs that ask for them are refused. Everything is in memory and within the limits of
 * `table.ts`.
 */
export class TableService implements AwsService {
  readonly signingNames = ['dynamodb'];
  readonly #place: ServicePlace;
  readonly #tables: Tables;
  readonly #operations: ReadonlyMap<string, JsonOperation>;

  constructor(place: ServicePlace) {
    this.#place = place;
    this.#tables = new Tables({ ...place, now: place.now ?? Date.now });
    this.#operations = new Map(operationsOn(this.#tables).map((one) => [one.name, one]));
  }

  /** Makes a table. Throws `ServiceError` for a bad or used name, or one table too many. Returns its ARN. */
  addTable(definition: TableDefinition): string {
    return this.#tables.add(definition).arn;
  }

  /** ARN of a table's stream; undefined if there is no such table or it has none. */
  streamArn(tableName: string): string | undefined {
    return this.#tables.find(tableName)?.stream?.arn;
  }

  /** A reader of a stream with a place of its own; undefined if there is no such stream. */
  openStream(streamArn: string, from: 'oldest' | 'latest' = 'oldest'): EventSource | undefined {
    for (const name of this.#tables.names()) {
      const stream = this.#tables.find(name)?.stream;
      if (stream?.arn === streamArn) return stream.reader(from);
    }
    return undefined;
  }

  /** What each table's stream dropped before a reader came to it. */
  counts(): Readonly<Record<string, { readonly streamRecordsLost: number }>> {
    const names = this.#tables.names();
    return Object.fromEntries(
      names.map((name) => [name, { streamRecordsLost: this.#tables.find(name)?.stream?.lost ?? 0 }]),
    );
  }

  handle(request: AwsRequest): Promise<AwsResponse> {
    return answerJson(this.#place.gate, request, { dialect: DIALECT, operations: this.#operations });
  }
}

function operationsOn(tables: Tables): JsonOperation[] {
  return [
    onTable(tables, { name: 'GetItem', readOnly: true }, getItem),
    onTable(tables, { name: 'Query', readOnly: true }, query),
    onTable(tables, { name: 'Scan', readOnly: true }, scan),
    onTable(tables, { name: 'PutItem', readOnly: false }, write('Put')),
    onTable(tables, { name: 'UpdateItem', readOnly: false }, write('Update')),
    onTable(tables, { name: 'DeleteItem', readOnly: false }, write('Delete')),
    onTable(tables, { name: 'DescribeTable', readOnly: true, isData: false }, describeTable),
    onMany(tables, { name: 'BatchGetItem', readOnly: true, parts: batchParts('BatchGetItem') }, batchGet),
    onMany(tables, { name: 'BatchWriteItem', readOnly: false, parts: batchParts('BatchWriteItem') }, batchWrite),
    onMany(tables, { name: 'TransactGetItems', readOnly: true, parts: transactParts }, transactGet),
    onMany(tables, { name: 'TransactWriteItems', readOnly: false, parts: transactParts }, transactWrite),
    {
      name: 'ListTables',
      readOnly: true,
      isData: false,
      permissions: () => [{ action: 'dynamodb:ListTables', arn: '*' }],
      parameters: () => ({}),
      run: (input) => ({ answer: listTables(tables, input) }),
    },
  ];
}

function onTable(
  tables: Tables,
  operation: { readonly name: string; readonly readOnly: boolean; readonly isData?: boolean },
  run: Run,
): JsonOperation {
  return {
    name: operation.name,
    readOnly: operation.readOnly,
    isData: operation.isData ?? true,
    permissions: (input) => [{ action: `dynamodb:${operation.name}`, arn: tables.arnOf(input) }],
    parameters,
    run: (input) => ({ answer: run(tables, input) }),
  };
}

/** An operation that touches many tables needs a permission for each, under the action of each part. */
function onMany(
  tables: Tables,
  operation: {
    readonly name: string;
    readonly readOnly: boolean;
    parts(input: JsonObject): { action: string; table: string }[];
  },
  run: Run,
): JsonOperation {
  return {
    name: operation.name,
    readOnly: operation.readOnly,
    isData: true,
    permissions: (input) => {
      const distinct = new Map<string, { action: string; arn: string }>();
      for (const { action, table } of operation.parts(input)) {
        const permission = { action: `dynamodb:${action}`, arn: tables.arn(table) };
        distinct.set(`${permission.action} ${permission.arn}`, permission);
      }
      // A call without any part is refused as invalid afterwards; it still has to be somebody's call.
      if (distinct.size === 0) return [{ action: `dynamodb:${operation.name}`, arn: '*' }];
      return [...distinct.values()];
    },
    parameters: (input) => ({ tableNames: [...new Set(operation.parts(input).map(({ table }) => table))] }),
    run: (input) => ({ answer: run(tables, input) }),
  };
}

function batchParts(action: string): (input: JsonObject) => { action: string; table: string }[] {
  return (input) => {
    const items = input['RequestItems'];
    // Each table needs at least one item, so that more tables than a batch may have items are refused afterwards.
    const names = isObject(items) ? Object.keys(items).slice(0, TRANSACTION_ITEMS_MAX) : [];
    return names.map((table) => ({ action, table }));
  };
}

const TRANSACTION_ACTIONS: ReadonlyMap<string, string> = new Map([
  ['Get', 'GetItem'],
  ['Put', 'PutItem'],
  ['Update', 'UpdateItem'],
  ['Delete', 'DeleteItem'],
  ['ConditionCheck', 'ConditionCheckItem'],
]);

function transactParts(input: JsonObject): { action: string; table: string }[] {
  return transactionParts(input).flatMap(({ kind, table }) => {
    const action = TRANSACTION_ACTIONS.get(kind);
    return action === undefined ? [] : [{ action, table }];
  });
}

/** Expressions are shown, for they hold names and no values; the values of keys are not. */
function parameters(input: JsonObject): JsonObject {
  const shown: Record<string, unknown> = { tableName: textOr(input, 'TableName') };
  const key = input['Key'];
  if (isObject(key)) {
    shown['key'] = Object.fromEntries(Object.keys(key).map((name) => [name, 'HIDDEN_DUE_TO_SECURITY_REASONS']));
  }
  for (const member of ['KeyConditionExpression', 'FilterExpression', 'ConditionExpression', 'UpdateExpression']) {
    const text = textOr(input, member);
    if (text !== '') shown[`${member[0].toLowerCase()}${member.slice(1)}`] = text;
  }
  if (typeof input['Limit'] === 'number') shown['limit'] = input['Limit'];
  return shown;
}

function write(kind: WriteKind): Run {
  return (tables, input) => {
    expectReturnValues(input, kind);
    return carryOutWrite(planWrite(tables, kind, input), input);
  };
}

function describeTable(tables: Tables, input: JsonObject): JsonObject {
  return { Table: description(tables.of(input)) };
}

function description(table: Table): JsonObject {
  const { name, key, sort } = table.definition;
  const keys = [
    { name: key, kind: 'HASH', type: 'S' },
    ...(sort === undefined ? [] : [{ name: sort.name, kind: 'RANGE', type: sort.type }]),
  ];
  return {
    TableName: name,
    TableArn: table.arn,
    TableStatus: 'ACTIVE',
    CreationDateTime: table.createdMs / 1000,
    KeySchema: keys.map((one) => ({ AttributeName: one.name, KeyType: one.kind })),
    AttributeDefinitions: keys.map((one) => ({ AttributeName: one.name, AttributeType: one.type })),
    ItemCount: table.items,
    TableSizeBytes: table.bytes,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    ...(table.stream === undefined
      ? {}
      : {
          StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
          LatestStreamArn: table.stream.arn,
        }),
  };
}

function listTables(tables: Tables, input: JsonObject): JsonObject {
  const limit = input['Limit'] ?? LIST_TABLES_MAX;
  if (typeof limit !== 'number' || !(limit >= 1 && limit <= LIST_TABLES_MAX)) {
    throw invalid(`Limit must be between 1 and ${LIST_TABLES_MAX}`);
  }
  const start = textOr(input, 'ExclusiveStartTableName');
  const names = tables.names().filter((name) => name > start);
  const page = names.slice(0, limit);
  return {
    TableNames: page,
    ...(names.length > page.length ? { LastEvaluatedTableName: page[page.length - 1] } : {}),
  };
}
