import { KEYS_REMEMBERED_MAX, PATTERN_CHARS_MAX } from './limits.ts';

/** `provider:account:region:name`: names may have colons in them, the parts before may not. */
const KEY = /^([^:]+):([^:]+):([^:]+):(.+)$/s;
/** A star stands alone or at the end of a part; no spaces and nothing that cannot be seen. */
const PART = /^(\*|[^\s*\p{C}]+\*?)$/u;

/** Why a text is no pattern of function keys; undefined when it is one. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > PATTERN_CHARS_MAX) return `A pattern has at most ${PATTERN_CHARS_MAX} characters.`;
  const parts = KEY.exec(pattern)?.slice(1);
  if (parts === undefined) return `${JSON.stringify(pattern)} is not provider:account:region:name.`;
  const bad = parts.find((part) => !PART.test(part));
  if (bad === undefined) return undefined;
  return `${JSON.stringify(bad)} in ${JSON.stringify(pattern)}: a star stands alone or ends a part, and there are no spaces.`;
}

/** The function keys some patterns stand for. Answers are remembered, the last few thousand. */
export class KeySet {
  /** The key, when the patterns are a single one without a star. */
  readonly only: string | undefined;
  readonly #patterns: readonly (readonly string[])[];
  readonly #remembered = new Map<string, boolean>();

  /** Patterns must have passed `patternProblem`; others match nothing. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => KEY.exec(pattern)?.slice(1) ?? []);
    this.only = patterns.length === 1 && !patterns[0].includes('*') ? patterns[0] : undefined;
  }

  /** Whether a key is one of them. A look-up, or a comparison with each pattern the first time. */
  has(key: string): boolean {
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const parts = KEY.exec(key)?.slice(1);
    const answer = parts !== undefined && this.#patterns.some((pattern) => matches(pattern, parts));
    // Forgetting all at once costs one comparison each, and only a sender of invented keys ever gets here.
    if (this.#remembered.size >= KEYS_REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(key, answer);
    return answer;
  }
}

function matches(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((wanted, at) =>
      wanted.endsWith('*') ? parts[at].startsWith(wanted.slice(0, -1)) : wanted === parts[at],
    )
  );
}
