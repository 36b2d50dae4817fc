import { STATUS_CODES } from 'node:http';
import { AccessError, type AccessErrorCode } from '../access/access.ts';
import { LogError } from '../log/log.ts';
import { ResponseError } from '../response/errors.ts';
import { NotTakenError, RETRY_AFTER_SECONDS } from '../runtime/service.ts';
import { StoreError } from '../storage/store.ts';

/** Closed list of the codes of errors the API answers, each with its status. Explained in docs/reference/api.md. */
export const API_CODES = {
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'timed-out': 408,
  ambiguous: 409,
  conflict: 409,
  'too-large': 413,
  'not-json': 415,
  invalid: 422,
  'rate-limited': 429,
  failed: 500,
  busy: 503,
  unavailable: 503,
  // Responses say what exactly stands in the way, in the codes of errors.md.
  GAIT_RESPONSE_FUNCTION: 400,
  GAIT_RESPONSE_LEASE: 400,
  GAIT_RESPONSE_PROTECTED: 403,
  GAIT_RESPONSE_SCOPE: 403,
  GAIT_RESPONSE_ABSENT: 404,
  GAIT_RESPONSE_NOTHING: 409,
  GAIT_RESPONSE_STATE: 409,
  GAIT_RESPONSE_FOREIGN: 409,
  GAIT_RESPONSE_OBJECTION: 409,
  GAIT_RESPONSE_FULL: 409,
  GAIT_RESPONSE_DENIED: 502,
  GAIT_RESPONSE_CREDENTIALS: 502,
  GAIT_RESPONSE_REFUSED: 502,
  GAIT_RESPONSE_UNVERIFIED: 502,
  GAIT_RESPONSE_SERVER: 502,
  GAIT_RESPONSE_UNREACHABLE: 504,
} as const;
export type ApiCode = keyof typeof API_CODES;

/** What a request is answered with when it cannot be done. The message is for people and may change. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiCode;
  /** When it is worth trying again, s. */
  readonly retryAfterSeconds: number | undefined;
  constructor(code: ApiCode, message: string, options: { retryAfterSeconds?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The one shape of every error. */
export function errorBody({ code, message }: ApiError): { readonly error: { code: ApiCode; message: string } } {
  return { error: { code, message } };
}

const NOT_TAKEN = {
  closing: 'The server is closing.',
  'disk-full': 'The disk of the server is full.',
  busy: 'More is waiting to be written than may. Try again.',
  failed: 'The log can no longer be written; the server has to be started again.',
} as const;
const ACCESS_CODES: Partial<Record<AccessErrorCode, ApiCode>> = {
  GAIT_ACCESS_INVALID: 'invalid',
  GAIT_ACCESS_NAME_TAKEN: 'conflict',
  GAIT_ACCESS_LIMIT: 'conflict',
};

/**
 * What anything thrown while answering means to the client. What should not happen is `failed` and says nothing of the
 * inside; its cause is kept for the log.
 */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof ResponseError) return new ApiError(error.code, error.message, { cause: error });
  if (error instanceof NotTakenError) {
    const retryAfterSeconds = RETRY_AFTER_SECONDS[error.reason];
    return new ApiError('unavailable', NOT_TAKEN[error.reason], { retryAfterSeconds, cause: error });
  }
  if (error instanceof AccessError) {
    const code = ACCESS_CODES[error.code];
    if (code !== undefined) return new ApiError(code, error.message, { cause: error });
  }
  if (error instanceof AccessError || error instanceof StoreError || error instanceof LogError) {
    const message = `Something the answer needs cannot be read or written. [${error.code}]`;
    return new ApiError('unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS.closing, cause: error });
  }
  return fromServer(error) ?? new ApiError('failed', 'This is a bug of the server.', { cause: error });
}

/** Failures of Node's parser that are not just a request that makes no sense, by its codes. */
const UNPARSED: Readonly<Record<string, ApiError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new ApiError('timed-out', 'The request took too long to arrive.'),
  HPE_HEADER_OVERFLOW: new ApiError('malformed', 'The headers are too long.'),
};

/** What is answered on a connection on which no request could be read, whole: there is nothing yet that could answer it. */
export function unparsedAnswer(code: string): string {
  const error = UNPARSED[code] ?? new ApiError('malformed', 'The request could not be read.');
  const body = JSON.stringify(errorBody(error));
  const status = API_CODES[error.code];
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
    `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** Errors of the HTTP server itself, by the status it gives them. */
function fromServer(error: unknown): ApiError | undefined {
  if (!(error instanceof Error) || !('statusCode' in error)) return undefined;
  if (error.statusCode === 413) return new ApiError('too-large', 'The body is too large.', { cause: error });
  if (error.statusCode === 415) {
    return new ApiError('not-json', 'The body must be JSON: content-type: application/json.', { cause: error });
  }
  if (error.statusCode === 404) return new ApiError('not-found', 'There is nothing here.', { cause: error });
  const bad = typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500;
  return bad ? new ApiError('malformed', 'The request could not be read.', { cause: error }) : undefined;
}
