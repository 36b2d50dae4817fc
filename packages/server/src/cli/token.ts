import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Access, RECORDS_PER_SECOND_DEFAULT, ROLES, type Role, type TokenRecord } from '../access/access.ts';
import { RECORDS_PER_SECOND_MAX } from '../access/limits.ts';
import { patternProblem } from '../access/patterns.ts';
import { openAccess } from '../access/sqlite-access.ts';
import { padded, printable } from '../render/printable.ts';
import { grouped, timeText } from '../render/words.ts';
import { FOLDER, holdsLog, takeFolder } from '../runtime/folder.ts';
import { AbsentError, UsageError } from './failure.ts';
import { word } from './folder.ts';
import { print, say } from './output.ts';

const DATA_OPTION = ['--data <folder>', 'data folder of the server'] as const;
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** Longest life that is counted in days or hours: ten years. What shall live longer is asked for as `never`. */
const LIFE_DAYS_MAX = 3650;
/** A day, or a moment; UTC unless it says otherwise. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

interface CreateOptions {
  readonly role: Role;
  readonly functions?: readonly string[];
  readonly rate: number;
  readonly expires: number | 'never';
  readonly data?: string;
  readonly json?: true;
}

/** `gait token`: who may send telemetry and use the API. Works beside a running server, which follows within a second. */
export function tokenCommand(): Command {
  const command = new Command('token').description('Make, list and revoke the tokens that let programs and people in.');
  command
    .command('create')
    .description('Make a token and show it once.')
    .argument('<name>', 'what it is for: stands beside everything that is done with it')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).default('ingest'))
    .option('--functions <pattern...>', 'functions it may speak for: provider:account:region:name, * ends a part')
    .option('--rate <records>', 'records or requests a second', parseRate, RECORDS_PER_SECOND_DEFAULT)
    .option('--expires <when>', '90d, 12h, a date (ISO 8601, UTC), or never', parseExpiry, 'never')
    .option(...DATA_OPTION)
    .option('--json', 'the token as JSON')
    .addHelpText('after', HELP_AFTER_CREATE)
    .action(create);
  command
    .command('list')
    .description('List the tokens, those that are no longer valid included.')
    .option(...DATA_OPTION)
    .option('--json', 'one token a line')
    .action((options: { data?: string; json?: true }) =>
      withAccess(options.data, (access) => {
        const tokens = access.list();
        print(
          options.json === true
            ? tokens.map((one) => `${JSON.stringify(tokenObject(one))}\n`).join('')
            : tokensText(tokens),
        );
      }),
    );
  command
    .command('revoke')
    .description('Revoke a token: nothing is let in with it from then on.')
    .argument('<id>', 'id of the token, as listed')
    .option(...DATA_OPTION)
    .action((id: string, options: { data?: string }) => withAccess(options.data, (access) => revoke(access, id)));
  return command;
}

const HELP_AFTER_CREATE = `
Roles: ingest sends telemetry and nothing else; read looks; respond also gives feedback, closes incidents and responds;
admin does everything, tokens included.

The token alone goes to standard output, so that it can be piped to where secrets are kept.

Examples:
  $ gait token create shop --functions 'aws:123456789012:eu-west-1:shop-*' --data ./kept
  $ gait token create dashboard --role read --expires 90d --data ./kept`;

async function create(name: string, options: CreateOptions): Promise<void> {
  const { role, functions = [], rate, expires } = options;
  if (role === 'ingest' && functions.length === 0) {
    throw new UsageError(
      "Say which functions it may speak for: --functions PATTERN, such as 'aws:123456789012:eu-west-1:shop-*'.",
    );
  }
  if (role !== 'ingest' && functions.length > 0) {
    throw new UsageError(`--functions is for tokens of role ingest; ${role} sees all functions.`);
  }
  const problem = functions.map(patternProblem).find((one) => one !== undefined);
  if (problem !== undefined) throw new UsageError(`--functions: ${problem}`);
  const folder = requireFolder(options.data);
  await takeFolder(folder);
  using(openAccess(join(folder, FOLDER.access)), (access) => {
    const asked = { name, role, functions, recordsPerSecond: rate };
    const { record, secret } = access.create(expires === 'never' ? asked : { ...asked, expiresMs: expires });
    if (options.json === true) {
      print(`${JSON.stringify({ ...tokenObject(record), token: secret })}\n`);
      return;
    }
    const until = record.expiresMs === undefined ? 'until it is revoked' : `until ${timeText(record.expiresMs)} UTC`;
    say(
      `Token ${record.id} (${printable(name)}, role ${role}) is valid ${until}. It is shown once and kept nowhere:\n`,
    );
    print(`${secret}\n`);
  });
}

