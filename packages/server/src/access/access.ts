/**
 * What a token may do. `ingest` sends telemetry; the others are people and programs at the API: `read` looks, `respond`
 * also acts (feedback, incidents, quarantine), `admin` everything, tokens included. Each includes the one before, but for
 * `ingest`, which can only send.
 */
export const ROLES = ['ingest', 'read', 'respond', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Rate of a token whose maker does not say, records a second: what a few hundred busy functions send. */
export const RECORDS_PER_SECOND_DEFAULT = 1_000;

/** A token as it is kept: never the token itself. */
export interface TokenRecord {
  /** Short public id, the beginning of the token: enough to name it, useless to use it. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /**
   * Functions an `ingest` token may speak for: function keys `provider:account:region:name`, where a part may be `*` or end in `*`.
   * Empty: none.
   */
  readonly functions: readonly string[];
  /** Records a second in the long run; twice as many at once. */
  readonly recordsPerSecond: number;
  readonly createdMs: number;
  /** Undefined: never. */
  readonly expiresMs?: number;
  readonly revokedMs?: number;
}

/** A token that was presented and is valid now. */
export interface Grant {
  readonly token: TokenRecord;
  /** Whether a function key is one of those the token speaks for. Answers are remembered by key, within a bound. */
  speaksFor(functionKey: string): boolean;
  /** The one function it speaks for, if its list is a single key without `*`. */
  readonly onlyFunction: string | undefined;
  /** Takes `records` from the rate limit; otherwise how long to wait, ms. */
  take(records: number): { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };
}

/** Why a presented token is refused; all of them answer 401 in the same words, so that nothing is learned from it. */
export type Refused = 'absent' | 'unknown' | 'expired' | 'revoked';

/** Who may come in. Kept beside the store, in its own file, hashed. Calls are synchronous. */
export interface Access {
  /** Looks a presented token up in constant time. Sees tokens that another process made or revoked within a second. */
  check(presented: string | undefined): Grant | { readonly refused: Refused };
  /** Makes a token; `secret` is shown once and kept nowhere. */
  create(token: Omit<TokenRecord, 'id' | 'createdMs' | 'revokedMs'>): {
    readonly record: TokenRecord;
    readonly secret: string;
  };
  list(): readonly TokenRecord[];
  /** By id; false when there is none. */
  revoke(id: string): boolean;
  close(): void;
}

/** Whether someone of a role may do what needs another: `ingest` only sends, `admin` may also do that. */
export function permits(role: Role, needed: Role): boolean {
  if (role === 'ingest' || role === needed) return role === needed;
  return role === 'admin' || (needed !== 'ingest' && ROLES.indexOf(role) > ROLES.indexOf(needed));
}

/** Closed list of the expected failures of access, documented in docs/reference/errors.md. */
export const ACCESS_ERRORS = {
  GAIT_ACCESS_INVALID: 'The token cannot be made as asked.',
  GAIT_ACCESS_NAME_TAKEN: 'There is a valid token of this name. Revoke it first, or choose another name.',
  GAIT_ACCESS_LIMIT: 'There are as many valid tokens as there may be. Revoke some that are no longer needed.',
  GAIT_ACCESS_BUSY: 'Another process keeps the tokens locked. Try again when it has finished.',
  GAIT_ACCESS_NEWER: 'The tokens were written by a newer version of Gait. Use that version, or another folder.',
  GAIT_ACCESS_DAMAGED: 'The file of tokens is damaged, or it is none.',
  GAIT_ACCESS_IO: 'The file of tokens could not be read or written.',
  GAIT_ACCESS_CLOSED: 'The file of tokens is closed.',
} as const;
export type AccessErrorCode = keyof typeof ACCESS_ERRORS;

/** An expected failure of access: has a code from the closed list and keeps its cause. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessErrorCode;
  constructor(code: AccessErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? ACCESS_ERRORS[code] : `${ACCESS_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}
