import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { rewrite, scratchFolder } from '../log/scratch.ts';
import { decodeSegmentHeader, encodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../log/segments/frame.ts';
import { RESERVE_BYTES } from '../log/segments/limits.ts';
import { writeTrace } from '../runtime/sample-trace.ts';
import { Workspace } from '../runtime/workspace.ts';
import { ended, gait, linesOf, type Run, start } from './command.contract.ts';

/** Rows that take some seconds to read. */
const LONG_ROWS = 100_000;
/** Memory that a replay of that many rows may take: the sort's share, the engine's tables, Node itself. */
const RESIDENT_KIB_MAX = 700 * 1024;

describe('gait in trouble', () => {
  let folder = '';
  let long = '';
  let short = '';
  after(() => rm(folder, { recursive: true, force: true }));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
    long = join(folder, 'long.ndjson');
    short = join(folder, 'short.ndjson');
    await writeTrace(long, { name: 'long', count: LONG_ROWS, everyMs: 2_000, functions: 20, odd: [90_000] });
    await writeTrace(short, { count: 200 });
  });

  it('ends at Ctrl-C, keeps what was appended, and goes on from there', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    const child = start(['replay', long, '--data', kept]);
    await until(async () => child.exitCode !== null || (await exists(join(kept, 'replay.json'))));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended(child);
    assert.deepEqual([code, stdout], [130, '']);
    assert.equal(
      lastLine(stderr),
      `Interrupted. What was appended is kept in ${kept}; the same command goes on from there.`,
    );
    const again = await gait('replay', long, '--data', kept, '--summary');
    assert.equal(again.code, 0, again.stderr);
    assert.equal(summaryOf(again).events, LONG_ROWS);
    assert.match(again.stdout, /drop-90000/);
    const verified = await gait('verify', '--data', kept);
    assert.match(verified.stdout, new RegExp(`^Intact: ${LONG_ROWS + 2} records`));
  });

  it('removes its temporary folder at Ctrl-C and at SIGTERM', async (test) => {
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const below = await scratchFolder(test);
      const child = start(['replay', long], { TMPDIR: below });
      await until(async () => child.exitCode !== null || (await readdir(below)).length > 0);
      child.kill(signal);
      const { code, stderr } = await ended(child);
      assert.equal(code, status);
      assert.equal(lastLine(stderr), 'Interrupted. Nothing was kept.');
      assert.deepEqual(await readdir(below), []);
    }
  });

  it('does not touch a folder in use', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    const workspace = await Workspace.open(kept);
    for (const words of [
      ['replay', short, '--data', kept],
      ['rebuild-store', '--data', kept],
    ]) {
      const { code, stdout, stderr } = await gait(...words);
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^gait: Another process is using this folder\. .*\[GAIT_LOG_LOCKED\]\n$/);
    }
    assert.equal((await gait('findings', '--data', kept)).code, 0, 'reading goes on');
    await workspace.close();
    assert.equal((await gait('replay', short, '--data', kept)).code, 0);
  });

  it('tells what was cut off when the run before ended abruptly', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    assert.equal((await gait('replay', short, '--data', kept)).code, 0);
    await appendFile(join(kept, 'log', 'segments', '00000001.seg'), 'GFR1 torn');
    const { code, stderr } = await gait('rebuild-store', '--data', kept);
    assert.equal(code, 0);
    assert.equal(
      stderr,
      'The last run ended abruptly: 9 bytes at the end of the log that were not written completely have been removed. ' +
        'Nothing that was acknowledged is lost.\n',
    );
    assert.equal((await gait('rebuild-store', '--data', kept)).stderr, '');
  });

  it('says when what it shows is not complete', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    const child = start(['replay', long, '--data', kept]);
    await until(async () => child.exitCode !== null || (await exists(join(kept, 'replay.json'))));
    await sleep(200);
    child.kill('SIGKILL');
    assert.equal((await ended(child)).signal, 'SIGKILL');
    const listed = await gait('functions', '--data', kept);
    assert.equal(listed.code, 0);
    assert.match(listed.stderr, /records? of the log (is|are) not in here yet: .* gait rebuild-store --data /);
    assert.equal((await gait('rebuild-store', '--data', kept)).code, 0);
    assert.equal((await gait('functions', '--data', kept)).stderr, '');
  });

  it('leaves a folder of a newer version alone', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    assert.equal((await gait('replay', short, '--data', kept)).code, 0);
    const database = new DatabaseSync(join(kept, 'store.sqlite'));
    database.exec(`INSERT INTO schema_version VALUES (999, 'later')`);
    database.close();
    for (const words of [['replay', short], ['findings'], ['rebuild-store']]) {
      const { code, stderr } = await gait(...words, '--data', kept);
      assert.equal(code, 1);
      assert.match(stderr, /^gait: The store was written by a newer version of Gait\. .*\[GAIT_STORE_NEWER\]\n$/);
    }
    await rewrite(join(kept, 'log', 'segments', '00000001.seg'), (bytes) => {
      const header = decodeSegmentHeader(bytes);
      assert.ok(typeof header === 'object');
      const newer = encodeSegmentHeader({ ...header, schema: header.schema + 1 });
      return Buffer.concat([newer, bytes.subarray(SEGMENT_HEADER_BYTES)]);
    });
    for (const words of [['replay', short], ['verify']]) {
      const { code, stderr } = await gait(...words, '--data', kept);
      assert.equal(code, 1);
      assert.match(stderr, /^gait: This folder was written by a newer version of Gait\. .*\[GAIT_LOG_NEWER\]\n$/);
    }
  });

  it('names the first bad place of a damaged log', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    assert.equal((await gait('replay', short, '--data', kept)).code, 0);
    await rewrite(join(kept, 'log', 'segments', '00000001.seg'), (bytes) => {
      bytes[500] ^= 1;
      return bytes;
    });
    const verified = await gait('verify', '--data', kept);
    assert.equal(verified.code, 1);
    assert.match(verified.stdout, /^Not intact: .* First bad place: .*00000001\.seg, byte \d+/);
    assert.equal((await gait('findings', '--data', kept)).code, 0, 'what the store holds can still be read');
    const replayed = await gait('replay', short, '--data', kept);
    assert.equal(replayed.code, 1);
    assert.match(replayed.stderr, /^gait: The log is damaged\..*\[GAIT_LOG_DAMAGED\]\n$/);
  });

  it('says when the disk is full, and completes the work when there is room', async (test) => {
    const disk = await smallDisk(test, join(folder, 'disk'));
    if (disk === undefined) return;
    await writeFile(join(disk, 'filler'), Buffer.alloc(FILLER_BYTES));
    const kept = join(disk, 'kept');
    const full = await gait('replay', long, '--data', kept);
    assert.equal(full.code, 1);
    assert.match(full.stderr, /gait: The disk is full\. Free space and start again; .*\[GAIT_LOG_FULL\]\n$/);
    assert.match(full.stderr, /Less than 64 MiB free counts as full/);
    await rm(join(disk, 'filler'));
    const again = await gait('replay', long, '--data', kept, '--summary');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /Went on with an interrupted replay: [\d,]+ of them were in the log already\./);
    assert.equal(summaryOf(again).events, LONG_ROWS);
    const verified = await gait('verify', '--data', kept);
    assert.match(verified.stdout, new RegExp(`^Intact: ${LONG_ROWS + 2} records`));
  });

  it('holds little of a large input in memory', async (test) => {
    const kept = join(await scratchFolder(test), 'kept');
    const program = `process.on('exit', () => console.error(process.resourceUsage().maxRSS));`;
    const env = {
      NODE_OPTIONS: `--max-old-space-size=128 --import=data:text/javascript,${encodeURIComponent(program)}`,
    };
    const run = await ended(start(['replay', long, '--data', kept, '--summary'], env));
    assert.equal(run.code, 0, run.stderr);
    assert.equal(summaryOf(run).events, LONG_ROWS);
    const resident = Number(lastLine(run.stderr));
    assert.ok(resident > 0 && resident < RESIDENT_KIB_MAX, `${resident} KiB`);
  });
});

/** Leaves a little more than the log's reserve on the small disk. */
const FILLER_BYTES = 15 * 1024 * 1024;

/** A disk with 16 MiB above the log's reserve; undefined, and the test skipped, where none can be made. */
async function smallDisk(test: TestContext, disk: string): Promise<string | undefined> {
  await mkdir(disk);
  const size = RESERVE_BYTES + 16 * 1024 * 1024;
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
  if (mounted.status !== 0) {
    test.skip('a small file system can only be mounted by root');
    return undefined;
  }
  test.after(() => spawnSync('umount', ['-l', disk]));
  return disk;
}

function summaryOf(run: Run) {
  return JSON.parse(linesOf(run.stdout).at(-1) ?? '');
}

function lastLine(text: string): string {
  return linesOf(text).at(-1) ?? '';
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Waits until something is so. The test's own time limit ends it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
