import assert from 'node:assert/strict';
import { appendFile, cp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { seededBatch } from '@gait/engine/event/seeded-batch';
import { control, observation } from '../log/log.contract.ts';
import { LogError } from '../log/log.ts';
import { copyOf, flipByte, rewrite, scratchFolder } from '../log/scratch.ts';
import { paths } from '../log/segments/folder.ts';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from '../log/segments/frame.ts';
import { HASH_AHEAD_BYTES } from '../log/segments/limits.ts';
import { openSegmentLog, type SegmentLogOptions } from '../log/segments/segment-log.ts';
import type { BadKind } from './report.ts';
import { verifyLog } from './verify.ts';

/** A log of four segments: two with three controls, one with a batch, an open one. Closed, so that a head covers all. */
async function sample(test: TestContext, options: SegmentLogOptions = {}): Promise<string> {
  const folder = await scratchFolder(test);
  await fill(folder, { segmentBytesMax: 650, ...options });
  return folder;
}

async function fill(folder: string, options: SegmentLogOptions): Promise<void> {
  const log = await openSegmentLog(folder, options);
  for (let at = 0; at < 6; at++) await log.append(control(at));
  await log.append(observation(3, 1000));
  await log.append({ type: 'tick', throughMs: 2000 });
  await log.append(control(3000));
  await log.close();
}

/** Offsets of the frames of a segment file. */
async function frameOffsets(path: string): Promise<number[]> {
  const bytes = await readFile(path);
  const offsets: number[] = [];
  for (let at = SEGMENT_HEADER_BYTES; at < bytes.length; at += FRAME_HEADER_BYTES + bytes.readUInt32LE(at + 4)) {
    offsets.push(at);
  }
  return offsets;
}

async function foundBad(folder: string, what: BadKind, anchor = ''): Promise<void> {
  const report = await verifyLog(folder, { anchor });
  assert.equal(report.ok, false);
  assert.equal(report.firstBad?.what, what, report.firstBad?.sentence);
  assert.match(report.statement[0], /^Not intact: [A-Z].*\. First bad place: /);
}

describe('verifying a log', () => {
  it('accepts what was written, and says what is proven', async (test) => {
    const folder = await sample(test);
    const report = await verifyLog(folder);
    assert.equal(report.firstBad, undefined);
    assert.ok(report.ok);
    assert.deepEqual([report.segments, report.records, report.provenThrough, report.anchored], [4, 10, 10, undefined]);
    assert.equal(report.unfinished, undefined);
    assert.match(report.statement.join('\n'), /before ordinal 10 are proven against anyone who does not hold/);
  });

  it('accepts a log of many megabytes, which is hashed ahead of its heads', async (test) => {
    const folder = await scratchFolder(test);
    const segmentBytesMax = 1.5 * HASH_AHEAD_BYTES;
    const log = await openSegmentLog(folder, { segmentBytesMax });
    const builder = new BatchBuilder();
    for (let at = 0; log.next < 72_000; at++) {
      const batch = seededBatch({ seed: at, rows: 4000, startMs: 10_000 * at }, builder);
      await log.append({ type: 'observation', batch });
    }
    await log.close();
    const report = await verifyLog(folder);
    assert.deepEqual([report.ok, report.records, report.provenThrough], [true, 72_000, 72_000]);
    const last = (await stat(paths.segment(folder, report.segments))).size;
    assert.ok(report.segments > 1 && last < segmentBytesMax, `${report.segments} segments, the last of ${last} bytes`);
  });

  it('accepts a log that was just begun', async (test) => {
    const folder = await scratchFolder(test);
    await (await openSegmentLog(folder)).close();
    const report = await verifyLog(folder);
    assert.deepEqual([report.ok, report.records], [true, 0]);
  });

  it('needs no private key', async (test) => {
    const folder = await sample(test);
    await rm(paths.privateKey(folder));
    assert.ok((await verifyLog(folder)).ok);
  });

  it('accepts the log at any moment beside a running writer', async (test) => {
    const folder = await scratchFolder(test);
    const log = await openSegmentLog(folder, { segmentBytesMax: 3000, headEveryMs: 1 });
    let writing = true;
    const written = (async () => {
      for (let at = 0; at < 120; at++) {
        await log.append(observation(2, 1000 * (at + 1)));
        if (at % 40 === 39) await log.retain({ keepBytes: 20_000, consumedOrdinal: log.next, holds: [] });
      }
      writing = false;
    })();
    while (writing) {
      const report = await verifyLog(folder);
      assert.ok(report.ok, report.statement[0]);
    }
    await written;
    await log.close();
    assert.equal((await verifyLog(folder)).provenThrough, 240);
  });

  it('says that records after the newest head are not proven, and that a torn tail is unfinished', async (test) => {
    const live = await scratchFolder(test);
    const log = await openSegmentLog(live, { headEveryMs: 3_600_000 });
    await log.append(control(1));
    await log.sign();
    await log.append(control(2));
    const folder = await copyOf(test, live);
    await log.close();
    const whole = await verifyLog(folder);
    assert.deepEqual([whole.ok, whole.records, whole.provenThrough], [true, 2, 1]);
    await rewrite(paths.segment(folder, 1), (bytes) => bytes.subarray(0, -5));
    const torn = await verifyLog(folder);
    assert.deepEqual([torn.ok, torn.records, torn.provenThrough], [true, 1, 1]);
    assert.ok((torn.unfinished?.bytes ?? 0) > FRAME_HEADER_BYTES);
  });

  it('says when there is no log, and when it is of a newer version', async (test) => {
    const folder = await scratchFolder(test);
    await assert.rejects(verifyLog(folder), (error) => error instanceof LogError && error.code === 'GAIT_LOG_IO');
    await fill(folder, {});
    await rewrite(paths.segment(folder, 1), (bytes) => {
      bytes.writeUInt32LE(2, 8);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, SEGMENT_HEADER_BYTES - 4)), SEGMENT_HEADER_BYTES - 4);
      return bytes;
    });
    await assert.rejects(verifyLog(folder), (error) => error instanceof LogError && error.code === 'GAIT_LOG_NEWER');
  });
});

