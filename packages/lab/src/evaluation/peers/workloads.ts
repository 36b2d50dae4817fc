import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A function of a public workload: the numbers of each half of its record, and what is known of it. */
export interface Known {
  readonly name: string;
  readonly halves: readonly [Float64Array, Float64Array];
  /** What groups are compared with, by name. */
  readonly labels: { readonly [name: string]: string };
  /** Invocations in each window of ten minutes; empty where only days are known. */
  readonly windows: readonly number[];
}

const TRIGGERED = 'azure-functions-2019-sample/with_triggers_500x480';
const DAILY = 'lambda-perf-daily/2024.csv.gz';
const WINDOW_MINUTES = 10;

/** Functions with a trigger: counts a minute, duration and memory of the whole day. Equal series count once. */
export function readTriggered(root: string): Known[] {
  if (!existsSync(join(root, TRIGGERED))) return [];
  const durations = byFunction(rowsOf(join(root, TRIGGERED, 'durations.csv.gz')));
  const memory = byFunction(rowsOf(join(root, TRIGGERED, 'memory.csv.gz')));
  const seen = new Set<string>();
  const functions: Known[] = [];
  const { header, rows } = rowsOf(join(root, TRIGGERED, 'invocations.csv.gz'));
  const first = header.findIndex((name) => /^\d/.test(name));
  for (const row of rows) {
    const text = row.slice(first).join();
    const counts = row.slice(first).map(Number);
    if (seen.has(text) || counts.every((count) => count === 0)) continue;
    seen.add(text);
    const name = row[header.indexOf('HashFunction')];
    const rest = [
      ...quantiles(durations.get(name), ['percentile_Average_25', 'percentile_Average_50', 'percentile_Average_99']),
      ...quantiles(memory.get(name), ['AverageAllocatedMb_pct50', 'AverageAllocatedMb_pct99']),
    ];
    const half = counts.length / 2;
    const numbersOf = (part: readonly number[]) => Float64Array.from([...shapeOf(part), ...rest]);
    functions.push({
      name,
      halves: [numbersOf(counts.slice(0, half)), numbersOf(counts.slice(half))],
      labels: { trigger: row[header.indexOf('Trigger')] },
      windows: inWindows(counts),
    });
  }
  return functions;
}

/** Functions deployed daily on every runtime and memory size: medians of their days, the first half of the days and the second. */
export function readDaily(root: string): Known[] {
  if (!existsSync(join(root, DAILY))) return [];
  const { header, rows } = rowsOf(join(root, DAILY));
  const column = (name: string) => header.indexOf(name);
  const measures = ['avg_cold_start_ms', 'avg_duration_ms', 'max_memory_used_mb'].map(column);
  const functions: Known[] = [];
  for (const [name, days] of Map.groupBy(rows, (row) => row[column('function')])) {
    days.sort((a, b) => (a[column('date')] < b[column('date')] ? -1 : 1));
    const half = Math.floor(days.length / 2);
    if (half < 10) continue;
    const numbersOf = (part: readonly string[][]) =>
      Float64Array.from(measures, (at) => logMedian(part.map((row) => row[at]).filter((cell) => cell !== '')));
    functions.push({
      name,
      halves: [numbersOf(days.slice(0, half)), numbersOf(days.slice(half))],
      labels: { runtime: days[0][column('runtime')], memory: days[0][column('memory_mb')] },
      windows: [],
    });
  }
  return functions;
}

/** Rate, variation, share of empty minutes, greatest minute and memory of the minute before. */
function shapeOf(counts: readonly number[]): number[] {
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
  const empty = counts.filter((count) => count === 0).length / counts.length;
  if (mean === 0) return [Math.log(0.001), Number.NaN, empty, Number.NaN, Number.NaN];
  let product = 0;
  for (let at = 1; at < counts.length; at++) product += (counts[at] - mean) * (counts[at - 1] - mean);
  const lag = variance === 0 ? 1 : product / counts.length / variance;
  const peak = counts.reduce((a, b) => Math.max(a, b), 0);
  return [Math.log(mean + 0.001), Math.log(0.01 + variance / (mean * mean)), empty, Math.log(peak / mean), lag];
}

function inWindows(counts: readonly number[]): number[] {
  const windows: number[] = [];
  for (let from = 0; from + WINDOW_MINUTES <= counts.length; from += WINDOW_MINUTES)
    windows.push(counts.slice(from, from + WINDOW_MINUTES).reduce((sum, count) => sum + count, 0));
  return windows;
}

function logMedian(cells: readonly string[]): number {
  const values = cells.map(Number).sort((a, b) => a - b);
  return values.length === 0 ? Number.NaN : Math.log(1 + values[Math.floor((values.length - 1) / 2)]);
}

function quantiles(row: ReadonlyMap<string, string> | undefined, names: readonly string[]): number[] {
  return names.map((name) => (row === undefined ? Number.NaN : Math.log(1 + Number(row.get(name)))));
}

interface Rows {
  readonly header: readonly string[];
  readonly rows: string[][];
}

function rowsOf(path: string): Rows {
  const [header, ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trim().split(/\r?\n/);
  return { header: header.split(','), rows: lines.map((line) => line.split(',')) };
}

function byFunction({ header, rows }: Rows): Map<string, Map<string, string>> {
  const at = header.indexOf('HashFunction');
  return new Map(rows.map((row) => [row[at], new Map(header.map((name, column) => [name, row[column]]))]));
}
