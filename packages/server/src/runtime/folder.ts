import { mkdir, mkdtemp, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths inside a data folder. */
export const FOLDER = {
  log: 'log',
  store: 'store.sqlite',
  pseudonyms: 'pseudonyms.sqlite',
  checkpoints: 'checkpoints',
  series: 'series',
  /** Who may come in. */
  access: 'access.sqlite',
  /** Which replay is under way; there only while one is. */
  replay: 'replay.json',
} as const;

/** Closed list of the expected failures of a data folder, documented in docs/reference/errors.md. */
export const FOLDER_ERRORS = {
  GAIT_FOLDER_FOREIGN: 'The folder holds other things. Choose an empty or new one with --data.',
  GAIT_FOLDER_IO: 'The data folder cannot be used.',
  GAIT_FOLDER_MIXED: 'Log and store do not belong together. `gait rebuild-store` makes the store again from the log.',
  GAIT_FOLDER_CUT: 'The beginning of the log was removed, and no saved state reaches back to what is left of it.',
} as const;
/** A code of `FOLDER_ERRORS`. */
export type FolderErrorCode = keyof typeof FOLDER_ERRORS;

/** An expected failure of a data folder: has a code from the closed list and keeps its cause. */
export class FolderError extends Error {
  override readonly name = 'FolderError';
  readonly code: FolderErrorCode;
  constructor(code: FolderErrorCode, detail: string, options?: ErrorOptions) {
    super(`${FOLDER_ERRORS[code]} ${detail}`, options);
    this.code = code;
  }
}

/** The error for a failed system call on something in a data folder. */
export function folderError(path: string, cause: unknown): FolderError {
  return new FolderError('GAIT_FOLDER_IO', `${path}: ${reasonOf(cause)}`, { cause });
}

/** Whether a folder holds a log of ours. Throws `FolderError` where it cannot be looked into. */
export async function holdsLog(folder: string): Promise<boolean> {
  try {
    return (await stat(join(folder, FOLDER.log, 'segments'))).isDirectory();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && ABSENT.has(String(cause.code))) return false;
    throw folderError(folder, cause);
  }
}

/** Something on the way is not there, or is a file. */
const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

/**
 * Makes a data folder, or takes one that is there or an empty one; readable by its owner only, as it leads back from
 * pseudonyms to people. Refuses folders with other things in them, so that nothing of ours is strewn among them.
 * Throws `FolderError`.
 */
export async function takeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await holdsLog(folder)) || (await isUnused(folder))) return;
  } catch (cause) {
    throw cause instanceof FolderError ? cause : folderError(folder, cause);
  }
  throw new FolderError('GAIT_FOLDER_FOREIGN', folder);
}

/** Makes a data folder that is thrown away after use, below the system's folder for temporary files. */
export async function temporaryFolder(): Promise<string> {
  const below = tmpdir();
  try {
    return await mkdtemp(join(below, 'gait-'));
  } catch (cause) {
    throw folderError(below, cause);
  }
}

/** Empty, but for what a first run that was interrupted while it began may have left, or tokens made before it. */
async function isUnused(folder: string): Promise<boolean> {
  const names: readonly string[] = Object.values(FOLDER);
  return (await readdir(folder)).every((name) => names.includes(name.replace(/-(wal|shm)$/, '')));
}

/** What the system says, as a person would. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? error.code : '';
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'it, or a part of its path, is a file.';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied.';
  if (code === 'ELOOP') return 'links in its path lead in a circle.';
  if (code === 'EROFS') return 'the file system is read-only.';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full.';
  return error.message;
}
