/**
 * `npm run bench -- pipeline [--json] [--quick]`: how fast records are decoded, judged and made durable, beside
 * `JSON.parse` of the same bytes. `npm run bench -- checkpoint [--json] [--quick]`: for how long saving the state stops the
 * engine, beside copying as many bytes. `npm run bench -- sensor [--json] [--quick]`: what the sensor adds to an invocation,
 * beside writing one line. Each in one process with its yardstick. Progress goes to the error stream, the
 * result to the output.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CheckpointResult } from './checkpoint-cell.ts';
import type { CellResult } from './pipeline-cell.ts';
import type { Spread } from './record-source.ts';
import { type Cell, type CheckpointCell, checkpointJson, checkpointTable, jsonReport, tableReport } from './report.ts';
import { measureSensor, SENSOR_PLAN, SENSOR_QUICK, type SensorPlan, sensorJson, sensorTable } from './sensor.ts';

const SPREADS: readonly Spread[] = ['zipf', 'uniform'];
const PIPELINE = { functions: [1000, 10_000, 100_000], rounds: 7 };
const CHECKPOINT = { functions: [10_000, 100_000], rounds: 7 };
/** Proves that a benchmark runs; its figures mean little. */
const QUICK = { functions: [1000], rounds: 1 };

/** What is measured, and how often. */
type Plan = typeof QUICK;

/** A report for programs and one for people. */
interface Report {
  readonly json: string;
  readonly table: string;
}

function main(): number {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  });
  const [name] = positionals;
  const isQuick = values.quick === true;
  const benchmarks: Readonly<Record<string, () => Report | undefined>> = {
    pipeline: () => pipeline(isQuick ? QUICK : PIPELINE),
    checkpoint: () => checkpoint(isQuick ? QUICK : CHECKPOINT),
    sensor: () => sensor(isQuick ? SENSOR_QUICK : SENSOR_PLAN),
  };
  if (positionals.length !== 1 || !Object.hasOwn(benchmarks, name)) {
    console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join('|')} [--json] [--quick]`);
    return 2;
  }
  const report = benchmarks[name]();
  if (report === undefined) return 1;
  if (values.json) console.log(report.json);
  else process.stdout.write(`${cpus()[0]?.model ?? '?'}, Node ${process.versions.node}\n${report.table}`);
  return 0;
}

/** Undefined when a cell failed; it has said why. */
function pipeline(plan: Plan): Report | undefined {
  const cells: Cell[] = [];
  for (const functions of plan.functions) {
    for (const spread of SPREADS) {
      console.error(`pipeline: ${functions} functions, ${spread} ...`);
      const result = runCell<CellResult>('pipeline-cell.ts', [`${functions}`, spread, `${plan.rounds}`]);
      if (result === undefined) return undefined;
      cells.push({ functions, spread, result });
    }
  }
  return { json: jsonReport(cells), table: tableReport(cells) };
}

function checkpoint(plan: Plan): Report | undefined {
  const cells: CheckpointCell[] = [];
  for (const functions of plan.functions) {
    console.error(`checkpoint: ${functions} functions ...`);
    const result = runCell<CheckpointResult>('checkpoint-cell.ts', [`${functions}`, `${plan.rounds}`]);
    if (result === undefined) return undefined;
    cells.push({ functions, result });
  }
  return { json: checkpointJson(cells), table: checkpointTable(cells) };
}

function sensor(plan: SensorPlan): Report | undefined {
  const figures = measureSensor(plan, (what) => console.error(`sensor: ${what}`));
  return figures === undefined ? undefined : { json: sensorJson(figures), table: sensorTable(figures) };
}

function runCell<Result>(program: string, words: readonly string[]): Result | undefined {
  const all = ['--expose-gc', join(import.meta.dirname, program), ...words];
  const { status, stdout } = spawnSync(process.execPath, all, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) return undefined;
  const result: Result = JSON.parse(stdout.toString('utf8'));
  return result;
}

process.exitCode = main();
