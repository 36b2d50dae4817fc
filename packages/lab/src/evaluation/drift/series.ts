import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const FOLDER = 'lambda-perf-daily';
const COLUMNS = [
  'date',
  'function',
  'runtime',
  'package',
  'memory_mb',
  'arch',
  'avg_cold_start_ms',
  'avg_duration_ms',
  'max_memory_used_mb',
  'init_duration_samples_ms',
] as const;

/** What one function did on one day: ten cold starts. */
export interface FunctionDay {
  /** Midnight, ms. */
  readonly dayMs: number;
  readonly function: string;
  readonly runtime: string;
  readonly memoryMb: number;
  readonly coldStartMs: number;
  readonly durationMs: number;
  readonly maxMemoryMb: number;
  readonly initSamplesMs: readonly number[];
}

/** The folder of the daily measurements, undefined when it is not there. */
export function dailyFolder(root: string): string | undefined {
  const path = join(root, FOLDER);
  return existsSync(path) ? path : undefined;
}

/** All rows of a folder by day, oldest first, and how many were left out because they hold no measure. */
export function readDaily(folder: string): { readonly days: readonly FunctionDay[]; readonly leftOut: number } {
  const days: FunctionDay[] = [];
  let leftOut = 0;
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.csv.gz')) continue;
    const [head, ...lines] = gunzipSync(readFileSync(join(folder, name)))
      .toString('utf8')
      .trimEnd()
      .split(/\r?\n/);
    if (head !== COLUMNS.join(',')) throw new Error(`${name} has other columns.`);
    for (const line of lines) {
      const day = dayOf(line);
      if (day === undefined) leftOut++;
      else days.push(day);
    }
  }
  return { days: days.sort((a, b) => a.dayMs - b.dayMs || compare(a.function, b.function)), leftOut };
}

function dayOf(line: string): FunctionDay | undefined {
  const [date = '', name = '', runtime = '', , size, , cold, duration, memory, samples = ''] = line.split(',');
  const dayMs = Date.parse(`${date}T00:00:00Z`);
  const initSamplesMs = samples
    .split(';')
    .filter((text) => text !== '')
    .map(Number);
  const [memoryMb, coldStartMs, durationMs, maxMemoryMb] = [size, cold, duration, memory].map(Number);
  const all = [dayMs, memoryMb, coldStartMs, durationMs, maxMemoryMb, ...initSamplesMs];
  if (name === '' || !all.every((one) => Number.isFinite(one) && one >= 0)) return undefined;
  return { dayMs, function: name, runtime, memoryMb, coldStartMs, durationMs, maxMemoryMb, initSamplesMs };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
