/** The names and values that the expressions of one call refer to. */
import type { JsonObject } from '../../json-protocol.ts';
import { isObject } from '../../json-protocol.ts';
import type { AttributeValue } from '../attribute-value.ts';
import { invalid, parseValue } from '../attribute-value.ts';

/** Resolves `#name` and `:value`, and knows afterwards which were not used. Errors are `ValidationException`. */
export class ExpressionScope {
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, AttributeValue>();
  readonly #unused = new Set<string>();

  /** From `ExpressionAttributeNames` and `ExpressionAttributeValues` of an input. */
  constructor(input: JsonObject) {
    for (const [alias, name] of entriesOf(input, 'ExpressionAttributeNames', /^#[A-Za-z0-9_]+$/)) {
      if (typeof name !== 'string') throw invalid(`ExpressionAttributeNames contains invalid value for key ${alias}`);
      this.#names.set(alias, name);
      this.#unused.add(alias);
    }
    for (const [key, value] of entriesOf(input, 'ExpressionAttributeValues', /^:[A-Za-z0-9_]+$/)) {
      this.#values.set(key, parseValue(value, `ExpressionAttributeValues ${key}`));
      this.#unused.add(key);
    }
  }

  name(alias: string): string {
    const name = this.#names.get(alias);
    if (name === undefined) {
      throw invalid(`An expression attribute name used in the document path is not defined; attribute name: ${alias}`);
    }
    this.#unused.delete(alias);
    return name;
  }

  value(key: string): AttributeValue {
    const value = this.#values.get(key);
    if (value === undefined) {
      throw invalid(`An expression attribute value used in expression is not defined; attribute value: ${key}`);
    }
    this.#unused.delete(key);
    return value;
  }

  /** To be called when all expressions are parsed: a name or value nobody uses is a mistake of the caller. */
  expectAllUsed(): void {
    const [first] = this.#unused;
    if (first === undefined) return;
    const kind = first.startsWith('#') ? 'ExpressionAttributeNames' : 'ExpressionAttributeValues';
    throw invalid(`Value provided in ${kind} unused in expressions: keys: {${first}}`);
  }
}

function entriesOf(input: JsonObject, member: string, key: RegExp): [string, unknown][] {
  const value = input[member];
  if (value === undefined || value === null) return [];
  if (!isObject(value)) throw invalid(`${member} must be a map`);
  const entries = Object.entries(value);
  if (entries.length === 0) throw invalid(`${member} must not be empty`);
  for (const [name] of entries) {
    if (!key.test(name)) throw invalid(`${member} contains invalid key: Syntax error; key: "${name}"`);
  }
  return entries;
}
