import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Feed, steady } from '@gait/engine/engine-feed';
import { scratchFolder } from '../log/scratch.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import { FolderError } from './folder.ts';

const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const ANY = { ordinalMax: Number.POSITIVE_INFINITY, seed: undefined };

/** An engine that has seen some hours of a function. */
function fed(hours: number): Feed {
  const feed = new Feed();
  for (let hour = 0; hour < hours; hour++) feedHour(feed, hour);
  return feed;
}

function feedHour(feed: Feed, hour: number): void {
  feed.rows(steady('aws:111122223333:eu-west-1:crane', START_MS + hour * HOUR_MS, 60, 60_000));
}

describe('a checkpoint that is written while the engine steps', () => {
  it('holds the state of the moment it was begun', async (test) => {
    const folder = await scratchFolder(test);
    const checkpointer = new Checkpointer(folder);
    const feed = fed(3);
    while (!checkpointer.ready(feed.engine)) await turn();
    const before = feed.engine.snapshot();
    checkpointer.begin(feed.engine);
    assert.equal(checkpointer.ready(feed.engine), false, 'one at a time');
    feedHour(feed, 3);
    await checkpointer.settled();
    const loaded = await loadCheckpoint(folder, ANY);
    assert.ok(loaded !== undefined && Buffer.from(loaded.snapshot()).equals(before));
    const resumed = new Feed({}, loaded);
    feedHour(resumed, 3);
    assert.ok(Buffer.from(resumed.engine.snapshot()).equals(feed.engine.snapshot()));
  });

  it('is the same with memory that was used before and with new memory', async () => {
    const { engine } = fed(2);
    const used = Array.from({ length: 64 }, () => new Uint8Array(4_194_304).fill(7).buffer);
    assert.ok(Buffer.concat(engine.snapshotPieces(used)).equals(engine.snapshot()));
  });
});

describe('a checkpoint that cannot be written', () => {
  it('is told of once, and the next one is tried anew', async (test) => {
    const parent = await scratchFolder(test);
    const folder = join(parent, 'checkpoints');
    await writeFile(folder, 'in the way');
    const checkpointer = new Checkpointer(folder);
    const { engine } = fed(1);
    checkpointer.begin(engine);
    await assert.rejects(checkpointer.settled(), FolderError);
    await rm(folder);
    checkpointer.begin(engine);
    await checkpointer.settled();
    assert.equal((await loadCheckpoint(folder, ANY))?.ordinal, engine.ordinal);
  });

  it('leaves the one before on a full disk, and no beginning of a file', async (test) => {
    const folder = await scratchFolder(test);
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder]);
    if (mount.status !== 0) return test.skip('a file system of its own can only be mounted by root');
    try {
      const checkpointer = new Checkpointer(join(folder, 'checkpoints'));
      const feed = fed(1);
      checkpointer.begin(feed.engine);
      await checkpointer.settled();
      const { ordinal } = feed.engine;
      const { bavail, bsize } = await statfs(folder);
      await writeFile(join(folder, 'filler'), Buffer.alloc(bavail * bsize));
      feedHour(feed, 1);
      checkpointer.begin(feed.engine);
      await assert.rejects(checkpointer.settled(), /the disk is full/);
      assert.equal((await readdir(join(folder, 'checkpoints'))).length, 1);
      assert.equal((await loadCheckpoint(join(folder, 'checkpoints'), ANY))?.ordinal, ordinal);
    } finally {
      execFileSync('umount', [folder]);
    }
    return undefined;
  });
});
