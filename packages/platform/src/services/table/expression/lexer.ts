/** Cuts an expression into tokens. */
import { invalid } from '../attribute-value.ts';

/** `name` is a word, `alias` is `#name`, `value` is `:name`, `index` a number, `symbol` an operator or bracket. */
export interface Token {
  readonly kind: 'name' | 'alias' | 'value' | 'index' | 'symbol' | 'end';
  readonly text: string;
}

/** Length of an expression: the service's own limit. */
export const EXPRESSION_BYTES_MAX = 4096;

const TOKEN =
  /\s*(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<alias>#[A-Za-z0-9_]+)|(?<value>:[A-Za-z0-9_]+)|(?<index>\d+)|(?<symbol><=|>=|<>|[=<>()[\],.+-]))/y;

/** All tokens, ending with `end`. Throws `ValidationException`; `what` is how the message calls the expression. */
export function tokensOf(text: string, what: string): Token[] {
  if (Buffer.byteLength(text) > EXPRESSION_BYTES_MAX) {
    throw invalid(`Invalid ${what}: Expression size has exceeded the maximum allowed size`);
  }
  if (text.trim() === '') throw invalid(`Invalid ${what}: The expression can not be empty;`);
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < end) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(text)?.groups;
    if (groups === undefined)
      throw invalid(`Invalid ${what}: Syntax error; token: "${text.slice(at, at + 10).trim()}"`);
    tokens.push(tokenOf(groups));
  }
  tokens.push({ kind: 'end', text: '<EOF>' });
  return tokens;
}

function tokenOf(groups: Record<string, string | undefined>): Token {
  if (groups['name'] !== undefined) return { kind: 'name', text: groups['name'] };
  if (groups['alias'] !== undefined) return { kind: 'alias', text: groups['alias'] };
  if (groups['value'] !== undefined) return { kind: 'value', text: groups['value'] };
  if (groups['index'] !== undefined) return { kind: 'index', text: groups['index'] };
  return { kind: 'symbol', text: groups['symbol'] ?? '' };
}
