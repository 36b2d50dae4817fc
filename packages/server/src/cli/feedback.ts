import { join } from 'node:path';
import type { Finding } from '@gait/engine/event/finding';
import { FEEDBACK_SCOPES, type Feedback, type FeedbackScope } from '@gait/engine/event/record';
import { Argument, Command, Option } from 'commander';
import { LogError } from '../log/log.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { findingsText } from '../render/text.ts';
import { grouped, timeText } from '../render/words.ts';
import { FOLDER } from '../runtime/folder.ts';
import { findingsInOrder } from '../runtime/found.ts';
import { AbsentError, UsageError } from './failure.ts';
import { existingFolder, FOLDER_OPTION, type OpenStore, one, withStore, word } from './folder.ts';
import { outputStyle, print } from './output.ts';
import { userName } from './user-name.ts';
import { withWorkspace } from './workspace.ts';

/** Covered findings that are shown; more are counted. */
const SHOWN_MAX = 20;

interface Options {
  readonly data?: string;
  readonly scope: FeedbackScope;
  readonly yes?: true;
  readonly list?: true;
  readonly json?: true;
}

/** `gait feedback`: a person's word on a finding, with what it means shown beforehand. */
export function feedbackCommand(): Command {
  return new Command('feedback')
    .description('Say that a finding was expected or malicious, or take that back; shows first what it means.')
    .argument('[id]', 'id of a finding, or its beginning')
    .addArgument(new Argument('[verdict]', 'expected, malicious or undo').choices(['expected', 'malicious', 'undo']))
    .option(...FOLDER_OPTION)
    .addOption(
      new Option('--scope <scope>', 'for whom it holds: this function, functions of its name, or the tenant')
        .choices(FEEDBACK_SCOPES)
        .default('function'),
    )
    .option('--yes', 'save it; without it nothing is changed')
    .option('--list', 'what people have said so far')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Of this function, what is expected is learned and not told again. Of others it is half as surprising, never silent: nobody can hide
behind it. What is saved is in the log, and \`undo\` takes it back.`,
    )
    .action((id: string | undefined, verdict: Feedback['verdict'] | undefined, options: Options) =>
      run(id, verdict, options),
    );
}

async function run(id: string | undefined, verdict: Feedback['verdict'] | undefined, options: Options): Promise<void> {
  if (options.list) return list(options);
  if (id === undefined || verdict === undefined)
    throw new UsageError('Say which finding and what of it: gait feedback ID expected.');
  const folder = await existingFolder(options.data);
  const asked = await withStore(folder, (open) => preview(open, { id, verdict, options }));
  if (!options.yes) return;
  await save(folder, { finding: asked.id, verdict, scope: options.scope });
  if (!options.json)
    print(
      `Saved. Take it back: gait feedback ${asked.id} undo --scope ${options.scope} --yes --data ${word(folder)}\n`,
    );
}

/** Shows which findings the word would have covered. */
function preview(open: OpenStore, of: { id: string; verdict: Feedback['verdict']; options: Options }): Finding {
  const { verdict, options } = of;
  const finding = one(open.store.finding(of.id.trim().toLowerCase()), 'finding', of.id);
  const covered = [...findingsInOrder(open.store, 'finding')].filter((other) =>
    isCovered(other, finding, options.scope),
  );
  if (options.json) {
    const ids = covered.map(({ id }) => id);
    print(
      `${JSON.stringify({ finding: finding.id, verdict, scope: options.scope, covers: ids, saved: options.yes === true })}\n`,
    );
    return finding;
  }
  const style = outputStyle(process.stdout);
  print(findingsText([finding], style));
  print(`${meaning(verdict, options.scope)}\n`);
  if (verdict === 'expected') {
    const heading = `Of what was told so far it covers ${grouped(covered.length)} ${covered.length === 1 ? 'finding' : 'findings'}`;
    print(`${heading}:\n${findingsText(covered.slice(-SHOWN_MAX), style)}`);
    if (covered.length > SHOWN_MAX) print(`and ${grouped(covered.length - SHOWN_MAX)} older ones\n`);
  }
  if (!options.yes) print('Nothing was changed. Save it with --yes.\n');
  return finding;
}

function meaning(verdict: Feedback['verdict'], scope: FeedbackScope): string {
  const whom = { function: 'this function', peers: 'functions of this name', tenant: 'all functions' }[scope];
  if (verdict === 'malicious') return 'It stays strange: it is not learned, whatever time passes.';
  if (verdict === 'undo') return `What was said of ${whom} is taken back.`;
  if (scope === 'function') return 'It is learned as normal of this function and not told again.';
  return `It is learned as normal of this function, and half as surprising of ${whom}.`;
}

/** The same claim about the same thing, within the scope. */
function isCovered(other: Finding, finding: Finding, scope: FeedbackScope): boolean {
  if (other.detector !== finding.detector || other.evidence[0]?.observed !== finding.evidence[0]?.observed)
    return false;
  if (scope === 'tenant') return true;
  if (scope === 'function') return other.entity.key === finding.entity.key;
  return shortName(other.entity.key) === shortName(finding.entity.key);
}

function shortName(key: string): string {
  return key.slice(key.lastIndexOf(':') + 1);
}

async function save(folder: string, said: Omit<Feedback, 'kind' | 'by'>): Promise<void> {
  const control = { kind: 'feedback', ...said, by: `cli:${userName()}` } as const;
  try {
    await withWorkspace(folder, {}, ({ workspace }) =>
      // The stamp of the newest record, so that the clock of a folder that replays the past does not move.
      workspace.append({ type: 'control', receivedMs: workspace.log.lastMs, control }),
    );
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'GAIT_LOG_LOCKED') throw error;
    throw new AbsentError(`${folder} is in use by a server: say it there, POST /api/v1/controls/feedback.`);
  }
}

async function list(options: Options): Promise<void> {
  const folder = await existingFolder(options.data);
  const reader = await openSegmentReader(join(folder, FOLDER.log));
  const said: { atMs: number; feedback: Feedback }[] = [];
  for await (const { record } of reader.controls(reader.first)) {
    if (record.type === 'control' && record.control.kind === 'feedback')
      said.push({ atMs: record.receivedMs, feedback: record.control });
  }
  if (options.json) print(`${JSON.stringify(said.map(({ atMs, feedback }) => ({ atMs, ...feedback })))}\n`);
  else if (said.length === 0) print('Nobody has said anything yet.\n');
  else {
    for (const { atMs, feedback } of said) {
      const { finding, verdict, scope = 'function', by } = feedback;
      print(`${timeText(atMs)}  ${finding}  ${verdict.padEnd(9)}  ${scope.padEnd(8)}  ${by}\n`);
    }
  }
}
