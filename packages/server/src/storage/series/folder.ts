import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SeriesKind } from './kind.ts';

/** A period of a series: one sealed file, one journal, or both. */
export interface SeriesPeriod {
  /** Start of what the file covers, ms. */
  readonly startMs: number;
  readonly sealed: string;
  readonly journal: string;
}

/** What a folder holds of a period. */
export interface PeriodFound extends SeriesPeriod {
  readonly hasJournal: boolean;
}

const SEALED = '.gs';
const JOURNAL = '.journal';
/** `2026-11-24` or `2026-11-24T20`. */
const STEM = /^\d{4}-\d{2}-\d{2}(T\d{2})?$/;
/** Characters of a day, and of a day with its hour, in an ISO time. */
const DAY_CHARS = 10;
const HOUR_CHARS = 13;

/** The period in whose files a time falls. Times are those of the log: between 1970 and 9999. */
export function periodAt(folder: string, kind: SeriesKind, timeMs: number): SeriesPeriod {
  const startMs = timeMs - (timeMs % kind.fileMs);
  const stem = new Date(startMs).toISOString().slice(0, kind.name === 'minutes' ? HOUR_CHARS : DAY_CHARS);
  const path = join(folder, kind.name, stem);
  return { startMs, sealed: path + SEALED, journal: path + JOURNAL };
}

/** Periods in a folder, oldest first. Files with other names are not touched or seen. */
export function periodsIn(folder: string, kind: SeriesKind): readonly PeriodFound[] {
  const found = new Map<string, { sealed: boolean; journal: boolean }>();
  for (const name of readdirSync(join(folder, kind.name))) {
    const ending = name.endsWith(JOURNAL) ? JOURNAL : SEALED;
    const stem = name.slice(0, -ending.length);
    if (!name.endsWith(ending) || !STEM.test(stem)) continue;
    const entry = found.get(stem) ?? { sealed: false, journal: false };
    entry[ending === JOURNAL ? 'journal' : 'sealed'] = true;
    found.set(stem, entry);
  }
  const periods: PeriodFound[] = [];
  for (const [stem, { journal }] of found) {
    const startMs = Date.parse(stem.length === HOUR_CHARS ? `${stem}:00:00Z` : `${stem}T00:00:00Z`);
    if (Number.isNaN(startMs) || startMs % kind.fileMs !== 0) continue;
    periods.push({ ...periodAt(folder, kind, startMs), hasJournal: journal });
  }
  return periods.sort((one, other) => one.startMs - other.startMs);
}
