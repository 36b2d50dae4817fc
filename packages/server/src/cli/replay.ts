import { statSync } from 'node:fs';
import { Command, Option } from 'commander';
import { FORMATS } from '../ingest/decoder.ts';
import { openPlaces, type Places, PlacesError } from '../ingest/places/places.ts';
import type { ReadReport } from '../ingest/reader/report.ts';
import { printable } from '../render/printable.ts';
import { grouped } from '../render/words.ts';
import { findingsInOrder } from '../runtime/found.ts';
import { writePlaceSources } from '../runtime/place-sources.ts';
import { type ReplayRequest, type ReplayResult, replay } from '../runtime/replay.ts';
import type { Workspace } from '../runtime/workspace.ts';
import { UsageError } from './failure.ts';
import { word } from './folder.ts';
import { interruptible } from './interrupt.ts';
import { OcsfLines } from './ocsf-context.ts';
import { print, say } from './output.ts';
import type { ProgressLine } from './progress.ts';
import { replayText } from './replay-text.ts';
import { summaryOf } from './summary.ts';
import { parseTime } from './time-option.ts';
import { withWorkspace } from './workspace.ts';

/** A row may be this much ahead of the wall clock before its time is not believed. */
const AHEAD_MS = 120_000;

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
  readonly geoCountry?: string;
  readonly geoAsn?: string;
}

/** `gait replay`: learns from telemetry that exists and lists what stands out. */
export function replayCommand(): Command {
  return new Command('replay')
    .description('Learn from telemetry that exists and list what stands out.')
    .argument('[path...]', 'files and folders; gzip and zstd are read as they are')
    .option('--learn <path...>', 'a period known to be normal: learn from it, judge the paths')
    .addOption(new Option('--format <format>', 'read every file as this').choices(['auto', ...FORMATS]).default('auto'))
    .option('--since <time>', 'do not judge events before this time (ISO 8601, UTC); leaves --learn whole', parseTime)
    .option('--until <time>', 'do not judge events from this time on (ISO 8601, UTC)', parseTime)
    .option('--data <folder>', 'keep log, findings and what was learned in this folder')
    .option('--account <id>', 'account of sources that do not say', '?')
    .option('--region <name>', 'region of sources that do not say', '?')
    .option('--function <name>', 'function of log lines and trigger events that do not say')
    .option('--geo-country <file>', 'where addresses are: MMDB or CSV; addresses themselves are never kept')
    .option('--geo-asn <file>', 'who owns the network of addresses: MMDB or CSV')
    .option('--json', 'one OCSF Detection Finding a line instead of text')
    .option('--summary', 'a last line of numbers as JSON')
    .addHelpText('after', HELP_AFTER)
    .action(run);
}

const HELP_AFTER = `
Without --learn, the first half of the time span is taken as normal and the second half is judged; a data folder that
has learned before goes on learning. Formats are recognised by content: own records, OTLP, X-Ray, CloudTrail, Lambda
logs, trigger events.

Exit status: 0 done, 1 a file could not be read, 2 the command line makes no sense, 130 interrupted.`;

async function run(paths: readonly string[], options: Options): Promise<void> {
  refuseNonsense(paths, options);
  for (const path of [...paths, ...(options.learn ?? [])]) refusePipe(path);
  const { data } = options;
  const then =
    data === undefined
      ? 'Nothing was kept.'
      : `What was appended is kept in ${word(data)}; the same command goes on from there.`;
  const places = await placesOf(options);
  const of = (signal: AbortSignal): ReplayRequest => ({
    ...requestOf(paths, options, signal),
    ...(places === undefined ? {} : { places }),
  });
  await interruptible((signal) => replayInto(data, of(signal), options), then);
}

/** Places by the files that the command line names. */
async function placesOf({ geoCountry, geoAsn }: Options): Promise<Places | undefined> {
  try {
    return await openPlaces({
      ...(geoCountry === undefined ? {} : { country: geoCountry }),
      ...(geoAsn === undefined ? {} : { asn: geoAsn }),
    });
  } catch (error) {
    throw error instanceof PlacesError ? new UsageError(error.message) : error;
  }
}

