import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { EngineError } from '@gait/engine/base/errors';
import { Batch } from '@gait/engine/event/batch';
import type { LogRecord } from '@gait/engine/event/record';
import { all, control, identities, observation } from '../log.contract.ts';
import { LogError, type LogErrorCode } from '../log.ts';
import { scratchFolder } from '../scratch.ts';
import { paths } from './folder.ts';
import { parseHead } from './head.ts';
import { linesOf, readHeadsText } from './heads-file.ts';
import { openSegmentLog, type SegmentLog } from './segment-log.ts';
import { openSegmentReader } from './segment-reader.ts';
import { type SegmentFile, type SegmentFiles, systemFiles } from './system.ts';

const code =
  (expected: LogErrorCode) =>
  (error: unknown): boolean =>
    error instanceof LogError && error.code === expected;

/** Enough rows for a commit that is handed to the thread. */
const LARGE_ROWS = 800;

describe('lock of the folder', () => {
  it('lets in one writer of the same process', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_LOCKED'));
    await log.close();
    await (await openSegmentLog(folder)).close();
  });

  it('keeps out other processes, and is free again when the holder is killed', async (test) => {
    const folder = await scratchFolder(test);
    const program = `
      import { openSegmentLog } from ${JSON.stringify(new URL('./segment-log.ts', import.meta.url).href)};
      await openSegmentLog(${JSON.stringify(folder)});
      console.log('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'pipe' });
    await once(child.stdout, 'data');
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_LOCKED'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await openSegmentLog(folder)).close();
  });
});

/** A disk that stops taking bytes after a number of them; `room` can be raised. */
function smallDisk(room: { bytes: number }): SegmentFiles {
  return {
    ...systemFiles,
    async open(path, create) {
      const file = await systemFiles.open(path, create);
      return {
        ...file,
        async writev(buffers, position) {
          if (room.bytes === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
          const part = Buffer.concat(buffers).subarray(0, room.bytes);
          room.bytes -= part.length;
          return file.writev([part], position);
        },
      };
    },
  };
}

describe('a full disk', () => {
  it('refuses the records that do not fit, loses nothing acknowledged, and goes on when there is space', async (test) => {
    const folder = await scratchFolder(test);
    const room = { bytes: 20_000 };
    const log = await openSegmentLog(folder, { files: smallDisk(room) });
    const kept: string[] = [];
    let refused = 0;
    for (let at = 0; at < 30; at++) {
      if (at === 20) room.bytes = 1e9;
      try {
        await log.append(observation(3, 1000 + at));
        kept.push(`${1000 + at}-0`, `${1000 + at}-1`, `${1000 + at}-2`);
      } catch (error) {
        assert.ok(code('GAIT_LOG_FULL')(error));
        refused++;
      }
    }
    assert.ok(refused > 0 && refused < 20);
    const read = async () =>
      (await all((await openSegmentReader(folder)).read(0))).flatMap(identities).map(({ is }) => is);
    assert.deepEqual(await read(), kept);
    await log.close();
    await (await openSegmentLog(folder)).close();
    assert.deepEqual(await read(), kept);
  });

  it('can happen when a segment is begun, too', async (test) => {
    const folder = await scratchFolder(test);
    const room = { bytes: 1e9 };
    const log = await openSegmentLog(folder, { files: smallDisk(room), segmentBytesMax: 300 });
    await log.append(control(1));
    room.bytes = 10;
    await assert.rejects(log.append(control(2)), code('GAIT_LOG_FULL'));
    room.bytes = 1e9;
    assert.deepEqual(await log.append(control(3)), { ordinal: 1 });
    assert.equal((await readdir(paths.segments(folder))).length, 2);
    await log.close();
  });

  it('still takes controls when observations are already refused', async (test) => {
    const folder = await scratchFolder(test);
    let free = 5000;
    const files: SegmentFiles = { ...systemFiles, freeBytes: async () => free };
    const log = await openSegmentLog(folder, { files, reserveBytes: 10_000 });
    const [refused, taken] = await Promise.allSettled([log.append(observation(2, 1000)), log.append(control(2000))]);
    assert.ok(refused.status === 'rejected' && code('GAIT_LOG_FULL')(refused.reason));
    assert.deepEqual(taken, { status: 'fulfilled', value: { ordinal: 0 } });
    free = 1e9;
    assert.deepEqual(await log.append(observation(2, 3000)), { ordinal: 1 });
    await log.close();
  });

  for (const rows of [200, LARGE_ROWS]) {
    it(`is noticed on a real file system, by commits of ${rows} rows`, async (test) => {
      const folder = await scratchFolder(test);
      const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]);
      if (mount.status !== 0) return test.skip('a file system of its own can only be mounted by root');
      try {
        await fillDisk(folder, rows);
      } finally {
        execFileSync('umount', [folder]);
      }
      return undefined;
    });
  }
});

async function fillDisk(folder: string, rows: number): Promise<void> {
  const data = join(folder, 'log');
  await mkdir(data);
  const thread = new ThreadWatch();
  const log = await openSegmentLog(data, { reserveBytes: 0, files: thread.files });
  if (rows === LARGE_ROWS) await thread.running(log);
  const { bavail, bsize } = await statfs(folder);
  await writeFile(join(folder, 'filler'), Buffer.alloc(bavail * bsize - 300_000));
  await assert.rejects(async () => {
    for (let at = 0; at < 100; at++) await log.append(observation(rows, 1e6 + at));
  }, code('GAIT_LOG_FULL'));
  await rm(join(folder, 'filler'));
  const { next } = log;
  assert.deepEqual(await log.append(observation(rows, 2e6)), { ordinal: next });
  await log.close();
  assert.equal((await openSegmentReader(data)).next, next + rows);
}

describe('large commits', () => {
  it('are made by a thread when it runs, byte for byte as they are made here', async (test) => {
    const [aside, here] = [await scratchFolder(test), await scratchFolder(test)];
    const thread = new ThreadWatch();
    const log = await openSegmentLog(aside, { files: thread.files });
    await thread.running(log);
    await log.append(observation(3, 2e6));
    await log.append(observation(LARGE_ROWS + 7, 3e6));
    const { next } = log;
    await log.close();
    const again = await openSegmentLog(here, { files: { ...systemFiles, open: withoutDescriptor } });
    for await (const { record } of (await openSegmentReader(aside)).read(0)) await again.append(record);
    assert.equal(again.next, next);
    await again.close();
    const [one, other] = await Promise.all([aside, here].map((folder) => readFile(paths.segment(folder, 1))));
    assert.ok(one.equals(other));
  });

  it('leave out a batch that could not be read back, and keep its neighbours', async (test) => {
    const thread = new ThreadWatch();
    const log = await openSegmentLog(await scratchFolder(test), { files: thread.files });
    await thread.running(log);
    const { next } = log;
    const [first, impossible, last] = await Promise.allSettled([
      log.append(observation(LARGE_ROWS, 2e6)),
      log.append(withInfinity(observation(LARGE_ROWS, 3e6))),
      log.append(observation(5, 4e6)),
    ]);
    assert.deepEqual(first, { status: 'fulfilled', value: { ordinal: next } });
    assert.ok(impossible.status === 'rejected' && impossible.reason instanceof EngineError);
    assert.match(impossible.reason.message, /^The batch is damaged\. In short: a time is not a number\.$/);
    assert.deepEqual(last, { status: 'fulfilled', value: { ordinal: next + LARGE_ROWS } });
    assert.equal((await all(log.read(next))).flatMap(identities).length, LARGE_ROWS + 5);
    await log.close();
  });
});

/** Real files, and a look at who writes them. */
class ThreadWatch {
  #writtenHere = 0;
  readonly files: SegmentFiles = {
    ...systemFiles,
    open: async (path, create) => {
      const file = await systemFiles.open(path, create);
      const writev: SegmentFile['writev'] = (buffers, position) => {
        this.#writtenHere++;
        return file.writev(buffers, position);
      };
      return { ...file, writev };
    },
  };

  /** Appends large batches until one is not written here. */
  async running(log: SegmentLog): Promise<void> {
    for (let at = 1; ; at++) {
      const before = this.#writtenHere;
      await log.append(observation(LARGE_ROWS, 1000 * at));
      if (this.#writtenHere === before) return;
    }
  }
}

async function withoutDescriptor(path: string, create: boolean): Promise<SegmentFile> {
  return { ...(await systemFiles.open(path, create)), descriptor: undefined };
}

function withInfinity(record: LogRecord): LogRecord {
  assert.ok(record.type === 'observation');
  const { columns } = record.batch;
  const eventMs = columns.eventMs.with(3, Number.POSITIVE_INFINITY);
  return { type: 'observation', batch: new Batch({ ...columns, eventMs }) };
}

describe('a disk that fails', () => {
  it('is not trusted again before the log is opened anew', async (test) => {
    const folder = await scratchFolder(test);
    let failing = false;
    const files: SegmentFiles = {
      ...systemFiles,
      async open(path, create) {
        const file = await systemFiles.open(path, create);
        const datasync = async (): Promise<void> => {
          if (failing) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
          await file.datasync();
        };
        return { ...file, datasync };
      },
    };
    const log = await openSegmentLog(folder, { files });
    await log.append(control(1));
    failing = true;
    await assert.rejects(log.append(control(2)), code('GAIT_LOG_IO'));
    failing = false;
    await assert.rejects(log.append(control(3)), code('GAIT_LOG_IO'));
    await log.close();
    const again = await openSegmentLog(folder);
    assert.deepEqual(await again.append(control(4)), { ordinal: 1 });
    await again.close();
  });
});

describe('signed heads', () => {
  it('chain, one for each complete segment, and one for the open one', async (test) => {
    const folder = await scratchFolder(test);
    const anchored: string[] = [];
    const options = { segmentBytesMax: 300, now: () => 42, anchor: (line: string) => anchored.push(line) };
    const log = await openSegmentLog(folder, options);
    for (let at = 0; at < 6; at++) await log.append(control(at));
    await log.close();
    const segments = await readdir(paths.segments(folder));
    const lines = linesOf(await readHeadsText(paths.heads(folder)));
    const heads = lines.map((line) => parseHead(line)?.head);
    assert.deepEqual(
      heads.map((head) => [head?.segment, head?.state, head?.atMs]),
      segments.slice(0, -1).map((_, at) => [at + 1, 'sealed', 42]),
    );
    const open = parseHead((await readHeadsText(paths.openHead(folder))).trim());
    assert.deepEqual([open?.head.next, open?.head.segment, open?.head.state], [6, segments.length, 'open']);
    assert.deepEqual(anchored.slice(-1), [open?.line]);
    assert.ok(lines.every((line) => anchored.includes(line)));
  });

  it('are signed without being asked for', async (test) => {
    const folder = await scratchFolder(test);
    const signed = Promise.withResolvers<void>();
    const log = await openSegmentLog(folder, {
      headEveryMs: 1,
      anchor: (_, head) => head.next === 1 && signed.resolve(),
    });
    await log.append(control(1));
    await signed.promise;
    await log.close();
  });

  it('of large segments are made by a thread, with the same result', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder, { segmentBytesMax: 400_000 });
    for (let at = 0; at < 8; at++) await log.append(observation(1000, 10_000 * (at + 1)));
    await log.sign();
    await log.append(observation(100, 900_000));
    await log.close();
    const again = await openSegmentLog(folder, { now: () => 7 });
    const before = parseHead((await readHeadsText(paths.openHead(folder))).trim());
    await again.append({ type: 'tick', throughMs: 1e6 });
    await again.close();
    const after = parseHead((await readHeadsText(paths.openHead(folder))).trim());
    assert.deepEqual([after?.head.root, after?.head.next], [before?.head.root, 8100]);
    assert.notEqual(after?.head.frame, before?.head.frame);
  });

  it('are made with a key that only its owner can read', async (test) => {
    const folder = await scratchFolder(test);
    await (await openSegmentLog(folder)).close();
    assert.equal((await stat(paths.privateKey(folder))).mode & 0o777, 0o600);
    assert.match(await readFile(paths.publicKey(folder), 'utf8'), /^-----BEGIN PUBLIC KEY-----/);
  });
});

describe('reading beside the writer', () => {
  it('sees what was durable when it was opened', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder, { segmentBytesMax: 5000 });
    for (let at = 0; at < 10; at++) {
      await log.append(observation(4, 1000 * (at + 1)));
      const reader = await openSegmentReader(folder);
      assert.deepEqual([reader.first, reader.next, reader.lastMs], [0, 4 * (at + 1), 1000 * (at + 1) + 3]);
      const from = Math.max(0, reader.next - 6);
      assert.equal((await all(reader.read(from))).flatMap(identities).length, reader.next - from);
    }
    await log.close();
  });

  it('says when there is no log', async (test) => {
    await assert.rejects(openSegmentReader(await scratchFolder(test)), code('GAIT_LOG_IO'));
  });
});
