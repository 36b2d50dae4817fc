import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeWireRecord } from '@gait/sensor/wire';
import { scratchFolder } from '../log/scratch.ts';
import { validateOcsf } from '../render/ocsf-validator.ts';
import { TRACE_START_MS, traceRecords, traceText, writeTrace } from '../runtime/sample-trace.ts';
import { ended, GAIT, gait, linesOf, start } from './command.contract.ts';

const MANUAL = join(import.meta.dirname, '../../../../docs/reference/cli.md');
const DAY_MS = 86_400_000;
const COMMANDS = [
  ['replay'],
  ['findings'],
  ['explain'],
  ['functions'],
  ['coverage'],
  ['verify'],
  ['evidence'],
  ['evidence', 'export'],
  ['evidence', 'verify'],
  ['rebuild-store'],
  ['token'],
  ['token', 'create'],
  ['token', 'list'],
  ['token', 'revoke'],
];
const SUMMARY_KEYS = [
  'events',
  'facets',
  'rejected',
  'functions',
  'principals',
  'findings',
  'incidents',
  'eventsPerSecond',
];

describe('the command line', () => {
  it('explains itself and each of its commands, as the manual does', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    for (const words of [[], ...COMMANDS]) {
      const { code, stdout, stderr } = await gait(...words, '--help');
      assert.equal(code, 0, words.join(' '));
      assert.match(stdout, new RegExp(`^Usage: ${['gait', ...words].join(' ')} `));
      assert.equal(stderr, '');
      const title = words.length === 0 ? '# The command line' : `## \`gait ${words.join(' ')}`;
      const chapter = manual.split(/^(?=##? )/m).find((text) => text.startsWith(title)) ?? '';
      for (const option of stdout.match(/^ {2}(-\w, )?--[\w-]+( <[^>]+>)?/gm) ?? []) {
        const flag = option.replace(/^ *(-\w, )?/, '');
        const known = ['--help', '--version'].includes(flag) || chapter.includes(`\`${flag}\``);
        assert.ok(words.join(' ') === 'evidence' || known, `${flag} of gait ${words.join(' ')} is in ${MANUAL}`);
      }
    }
  });

  it('shows its version, and its help when it is told nothing', async () => {
    const version = await gait('--version');
    assert.deepEqual([version.code, version.stderr], [0, '']);
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
    const nothing = await gait();
    assert.deepEqual([nothing.code, nothing.stdout], [2, '']);
    assert.match(nothing.stderr, /^Usage: gait/);
  });

  for (const [words, expected] of [
    [['replay', 'x', '--sumary'], /unknown option '--sumary'\n\(Did you mean --summary\?\)/],
    [['finding'], /unknown command 'finding'\n\(Did you mean findings\?\)/],
    [['evidence', 'verify', 'x', '--kye', 'y'], /unknown option '--kye'\n\(Did you mean --key\?\)/],
    [['coverage', 'too', 'much'], /too many arguments/],
    [['replay', 'x', '--format', 'yaml'], /argument 'yaml' is invalid/],
    [['replay', 'x', '--since', 'yesterday'], /argument 'yesterday' is invalid\. Write a time like 2026-03-01/],
    [['replay', 'x', '--since', '2026-02-31T00:00:99Z'], /is invalid/],
    [['replay', 'x', '--since', '2026-02-02', '--until', '2026-02-01'], /Nothing lies between --since and --until/],
    [['replay'], /Say which files or folders to judge: gait replay PATH\.\.\.\n$/],
    [['replay', '--learn', 'a', 'b'], /Write them before --learn, which takes every path that follows it/],
    [['explain', '3f'], /Say which data folder: --data FOLDER/],
    [['findings', '--limit', '0', '--data', 'x'], /Give a whole number from 1/],
  ] as const) {
    it(`does not accept \`gait ${words.join(' ')}\``, async () => {
      const { code, stdout, stderr } = await gait(...words);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, expected);
      assert.doesNotMatch(stderr, / at .*:\d+:\d+/);
    });
  }
});

