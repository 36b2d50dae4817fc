import assert from 'node:assert/strict';
import { appendFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { all, control, identities, observation } from '../log.contract.ts';
import { LogError, type LogErrorCode } from '../log.ts';
import { copyOf, flipByte, rewrite, scratchFolder } from '../scratch.ts';
import { paths } from './folder.ts';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './frame.ts';
import { openSegmentLog } from './segment-log.ts';
import { openSegmentReader } from './segment-reader.ts';

const code =
  (expected: LogErrorCode) =>
  (error: unknown): boolean =>
    error instanceof LogError && error.code === expected;

/** A log as a crash leaves it: three commits, no head after them; with the end of each commit in the file. */
async function crashed(test: TestContext): Promise<{ folder: string; ends: number[]; path: string }> {
  const live = await scratchFolder(test);
  const log = await openSegmentLog(live, { headEveryMs: 3_600_000 });
  const ends: number[] = [];
  for (const record of [observation(4, 1000), control(2000), observation(3, 3000)]) {
    await log.append(record);
    ends.push((await stat(paths.segment(live, 1))).size);
  }
  const folder = await copyOf(test, live);
  await log.close();
  return { folder, ends, path: paths.segment(folder, 1) };
}

async function contents(folder: string): Promise<{ ordinal: number; is: string }[]> {
  return (await all((await openSegmentReader(folder)).read(0))).flatMap(identities);
}

describe('opening after a crash', () => {
  it('keeps everything when the file ends with a whole frame', async (test) => {
    const { folder } = await crashed(test);
    const log = await openSegmentLog(folder);
    assert.deepEqual(log.recovered, { cutBytes: 0, cutFrames: 0 });
    assert.equal(log.next, 8);
    assert.equal(log.lastMs, 3002);
    assert.deepEqual(await log.append(control(1)), { ordinal: 8 });
    await log.close();
    assert.equal((await contents(folder)).length, 9);
  });

  it('cuts a frame that ends anywhere in the middle, says so, and goes on', async (test) => {
    const { folder, ends, path } = await crashed(test);
    const whole = await readFile(path);
    for (let size = ends[1] + 1; size < ends[2]; size += 41) {
      await writeFile(path, whole.subarray(0, size));
      await rm(paths.openHead(folder));
      await rm(paths.heads(folder), { force: true });
      const log = await openSegmentLog(folder);
      assert.deepEqual(log.recovered, { cutBytes: size - ends[1], cutFrames: 1 });
      assert.deepEqual(await log.append(observation(2, 9000)), { ordinal: 5 });
      await log.close();
      const texts = (await contents(folder)).map(({ is }) => is);
      assert.deepEqual(texts, ['1000-0', '1000-1', '1000-2', '1000-3', 'control', '9000-0', '9000-1']);
    }
  });

  it('cuts a last commit of several frames of which an early one was not written', async (test) => {
    const live = await scratchFolder(test);
    const log = await openSegmentLog(live, { headEveryMs: 3_600_000 });
    await log.append(control(1));
    const { size } = await stat(paths.segment(live, 1));
    await Promise.all([log.append(control(2)), log.append(control(3)), log.append(control(4))]);
    const folder = await copyOf(test, live);
    await log.close();
    await rewrite(paths.segment(folder, 1), (bytes) => bytes.fill(0, size + 10, size + 40));
    const again = await openSegmentLog(folder);
    assert.equal(again.recovered.cutFrames, 3);
    assert.equal(again.next, 1);
    await again.close();
  });

  it('refuses to open when something that had been synced is damaged, and changes nothing', async (test) => {
    const { folder, ends, path } = await crashed(test);
    const whole = await readFile(path);
    for (const offset of [
      SEGMENT_HEADER_BYTES + 1,
      SEGMENT_HEADER_BYTES + 20,
      ends[0] - 1,
      ends[0] + FRAME_HEADER_BYTES,
    ]) {
      await flipByte(path, offset);
      await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
      assert.equal((await stat(path)).size, whole.length);
      await flipByte(path, offset);
    }
  });

  it('refuses to cut what a signed head speaks for', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder);
    await log.append(control(1));
    await log.close();
    const { size } = await stat(paths.segment(folder, 1));
    await truncate(paths.segment(folder, 1), size - 3);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
    await truncate(paths.segment(folder, 1), SEGMENT_HEADER_BYTES);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
  });

  it('removes a segment that was only being begun', async (test) => {
    const { folder } = await crashed(test);
    await writeFile(paths.segment(folder, 2), 'GAITSEG1 and some');
    assert.equal((await openSegmentReader(folder)).next, 8);
    const log = await openSegmentLog(folder);
    assert.equal(log.recovered.cutBytes, 17);
    assert.equal(log.next, 8);
    await log.close();
  });

  it('removes the beginning of a head, but nothing else from the heads file', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder, { segmentBytesMax: 300 });
    for (let at = 0; at < 6; at++) await log.append(control(at));
    await log.close();
    const heads = await readFile(paths.heads(folder), 'utf8');
    await appendFile(paths.heads(folder), heads.slice(0, 40));
    await (await openSegmentLog(folder)).close();
    assert.ok((await readFile(paths.heads(folder), 'utf8')).startsWith(heads));
    await rewrite(paths.heads(folder), (bytes) => Buffer.concat([Buffer.from('x\n'), bytes]));
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
  });

  it('refuses a folder in which a segment is missing', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder, { segmentBytesMax: 300 });
    for (let at = 0; at < 6; at++) await log.append(control(at));
    await log.close();
    for (const number of [1, 2, 3]) {
      const copy = await copyOf(test, folder);
      await rm(paths.segment(copy, number));
      await assert.rejects(openSegmentLog(copy), code('GAIT_LOG_DAMAGED'));
    }
  });

  it('refuses a segment of a newer version with a code of its own', async (test) => {
    const { folder, path } = await crashed(test);
    await rewrite(path, (bytes) => {
      bytes.writeUInt32LE(2, 8);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, SEGMENT_HEADER_BYTES - 4)), SEGMENT_HEADER_BYTES - 4);
      return bytes;
    });
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_NEWER'));
    await assert.rejects(openSegmentReader(folder), code('GAIT_LOG_NEWER'));
  });

  it('refuses keys that do not belong together or were changed', async (test) => {
    const { folder } = await crashed(test);
    await flipByte(paths.publicKey(folder), 60);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
    await flipByte(paths.publicKey(folder), 60);
    await flipByte(paths.privateKey(folder), 70);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
  });

  it('does not hold the lock after a refusal', async (test) => {
    const { folder } = await crashed(test);
    await flipByte(paths.publicKey(folder), 60);
    await assert.rejects(openSegmentLog(folder), code('GAIT_LOG_DAMAGED'));
    await flipByte(paths.publicKey(folder), 60);
    await (await openSegmentLog(folder)).close();
  });
});
