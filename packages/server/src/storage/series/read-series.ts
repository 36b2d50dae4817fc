import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { HourRow, RollupRow } from '@gait/engine/event/rollup';
import { periodsIn } from './folder.ts';
import { readJournal } from './journal.ts';
import type { RowSet, SeriesKind } from './kind.ts';
import { HOURS, hourRowOf, MINUTES, minuteRowOf } from './kind.ts';
import { readSealed } from './sealed-file.ts';

/** Whose rows, and of what time: `[fromMs, toMs)` by the start of the minute or hour. */
export interface SeriesQuery {
  readonly function: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Rows by time, oldest first. Times without a row are times without an invocation. */
export interface SeriesRows<Row> {
  readonly rows: readonly (Row & { readonly startMs: number })[];
  /** Files that could not be read: their time is unknown, not idle. */
  readonly unreadable: readonly string[];
}

/** A function's minutes from the series in a folder. Works while another process writes. Costs about 1 ms a file. */
export async function readMinutes(folder: string, query: SeriesQuery): Promise<SeriesRows<RollupRow>> {
  return readSeries({ folder, kind: MINUTES }, query, minuteRowOf);
}

/** A function's hours from the series in a folder. Works while another process writes. Costs about 1 ms a file. */
export async function readHours(folder: string, query: SeriesQuery): Promise<SeriesRows<HourRow>> {
  return readSeries({ folder, kind: HOURS }, query, hourRowOf);
}

async function readSeries<Row extends RollupRow>(
  { folder, kind }: { readonly folder: string; readonly kind: SeriesKind },
  query: SeriesQuery,
  rowOf: (name: string, cells: readonly number[]) => Row,
): Promise<SeriesRows<Row>> {
  const found = new Map<number, Row & { readonly startMs: number }>();
  const unreadable: string[] = [];
  for (const period of orNothing(() => periodsIn(folder, kind)) ?? []) {
    if (period.startMs >= query.toMs || period.startMs + kind.fileMs <= query.fromMs) continue;
    // The journal first: between the two reads the writer may turn it into the sealed file, never the other way round.
    const journal = orNothing(() => readJournal(readFileSync(period.journal)).sets) ?? [];
    const sealed = orNothing(() => ({ sets: readSealed(period.sealed, query.function) }));
    if (sealed !== undefined && sealed.sets === undefined) unreadable.push(period.sealed);
    for (const set of [...(sealed?.sets ?? []), ...journal]) {
      const index = set.names.indexOf(query.function);
      for (let row = 0; index >= 0 && row < set.name.length; row++) {
        const startMs = period.startMs + set.slot[row] * kind.slotMs;
        if (set.name[row] !== index || startMs < query.fromMs || startMs >= query.toMs) continue;
        found.set(startMs, { ...rowOf(query.function, cellsOf(set, row)), startMs });
      }
    }
    await setImmediate();
  }
  const rows = [...found.values()].sort((one, other) => one.startMs - other.startMs);
  return { rows, unreadable };
}

function cellsOf(set: RowSet, row: number): number[] {
  return set.columns.map((column) => column[row]);
}

/** Undefined when the file is not there: it was never written, or it expired between listing and reading. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
