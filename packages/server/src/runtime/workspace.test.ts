import assert from 'node:assert/strict';
import { copyFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it, type TestContext } from 'node:test';
import type { LogRecord } from '@gait/engine/event/record';
import { LogError } from '../log/log.ts';
import { copyOf, flipByte, rewrite, scratchFolder } from '../log/scratch.ts';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { MIGRATIONS } from '../storage/sqlite/migrations/registry.ts';
import { StoreError } from '../storage/store.ts';
import { crashRecord } from './crash-records.ts';
import { FOLDER, FolderError } from './folder.ts';
import { assertAsUninterrupted, contentOf } from './reference.contract.ts';
import { BEGUN } from './replace-file.ts';
import { Workspace } from './workspace.ts';

/** Records that bring findings. */
const RECORDS = 24;

function records(from: number, to: number): LogRecord[] {
  return Array.from({ length: to - from }, (_, at) => crashRecord(from + at));
}

/** A closed data folder with findings and two checkpoints: of its first half and of all. */
async function twoCheckpoints(test: TestContext): Promise<{ folder: string; half: number; all: number }> {
  const folder = await scratchFolder(test);
  const first = await Workspace.open(folder);
  await first.appendAll(records(0, RECORDS / 2));
  await first.close();
  const second = await Workspace.open(folder);
  await second.appendAll(records(RECORDS / 2, RECORDS));
  await second.close();
  return { folder, half: first.log.next, all: second.log.next };
}

function checkpointPath(folder: string, ordinal: number): string {
  return join(folder, FOLDER.checkpoints, `state-${String(ordinal).padStart(16, '0')}`);
}

function hasCode(kind: new (...words: never[]) => Error, code: string) {
  return (error: unknown) => error instanceof kind && 'code' in error && error.code === code;
}

