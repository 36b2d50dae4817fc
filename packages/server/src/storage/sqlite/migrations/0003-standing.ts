import type { Migration } from './migration.ts';

/** How the promises to people stand: the alert budget, and how honest rarities are. */
export const standing: Migration = {
  version: 3,
  name: 'standing',
  sql: `
    CREATE TABLE standing (
      key TEXT PRIMARY KEY NOT NULL,
      updated_ms INTEGER NOT NULL,
      json TEXT NOT NULL,
      as_of INTEGER NOT NULL
    ) STRICT;`,
};
