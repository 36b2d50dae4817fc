import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A series as the benchmark keeps it. */
export interface NabFile {
  readonly group: string;
  /** `group/file.csv`. */
  readonly name: string;
  /** Times as they are written. */
  readonly stamps: readonly string[];
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly windows: readonly (readonly [from: number, to: number])[];
}

/** Folder of the benchmark under the data folder, or the data folder itself; undefined when it is neither. */
export function nabFolder(data: string): string | undefined {
  return [join(data, 'nab'), data].find((folder) => existsSync(join(folder, 'labels/combined_windows.json')));
}

/** All series of a folder that has `data/*\/*.csv` and `labels/combined_windows.json`, in order of their names. */
export function readNab(folder: string): NabFile[] {
  const labels: Record<string, [string, string][]> = JSON.parse(
    readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8'),
  );
  return readdirSync(join(folder, 'data'))
    .toSorted()
    .flatMap((group) =>
      readdirSync(join(folder, 'data', group))
        .filter((file) => file.endsWith('.csv'))
        .toSorted()
        .map((file) => readSeries(folder, { group, file, windows: labels[`${group}/${file}`] ?? [] })),
    );
}

function readSeries(folder: string, of: { group: string; file: string; windows: [string, string][] }): NabFile {
  const { group, file } = of;
  const lines = readFileSync(join(folder, 'data', group, file), 'utf8')
    .trim()
    .split('\n')
    .slice(1);
  const cells = lines.map((line) => line.trim().split(','));
  return {
    group,
    name: `${group}/${file}`,
    stamps: cells.map(([stamp]) => stamp),
    times: cells.map(([stamp]) => secondOf(stamp)),
    values: cells.map(([, value]) => Number(value)),
    windows: of.windows.map(([from, to]) => [secondOf(from), secondOf(to)] as const),
  };
}

/** Scores of a published detector, beside the series they belong to; undefined when there are none for it. */
export function publishedScores(folder: string, detector: string, name: string): readonly number[] | undefined {
  const path = join(folder, 'results', detector, name);
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const column = lines[0].trim().split(',').indexOf('anomaly_score');
  return lines.slice(1).map((line) => Number(line.split(',')[column]));
}

/** `2014-02-26 13:45:00` with or without a fraction, in UTC. */
function secondOf(stamp: string): number {
  return Math.floor(Date.parse(`${stamp.slice(0, 19).replace(' ', 'T')}Z`) / 1000);
}