describe('a data folder at work', () => {
  it('comes to what an uninterrupted run over its log comes to', async (test) => {
    const workspace = await Workspace.open(await scratchFolder(test));
    await workspace.appendAll(records(0, RECORDS));
    assert.ok((await assertAsUninterrupted(workspace)) > 0, 'the records bring findings');
    assert.ok(workspace.found.findings > 0);
    await workspace.close();
  });

  it('goes on from its checkpoint without going through the log again', async (test) => {
    const { folder } = await twoCheckpoints(test);
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.replayed, 0);
    await workspace.appendAll(records(RECORDS, RECORDS + 5));
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('saves a checkpoint each time it is due, while it goes on', async (test) => {
    const folder = await scratchFolder(test);
    const workspace = await Workspace.open(folder, { checkpointEveryOrdinals: 100 });
    const seen = new Set<string>();
    for (let at = 0; seen.size < 3; at++) {
      await workspace.append(crashRecord(at));
      const names = await readdir(join(folder, FOLDER.checkpoints)).catch(() => []);
      for (const name of names) if (!name.endsWith(BEGUN)) seen.add(name);
    }
    // No further checkpoint at its end, as a crash would leave it.
    const copy = await copyOf(test, folder);
    await workspace.close();
    const again = await Workspace.open(copy);
    assert.ok(again.replayed < again.log.next);
    await assertAsUninterrupted(again);
    await again.close();
  });

  it('has never more than one record on its way to the disk, and steps only over what is there', async (test) => {
    const workspace = await Workspace.open(await scratchFolder(test));
    let waiting = 0;
    let most = 0;
    const append = workspace.log.append.bind(workspace.log);
    workspace.log.append = async (record) => {
      most = Math.max(most, ++waiting);
      assert.ok(workspace.engine.ordinal <= workspace.log.next);
      const appended = await append(record);
      waiting--;
      return appended;
    };
    await workspace.appendAll(records(0, 6));
    assert.equal(most, 1);
    assert.equal(workspace.engine.ordinal, workspace.log.next);
    await workspace.close();
  });

  it('steps over what became durable when the source of records fails', async (test) => {
    const workspace = await Workspace.open(await scratchFolder(test));
    function* failing(): Generator<LogRecord> {
      yield* records(0, 3);
      throw new Error('the source broke');
    }
    await assert.rejects(workspace.appendAll(failing()), /the source broke/);
    assert.equal(workspace.engine.ordinal, workspace.log.next);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('does not save a state whose findings could not be committed', async (test) => {
    const folder = await scratchFolder(test);
    const workspace = await Workspace.open(folder);
    const commit = workspace.store.commitStep.bind(workspace.store);
    workspace.store.commitStep = () => {
      throw new StoreError('GAIT_STORE_IO', 'the disk is full');
    };
    await assert.rejects(workspace.appendAll(records(0, RECORDS)), hasCode(StoreError, 'GAIT_STORE_IO'));
    workspace.store.commitStep = commit;
    await workspace.close();
    const again = await Workspace.open(folder);
    assert.ok((await assertAsUninterrupted(again)) > 0, 'the finding is there');
    await again.close();
  });

  it('lets go of everything even if it cannot be saved', async (test) => {
    const folder = await scratchFolder(test);
    const workspace = await Workspace.open(folder);
    await workspace.appendAll(records(0, 3));
    await writeFile(join(folder, FOLDER.checkpoints), 'in the way');
    await assert.rejects(workspace.close(), hasCode(FolderError, 'GAIT_FOLDER_IO'));
    await workspace.close();
    await rm(join(folder, FOLDER.checkpoints));
    const again = await Workspace.open(folder);
    await assertAsUninterrupted(again);
    await again.close();
  });
});

describe('opening a data folder', () => {
  it('falls back to an earlier checkpoint when the newest is damaged', async (test) => {
    const { folder, half, all } = await twoCheckpoints(test);
    await flipByte(checkpointPath(folder, all), 300);
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.replayed, all - half);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('goes through the whole log when no checkpoint is left', async (test) => {
    const { folder, half, all } = await twoCheckpoints(test);
    await rewrite(checkpointPath(folder, all), (bytes) => bytes.subarray(0, 40));
    await rewrite(checkpointPath(folder, half), () => new Uint8Array(0));
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.replayed, all);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  for (const [what, pattern, other] of [
    ['engine', /"engine":"[^"]*"/, '"engine":"0"'],
    ['Node', /"node":"[^"]*"/, '"node":"1"'],
  ] as const) {
    it(`does not believe the state of another version of ${what}`, async (test) => {
      const { folder, half, all } = await twoCheckpoints(test);
      const change = (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(pattern, other), 'latin1');
      await rewrite(checkpointPath(folder, all), change);
      await rewrite(checkpointPath(folder, half), change);
      const workspace = await Workspace.open(folder);
      assert.equal(workspace.replayed, all);
      await workspace.close();
    });
  }

  it('does not take the state of another log for its own', async (test) => {
    const { folder, half, all } = await twoCheckpoints(test);
    const other = await twoCheckpoints(test);
    for (const ordinal of [half, all]) {
      await copyFile(checkpointPath(other.folder, ordinal), checkpointPath(folder, ordinal));
    }
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.replayed, all);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('refuses a store that has seen more than the log holds, until it is made again', async (test) => {
    const { folder } = await twoCheckpoints(test);
    await rm(join(folder, FOLDER.log), { recursive: true });
    await assert.rejects(Workspace.open(folder), hasCode(FolderError, 'GAIT_FOLDER_MIXED'));
    const workspace = await Workspace.open(folder, { rebuild: true });
    assert.deepEqual(contentOf(workspace.store), { findings: [], incidents: [] });
    await workspace.close();
  });

  it('says when retention has removed what it would need, and needs only what is behind its checkpoint', async (test) => {
    const { folder, all } = await twoCheckpoints(test);
    const log = await openSegmentLog(join(folder, FOLDER.log), { segmentBytesMax: 300 });
    await log.append(crashRecord(RECORDS));
    await log.append(crashRecord(RECORDS + 1));
    await log.retain({ keepBytes: 0, consumedOrdinal: all, holds: [] });
    assert.equal(log.first, all);
    await log.close();
    const copy = await copyOf(test, folder);
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.engine.ordinal, workspace.log.next);
    await workspace.close();
    await rm(join(copy, FOLDER.checkpoints), { recursive: true });
    await assert.rejects(Workspace.open(copy), hasCode(FolderError, 'GAIT_FOLDER_CUT'));
  });

  it('refuses a folder in use and leaves it alone', async (test) => {
    const folder = await scratchFolder(test);
    const workspace = await Workspace.open(folder);
    await workspace.appendAll(records(0, 3));
    await assert.rejects(Workspace.open(folder), hasCode(LogError, 'GAIT_LOG_LOCKED'));
    await workspace.appendAll(records(3, RECORDS));
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('refuses the store of a newer version and lets go of the rest', async (test) => {
    const { folder } = await twoCheckpoints(test);
    const database = new DatabaseSync(join(folder, FOLDER.store));
    const newer = MIGRATIONS.length + 1;
    database.exec(`INSERT INTO schema_version VALUES (${newer}, 'from the future')`);
    await assert.rejects(Workspace.open(folder), hasCode(StoreError, 'GAIT_STORE_NEWER'));
    database.exec(`DELETE FROM schema_version WHERE version = ${newer}`);
    database.close();
    const workspace = await Workspace.open(folder);
    await workspace.close();
  });

  it('refuses a folder with other things in it, and a file', async (test) => {
    const folder = await scratchFolder(test);
    await writeFile(join(folder, 'letter.txt'), 'Dear Sir');
    await assert.rejects(Workspace.open(folder), hasCode(FolderError, 'GAIT_FOLDER_FOREIGN'));
    assert.deepEqual(await readdir(folder), ['letter.txt']);
    const file = join(folder, 'letter.txt');
    await assert.rejects(Workspace.open(file), hasCode(FolderError, 'GAIT_FOLDER_IO'));
    await assert.rejects(Workspace.open(join(file, 'below')), hasCode(FolderError, 'GAIT_FOLDER_IO'));
  });

  it('makes a folder that only its owner can look into', async (test) => {
    const folder = join(await scratchFolder(test), 'a', 'b');
    const workspace = await Workspace.open(folder);
    await workspace.close();
    assert.equal((await stat(folder)).mode & 0o077, 0);
  });

  it('stops when it is told to, and can be opened again', async (test) => {
    const { folder, all } = await twoCheckpoints(test);
    const controller = new AbortController();
    const progress = (done: number) => done > all / 2 && controller.abort(new Error('enough'));
    const options = { rebuild: true, signal: controller.signal, progress };
    await assert.rejects(Workspace.open(folder, options), /enough/);
    const workspace = await Workspace.open(folder);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });
});

describe('making the store again', () => {
  it('gives the same tables', async (test) => {
    const { folder } = await twoCheckpoints(test);
    const before = await Workspace.open(folder);
    const [content, functions, coverage] = [contentOf(before.store), before.store.functions(), before.store.coverage()];
    assert.ok(content.findings.length > 0 && functions.length > 0 && coverage.length > 0);
    await before.close();
    const after = await Workspace.open(folder, { rebuild: true });
    await after.checkpoint();
    assert.deepEqual(contentOf(after.store), content);
    assert.deepEqual(after.store.functions(), functions);
    assert.deepEqual(after.store.coverage(), coverage);
    assert.equal(after.store.consumed, after.log.next);
    await after.close();
  });
});

for (const [what, spoil] of [
  ['not a database any more', () => Buffer.from('something else altogether'.repeat(100))],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, 9_000)],
  ['overwritten in places', (bytes: Buffer) => bytes.fill(0x5a, 4_096, 40_960)],
] as const) {
  describe(`a store that is ${what}`, () => {
    it('is made again from the log, and kept beside it', async (test) => {
      const { folder } = await twoCheckpoints(test);
      const before = await Workspace.open(folder);
      const content = contentOf(before.store);
      await before.close();
      await rewrite(join(folder, FOLDER.store), spoil);
      const after = await Workspace.open(folder, { rebuild: true });
      assert.deepEqual(contentOf(after.store), content);
      await assertAsUninterrupted(after);
      await after.close();
      const again = await Workspace.open(folder);
      await again.close();
    });
  });
}

describe('a temporary folder', () => {
  it('is gone after closing, and after a failure to open', async (test) => {
    const below = await scratchFolder(test);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = below;
    test.after(() => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    });
    const workspace = await Workspace.open(undefined);
    assert.equal(dirname(workspace.folder), below);
    await workspace.appendAll(records(0, 4));
    await workspace.close();
    assert.deepEqual(await readdir(below), []);
    const signal = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(Workspace.open(undefined, { signal }), /stopped/);
    assert.deepEqual(await readdir(below), []);
  });
});
