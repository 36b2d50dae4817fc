/** Reads conditions and projections: recursive descent, one token ahead, linear in the length of the expression. */
import { invalid } from '../attribute-value.ts';
import type { Token } from './lexer.ts';
import { tokensOf } from './lexer.ts';
import type { ExpressionScope } from './scope.ts';
import type { Comparator, Condition, Operand, Path } from './syntax.ts';

/** Brackets and NOTs inside each other: bounds the recursion. The service itself allows 300 operators in all. */
const NESTING_MAX = 100;
/** Steps of a document path: as deep as values may be. */
const PATH_STEPS_MAX = 32;
/** Choices of IN: the service's own limit. */
const CHOICES_MAX = 100;

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const KEYWORDS = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN', 'SET', 'REMOVE', 'ADD', 'DELETE', 'SIZE']);

/** The tokens of one expression and how far they have been read. Errors are `ValidationException`. */
export class ExpressionReader {
  readonly scope: ExpressionScope;
  readonly #what: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  /** `what` is how messages call the expression: `ConditionExpression`. */
  constructor(text: string, what: string, scope: ExpressionScope) {
    this.#what = what;
    this.#tokens = tokensOf(text, what);
    this.scope = scope;
  }

  get next(): Token {
    return this.#tokens[this.#at];
  }

  /** True if the next token is this word (in any case) or symbol. */
  sees(text: string): boolean {
    const { kind, text: next } = this.next;
    return (kind === 'symbol' || kind === 'name') && next.toUpperCase() === text;
  }

  /** True if the next tokens are this function's name and an opening bracket. */
  seesCall(name: string): boolean {
    const after = this.#tokens[this.#at + 1];
    return this.next.kind === 'name' && this.next.text === name && after?.kind === 'symbol' && after.text === '(';
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  /** Takes the next token if it is this word or symbol. */
  accept(text: string): boolean {
    if (!this.sees(text)) return false;
    this.#at++;
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.unexpected();
  }

  unexpected(): Error {
    return this.wrong(`Syntax error; token: "${this.next.text}"`);
  }

  wrong(message: string): Error {
    return invalid(`Invalid ${this.#what}: ${message}`);
  }

  end(): void {
    if (this.next.kind !== 'end') throw this.unexpected();
  }

  /** `name.other[3]`. */
  path(): Path {
    const path: (string | number)[] = [this.#pathName()];
    for (;;) {
      if (path.length > PATH_STEPS_MAX) throw this.wrong('The document path has too many nesting elements');
      if (this.accept('.')) path.push(this.#pathName());
      else if (this.accept('[')) {
        const index = this.take();
        if (index.kind !== 'index' || index.text.length > 9) throw this.unexpected();
        this.expect(']');
        path.push(Number(index.text));
      } else return path;
    }
  }

  #pathName(): string {
    const token = this.next;
    if (token.kind === 'alias') return this.scope.name(this.take().text);
    if (token.kind !== 'name') throw this.unexpected();
    if (KEYWORDS.has(token.text.toUpperCase())) {
      throw this.wrong(`Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    }
    return this.take().text;
  }
}

/** Parses a whole condition. */
export function parseCondition(text: string, what: string, scope: ExpressionScope): Condition {
  const reader = new ExpressionReader(text, what, scope);
  const condition = either(reader, 0);
  reader.end();
  return condition;
}

/** Parses a list of paths. */
export function parseProjection(text: string, scope: ExpressionScope): Path[] {
  const reader = new ExpressionReader(text, 'ProjectionExpression', scope);
  const paths = [reader.path()];
  while (reader.accept(',')) paths.push(reader.path());
  reader.end();
  return paths;
}

function either(reader: ExpressionReader, nesting: number): Condition {
  let left = both(reader, nesting);
  while (reader.accept('OR')) left = { kind: 'or', left, right: both(reader, nesting) };
  return left;
}

function both(reader: ExpressionReader, nesting: number): Condition {
  let left = negation(reader, nesting);
  while (reader.accept('AND')) left = { kind: 'and', left, right: negation(reader, nesting) };
  return left;
}

function negation(reader: ExpressionReader, nesting: number): Condition {
  if (nesting > NESTING_MAX) throw reader.wrong('The expression is nested too deeply');
  if (reader.accept('NOT')) return { kind: 'not', inner: negation(reader, nesting + 1) };
  if (reader.accept('(')) {
    const inner = either(reader, nesting + 1);
    reader.expect(')');
    return inner;
  }
  return functionCall(reader) ?? comparison(reader);
}

function functionCall(reader: ExpressionReader): Condition | undefined {
  if (reader.seesCall('attribute_exists')) return existence(reader, true);
  if (reader.seesCall('attribute_not_exists')) return existence(reader, false);
  if (reader.seesCall('begins_with')) return { kind: 'begins', ...pair(reader) };
  if (reader.seesCall('contains')) return { kind: 'contains', ...pair(reader) };
  if (!reader.seesCall('attribute_type')) return undefined;
  open(reader);
  const path = reader.path();
  reader.expect(',');
  const type = operand(reader);
  reader.expect(')');
  return { kind: 'type', path, type };
}

function existence(reader: ExpressionReader, wanted: boolean): Condition {
  open(reader);
  const path = reader.path();
  reader.expect(')');
  return { kind: 'exists', path, wanted };
}

function pair(reader: ExpressionReader): { operand: Operand; part: Operand } {
  open(reader);
  const first = operand(reader);
  reader.expect(',');
  const part = operand(reader);
  reader.expect(')');
  return { operand: first, part };
}

function open(reader: ExpressionReader): void {
  reader.take();
  reader.expect('(');
}

function comparison(reader: ExpressionReader): Condition {
  const left = operand(reader);
  if (reader.accept('BETWEEN')) {
    const low = operand(reader);
    reader.expect('AND');
    return { kind: 'between', operand: left, low, high: operand(reader) };
  }
  if (reader.accept('IN')) return { kind: 'in', operand: left, choices: choicesOf(reader) };
  const { text } = reader.next;
  if (reader.next.kind !== 'symbol' || !isComparator(text)) throw reader.unexpected();
  reader.take();
  return { kind: 'compare', comparator: text, left, right: operand(reader) };
}

function choicesOf(reader: ExpressionReader): Operand[] {
  reader.expect('(');
  const choices = [operand(reader)];
  while (reader.accept(',')) choices.push(operand(reader));
  reader.expect(')');
  if (choices.length > CHOICES_MAX) throw reader.wrong(`The IN operator takes at most ${CHOICES_MAX} operands`);
  return choices;
}

function isComparator(text: string): text is Comparator {
  return COMPARATORS.has(text);
}

function operand(reader: ExpressionReader): Operand {
  if (reader.next.kind === 'value') return { kind: 'value', value: reader.scope.value(reader.take().text) };
  if (!reader.seesCall('size')) return { kind: 'path', path: reader.path() };
  open(reader);
  const path = reader.path();
  reader.expect(')');
  return { kind: 'size', path };
}
