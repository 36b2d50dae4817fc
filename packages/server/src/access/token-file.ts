import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AccessError } from './access.ts';
import { LOCK_WAIT_MS } from './limits.ts';

/** Marks the file ("GTOK"), so that some other database given by mistake is refused, not altered. */
const APPLICATION_ID = 0x47544f4b;
/** Schema this code writes. */
const VERSION = 1;
/** Low byte of a result code, as SQLite numbers them. */
const BUSY = 5;
const LOCKED = 6;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

const TABLES = `
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    functions TEXT NOT NULL,
    records_per_second REAL NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER,
    revoked_ms INTEGER,
    digest BLOB NOT NULL
  ) STRICT;
  CREATE TABLE marks (name TEXT PRIMARY KEY NOT NULL) STRICT;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`;

/** Opens the file of tokens, or makes it, readable by its owner only. Throws `AccessError`. */
export function openTokenFile(path: string): DatabaseSync {
  return guarded(() => {
    closeSync(openSync(path, 'a', 0o600));
    const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
      prepare(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Runs `work` in one transaction that others see whole or not at all. */
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

/** Runs `work` and turns errors of the database and the system into `AccessError`. Others pass through. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asAccessError(error);
  }
}

function prepare(database: DatabaseSync): void {
  inTransaction(database, () => {
    const mark = pragma(database, 'application_id');
    const tables = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'];
    if (mark === 0 && tables === 0) database.exec(TABLES);
    else if (mark !== APPLICATION_ID) throw new AccessError('GAIT_ACCESS_DAMAGED', 'It holds something else.');
    else if (Number(pragma(database, 'user_version')) > VERSION) throw new AccessError('GAIT_ACCESS_NEWER');
  });
}

function pragma(database: DatabaseSync, name: string): unknown {
  return database.prepare(`PRAGMA ${name}`).get()?.[name];
}

function asAccessError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AccessError || !('code' in error)) return error;
  const options = { cause: error };
  if (error.code === 'ERR_INVALID_STATE') return new AccessError('GAIT_ACCESS_CLOSED', '', options);
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
  if (code === BUSY || code === LOCKED) return new AccessError('GAIT_ACCESS_BUSY', '', options);
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new AccessError('GAIT_ACCESS_DAMAGED', `(${error.message})`, options);
  }
  return new AccessError('GAIT_ACCESS_IO', error.message, options);
}
