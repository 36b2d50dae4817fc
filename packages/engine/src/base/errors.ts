/** Closed list of expected failures the engine reports. Documented in docs/reference/errors.md. */
export const ENGINE_ERRORS = {
  GAIT_SNAPSHOT_VERSION: 'The snapshot was written by another version of the engine.',
  GAIT_SNAPSHOT_DAMAGED: 'The snapshot is damaged.',
  GAIT_SCHEMA_NEWER: 'The record was written by a newer version of Gait.',
  GAIT_BATCH_DAMAGED: 'The batch is damaged.',
} as const;
export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

/** An expected failure: has a code from the closed list and keeps its cause. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** The message without the text of the code. */
  readonly detail: string;
  constructor(code: EngineErrorCode, detail: string, options?: ErrorOptions) {
    super(`${ENGINE_ERRORS[code]} ${detail}`, options);
    this.code = code;
    this.detail = detail;
  }
}
