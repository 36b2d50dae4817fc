import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';

/** Status code of a span that failed. */
export const SPAN_ERROR = 2;

const STATUS_MAX = 999;
/** HTTP statuses that say what the gRPC codes say; other codes are failures of the server. */
const HTTP_OF_GRPC: ReadonlyMap<string, number> = new Map([
  ['0', 200],
  ['OK', 200],
  ['3', 400],
  ['INVALID_ARGUMENT', 400],
  ['4', 504],
  ['DEADLINE_EXCEEDED', 504],
  ['5', 404],
  ['NOT_FOUND', 404],
  ['7', 403],
  ['PERMISSION_DENIED', 403],
  ['8', 429],
  ['RESOURCE_EXHAUSTED', 429],
  ['14', 503],
  ['UNAVAILABLE', 503],
  ['16', 401],
  ['UNAUTHENTICATED', 401],
]);
const SERVER_FAILED = 500;
const DENIED = 403;
const THROTTLED = 429;

/** ok, error, timeout or throttle, from the span's own status, the HTTP status it answered with, and its error. */
export function invocationStatus(attributes: Attributes, statusCode: number, errorType: string): string {
  if (/^(timeout|Sandbox\.Timed.*|.*TaskTimedOut.*)$/i.test(errorType)) return 'timeout';
  const http = attributes.number(SLOT.httpStatus);
  if (http === THROTTLED) return 'throttle';
  return statusCode === SPAN_ERROR || http >= SERVER_FAILED ? 'error' : 'ok';
}

/** HTTP-like status of a call: as answered, else what its gRPC code or the name of its error says; 0 when unknown. */
export function callStatus(attributes: Attributes, statusCode: number): number {
  const http = attributes.number(SLOT.httpStatus);
  if (Number.isInteger(http) && http > 0 && http <= STATUS_MAX) return http;
  const rpc = attributes.text(SLOT.rpcStatus);
  if (rpc !== '') return HTTP_OF_GRPC.get(rpc) ?? SERVER_FAILED;
  if (statusCode !== SPAN_ERROR) return 0;
  const error = attributes.text(SLOT.errorType);
  if (/AccessDenied|Unauthorized|NotAuthorized|Forbidden/i.test(error)) return DENIED;
  return /Throttl|TooManyRequests|ThroughputExceeded|SlowDown/i.test(error) ? THROTTLED : SERVER_FAILED;
}
