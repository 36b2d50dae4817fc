import type { LogRecord } from '@gait/engine/event/record';

/** A record with the ordinal of its first row. Ticks carry the ordinal of the next record. */
export interface StoredRecord {
  readonly ordinal: number;
  readonly record: LogRecord;
}

/** What an append was acknowledged with. */
export interface Appended {
  /** Ordinal of the first row. */
  readonly ordinal: number;
}

/**
 * The ordered, durable record of everything the engine may know. One writer, any number of readers. `append` resolves
 * when the record is on disk (group commit). Stamps of records never go back: a smaller `receivedMs` is raised to the
 * last one. Errors are `LogError` with a code of `LOG_ERRORS`.
 */
export interface Log {
  /** First ordinal still present and the ordinal the next record will get. */
  readonly first: number;
  readonly next: number;
  /** Stamp of the newest record, ms since 1970; 0 for an empty log. */
  readonly lastMs: number;
  append(record: LogRecord): Promise<Appended>;
  /** Reads from an ordinal on (from the middle of a batch: the rest of its rows) to what is durable now. */
  read(fromOrdinal: number): AsyncIterable<StoredRecord>;
  /** Like `read`, but waits for further records instead of ending; ends when the log closes or the signal aborts. */
  follow(fromOrdinal: number, signal?: AbortSignal): AsyncIterable<StoredRecord>;
  /**
   * Writes out what is pending, signs the head, and lets go of the folder. May be called twice. Rejects if the head cannot
   * be signed (a full disk); the folder is let go all the same, and the next opening signs.
   */
  close(): Promise<void>;
}

/** Closed list of the log's expected failures, documented in docs/reference/errors.md. */
export const LOG_ERRORS = {
  GAIT_LOG_LOCKED: 'Another process is using this folder. Stop it, or choose another folder with --data.',
  GAIT_LOG_NEWER: 'This folder was written by a newer version of Gait. Use that version, or another folder.',
  GAIT_LOG_DAMAGED: 'The log is damaged.',
  GAIT_LOG_FULL: 'The disk is full. Free space and start again; nothing acknowledged was lost.',
  GAIT_LOG_BUSY: 'More records wait to be written than the limit allows. Await earlier appends.',
  GAIT_LOG_IO: 'The log could not be read or written.',
  GAIT_LOG_CLOSED: 'The log is closed.',
} as const;
export type LogErrorCode = keyof typeof LOG_ERRORS;

/** An expected failure of the log: has a code from the closed list and keeps its cause. */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  constructor(code: LogErrorCode, detail = '', options?: ErrorOptions) {
    super(detail === '' ? LOG_ERRORS[code] : `${LOG_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}
