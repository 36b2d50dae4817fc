import type { DatabaseSync } from 'node:sqlite';
import { inTransaction, openPrepared, sqliteFailure } from '../sqlite.ts';
import { AccessError } from './access.ts';

/** Marks the file ("GTOK"), so that some other database given by mistake is refused, not altered. */
const APPLICATION_ID = 0x47544f4b;
/** Schema this code writes. */
const VERSION = 1;
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
  return guarded(() =>
    openPrepared(path, (database) => {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;');
      prepare(database);
    }),
  );
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
  switch (sqliteFailure(error)) {
    case 'closed':
      return new AccessError('GAIT_ACCESS_CLOSED', '', options);
    case 'busy':
      return new AccessError('GAIT_ACCESS_BUSY', '', options);
    case 'damaged':
      return new AccessError('GAIT_ACCESS_DAMAGED', `(${error.message})`, options);
    case 'full':
    case 'other':
      return new AccessError('GAIT_ACCESS_IO', error.message, options);
  }
}
