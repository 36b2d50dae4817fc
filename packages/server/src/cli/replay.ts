import { Command, Option } from 'commander';
import { FORMATS, type Format } from '../ingest/decoder.ts';
import type { ReadReport } from '../ingest/reader/report.ts';
import { toOcsf } from '../render/ocsf.ts';
import { type ReplayRequest, type ReplayResult, replay } from '../runtime/replay.ts';
import { Workspace } from '../runtime/workspace.ts';
import { UsageError } from './failure.ts';
import { grouped, ProgressLine } from './progress.ts';
import { ocsfContext, printReplay } from './replay-text.ts';

/** A row may be this much ahead of the wall clock before its time is not believed. */
const AHEAD_MS = 120_000;
/** Findings written by `--json`; the store holds all. */
const FINDINGS_WRITTEN_MAX = 10_000;

interface Options {
  readonly learn?: string[];
  readonly format: string;
  readonly since?: Date;
  readonly until?: Date;
  readonly json?: true;
  readonly summary?: true;
  readonly data?: string;
  readonly account: string;
  readonly region: string;
  readonly function?: string;
}

/** `gait replay`: learns from telemetry that exists and lists what stands out. */
export function replayCommand(signal: AbortSignal): Command {
  return new Command('replay')
    .description('Learn from telemetry that exists and list what stands out.')
    .argument('<path...>', 'files and folders; gzip and zstd are read as they are')
    .option('--learn <path...>', 'a period known to be normal: learn from it, judge the paths')
    .addOption(new Option('--format <format>', 'read every file as this').choices(['auto', ...FORMATS]).default('auto'))
    .option('--since <time>', 'leave out events before this time (ISO 8601)', parseTime)
    .option('--until <time>', 'leave out events from this time on (ISO 8601)', parseTime)
    .option('--data <folder>', 'keep log, findings and what was learned in this folder')
    .option('--account <id>', 'account of sources that do not say', '?')
    .option('--region <name>', 'region of sources that do not say', '?')
    .option('--function <name>', 'function of log lines that do not say')
    .option('--json', 'one OCSF Detection Finding a line')
    .option('--summary', 'a last line of numbers as JSON')
    .addHelpText('after', HELP_AFTER)
    .action((paths: string[], options: Options) => run(paths, options, signal));
}

const HELP_AFTER = `
Without --learn, the first half of the time span is taken as normal and the second half is judged; a data folder that
has learned before goes on learning. Formats are recognised by content: own records, OTLP, X-Ray, CloudTrail, Lambda logs.

Exit status: 0 done, 1 a file could not be read, 2 the command line makes no sense.`;

async function run(paths: readonly string[], options: Options, signal: AbortSignal): Promise<void> {
  const workspace = await Workspace.open(options.data);
  const line = new ProgressLine(process.stderr);
  try {
    const result = await replay(workspace, requestOf(paths, options, { signal, line }));
    line.end();
    if (options.json === true) printFindings(workspace);
    else printReplay(workspace, result, { dataFolder: options.data });
    printProblems(result.reports);
    if (options.summary === true) process.stdout.write(`${JSON.stringify(summaryOf(workspace, result))}\n`);
    if (result.reports.some((report) => report.problems.length > 0)) process.exitCode = 1;
  } finally {
    line.end();
    await workspace.close();
  }
}

function requestOf(
  paths: readonly string[],
  options: Options,
  run: { signal: AbortSignal; line: ProgressLine },
): ReplayRequest {
  const format = FORMATS.find((one) => one === options.format) as Format | undefined;
  return {
    paths,
    learn: options.learn ?? [],
    ...(format === undefined ? {} : { format }),
    ...(options.since === undefined ? {} : { sinceMs: options.since.getTime() }),
    ...(options.until === undefined ? {} : { untilMs: options.until.getTime() }),
    defaults: {
      provider: 'aws',
      account: options.account,
      region: options.region,
      newestMs: Date.now() + AHEAD_MS,
      ...(options.function === undefined ? {} : { envelopeFunction: options.function }),
    },
    signal: run.signal,
    progress: (progress) => run.line.update(progress),
  };
}

function parseTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new UsageError(`${text} is not a time. Write it like 2026-03-01T12:00:00Z.`);
  return time;
}

function printFindings(workspace: Workspace): void {
  const findings = workspace.store.findings({ level: 'finding', limit: FINDINGS_WRITTEN_MAX });
  for (const finding of findings.toReversed()) {
    if (finding.ordinal < workspace.startOrdinal) continue;
    process.stdout.write(`${JSON.stringify(toOcsf(finding, ocsfContext(finding)))}\n`);
  }
}

/** What could not be read, on standard error, so that standard output stays clean. */
function printProblems(reports: readonly ReadReport[]): void {
  for (const report of reports) {
    for (const problem of report.problems) process.stderr.write(`${problem.path}: ${problem.sentence}\n`);
    if (report.problemsOmitted > 0) process.stderr.write(`${grouped(report.problemsOmitted)} more files like these.\n`);
  }
}

/** The last line of `--summary`. Findings of the watch level are not counted. */
export function summaryOf(workspace: Workspace, result: ReplayResult) {
  const rejected: Record<string, number> = {};
  for (const report of result.reports) {
    for (const [reason, count] of Object.entries(report.rejected)) {
      if (count > 0) rejected[reason] = (rejected[reason] ?? 0) + count;
    }
  }
  const { engine } = workspace;
  return {
    events: result.events,
    facets: result.facets,
    rejected,
    functions: engine.stageOne.reduce((sum, stage) => sum + stage.functions.count, 0),
    principals: engine.stageTwo.principalCount,
    findings: workspace.counts.findings,
    incidents: workspace.newIncidents().length,
    eventsPerSecond: Math.round(result.events / Math.max(result.seconds, 1e-9)),
  };
}
