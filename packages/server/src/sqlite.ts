import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** How long a statement waits for another process's transaction, ms. Ours last a few; an import lasts at most seconds. */
const LOCK_WAIT_MS = 5_000;

/** Low bytes of result codes, as SQLite numbers them. */
const RESULTS: ReadonlyMap<number, SqliteFailure> = new Map([
  [5, 'busy'],
  [6, 'busy'],
  [11, 'damaged'],
  [13, 'full'],
  [26, 'damaged'],
]);
/** All of the code: no room for the file that indexes the write-ahead log (SQLITE_IOERR_SHMSIZE). */
const NO_ROOM_FOR_INDEX = 4874;

/** What a failure of SQLite means to those who keep something in it. */
export type SqliteFailure = 'busy' | 'damaged' | 'full' | 'closed' | 'other';

/** What an error says about the database; `other` also for errors that are not SQLite's. */
export function sqliteFailure(error: Error): SqliteFailure {
  if (!('code' in error)) return 'other';
  if (error.code === 'ERR_INVALID_STATE') return 'closed';
  const result = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0;
  if (result === NO_ROOM_FOR_INDEX) return 'full';
  return RESULTS.get(result & 0xff) ?? 'other';
}

/**
 * Opens the database at `path`, or makes it, readable by its owner only, and has it prepared; leaves nothing open when that
 * fails. `:memory:` gives one that vanishes on closing. Throws what SQLite, the system and `prepare` throw.
 */
export function openPrepared(path: string, prepare: (database: DatabaseSync) => void): DatabaseSync {
  if (path !== ':memory:') closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work` in one transaction: all of it happens, or none, and others see it whole or not at all. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
