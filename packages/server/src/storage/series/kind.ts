import type { HourRollup, HourRow, MinuteRollup, RollupRow } from '@gait/engine/event/rollup';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** One of the two resolutions that charts are drawn from. */
export interface SeriesKind {
  /** Its folder below the series folder, and the name in its files. */
  readonly name: 'minutes' | 'hours';
  /** What one row covers. */
  readonly slotMs: number;
  /** What one file covers. */
  readonly fileMs: number;
  /** How long files are kept, counted back from the newest row. */
  readonly keepMs: number;
  /** Names of the columns, in the order of `RowSet.columns`. Only ever added to, at the end. */
  readonly columns: readonly string[];
}

const SUMS = [
  'count',
  'errors',
  'cold',
  'durationSumMs',
  'durationMaxMs',
  'bytesOutSum',
  'memoryMaxMb',
  'calls',
] as const satisfies readonly (keyof RollupRow)[];

/** A row a minute, a file an hour, kept for two days: what an analyst zooms into. */
export const MINUTES: SeriesKind = {
  name: 'minutes',
  slotMs: MINUTE_MS,
  fileMs: HOUR_MS,
  keepMs: 2 * DAY_MS,
  columns: SUMS,
};

/** A row an hour, a file a day, kept for 400 days: a year can be compared with the one before. */
export const HOURS: SeriesKind = {
  name: 'hours',
  slotMs: HOUR_MS,
  fileMs: DAY_MS,
  keepMs: 400 * DAY_MS,
  columns: [...SUMS, 'durationLowMs', 'durationCentreMs', 'durationHighMs', 'maturity'],
};

/** Rows as columns. `name[row]` is an index into `names`, `slot[row]` counts `slotMs` from the start of the file. */
export interface RowSet {
  readonly names: readonly string[];
  readonly name: Uint32Array;
  readonly slot: Uint16Array;
  readonly columns: readonly Float64Array[];
}

/** A minute's rows as columns. */
export function minuteRows(rollup: MinuteRollup): RowSet {
  return rowsOf(MINUTES, { startMs: rollup.minuteMs, rows: rollup.rows }, sumsOf);
}

/** An hour's rows as columns. */
export function hourRows(rollup: HourRollup): RowSet {
  return rowsOf(HOURS, { startMs: rollup.hourMs, rows: rollup.rows }, (row) => [
    ...sumsOf(row),
    ...row.durationBandMs,
    row.maturity,
  ]);
}

/** One row back from its cells, in the order of `HOURS.columns`; cells that an older file lacks are 0. */
export function hourRowOf(name: string, cells: readonly number[]): HourRow {
  const [low = 0, centre = 0, high = 0, maturity = 0] = cells.slice(SUMS.length);
  return { ...minuteRowOf(name, cells), durationBandMs: [low, centre, high], maturity };
}

/** One row back from its cells, in the order of `MINUTES.columns`. */
export function minuteRowOf(name: string, cells: readonly number[]): RollupRow {
  const [count, errors, cold, durationSumMs, durationMaxMs, bytesOutSum, memoryMaxMb, calls] = cells;
  return { function: name, count, errors, cold, durationSumMs, durationMaxMs, bytesOutSum, memoryMaxMb, calls };
}

function sumsOf(row: RollupRow): number[] {
  return SUMS.map((column) => row[column]);
}

function rowsOf<Row extends RollupRow>(
  kind: SeriesKind,
  rollup: { readonly startMs: number; readonly rows: readonly Row[] },
  cellsOf: (row: Row) => number[],
): RowSet {
  const count = rollup.rows.length;
  const columns = kind.columns.map(() => new Float64Array(count));
  rollup.rows.forEach((row, at) => {
    cellsOf(row).forEach((cell, column) => {
      columns[column][at] = cell;
    });
  });
  return {
    names: rollup.rows.map((row) => row.function),
    name: Uint32Array.from({ length: count }, (_, at) => at),
    slot: new Uint16Array(count).fill((rollup.startMs % kind.fileMs) / kind.slotMs),
    columns,
  };
}
