import type { DatabaseSync } from 'node:sqlite';
import { inTransaction, openPrepared, sqliteFailure } from '../../sqlite.ts';
import { StoreError } from '../store.ts';
import { MIGRATIONS } from './migrations/registry.ts';

/** The write-ahead file is cut back to this after a checkpoint, so that a burst doesn't keep the space, bytes. */
export const WAL_KEPT_BYTES = 16 * 1024 * 1024;
/** Marks the file as a Gait store ("GAIT"), so that some other database given by mistake is refused, not altered. */
export const APPLICATION_ID = 0x47414954;

/** The system's codes when a file cannot be made for lack of space. */
const DISK_FULL: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT']);

/**
 * How long a commit takes to be safe. `power`: synced, survives loss of power (0.2 to 2 ms). `process`: handed to the
 * operating system, survives the death of the process only (20 µs).
 */
export type Durability = 'power' | 'process';

/**
 * Opens (or makes, readable by its owner only) the database at `path` and brings its tables to the newest schema.
 * `:memory:` gives one that vanishes on closing. Throws `StoreError`: GAIT_STORE_NEWER, _DAMAGED, _BUSY, _FULL, _IO.
 */
export function openDatabase(path: string, durability: Durability): DatabaseSync {
  return guarded(() =>
    openPrepared(path, (database) => {
      requireOurs(database);
      database.exec(`
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = ${durability === 'power' ? 'FULL' : 'NORMAL'};
        PRAGMA journal_size_limit = ${WAL_KEPT_BYTES};
        PRAGMA secure_delete = ON;
      `);
      migrate(database);
    }),
  );
}

/** Runs `work` and turns the database's errors into `StoreError`. Others pass through. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw asStoreError(error);
  }
}

function asStoreError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StoreError || !('code' in error)) return error;
  const options = { cause: error };
  if (DISK_FULL.has(error.code)) return new StoreError('GAIT_STORE_FULL', '', options);
  switch (sqliteFailure(error)) {
    case 'closed':
      return new StoreError('GAIT_STORE_CLOSED', '', options);
    case 'full':
      return new StoreError('GAIT_STORE_FULL', '', options);
    case 'busy':
      return new StoreError('GAIT_STORE_BUSY', '', options);
    case 'damaged':
      return new StoreError('GAIT_STORE_DAMAGED', `(${error.message})`, options);
    case 'other':
      return new StoreError('GAIT_STORE_IO', error.message, options);
  }
}

/** A new file has no tables and no mark; anything else must carry ours. */
function requireOurs(database: DatabaseSync): void {
  const mark = database.prepare('PRAGMA application_id').get()?.['application_id'];
  if (mark === APPLICATION_ID) return;
  const tables = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'];
  if (mark !== 0 || tables !== 0) throw new StoreError('GAIT_STORE_DAMAGED', 'The file is not a Gait store.');
}

function migrate(database: DatabaseSync): void {
  const newest = MIGRATIONS.length;
  if (versionOf(database) === newest) return;
  inTransaction(database, () => {
    const present = versionOf(database);
    if (present > newest) {
      throw new StoreError('GAIT_STORE_NEWER', `(Its schema is ${present}, this version reads up to ${newest}.)`);
    }
    database.exec(`
      PRAGMA application_id = ${APPLICATION_ID};
      CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
    `);
    const note = database.prepare('INSERT INTO schema_version VALUES (?, ?)');
    for (const migration of MIGRATIONS.slice(present)) {
      database.exec(migration.sql);
      note.run(migration.version, migration.name);
    }
  });
}

/** Newest migration in the file, 0 for a new one. */
function versionOf(database: DatabaseSync): number {
  const table = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'`).get();
  if (table === undefined) return 0;
  const version = database.prepare('SELECT max(version) AS version FROM schema_version').get()?.['version'];
  return typeof version === 'number' ? version : 0;
}
