import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Invocations a minute of one function, as a public trace has them. */
export interface Series {
  readonly id: string;
  readonly trigger: string;
  /** Calls a minute. */
  readonly counts: Uint32Array;
  /** Minute of the day of the first one. */
  readonly firstMinute: number;
  /** The same for all functions with equal counts: they are one series. */
  readonly content: string;
}

/** What the folder of the sample holds. */
export interface Workload {
  /** A whole day of each function; its trigger is not known. */
  readonly day: readonly Series[];
  /** A part of the day of other functions, with what triggers them. */
  readonly triggered: readonly Series[];
}

const FOLDER = 'azure-functions-2019-sample';
const DAY = 'invocations_per_minute_1440.csv.gz';
const TRIGGERED = 'with_triggers_500x480/invocations.csv.gz';

/** Reads the sample; undefined where there is none. Throws on a table that is not one of counts. */
export function readWorkload(root: string): Workload | undefined {
  const day = join(root, FOLDER, DAY);
  if (!existsSync(day)) return undefined;
  const triggered = join(root, FOLDER, TRIGGERED);
  return {
    day: parseSeries(unpacked(day)),
    triggered: existsSync(triggered) ? parseSeries(unpacked(triggered)) : [],
  };
}

/** Series of a table: names in columns called `Hash...` and `Trigger`, then one column for each minute. Rows without a call are left out. */
export function parseSeries(text: string): Series[] {
  const [header, ...lines] = text.split('\n').filter((line) => line !== '');
  const columns = header.split(',');
  const first = columns.findIndex((name) => /^\d/.test(name));
  const name = columns.indexOf('HashFunction');
  const trigger = columns.indexOf('Trigger');
  if (first < 0 || name < 0) throw new Error('This is no table of invocations a minute.');
  // `1_minute` is the first minute of the day, `480` the minute that begins at eight.
  const number = Number.parseInt(columns[first], 10);
  const firstMinute = columns[first].endsWith('_minute') ? number - 1 : number;
  return lines
    .map((line, at) => {
      const cells = line.split(',');
      const counts = Uint32Array.from(cells.slice(first), (cell) => countOf(cell, at + 2));
      const content = createHash('sha256').update(counts).digest('hex');
      return { id: cells[name], trigger: trigger < 0 ? '' : cells[trigger], counts, firstMinute, content };
    })
    .filter(({ counts }) => counts.some((count) => count > 0));
}

/** One of each series that is equal, in order. */
export function distinct<S extends { readonly content: string }>(series: readonly S[]): S[] {
  const seen = new Set<string>();
  return series.filter(({ content }) => !seen.has(content) && seen.add(content) !== undefined);
}

function countOf(cell: string, line: number): number {
  const count = Number(cell);
  if (!Number.isInteger(count) || count < 0 || cell === '') throw new Error(`Line ${line} holds '${cell}', no count.`);
  return count;
}

function unpacked(path: string): string {
  return gunzipSync(readFileSync(path)).toString('utf8');
}
