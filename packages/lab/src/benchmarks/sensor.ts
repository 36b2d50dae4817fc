import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_FILES, type BuiltSensor, ensureSensorBuilt } from '@gait/sensor/built';
import { aligned, median } from './report.ts';
import type { SensorCellResult } from './sensor-cell.ts';

/** How much is measured. */
export interface SensorPlan {
  readonly rounds: number;
  /** Invocations of one block. */
  readonly trivial: number;
  readonly http: number;
  /** Pairs of processes for load time and memory. */
  readonly starts: number;
}

/** Everything the benchmark says of the sensor. Times of invocations are CPU time. */
export interface SensorFigures {
  /** By where the records go: nowhere, or into a pipe that is read. */
  readonly trivial: { readonly null: SensorCellResult; readonly pipe: SensorCellResult };
  readonly http: { readonly null: SensorCellResult; readonly pipe: SensorCellResult };
  /** The same with a key: MACs are made. */
  readonly sealed: SensorCellResult;
  /** Medians: from before loading until after the first invocation, and resident memory then, above a bare process. */
  readonly load: { readonly ms: number; readonly memoryMb: number };
  readonly installedBytes: number;
}

/** Full measurement, some minutes. */
export const SENSOR_PLAN: SensorPlan = { rounds: 31, trivial: 4000, http: 400, starts: 15 };
/** Proves that the benchmark runs. */
export const SENSOR_QUICK: SensorPlan = { rounds: 3, trivial: 400, http: 50, starts: 2 };

/** Measures the built sensor; undefined when a cell failed, which has said why. `progress` is told what comes next. */
export function measureSensor(plan: SensorPlan, progress: (what: string) => void): SensorFigures | undefined {
  const built = ensureSensorBuilt();
  const folder = mkdtempSync(join(tmpdir(), 'gait-bench-'));
  const cell = (kind: 'trivial' | 'http', to: 'null' | 'pipe', environment: Readonly<Record<string, string>> = {}) => {
    progress(`${kind} handler, records to ${to} ...`);
    const words = [join(import.meta.dirname, 'sensor-cell.ts'), built.cjs, kind, `${plan.rounds}`, `${plan[kind]}`];
    return runCell(words, to, { ...process.env, TMPDIR: folder, ...environment });
  };
  try {
    const trivial = { null: cell('trivial', 'null'), pipe: cell('trivial', 'pipe') };
    const http = { null: cell('http', 'null'), pipe: cell('http', 'pipe') };
    const sealed = cell('trivial', 'pipe', { GAIT_KEY: 'key-of-the-benchmark' });
    progress('start ...');
    return { trivial, http, sealed, load: starts(built, plan.starts, folder), installedBytes: installed(built) };
  } catch (error) {
    progress(`failed: ${error instanceof Error ? error.message : error}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A real pipe with a reader, which the shell makes; Node itself would make a socket. */
function runCell(words: readonly string[], to: 'null' | 'pipe', env: NodeJS.ProcessEnv): SensorCellResult {
  const program = to === 'pipe' ? '"$0" "$@" | cat > /dev/null' : 'exec "$0" "$@" > /dev/null';
  const run = spawnSync('/bin/sh', ['-c', program, process.execPath, ...words], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env,
  });
  const text = run.output[3]?.toString('utf8') ?? '';
  if (text === '') throw new Error(`${words[2]} to ${to} measured nothing`);
  const result: SensorCellResult = JSON.parse(text);
  return result;
}

/** A process that loads the sensor or nothing, invokes a handler once, and says how long that took and what it holds. */
const START = `
const began = process.hrtime.bigint();
const sensor = process.argv[1];
const bare = async () => ({ ok: true });
const handler = sensor === 'none' ? bare : require(sensor).watch(bare);
handler({}, { awsRequestId: 'a' }).then(() => {
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  gc();
  require('node:fs').writeSync(2, JSON.stringify({ ms, rss: process.memoryUsage.rss() }));
});
`;

function starts(built: BuiltSensor, pairs: number, folder: string): SensorFigures['load'] {
  const start = (sensor: string): { readonly ms: number; readonly rss: number } => {
    const { stderr } = spawnSync(process.execPath, ['--expose-gc', '-e', START, sensor], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    return JSON.parse(stderr.toString('utf8'));
  };
  const differences = Array.from({ length: pairs }, () => {
    const bare = start('none');
    const watched = start(built.cjs);
    return { ms: watched.ms - bare.ms, rss: watched.rss - bare.rss };
  });
  return {
    ms: median(differences.map(({ ms }) => ms)),
    memoryMb: median(differences.map(({ rss }) => rss)) / 1_048_576,
  };
}

function installed(built: BuiltSensor): number {
  return Object.values(BUILT_FILES).reduce((sum, file) => sum + statSync(join(built.folder, file)).size, 0);
}

/** Figures as a program reads them; times also as multiples of writing one line. */
export function sensorJson({ trivial, http, sealed, load, installedBytes }: SensorFigures): string {
  const cell = ({ bareUs, addedUs, writeUs }: SensorCellResult) => ({
    bareUs: rounded(bareUs),
    addedUs: rounded(addedUs),
    writeUs: rounded(writeUs),
    timesWrite: rounded(addedUs / writeUs),
  });
  return JSON.stringify({
    trivial: { null: cell(trivial.null), pipe: cell(trivial.pipe) },
    http: { null: cell(http.null), pipe: cell(http.pipe) },
    sealed: cell(sealed),
    loadMs: rounded(load.ms),
    memoryMb: rounded(load.memoryMb),
    installedBytes,
  });
}

/** Figures as a person reads them. */
export function sensorTable({ trivial, http, sealed, load, installedBytes }: SensorFigures): string {
  const row = (what: string, { bareUs, addedUs, writeUs }: SensorCellResult) => [
    what,
    bareUs.toFixed(1),
    addedUs.toFixed(1),
    writeUs.toFixed(1),
    (addedUs / writeUs).toFixed(1),
  ];
  const rows = [
    ['handler, records to', 'bare', 'sensor adds', 'one line adds', 'sensor / line'],
    row('trivial, nowhere', trivial.null),
    row('trivial, a pipe', trivial.pipe),
    row('trivial, a pipe, with MAC', sealed),
    row('one HTTP call, nowhere', http.null),
    row('one HTTP call, a pipe', http.pipe),
  ];
  return (
    `${aligned(rows)}\nµs of CPU time an invocation; medians of paired differences\n` +
    `load and first invocation ${load.ms.toFixed(1)} ms above bare, memory ${load.memoryMb.toFixed(1)} MB above bare, ` +
    `installed ${(installedBytes / 1000).toFixed(1)} kB\n`
  );
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
