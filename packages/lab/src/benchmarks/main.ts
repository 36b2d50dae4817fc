/**
 * `npm run bench -- pipeline [--json] [--quick]`: how fast records are decoded, judged and made durable, beside
 * `JSON.parse` of the same bytes in the same process. Progress goes to the error stream, the result to the output.
 */
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CellResult } from './pipeline-cell.ts';
import type { Spread } from './record-source.ts';
import { type Cell, jsonReport, tableReport } from './report.ts';

const SPREADS: readonly Spread[] = ['zipf', 'uniform'];
const FULL = { functions: [1000, 10_000, 100_000], rounds: 7 };
/** Proves that the benchmark runs; its figures mean little. */
const QUICK = { functions: [1000], rounds: 1 };

function main(): number {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
  });
  if (positionals.length !== 1 || positionals[0] !== 'pipeline') {
    console.error('usage: npm run bench -- pipeline [--json] [--quick]');
    return 2;
  }
  const plan = values.quick ? QUICK : FULL;
  const cells: Cell[] = [];
  for (const functions of plan.functions) {
    for (const spread of SPREADS) {
      console.error(`pipeline: ${functions} functions, ${spread} ...`);
      const result = runCell(functions, spread, plan.rounds);
      if (result === undefined) return 1;
      cells.push({ functions, spread, result });
    }
  }
  if (values.json) console.log(jsonReport(cells));
  else process.stdout.write(`${cpus()[0]?.model ?? '?'}, Node ${process.versions.node}\n${tableReport(cells)}`);
  return 0;
}

function runCell(functions: number, spread: Spread, rounds: number): CellResult | undefined {
  const program = join(import.meta.dirname, 'pipeline-cell.ts');
  const words = ['--expose-gc', program, `${functions}`, spread, `${rounds}`];
  const { status, stdout } = spawnSync(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  if (status !== 0) return undefined;
  const result: CellResult = JSON.parse(stdout.toString('utf8'));
  return result;
}

process.exitCode = main();