async function replayInto(folder: string | undefined, request: ReplayRequest, options: Options): Promise<void> {
  const { signal } = request;
  const { places } = request;
  await withWorkspace(folder, signal === undefined ? {} : { signal }, async ({ workspace, line }) => {
    const result = await replay(workspace, { ...request, progress: (progress) => line.update(progress) });
    if (folder !== undefined) writePlaceSources(folder, places?.sources ?? []);
    await show({ workspace, result, line }, options);
    sayNothingLearned(result, request);
  });
}

async function show(
  done: { readonly workspace: Workspace; readonly result: ReplayResult; readonly line: ProgressLine },
  options: Options,
): Promise<void> {
  const { workspace, result, line } = done;
  line.end();
  if (options.json === true) await printFindings(workspace, result);
  else print(replayText(workspace, result, options.data));
  sayProblems(result.reports);
  if (options.summary === true) print(`${JSON.stringify(summaryOf(workspace, result))}\n`);
  if (result.reports.some((report) => report.problems.length > 0)) process.exitCode = 1;
}

function refuseNonsense(paths: readonly string[], { learn, since, until }: Options): void {
  if (paths.length === 0) {
    const hint = learn === undefined ? '' : ' Write them before --learn, which takes every path that follows it.';
    throw new UsageError(`Say which files or folders to judge: gait replay PATH...${hint}`);
  }
  if (since !== undefined && until !== undefined && since >= until) {
    throw new UsageError('Nothing lies between --since and --until: the first must be the earlier one.');
  }
}

/** A stream has no place that a row could be led back to, and cannot be read twice. */
function refusePipe(path: string): void {
  if (!isStream(path)) return;
  const what = path === '-' ? 'Standard input' : `${printable(path)}, a pipe or device,`;
  throw new UsageError(`${what} is not read: write the events to a file first, and name that.`);
}

/** False for what cannot be looked at, too: the reader says why. */
function isStream(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFIFO() || found.isSocket() || found.isCharacterDevice();
  } catch {
    return path === '-';
  }
}

function requestOf(paths: readonly string[], options: Options, signal: AbortSignal): ReplayRequest {
  const { learn = [], since, until, account, region } = options;
  const format = FORMATS.find((one) => one === options.format);
  return {
    paths,
    learn,
    ...(format === undefined ? {} : { format }),
    ...(since === undefined ? {} : { sinceMs: since.getTime() }),
    ...(until === undefined ? {} : { untilMs: until.getTime() }),
    defaults: {
      provider: 'aws',
      account,
      region,
      newestMs: Date.now() + AHEAD_MS,
      ...(options.function === undefined ? {} : { declaredFunction: options.function }),
    },
    signal,
  };
}

async function printFindings({ store, log }: Workspace, { startOrdinal }: ReplayResult): Promise<void> {
  const lines = new OcsfLines(async () => log);
  for (const finding of findingsInOrder(store, 'finding')) {
    if (finding.ordinal >= startOrdinal) print(await lines.line(finding));
  }
}

/** A period to learn from without events is most often a wrong path: somebody who named one wants to know. */
function sayNothingLearned({ nothingToLearn }: ReplayResult, { learn }: ReplayRequest): void {
  if (nothingToLearn === undefined) return;
  say(`Nothing was learned from --learn ${learn.map(word).map(printable).join(' ')}: no events were read there. `);
  if (nothingToLearn === 'went-on') {
    say('What this data folder had learned before was used instead.\n');
    return;
  }
  say(
    'So nothing is known to judge by, and nothing was judged. Name files with events, or leave --learn out: then the ' +
      'first half of the time is taken as normal.\n',
  );
  process.exitCode = 1;
}

/** What could not be read, on standard error, so that standard output stays clean. */
function sayProblems(reports: readonly ReadReport[]): void {
  for (const { problems, problemsOmitted } of reports) {
    for (const { path, sentence } of problems) say(`${printable(path)}: ${sentence}\n`);
    if (problemsOmitted > 0) say(`${grouped(problemsOmitted)} more like these.\n`);
  }
}
