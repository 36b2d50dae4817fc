/** Transactions that were made, so that one sent again by a client that had no answer is not made twice. */
import { createHash } from 'node:crypto';
import { ServiceError } from '../call.ts';

/** For how long a token is known: the service's own time. */
const TOKEN_MS = 10 * 60 * 1000;
/** Tokens known at once; the oldest is forgotten first. A client that sends again does so within seconds. */
const TOKENS_MAX = 10_000;

/** `ClientRequestToken`s with what they were used for. */
export class TransactionTokens {
  readonly #now: () => number;
  readonly #used = new Map<string, { readonly digest: string; readonly untilMs: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * True if this transaction was made under this token already. Throws `IdempotentParameterMismatchException` if another
   * one was.
   */
  isMade(token: string, transaction: unknown): boolean {
    const used = this.#used.get(token);
    if (used === undefined || used.untilMs <= this.#now()) return false;
    if (used.digest === digestOf(transaction)) return true;
    throw new ServiceError(
      'IdempotentParameterMismatchException',
      'The request was sent with a client token that was used with other parameters',
    );
  }

  /** To be told after a transaction was made. */
  made(token: string, transaction: unknown): void {
    this.#used.delete(token);
    this.#used.set(token, { digest: digestOf(transaction), untilMs: this.#now() + TOKEN_MS });
    for (const [oldest, { untilMs }] of this.#used) {
      if (this.#used.size <= TOKENS_MAX && untilMs > this.#now()) break;
      this.#used.delete(oldest);
    }
  }
}

function digestOf(transaction: unknown): string {
  return createHash('sha256').update(JSON.stringify(transaction)).digest('base64');
}