describe('verifying finds', () => {
  it('a flipped byte, wherever it is', async (test) => {
    const folder = await sample(test);
    const files = ['heads.ndjson', 'open-head.ndjson', 'keys/log.key', 'keys/log.pub'];
    for (const name of await readdir(paths.segments(folder))) files.push(join('segments', name));
    let turn = 0;
    for (const name of files) {
      const path = join(folder, name);
      const { length } = await readFile(path);
      for (let offset = 0; offset < length; offset += 1 + (turn % 23)) {
        const mask = 1 << (turn++ % 8);
        await flipByte(path, offset, mask);
        const report = await verifyLog(folder);
        assert.equal(report.ok, false, `${name} at byte ${offset}, bit mask ${mask}`);
        assert.ok(report.firstBad?.where.file.startsWith(folder));
        await flipByte(path, offset, mask);
      }
    }
    assert.ok((await verifyLog(folder)).ok);
  });

  it('where a byte of a payload was flipped', async (test) => {
    const folder = await sample(test);
    const path = paths.segment(folder, 1);
    const [, second] = await frameOffsets(path);
    await flipByte(path, second + FRAME_HEADER_BYTES + 5);
    const { firstBad } = await verifyLog(folder);
    assert.deepEqual(firstBad?.where, { file: path, offset: second, ordinal: 1 });
    assert.equal(firstBad?.sentence, 'The frame fails its check sum.');
  });

  it('a frame that was cut out, doubled, or exchanged with its neighbour', async (test) => {
    const folder = await sample(test);
    const path = paths.segment(folder, 1);
    const [first, second, third] = await frameOffsets(path);
    const changes: readonly ((bytes: Buffer) => Buffer)[] = [
      (bytes) => Buffer.concat([bytes.subarray(0, first), bytes.subarray(second)]),
      (bytes) => Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)]),
      (bytes) => bytes.subarray(0, third),
      (bytes) => Buffer.concat([bytes, bytes.subarray(third)]),
      (bytes) =>
        Buffer.concat([
          bytes.subarray(0, first),
          bytes.subarray(second, third),
          bytes.subarray(first, second),
          bytes.subarray(third),
        ]),
    ];
    for (const change of changes) {
      const copy = await copyOf(test, folder);
      await rewrite(paths.segment(copy, 1), change);
      await foundBad(copy, 'frame');
    }
  });

  it('records that were exchanged, left out or changed by somebody who writes all frames anew, but has no key', async (test) => {
    const folder = await sample(test, { segmentBytesMax: 1e6 });
    for (const order of [
      [1, 0, 2],
      [0, 2],
      [0, 1, 7],
    ]) {
      const forged = await scratchFolder(test);
      const log = await openSegmentLog(forged);
      for (const at of order) await log.append(control(at));
      await log.append(observation(3, 1000));
      await log.close();
      const copy = await copyOf(test, folder);
      await cp(paths.segment(forged, 1), paths.segment(copy, 1));
      await foundBad(copy, 'frame');
    }
    const same = await scratchFolder(test);
    await fill(same, {});
    await rewrite(paths.segment(same, 1), (bytes) => bytes);
    await cp(paths.segment(same, 1), paths.segment(folder, 1));
    assert.ok((await verifyLog(folder)).ok, 'the same records make the same segment');
  });

  it('changed records of the same size, by their signed proof', async (test) => {
    const folder = await scratchFolder(test);
    const forged = await scratchFolder(test);
    for (const [at, stamp] of [
      [folder, 1001],
      [forged, 1002],
    ] as const) {
      const log = await openSegmentLog(at);
      await log.append(control(stamp));
      await log.close();
    }
    await cp(paths.segment(forged, 1), paths.segment(folder, 1));
    await foundBad(folder, 'proof');
  });

  it('a segment that is missing, or bytes behind a sealed one', async (test) => {
    const folder = await sample(test);
    for (const number of [1, 2, 3, 4]) {
      const copy = await copyOf(test, folder);
      await rm(paths.segment(copy, number));
      await foundBad(copy, 'segment');
    }
    await appendFile(paths.segment(folder, 2), 'more');
    await foundBad(folder, 'frame');
  });

  it('heads that are missing or exchanged', async (test) => {
    const folder = await sample(test);
    const lines = (await readFile(paths.heads(folder), 'utf8')).trimEnd().split('\n');
    assert.equal(lines.length, 3);
    for (const kept of [[0, 1], [1, 2], [0, 2], [1, 0, 2], [0, 1, 2, 2], []]) {
      const copy = await copyOf(test, folder);
      await writeFile(paths.heads(copy), kept.map((at) => `${lines[at]}\n`).join(''));
      await foundBad(copy, 'head');
    }
    await rm(paths.openHead(folder));
    await foundBad(folder, 'head');
  });

  it('keys that are missing or of another log', async (test) => {
    const folder = await sample(test);
    const other = await sample(test);
    await cp(paths.keys(other), paths.keys(folder), { recursive: true });
    await foundBad(folder, 'head');
    await rm(paths.publicKey(folder));
    await foundBad(folder, 'key');
  });
});

