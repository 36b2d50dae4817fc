/** The tables of an account, and how the inputs of operations name them. */
import { ServiceError } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import { isObject, textOr } from '../json-protocol.ts';
import type { Item } from './attribute-value.ts';
import { invalid, parseItem } from './attribute-value.ts';
import { ChangeStream } from './stream.ts';
import type { TableDefinition } from './table.ts';
import { Table } from './table.ts';
import { TransactionTokens } from './transaction-tokens.ts';

/** Tables of an account: more than an application of this size has. */
export const TABLES_MAX = 100;

const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

/** Tables by name. */
export class Tables {
  readonly transactions: TransactionTokens;
  readonly #prefix: string;
  readonly #region: string;
  readonly #now: () => number;
  readonly #tables = new Map<string, Table>();

  constructor(place: { accountId: string; region: string; now: () => number }) {
    this.#prefix = `arn:aws:dynamodb:${place.region}:${place.accountId}:table/`;
    this.#region = place.region;
    this.#now = place.now;
    this.transactions = new TransactionTokens(place.now);
  }

  /** Makes a table. Throws `ServiceError` for a bad or used name, or one table too many. */
  add(definition: TableDefinition): Table {
    const { name } = definition;
    if (!TABLE_NAME.test(name)) throw invalid(`'${name}' is no name for a table`);
    if (this.#tables.has(name)) throw new ServiceError('ResourceInUseException', `Table already exists: ${name}`);
    if (this.#tables.size >= TABLES_MAX)
      throw new ServiceError('LimitExceededException', `At most ${TABLES_MAX} tables`);
    const arn = `${this.#prefix}${name}`;
    const stream = definition.stream === true ? new ChangeStream(arn, this.#region, this.#now) : undefined;
    const table = new Table(definition, { arn, createdMs: this.#now(), stream });
    this.#tables.set(name, table);
    return table;
  }

  /** Names in order. */
  names(): string[] {
    return [...this.#tables.keys()].sort();
  }

  find(name: string): Table | undefined {
    return this.#tables.get(this.#nameOf(name));
  }

  /** The table an input names, by name or ARN. Throws `ResourceNotFoundException`. */
  of(input: JsonObject): Table {
    const name = input['TableName'];
    if (typeof name !== 'string' || name === '')
      throw invalid("The parameter 'TableName' is required but was not present");
    const table = this.find(name);
    if (table === undefined) throw new ServiceError('ResourceNotFoundException', 'Requested resource not found');
    return table;
  }

  /** ARN of the table an input names, whether there is one or not. Takes any input. */
  arnOf(input: JsonObject): string {
    return this.arn(textOr(input, 'TableName'));
  }

  arn(name: string): string {
    return name.startsWith('arn:') ? name : `${this.#prefix}${name}`;
  }

  #nameOf(name: string): string {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }
}

/** Parameters of before there were expressions, and of indexes; neither is offered. */
const NOT_OFFERED = [
  'AttributesToGet',
  'AttributeUpdates',
  'Expected',
  'ConditionalOperator',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
  'IndexName',
];

/** Refuses an input that asks for what is not offered, rather than answering something else. */
export function expectOffered(input: JsonObject): void {
  const found = NOT_OFFERED.find((name) => input[name] !== undefined);
  if (found !== undefined) throw invalid(`'${found}' is not offered here: use expressions on the table itself`);
}

/** The expression under a name, if there is one. */
export function expressionOf(input: JsonObject, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${name} must be a text`);
  return value;
}

/** The key attributes under `name`. */
export function itemUnder(input: JsonObject, name: string): Item {
  if (!isObject(input[name])) throw invalid(`The parameter '${name}' is required but was not present`);
  return parseItem(input[name], name);
}
