/**
 * `npm run evaluate -- SUITE [--data DIR] [--out DIR] [--json]`: runs one suite of the evaluation, or `all`, with default
 * settings. Prints tables, writes a report with pictures to `--out`, and with `--json` ends with one JSON object on the last
 * line. Exit status 0 when the suite ran, 2 for a mistake in the command, 3 when there was no data for it.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printedOf, writeReport } from './report.ts';
import { type Suite, type SuiteContext, type SuiteReport, UsageError } from './suite.ts';
import { SUITES } from './suites.ts';

const ALL = 'all';
const NO_DATA = 3;
/** Milliseconds between lines of progress where they cannot overwrite each other. */
const PROGRESS_EVERY_MS = 10_000;

interface Command {
  readonly suites: readonly Suite[];
  readonly name: string;
  readonly json: boolean;
  readonly context: SuiteContext;
}

function usage(): string {
  const rows = SUITES.map(({ id, title, needs, options }) => {
    const own = options.map((option) => ` --${option} …`).join('');
    return `  ${id.padEnd(12)} ${title}${needs === '' ? '' : `; needs ${needs}`}${own === '' ? '' : `; takes${own}`}`;
  });
  return `Usage: npm run evaluate -- SUITE [--data DIR] [--out DIR] [--json]

Suites:
${rows.join('\n')}
  ${ALL.padEnd(12)} all of them, into one report

  --data DIR   folder with the public recordings (default: $GAIT_DATA)
  --out DIR    writes DIR/SUITE.md and its pictures
  --json       ends with one JSON object on the last line`;
}

function parse(args: readonly string[]): Command {
  const own = new Set(SUITES.flatMap(({ options }) => options));
  const options = Object.fromEntries([...own].map((name) => [name, { type: 'string', multiple: true } as const]));
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...options,
      data: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values['help'] === true) throw new UsageError('');
  const [name = '', ...further] = positionals;
  const suites = name === ALL ? SUITES : SUITES.filter(({ id }) => id === name);
  if (suites.length === 0) throw new UsageError(name === '' ? 'Which suite?' : `There is no suite '${name}'.`);
  const given = new Map<string, readonly string[]>();
  for (const [option, value] of Object.entries(values)) {
    if (!own.has(option) || !Array.isArray(value)) continue;
    if (!suites.some((suite) => suite.options.includes(option))) throw new UsageError(`${name} takes no --${option}.`);
    given.set(
      option,
      value.filter((one) => typeof one === 'string'),
    );
  }
  // What stands behind a repeatable option belongs to it: `--learn a b` is `--learn a --learn b`.
  const last = lastOption(args, own);
  if (further.length > 0 && last === undefined) throw new UsageError(`What is '${further[0]}'?`);
  if (last !== undefined) given.set(last, [...(given.get(last) ?? []), ...further]);
  const data = values.data ?? process.env['GAIT_DATA'];
  if (data !== undefined && !existsSync(data)) throw new UsageError(`There is no folder '${data}'.`);
  const context = { data, out: values.out, settings: {}, options: given, progress: progressTo(process.stderr) };
  return { suites, name, json: values.json, context };
}

/** The one repeatable option of a command with loose values, undefined when there is none or several. */
function lastOption(args: readonly string[], own: ReadonlySet<string>): string | undefined {
  const used = new Set(args.filter((arg) => arg.startsWith('--') && own.has(arg.slice(2))).map((arg) => arg.slice(2)));
  return used.size === 1 ? [...used][0] : undefined;
}

function progressTo(stream: NodeJS.WriteStream): (text: string) => void {
  let shownMs = Number.NEGATIVE_INFINITY;
  return (text) => {
    if (stream.isTTY) {
      stream.write(`\r\u001b[K${text}`);
      return;
    }
    const nowMs = performance.now();
    if (nowMs - shownMs < PROGRESS_EVERY_MS) return;
    shownMs = nowMs;
    stream.write(`${text}\n`);
  };
}

async function run(command: Command): Promise<number> {
  const { suites, name, json, context } = command;
  const done: { id: string; title: string; report: SuiteReport }[] = [];
  for (const suite of suites) {
    const report = await suite.run(context);
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    const shown = report ?? {
      json: { noData: true },
      sections: [{ text: `No data: this suite needs ${suite.needs}.` }],
    };
    done.push({ id: suite.id, title: suite.title, report: shown });
    console.log(printedOf(suite.title, shown));
    if (report === undefined && name !== ALL) return NO_DATA;
  }
  if (context.out !== undefined) writeReport(context.out, name, done);
  if (json) {
    const all = Object.fromEntries(done.map(({ id, report }) => [id, report.json]));
    console.log(JSON.stringify(name === ALL ? all : done[0].report.json));
  }
  return 0;
}

async function main(): Promise<number> {
  try {
    return await run(parse(process.argv.slice(2)));
  } catch (error) {
    const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
    if (!isUsage) throw error;
    if (error.message === '') {
      console.log(usage());
      return 0;
    }
    console.error(`${error.message}\n\n${usage()}`);
    return 2;
  }
}

process.exitCode = await main();
