/** Errors of the Lambda API by their names, with their status. */
const STATUSES = {
  AccessDeniedException: 403,
  CodeStorageExceededException: 400,
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  PolicyLengthExceededException: 400,
  PreconditionFailedException: 412,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  TooManyRequestsException: 429,
  UnknownOperationException: 404,
} as const;

/** Name of an error of the Lambda API. */
export type LambdaErrorCode = keyof typeof STATUSES;

/** A call that is answered with an error, in the shape the SDK reads. `Type` of all is `User`. */
export class LambdaError extends Error {
  override readonly name = 'LambdaError';
  readonly code: LambdaErrorCode;
  readonly status: number;
  /** Further fields of the error document: `Reason` of throttling. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(code: LambdaErrorCode, message: string, fields: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = STATUSES[code];
    this.fields = fields;
  }
}

/** The error of a parameter that has a wrong value. */
export function invalid(message: string): LambdaError {
  return new LambdaError('InvalidParameterValueException', message);
}

/** The error of a thing that does not exist. */
export function absent(message: string): LambdaError {
  return new LambdaError('ResourceNotFoundException', message);
}
