import type { Migration } from './migration.ts';

/** Why people are paged for an incident; '' while they are not. */
export const pages: Migration = {
  version: 2,
  name: 'pages',
  sql: "ALTER TABLE incidents ADD COLUMN page TEXT NOT NULL DEFAULT '';",
};