describe('retention and verifying', () => {
  it('accepts segments that were removed with their heads', async (test) => {
    const folder = await sample(test);
    const log = await openSegmentLog(folder);
    await log.retain({ keepBytes: 0, consumedOrdinal: 7, holds: [{ from: 0, next: 1 }] });
    await log.close();
    const report = await verifyLog(folder);
    assert.ok(report.ok, report.statement[0]);
    assert.deepEqual([report.segments, report.removedSegments, report.provenThrough], [3, 1, 10]);
    assert.match(report.statement.join('\n'), /1 segment was removed by retention; its signed head remains\./);
  });
});

describe('anchors', () => {
  it('prove records even against the holder of the key', async (test) => {
    const anchored: string[] = [];
    const folder = await sample(test, { anchor: (line) => anchored.push(line) });
    const report = await verifyLog(folder, { anchor: anchored.join('\n') });
    assert.ok(report.ok, report.statement[0]);
    assert.equal(report.anchored, 10);
    assert.ok(!report.statement.join('\n').includes('does not hold'), 'nothing is newer than the anchor');
    const early = await verifyLog(folder, { anchor: anchored[1] });
    assert.equal(early.anchored, 3);
    assert.match(early.statement.join('\n'), /Records before ordinal 3 are proven even against someone who holds/);
    assert.match(early.statement.join('\n'), /Records from ordinal 3 before ordinal 10 are proven against anyone/);

    const forged = await scratchFolder(test);
    await cp(paths.keys(folder), paths.keys(forged), { recursive: true });
    const log = await openSegmentLog(forged, { segmentBytesMax: 650 });
    for (let at = 0; at < 12; at++) await log.append(control(at + 5));
    await log.close();
    assert.ok((await verifyLog(forged)).ok, 'the holder of the key can write another log');
    await foundBad(forged, 'anchor', anchored.join('\n'));
  });

  it('show that the newest records were taken away together with their heads', async (test) => {
    const folder = await scratchFolder(test);
    let newest = '';
    const anchor = (line: string): void => {
      newest = line;
    };
    const log = await openSegmentLog(folder, { anchor });
    await log.append(control(1));
    await log.sign();
    const early = await copyOf(test, folder);
    await log.append(control(2));
    await log.close();
    assert.ok((await verifyLog(early)).ok);
    await foundBad(early, 'frame', newest);
  });

  it('stay valid when their segment has been sealed or removed since', async (test) => {
    const anchored: string[] = [];
    const folder = await sample(test, { anchor: (line) => anchored.push(line) });
    const log = await openSegmentLog(folder);
    await log.retain({ keepBytes: 0, consumedOrdinal: 7, holds: [] });
    await log.close();
    const report = await verifyLog(folder, { anchor: anchored.join('\n') });
    assert.ok(report.ok, report.statement[0]);
    assert.equal(report.anchored, 10);
  });

  it('of another log are refused', async (test) => {
    const anchored: string[] = [];
    await sample(test, { anchor: (line) => anchored.push(line) });
    await foundBad(await sample(test), 'anchor', anchored[0]);
    await foundBad(await sample(test), 'anchor', 'not a head');
  });
});
