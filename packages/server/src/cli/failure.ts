import { EngineError } from '@gait/engine/base/errors';
import { AccessError } from '../access/access.ts';
import { ConfigError } from '../config.ts';
import { ForensicsError } from '../forensics/errors.ts';
import { LogError } from '../log/log.ts';
import { RESERVE_BYTES } from '../log/segments/limits.ts';
import { ResponseError } from '../response/errors.ts';
import { EngineThreadError } from '../runtime/engine-runner.ts';
import { FolderError } from '../runtime/folder.ts';
import { StoreError } from '../storage/store.ts';

/** The command line makes no sense as it is; the message says what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What the command line names is not there; the message says where to look. */
export class AbsentError extends Error {
  override readonly name = 'AbsentError';
}

const MIB = 1024 * 1024;
/** Users see free space on a disk that is called full: they have to know how much counts as none. */
const FULL = `Less than ${RESERVE_BYTES / MIB} MiB free counts as full: that much is kept for what must still be written.`;

const CODED = [
  LogError,
  StoreError,
  EngineError,
  ForensicsError,
  FolderError,
  EngineThreadError,
  AccessError,
  ConfigError,
  ResponseError,
];

/** What to print of a failure: a sentence for expected ones, everything for those that should not happen. */
export function failure(error: unknown): string {
  if (error instanceof UsageError || error instanceof AbsentError) return error.message;
  const expected = CODED.some((kind) => error instanceof kind);
  if (expected && error instanceof Error && 'code' in error) {
    const full = error.code === 'GAIT_LOG_FULL' ? ` ${FULL}` : '';
    return `${error.message}${full} [${error.code}]`;
  }
  if (!(error instanceof Error)) return String(error);
  // Of the operating system: it names the file and the reason, and where we were in the code is no help.
  if ('syscall' in error) return error.message;
  return `This is a bug, please report it. ${error.stack ?? error.message}`;
}