function revoke(access: Access, asked: string): void {
  const id = asked.trim();
  if (id.startsWith('gait_')) {
    throw new UsageError(
      'That is a token; give its id, the part between the underscores. Keep tokens off command lines.',
    );
  }
  const found = access.list().filter((one) => one.id === id);
  if (found.length === 0) throw new AbsentError(`There is no token ${printable(id)}. See: gait token list`);
  const [{ name, revokedMs }] = found;
  access.revoke(id);
  if (revokedMs === undefined) print(`Revoked ${id} (${printable(name)}).\n`);
  else print(`${id} (${printable(name)}) was revoked at ${timeText(revokedMs)} UTC already.\n`);
}

/** Opens the tokens of a folder that is one of ours. */
async function withAccess(asked: string | undefined, use: (access: Access) => void): Promise<void> {
  const folder = requireFolder(asked);
  const path = join(folder, FOLDER.access);
  const there = (await stat(path).catch(() => undefined)) !== undefined;
  if (!there && !(await holdsLog(folder))) {
    throw new AbsentError(
      `${folder} is no data folder. A first token makes one: gait token create NAME --data ${word(folder)}`,
    );
  }
  using(openAccess(path), use);
}

function requireFolder(folder: string | undefined): string {
  if (folder !== undefined && folder !== '') return folder;
  throw new UsageError('Say which data folder: --data FOLDER, as the server has it.');
}

function using(access: Access, use: (access: Access) => void): void {
  try {
    use(access);
  } finally {
    access.close();
  }
}

/** A token for programs: times in ISO 8601. */
function tokenObject({ createdMs, expiresMs, revokedMs, ...rest }: TokenRecord): object {
  const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
  return { ...rest, created: time(createdMs), expires: time(expiresMs), revoked: time(revokedMs) };
}

/** A line a token: id, role, until when, name, and what it speaks for. */
function tokensText(tokens: readonly TokenRecord[]): string {
  if (tokens.length === 0) return 'No tokens.\n';
  const rows = tokens.map((one) => [
    one.id,
    one.role,
    stateText(one),
    `${grouped(one.recordsPerSecond)}/s`,
    printable(one.name),
  ]);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row, at) => {
      const cells = row.map((cell, column) => padded(cell, widths[column]));
      return `${[...cells, tokens[at].functions.map(printable).join(' ')].join('  ').trimEnd()}\n`;
    })
    .join('');
}

function stateText({ revokedMs, expiresMs }: TokenRecord): string {
  if (revokedMs !== undefined) return `revoked ${timeText(revokedMs)}`;
  if (expiresMs === undefined) return 'valid';
  return `${expiresMs > Date.now() ? 'valid until' : 'expired'} ${timeText(expiresMs)}`;
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== '' && rate >= 1 && rate <= RECORDS_PER_SECOND_MAX) return rate;
  throw new InvalidArgumentError(`Give a number from 1 to ${RECORDS_PER_SECOND_MAX}.`);
}

/** When it expires, ms since 1970. */
function parseExpiry(text: string): number | 'never' {
  if (text === 'never') return 'never';
  const life = /^([1-9]\d{0,5})([dh])$/.exec(text);
  if (life !== null) {
    const hours = Number(life[1]) * (life[2] === 'd' ? DAY_HOURS : 1);
    if (hours <= LIFE_DAYS_MAX * DAY_HOURS) return Date.now() + hours * HOUR_MS;
    throw new InvalidArgumentError(`At most ${LIFE_DAYS_MAX}d; beyond, give never.`);
  }
  const zoned = /^[^T]+$|(Z|[+-]\d{2}:\d{2})$/.test(text) ? text : `${text}Z`;
  const timeMs = TIME.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new InvalidArgumentError('Give 90d, 12h, 2027-03-01, 2027-03-01T12:00:00Z, or never.');
  if (timeMs <= Date.now()) throw new InvalidArgumentError('That is in the past.');
  return timeMs;
}
