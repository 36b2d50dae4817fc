import type { Migration } from './migration.ts';

/**
 * Findings, incidents and projections, and the table of pseudonyms. `as_of` is the consumed ordinal of the step that
 * wrote a row: a replayed older step can't turn it back. Absent principals and incidents are NULL, so that the partial
 * indexes skip them and SQLite can still prove that a look-up may use them.
 */
export const firstTables: Migration = {
  version: 1,
  name: 'first tables',
  sql: `
    CREATE TABLE progress (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      consumed INTEGER NOT NULL
    ) STRICT;
    INSERT INTO progress VALUES (1, 0);

    CREATE TABLE findings (
      id TEXT PRIMARY KEY NOT NULL,
      level TEXT NOT NULL,
      detector TEXT NOT NULL,
      family TEXT NOT NULL,
      function TEXT NOT NULL,
      principal TEXT,
      ordinal INTEGER NOT NULL,
      time_ms INTEGER NOT NULL,
      risk REAL NOT NULL,
      incident TEXT,
      json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX findings_by_time ON findings (level, time_ms);
    CREATE INDEX findings_by_function ON findings (function, time_ms);
    CREATE INDEX findings_by_principal ON findings (principal, time_ms) WHERE principal IS NOT NULL;
    CREATE INDEX findings_by_incident ON findings (incident) WHERE incident IS NOT NULL;

    CREATE TABLE incidents (
      id TEXT PRIMARY KEY NOT NULL,
      opened_ms INTEGER NOT NULL,
      last_ms INTEGER NOT NULL,
      state TEXT NOT NULL,
      risk REAL NOT NULL,
      summary TEXT NOT NULL,
      entities TEXT NOT NULL,
      as_of INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX incidents_by_time ON incidents (last_ms);

    CREATE TABLE incident_findings (
      incident TEXT NOT NULL,
      finding TEXT NOT NULL,
      position INTEGER NOT NULL,
      PRIMARY KEY (incident, finding)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE functions (
      key TEXT PRIMARY KEY NOT NULL,
      updated_ms INTEGER NOT NULL,
      json TEXT NOT NULL,
      as_of INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE coverage (
      key TEXT PRIMARY KEY NOT NULL,
      updated_ms INTEGER NOT NULL,
      json TEXT NOT NULL,
      as_of INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE pseudonyms (
      kind TEXT NOT NULL,
      value TEXT NOT NULL,
      token TEXT NOT NULL UNIQUE,
      PRIMARY KEY (kind, value)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE flushes (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      count INTEGER NOT NULL
    ) STRICT;
    INSERT INTO flushes VALUES (1, 0);

    CREATE TABLE reveals (
      at_ms INTEGER NOT NULL,
      who TEXT NOT NULL,
      token TEXT NOT NULL,
      found INTEGER NOT NULL
    ) STRICT;
  `,
};
