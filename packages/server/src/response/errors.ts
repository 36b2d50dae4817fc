/** Closed list of the expected failures of responses, documented in docs/reference/errors.md. */
export const RESPONSE_ERRORS = {
  GAIT_RESPONSE_FUNCTION: 'This is not a function that Gait can act on.',
  GAIT_RESPONSE_PROTECTED: 'The function is protected from responses by the configuration.',
  GAIT_RESPONSE_SCOPE: 'The function is outside the accounts and regions that Gait may act in.',
  GAIT_RESPONSE_NOTHING: 'There is nothing to do that would isolate the function.',
  GAIT_RESPONSE_ABSENT: 'It is not there.',
  GAIT_RESPONSE_STATE: 'The response is in a state in which this cannot be done.',
  GAIT_RESPONSE_LEASE: 'The lease is not possible.',
  GAIT_RESPONSE_FULL: 'Too many responses are in force.',
  GAIT_RESPONSE_FOREIGN:
    'Somebody else has changed what Gait set. Look at it, then release with --force to restore it.',
  GAIT_RESPONSE_OBJECTION: 'Something speaks against releasing. Look at it, then release with --force if you must.',
  GAIT_RESPONSE_DENIED: 'The provider denied it: the responder lacks a permission.',
  GAIT_RESPONSE_CREDENTIALS: 'The provider did not accept the credentials of the responder.',
  GAIT_RESPONSE_REFUSED: 'The provider refused it.',
  GAIT_RESPONSE_UNREACHABLE: 'The provider did not answer in time. What was asked may have been done all the same.',
  GAIT_RESPONSE_UNVERIFIED: 'The provider said yes, but reading back shows something else.',
  GAIT_RESPONSE_SERVER: 'The Gait server did not do it.',
} as const;
export type ResponseErrorCode = keyof typeof RESPONSE_ERRORS;

/** An expected failure of a response: has a code from the closed list and keeps its cause. */
export class ResponseError extends Error {
  override readonly name = 'ResponseError';
  readonly code: ResponseErrorCode;
  /** The message without the text of the code: one printable line. */
  readonly detail: string;
  constructor(code: ResponseErrorCode, detail: string, options?: ErrorOptions) {
    super(detail === '' ? RESPONSE_ERRORS[code] : `${RESPONSE_ERRORS[code]} ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }
}
