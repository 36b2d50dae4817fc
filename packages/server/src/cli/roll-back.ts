import { Engine } from '@gait/engine/engine';
import type { RollBack } from '@gait/engine/event/record';
import { type FunctionProfile, profilesOf, type ValueProfile } from '@gait/engine/profile';
import { Command } from 'commander';
import { LogError } from '../log/log.ts';
import { printable } from '../render/printable.ts';
import { grouped, timeText } from '../render/words.ts';
import { AbsentError, UsageError } from './failure.ts';
import { existingFolder, FOLDER_OPTION, word } from './folder.ts';
import { print } from './output.ts';
import { parseTime } from './time-option.ts';
import { userName } from './user-name.ts';
import { withWorkspace } from './workspace.ts';

/** Values of one field that are named; more are counted. */
const NAMED_MAX = 10;
const FIELDS = ['calls', 'destinations', 'triggers', 'callers'] as const;

interface Options {
  readonly data?: string;
  readonly to?: Date;
  readonly undo?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** What a roll-back would do to one function. */
interface Change {
  readonly function: string;
  readonly invocations: number;
  readonly days: number;
  /** Values known now and not afterwards, by field. */
  readonly forgotten: { readonly [K in (typeof FIELDS)[number]]: readonly string[] };
  /** Centres of learned numbers that change: metric, now, afterwards (NaN when it is forgotten). */
  readonly numbers: readonly { readonly metric: string; readonly now: number; readonly afterwards: number | null }[];
}

/** `gait roll-back`: puts what was learned back to what it was before an attack, with what that forgets shown beforehand. */
export function rollBackCommand(): Command {
  return new Command('roll-back')
    .description('Put what was learned of a function back to before a time; shows first what will be forgotten.')
    .argument('<function>', 'function key, or "all"')
    .option(...FOLDER_OPTION)
    .option('--to <time>', 'nothing learned from this time on stays (ISO 8601, UTC)', parseTime)
    .option('--undo', 'take the last roll-back back; what was learned since is lost')
    .option('--yes', 'do it; without it nothing is changed')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Copies are taken when a function is first active on a day: the last three days, then one a week for four weeks. A roll-back goes to
the newest copy that is not younger than the time. Other functions, findings and the log stay as they are.`,
    )
    .action((name: string, options: Options) => run(name, options));
}

async function run(name: string, options: Options): Promise<void> {
  const control = controlOf(name, options);
  const folder = await existingFolder(options.data);
  try {
    await withWorkspace(folder, {}, async ({ workspace }) => {
      const receivedMs = workspace.log.lastMs;
      const record = { type: 'control', receivedMs, control } as const;
      const before = profiles(workspace.engine, control.function);
      if (control.function !== '' && before.size === 0) {
        throw new AbsentError(`There is no function ${printable(name)} in this data folder.`);
      }
      const tried = Engine.restore(workspace.engine.snapshot());
      tried.step(record, tried.ordinal);
      const changes = changesOf(before, profiles(tried, control.function));
      show(control, changes, options);
      if (options.yes !== true || changes.length === 0) return;
      await workspace.append(record);
      if (options.json) return;
      const again = `gait roll-back ${word(name)} --undo --yes --data ${word(folder)}`;
      print(control.action === 'undo' ? 'Done.\n' : `Done. For seven days it can be taken back: ${again}\n`);
    });
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'GAIT_LOG_LOCKED') throw error;
    throw new AbsentError(`${folder} is in use by a server. Stop it, roll back, and start it again.`);
  }
}

function controlOf(name: string, { to, undo }: Options): RollBack {
  if ((to === undefined) === (undo === undefined)) throw new UsageError('Give either --to TIME or --undo.');
  const key = name === 'all' ? '' : name;
  const action = undo === true ? 'undo' : 'roll-back';
  return { kind: 'roll-back', action, function: key, toMs: to?.getTime() ?? 0, by: `cli:${userName()}` };
}

function profiles(engine: Engine, key: string): Map<string, FunctionProfile> {
  return new Map(profilesOf(engine).flatMap((one) => (key === '' || one.key === key ? [[one.key, one]] : [])));
}

function changesOf(
  before: ReadonlyMap<string, FunctionProfile>,
  after: ReadonlyMap<string, FunctionProfile>,
): readonly Change[] {
  return [...before.values()].flatMap((now) => {
    const then = after.get(now.key);
    if (then === undefined || JSON.stringify(now) === JSON.stringify(then)) return [];
    return [
      {
        function: now.key,
        invocations: now.invocations - then.invocations,
        days: now.days - then.days,
        forgotten: {
          calls: goneOf(now.calls, then.calls),
          destinations: goneOf(now.destinations, then.destinations),
          triggers: goneOf(now.triggers, then.triggers),
          callers: goneOf(now.callers, then.callers),
        },
        numbers: numbersOf(now, then),
      },
    ];
  });
}

function goneOf(now: readonly ValueProfile[], then: readonly ValueProfile[]): string[] {
  const left = new Set(then.map(({ text }) => text));
  return now.flatMap(({ text }) => (left.has(text) ? [] : [text]));
}

function numbersOf(now: FunctionProfile, then: FunctionProfile): Change['numbers'] {
  return now.metrics.flatMap((one) => {
    const other = then.metrics.find(({ metric, cold }) => metric === one.metric && cold === one.cold);
    if (other?.centre === one.centre) return [];
    return [
      { metric: one.cold ? `${one.metric} (cold)` : one.metric, now: one.centre, afterwards: other?.centre ?? null },
    ];
  });
}

function show(control: RollBack, changes: readonly Change[], options: Options): void {
  if (options.json) {
    print(`${JSON.stringify({ ...control, changes, saved: options.yes === true && changes.length > 0 })}\n`);
    return;
  }
  if (changes.length === 0) {
    print(
      control.action === 'undo'
        ? 'There is no roll-back to take back.\n'
        : `Nothing was learned since ${timeText(control.toMs)}, or no copy is that old. Nothing to do.\n`,
    );
    return;
  }
  for (const change of changes) print(changeText(control, change));
  if (options.yes !== true) print('Nothing was changed. Do it with --yes.\n');
}

function changeText(control: RollBack, change: Change): string {
  const name = printable(change.function);
  const what = `${grouped(Math.abs(change.invocations))} invocations on ${grouped(Math.abs(change.days))} days`;
  const head =
    control.action === 'undo' || change.invocations < 0
      ? `${name}: gets back what was learned from ${what}.\n`
      : `${name}: forgets what was learned from ${what}.\n`;
  const values = FIELDS.flatMap((field) => {
    const gone = change.forgotten[field];
    if (gone.length === 0) return [];
    const more = gone.length > NAMED_MAX ? ` and ${grouped(gone.length - NAMED_MAX)} more` : '';
    return [`  ${field} no longer known: ${gone.slice(0, NAMED_MAX).map(printable).join(', ')}${more}\n`];
  });
  const numbers = change.numbers.map(
    ({ metric, now, afterwards }) =>
      `  ${metric}: ${short(now)} now, ${afterwards === null ? 'unknown' : short(afterwards)} afterwards\n`,
  );
  return head + values.join('') + numbers.join('');
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
