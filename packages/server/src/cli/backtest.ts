import { join } from 'node:path';
import type { Incident } from '@gait/engine/event/finding';
import { Command } from 'commander';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { findingsText, incidentsText } from '../render/text.ts';
import { grouped } from '../render/words.ts';
import { type Backtest, backtest } from '../runtime/backtest.ts';
import { FOLDER } from '../runtime/folder.ts';
import { existingFolder, FOLDER_OPTION } from './folder.ts';
import { interruptible } from './interrupt.ts';
import { outputStyle, print } from './output.ts';
import { ProgressLine } from './progress.ts';
import { settingsOf } from './settings-options.ts';
import { parseTime } from './time-option.ts';

const DAY_MS = 86_400_000;

interface Options {
  readonly data?: string;
  readonly since?: Date;
  readonly budget?: string;
  readonly set: readonly string[];
  readonly json?: true;
}

/** `gait backtest`: what other settings would have told of the same log. */
export function backtestCommand(): Command {
  return new Command('backtest')
    .description('Judge the log again with other settings, and show what would have been told and paged.')
    .option(...FOLDER_OPTION)
    .option(
      '--since <time>',
      'compare findings from this time on (ISO 8601, UTC); earlier events are learned from',
      parseTime,
    )
    .option('--budget <pages>', 'pages a week for the whole tenant')
    .option(
      '--set <key=value>',
      'another setting; may be repeated',
      (value, list: readonly string[]) => [...list, value],
      [],
    )
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Nothing is changed: two engines read the log beside each other. Settings: budget=N (pages a week), off=FAMILY,FAMILY (learned, not
judged), sensitivity=PATTERN=LEVEL,... (low, normal, high or critical).

  $ gait backtest --data ./kept --budget 1
  $ gait backtest --data ./kept --set off=cost,rate --since 2026-11-01`,
    )
    .action(async (options: Options) => {
      const set = settingsOf(options);
      const folder = await existingFolder(options.data);
      await interruptible((signal) => run(folder, { set, options, signal }), 'Nothing was changed.');
    });
}

async function run(
  folder: string,
  of: { set: ReturnType<typeof settingsOf>; options: Options; signal: AbortSignal },
): Promise<void> {
  const { set, options, signal } = of;
  const line = new ProgressLine(process.stderr);
  const reader = await openSegmentReader(join(folder, FOLDER.log));
  const progress = (done: number, rows: number) => line.update({ phase: 'judging twice', done, rows });
  const sinceMs = options.since?.getTime() ?? Number.NEGATIVE_INFINITY;
  const result = await backtest(reader, { set, sinceMs, signal, progress }).finally(() => line.end());
  if (options.json) print(`${JSON.stringify(jsonOf(result, set))}\n`);
  else print(textOf(result, set));
}

function jsonOf(result: Backtest, set: ReturnType<typeof settingsOf>) {
  const { before, after, gained, lost, pagesGained, pagesLost, records } = result;
  const counts = (of: Backtest['before']) => ({
    findings: of.findings.size,
    incidents: of.incidents.size,
    pages: pagesOf(of.incidents).length,
  });
  return { set, records, before: counts(before), after: counts(after), gained, lost, pagesGained, pagesLost };
}

function textOf(result: Backtest, set: ReturnType<typeof settingsOf>): string {
  const { before, after, gained, lost, pagesGained, pagesLost } = result;
  const style = outputStyle(process.stdout);
  const changed = Object.entries(set).map(([key, value]) => `${key}=${value}`);
  const rows = [
    ['findings', before.findings.size, after.findings.size],
    ['incidents', before.incidents.size, after.incidents.size],
    ['pages', pagesOf(before.incidents).length, pagesOf(after.incidents).length],
    ['pages a week', perWeek(before.incidents), perWeek(after.incidents)],
  ] as const;
  const table = rows.map(([what, one, other]) => `  ${what.padEnd(14)}${amount(one)}${amount(other)}`);
  const lists = [
    listed('Would be told as well', findingsText(gained, style)),
    listed('Would not be told', findingsText(lost, style)),
    listed('Would page as well', incidentsText(pagesGained, style)),
    listed('Would not page', incidentsText(pagesLost, style)),
  ].filter((text) => text !== '');
  return [
    `${grouped(result.records)} records judged twice, with ${changed.join(', ') || 'nothing changed'}.\n`,
    `  ${''.padEnd(14)}${'as it was'.padStart(10)}${'changed'.padStart(10)}`,
    ...table,
    '',
    lists.length === 0 ? 'The same findings and the same pages.\n' : lists.join('\n'),
  ].join('\n');
}

function listed(heading: string, lines: string): string {
  return lines === '' ? '' : `${heading}\n${lines}`;
}

function pagesOf(incidents: ReadonlyMap<string, Incident>): Incident[] {
  return [...incidents.values()].filter(({ page }) => page !== undefined);
}

function amount(value: number): string {
  return (Number.isInteger(value) ? grouped(value) : String(value)).padStart(10);
}

/** Pages a week over the time in which there were incidents. */
function perWeek(incidents: ReadonlyMap<string, Incident>): number {
  const times = [...incidents.values()].map(({ openedMs }) => openedMs);
  const weeks = Math.max(1, (Math.max(...times, 0) - Math.min(...times, Number.MAX_SAFE_INTEGER)) / (7 * DAY_MS));
  return Math.round((10 * pagesOf(incidents).length) / weeks) / 10;
}
