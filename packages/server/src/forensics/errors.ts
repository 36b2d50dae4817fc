/** Closed list of the expected failures of exports, documented in docs/reference/errors.md. */
export const FORENSICS_ERRORS = {
  GAIT_EXPORT_ABSENT: 'A record to be exported is not in the log.',
  GAIT_EXPORT_UNSIGNED: 'A record to be exported is not covered by a signed head yet. Try again in a few seconds.',
  GAIT_EXPORT_LIMIT: 'The export is larger than the limit.',
  GAIT_EXPORT_NAME: 'An attachment has a name that cannot be used.',
  GAIT_EXPORT_TARGET: 'The folder to export to is not empty or cannot be written.',
} as const;
export type ForensicsErrorCode = keyof typeof FORENSICS_ERRORS;

/** An expected failure: has a code from the closed list and keeps its cause. */
export class ForensicsError extends Error {
  override readonly name = 'ForensicsError';
  readonly code: ForensicsErrorCode;
  constructor(code: ForensicsErrorCode, detail: string, options?: ErrorOptions) {
    super(`${FORENSICS_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}
