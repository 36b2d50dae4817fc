import { EngineError } from '@gait/engine/base/errors';
import { ForensicsError } from '../forensics/errors.ts';
import { LogError } from '../log/log.ts';
import { StoreError } from '../storage/store.ts';

/** What to print of a failure: a sentence for expected ones, everything for those that should not happen. */
export function failure(error: unknown): string {
  const expected = [LogError, StoreError, EngineError, ForensicsError].some((kind) => error instanceof kind);
  if (expected && error instanceof Error && 'code' in error) return `${error.message} [${error.code}]`;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.message;
  if (error instanceof UsageError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The request cannot be carried out as it was made; the message says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