describe('gait replay', () => {
  let folder = '';
  let learn = '';
  let judge = '';
  after(() => rm(folder, { recursive: true, force: true }));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
    learn = join(folder, 'learn.ndjson');
    judge = join(folder, 'judge.ndjson');
    await writeTrace(learn, { name: 'learn', count: 1440 });
    await writeTrace(judge, { name: 'judge', count: 700, fromMs: TRACE_START_MS + DAY_MS, odd: [300, 301, 600] });
  });

  it('says what was read, learned and found, and ends with a line of numbers when asked', async () => {
    const { code, stdout, stderr } = await gait('replay', judge, '--learn', learn, '--summary');
    assert.deepEqual([code, stderr], [0, '']);
    const lines = linesOf(stdout);
    const summary = JSON.parse(lines.at(-1) ?? '');
    assert.deepEqual(Object.keys(summary), SUMMARY_KEYS);
    assert.deepEqual(
      [summary.events, summary.facets, summary.rejected, summary.functions, summary.principals],
      [2140, { sensor: 2140 }, {}, 3, 0],
    );
    assert.ok(summary.findings > 0 && summary.incidents > 0 && Number.isInteger(summary.eventsPerSecond));
    assert.equal(lines[0], 'Read 2,140 events from 2 files: 2,140 sensor.');
    assert.match(stdout, /Learned what is normal from 2026-01-05 00:00:00 to 2026-01-05 23:59:00 UTC\./);
    assert.match(stdout, /Judged 2026-01-06 00:00:00 to 2026-01-06 11:39:00 UTC\./);
    assert.match(stdout, new RegExp(`\\n${summary.findings} findings in ${summary.incidents} incidents?[.;]`));
    assert.match(stdout, /drop-300\[\.\]example|drop-300\.example/);
    assert.match(stdout, /Nothing was kept\. With --data FOLDER/);
    assert.ok(!stdout.includes('\u001b'), 'no colours without a terminal');
  });

  it('writes valid OCSF, one finding a line, and nothing else', async () => {
    const { code, stdout, stderr } = await gait('replay', judge, '--learn', learn, '--json', '--summary');
    assert.deepEqual([code, stderr], [0, '']);
    const lines = linesOf(stdout).map((line) => JSON.parse(line));
    const summary = lines.pop();
    assert.equal(lines.length, summary.findings);
    for (const line of lines) assert.deepEqual(validateOcsf(line), []);
    const times = lines.map((line) => line.time);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('goes on to its end when nobody reads any more', async () => {
    const child = start(['replay', judge, '--learn', learn, '--json']);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    assert.deepEqual([code, stderr], [0, '']);
  });

  it('tells principals apart over the parts of a replay', async (test) => {
    const scratch = await scratchFolder(test);
    const called = (principals: readonly string[], name: string) =>
      traceRecords({ count: principals.length, name }).map((record, at) => {
        const principal = { principal: principals[at], principalKind: 'person' } as const;
        return encodeWireRecord({ ...record, ...(principals[at] === '' ? {} : principal) });
      });
    await writeFile(join(scratch, 'a.ndjson'), called(['ada', 'grace', '', 'ada'], 'a').join('\n'));
    await writeFile(join(scratch, 'b.ndjson'), called(['grace', 'edsger'], 'b').join('\n'));
    const { stdout } = await gait(
      'replay',
      join(scratch, 'b.ndjson'),
      '--learn',
      join(scratch, 'a.ndjson'),
      '--summary',
    );
    const { events, principals } = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.deepEqual([events, principals], [6, 3]);
  });

  it('reads what it can, and says what it cannot', async (test) => {
    const scratch = await scratchFolder(test);
    await writeTrace(join(scratch, 'good.ndjson'), { count: 30 });
    const missing = join(scratch, 'missing\u001b[2J.ndjson');
    const { code, stdout, stderr } = await gait('replay', missing, join(scratch, 'good.ndjson'), '--summary');
    assert.equal(code, 1);
    assert.equal(JSON.parse(linesOf(stdout).at(-1) ?? '').events, 30);
    assert.match(stderr, /missing\\u\{1b\}\[2J\.ndjson: It does not exist/);
  });

  it('does not take standard input or a pipe for a file that is missing', async () => {
    const dash = await gait('replay', '-');
    assert.deepEqual([dash.code, dash.stdout], [2, '']);
    assert.equal(dash.stderr, 'gait: Standard input is not read: write the events to a file first, and name that.\n');
    const piped = spawnSync(process.execPath, [GAIT, 'replay', '/dev/stdin'], { input: 'x\n', encoding: 'utf8' });
    assert.deepEqual([piped.status, piped.stdout], [2, '']);
    assert.match(piped.stderr, /^gait: \/dev\/stdin, a pipe or device, is not read: /);
  });

  it('counts what it does not understand, and shows where it stands', async (test) => {
    const scratch = await scratchFolder(test);
    const path = join(scratch, 'a.ndjson');
    await writeFile(path, `${traceText(traceRecords({ count: 5 }))}{"gait":1,"t":"soon"}\nnoise\n`);
    const { code, stdout } = await gait('replay', path, '--summary');
    assert.equal(code, 0);
    const summary = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.equal(summary.events, 5);
    assert.equal(
      Object.values<number>(summary.rejected).reduce((a, b) => a + b),
      2,
    );
    assert.match(stdout, /Not understood: .*\n {2}.*a\.ndjson:6: /);
  });

  it('says what it passed over or cut, also when nothing else was there', async (test) => {
    const scratch = await scratchFolder(test);
    const path = join(scratch, 'app.log');
    await writeFile(path, 'INFO charged\nINFO refunded\n');
    const passedOver = await gait('replay', path, '--format', 'lambda-logs', '--function', 'pay');
    assert.equal(passedOver.code, 0);
    assert.match(passedOver.stdout, /^Read 0 events from 1 file\.\nPassed over or cut: 2 application-line\.\n$/);
    const [record] = traceRecords({ count: 1 });
    const calls = Array.from({ length: 200 }, () => ({ verb: 's3:PutObject', resource: 'a', destination: 's3/a' }));
    const cut = join(scratch, 'cut.ndjson');
    await writeFile(cut, traceText([{ ...record, calls }, ...traceRecords({ count: 2, name: 'fine' })]));
    const { stdout } = await gait('replay', cut);
    assert.match(stdout, /\nPassed over or cut: 1 calls-cut\.\n/);
  });

  it('takes a forced format at its word', async () => {
    const { code, stdout } = await gait('replay', judge, '--format', 'xray', '--summary');
    assert.equal(code, 0);
    const summary = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.equal(summary.events, 0);
    assert.equal(summary.rejected['unknown-format'] ?? Object.values<number>(summary.rejected)[0], 700);
    assert.match(stdout, /^Read 0 events from 1 file\.\nNot understood: 700 /);
    assert.match(stdout.replaceAll('\n', ' '), /Formats that are understood: gait, otlp-json, /);
    assert.doesNotMatch(stdout, /Learned|Judged|Nothing stands out|Nothing was kept/);
  });

  it('keeps to the time asked for, in UTC', async () => {
    const span = ['--since', '2026-01-06T01:00', '--until', '2026-01-06T02:00:00+00:00'];
    const { stdout } = await gait('replay', judge, ...span, '--summary');
    assert.equal(JSON.parse(linesOf(stdout).at(-1) ?? '').events, 60);
    assert.match(stdout, /Left out by --since and --until: 640\./);
  });

  it('says why half of the events was learned instead of half of the time', async (test) => {
    const scratch = await scratchFolder(test);
    const path = join(scratch, 'a.ndjson');
    const lost = traceRecords({ count: 1, name: 'lost', fromMs: Date.UTC(2020, 1, 1) });
    await writeFile(path, traceText([...traceRecords({ count: 100 }), ...lost]));
    const { stdout } = await gait('replay', path);
    assert.match(
      stdout.replaceAll('\n', ' '),
      /That is the earlier half of the events, not of the time: nearly all events lie on one side/,
    );
  });

  it('says when there was nothing to learn from', async (test) => {
    const path = join(await scratchFolder(test), 'a.ndjson');
    await writeTrace(path, { count: 1 });
    const { code, stdout } = await gait('replay', path);
    assert.equal(code, 0);
    assert.match(stdout, /Learned nothing beforehand: all events have the same time\./);
    assert.match(stdout, /Nothing stands out in 1 event\./);
    assert.doesNotMatch(stdout, /earlier half of the events/, 'nothing is said of a half that is empty');
  });

  it('says when every event was in the log already, and in plain words when events stand at another time', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    const first = await gait('replay', judge, '--learn', learn, '--data', kept);
    assert.match(first.stdout, /Judged 2026/);
    const again = (await gait('replay', judge, '--learn', learn, '--data', kept)).stdout.replaceAll('\n', ' ');
    assert.match(again, /All of these events were in the log already: nothing was learned or judged again\./);
    assert.match(again, /Kept in .*\. What was found before: gait findings --data /);
    assert.doesNotMatch(again, /Learned|Judged|Nothing stands out|counted once|later/);
    const earlier = join(kept, '..', 'earlier.ndjson');
    await writeTrace(earlier, { name: 'earlier', count: 50, fromMs: TRACE_START_MS - DAY_MS });
    const moved = (await gait('replay', earlier, '--data', kept)).stdout.replaceAll('\n', ' ');
    assert.match(moved, /Later events were read before these\. .* stand in it \d+ days later than they happened;/);
  });

  it('says when there are no events in what it should learn from, and judges nothing', async (test) => {
    const empty = await scratchFolder(test);
    const { code, stdout, stderr } = await gait('replay', judge, '--learn', empty, '--json', '--summary');
    assert.equal(code, 1);
    assert.equal(linesOf(stdout).length, 1, 'no findings, and the line of numbers');
    assert.match(
      stderr,
      /^Nothing was learned from --learn .*: no events were read there\. So nothing is known to judge by/,
    );
    const kept = join(empty, 'kept');
    assert.equal((await gait('replay', learn, '--data', kept)).code, 0);
    const again = await gait('replay', judge, '--learn', join(kept, 'checkpoints'), '--data', kept);
    assert.match(again.stderr, /What this data folder had learned before was used instead\.\n$/);
    assert.match(again.stdout, /Went on from what this data folder had learned before\./);
  });

  it('leaves no temporary folder behind, whatever happens', async (test) => {
    const below = await scratchFolder(test);
    const fine = await ended(start(['replay', judge, '--learn', learn], { TMPDIR: below }));
    assert.equal(fine.code, 0);
    assert.deepEqual(await readdir(below), []);
    const nowhere = await ended(start(['replay', judge], { TMPDIR: join(below, 'nowhere') }));
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /^gait: The data folder cannot be used\. .*nowhere.*\[GAIT_FOLDER_IO\]\n$/);
  });
});
