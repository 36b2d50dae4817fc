/** Why a request is refused as a whole. Closed list, explained in docs/reference/ingest.md. */
export const REFUSALS = {
  unauthorized: { status: 401, rpc: 16 },
  forbidden: { status: 403, rpc: 7 },
  'bad-request': { status: 400, rpc: 3 },
  'timed-out': { status: 408, rpc: 4 },
  'too-large': { status: 413, rpc: 8 },
  'unsupported-type': { status: 415, rpc: 3 },
  'rate-limited': { status: 429, rpc: 8 },
  'not-taken': { status: 503, rpc: 14 },
  failed: { status: 500, rpc: 13 },
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** A request refused as a whole: nothing of it was appended, or the sender must send all of it again (`not-taken`). */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** When to come again, ms. */
  readonly retryAfterMs: number | undefined;
  constructor(code: RefusalCode, message: string, options: ErrorOptions & { readonly retryAfterMs?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }

  /** Code of `google.rpc.Status`. */
  get rpcCode(): number {
    return REFUSALS[this.code].rpc;
  }
}

/** The sender went away before its request was complete: there is nobody to answer. */
export class SenderGone extends Error {
  override readonly name = 'SenderGone';
}
