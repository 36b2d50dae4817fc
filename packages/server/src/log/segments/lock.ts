import { DatabaseSync } from 'node:sqlite';
import { LogError } from '../log.ts';
import { ioError, paths } from './folder.ts';

/** A held lock on a folder. */
export interface FolderLock {
  release(): void;
}

/**
 * Makes this process the only writer of a folder by an exclusive SQLite transaction that stays open. The kernel lets go
 * of it when the process ends, however it ends, so there is no stale lock to clean up. `GAIT_LOG_LOCKED` if it is taken.
 */
export function lockFolder(folder: string): FolderLock {
  const path = paths.lock(folder);
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (cause instanceof Error && /database is locked/.test(cause.message)) {
      throw new LogError('GAIT_LOG_LOCKED', folder, { cause });
    }
    throw ioError(cause, path);
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}
