import { Command, InvalidArgumentError } from 'commander';
import { budgetText } from '../render/standing-text.ts';
import { findingsText, incidentsText } from '../render/text.ts';
import { grouped } from '../render/words.ts';
import { findingsInOrder } from '../runtime/found.ts';
import { FINDINGS_LISTED_MAX } from '../storage/store.ts';
import { FOLDER_OPTION, type OpenStore, withStore, word } from './folder.ts';
import { OcsfLines } from './ocsf-context.ts';
import { outputStyle, print } from './output.ts';

/** Lines of each list unless `--limit` says otherwise: two terminal pages. */
const LIMIT_DEFAULT = 100;

interface Options {
  readonly data?: string;
  readonly watch?: true;
  readonly json?: true;
  readonly limit: number;
}

/** `gait findings`: what stands out, with the ids that `gait explain` takes. */
export function findingsCommand(): Command {
  return new Command('findings')
    .description('List incidents and findings, newest first.')
    .option(...FOLDER_OPTION)
    .option('--watch', 'list the weak signals that are kept at the watch level instead')
    .option(
      '--limit <count>',
      `at most this many lines of each, up to ${FINDINGS_LISTED_MAX}`,
      parseLimit,
      LIMIT_DEFAULT,
    )
    .option('--json', 'one OCSF Detection Finding a line, oldest first, all of them')
    .action((options: Options) => withStore(options.data, (open) => (options.json ? writeAll : list)(open, options)));
}

async function writeAll({ store, folder }: OpenStore, { watch }: Options): Promise<void> {
  const lines = OcsfLines.of(folder);
  for (const finding of findingsInOrder(store, watch ? 'watch' : 'finding')) {
    print(await lines.line(finding));
  }
}

function list(open: OpenStore, options: Options): void {
  if (options.watch) print(signalsText(open, options.limit));
  else print(incidentsAndFindingsText(open, options.limit));
}

function incidentsAndFindingsText({ store, folder }: OpenStore, limit: number): string {
  const style = outputStyle(process.stdout);
  const findings = store.findings({ level: 'finding', limit: oneMore(limit) });
  const data = `--data ${word(folder)}`;
  const budget = standingText(store);
  if (findings.length === 0) return `No findings. What cannot be seen: gait coverage ${data}\n${budget}`;
  // An incident that became part of another one has no findings of its own.
  const incidents = store.incidents({ limit: FINDINGS_LISTED_MAX }).filter((one) => one.findings.length > 0);
  const lists = [
    section(['incident', 'incidents'], incidents.length, incidentsText(incidents.slice(0, limit), style), limit),
    section(['finding', 'findings'], findings.length, findingsText(findings.slice(0, limit), style), limit),
  ];
  return `${lists.join('\n')}\n${budget}One in full: gait explain ID ${data}\n`;
}

/** How the alert budget is kept; '' before that was written first. */
function standingText(store: OpenStore['store']): string {
  const standing = store.standing();
  return standing === undefined ? '' : `${budgetText(standing.budget)}\n`;
}

function signalsText({ store, folder }: OpenStore, limit: number): string {
  const signals = store.findings({ level: 'watch', limit: oneMore(limit) });
  if (signals.length === 0) return 'No weak signals.\n';
  const text = findingsText(signals.slice(0, limit), outputStyle(process.stdout));
  const lines = section(['weak signal', 'weak signals'], signals.length, text, limit);
  return `${lines}\nNone of them is a finding by itself. One in full: gait explain ID --data ${word(folder)}\n`;
}

/** A heading that counts, and the lines below it. */
function section([one, many]: readonly [string, string], count: number, lines: string, limit: number): string {
  const heading =
    count > limit ? `The newest ${grouped(limit)} ${many}` : `${grouped(count)} ${count === 1 ? one : many}`;
  return `${heading}\n${lines}\n`;
}

/** One more than is shown tells whether there are more. */
function oneMore(limit: number): number {
  return Math.min(limit + 1, FINDINGS_LISTED_MAX);
}

function parseLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= FINDINGS_LISTED_MAX) return limit;
  throw new InvalidArgumentError(`Give a whole number from 1 to ${FINDINGS_LISTED_MAX}.`);
}
