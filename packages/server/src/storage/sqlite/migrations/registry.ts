import { firstTables } from './0001-first-tables.ts';
import { pages } from './0002-pages.ts';
import { standing } from './0003-standing.ts';
import type { Migration } from './migration.ts';

/** Every migration, oldest first. The last one's version is the schema this code reads and writes. */
export const MIGRATIONS: readonly Migration[] = [firstTables, pages, standing];
