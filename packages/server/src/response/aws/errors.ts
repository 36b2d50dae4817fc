import { printable } from '../../render/printable.ts';
import { ResponseError, type ResponseErrorCode } from '../errors.ts';
import { MESSAGE_CHARS_MAX } from '../limits.ts';

/** What was asked for, to say what is missing when it is denied. */
export interface Asked {
  /** `lambda:PutFunctionConcurrency`. */
  readonly permission: string;
  /** ARN or name of what it is about. */
  readonly resource: string;
}

/** Names of errors, of the service or of the way there, by what they mean for a responder. */
const MEANINGS: readonly (readonly [ResponseErrorCode, RegExp])[] = [
  ['GAIT_RESPONSE_DENIED', /^(AccessDenied(Exception)?|UnauthorizedOperation|NotAuthorized|KMSAccessDeniedException)$/],
  ['GAIT_RESPONSE_ABSENT', /^(ResourceNotFoundException|NoSuchEntity(Exception)?)$/],
  [
    'GAIT_RESPONSE_CREDENTIALS',
    /^(CredentialsProviderError|ExpiredToken(Exception)?|UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken(Exception)?|TokenProviderError)$/,
  ],
  [
    'GAIT_RESPONSE_UNREACHABLE',
    /^(TimeoutError|AbortError|NetworkingError|TooManyRequestsException|Throttling(Exception)?|RequestLimitExceeded|ServiceException|ServiceFailure(Exception)?|ServiceUnavailable|InternalFailure|SlowDown)$/,
  ],
];

/** System errors of a connection. */
const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|CERT_|DEPTH_ZERO|UNABLE_TO|SELF_SIGNED|ERR_TLS|ERR_SSL)/;

/** Still busy with an earlier change: to be asked again in a while. */
const BUSY = /^(ResourceConflictException|ResourceInUseException|ConcurrentModification(Exception)?)$/;

/** Whether the provider is only busy with an earlier change. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && BUSY.test(error.name);
}

/** The failure of a call as one of the closed list; what is none of the provider's (a bug) stays as it is. */
export function failureOf(error: unknown, { permission, resource }: Asked): unknown {
  if (error instanceof ResponseError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const what = `${permission} on ${resource}`;
  if (code === 'GAIT_RESPONSE_DENIED') return new ResponseError(code, `${what} is missing.`, { cause: error });
  const message = printable(error.message).slice(0, MESSAGE_CHARS_MAX);
  return new ResponseError(code, `${what}: ${message === '' ? error.name : message}`, { cause: error });
}

function codeOf(error: Error): ResponseErrorCode | undefined {
  const known = MEANINGS.find(([, names]) => names.test(error.name))?.[0];
  if (known !== undefined) return known;
  if ('code' in error && typeof error.code === 'string' && NETWORK.test(error.code)) return 'GAIT_RESPONSE_UNREACHABLE';
  const status = statusOf(error);
  if (status === undefined) return undefined;
  if (status === 403) return 'GAIT_RESPONSE_DENIED';
  return status >= 500 || status === 429 ? 'GAIT_RESPONSE_UNREACHABLE' : 'GAIT_RESPONSE_REFUSED';
}

/** Status of the answer, where there was one: 200 for answers that could not be understood. */
function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
