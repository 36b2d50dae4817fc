import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { all, control, identities, observation } from '../log.contract.ts';
import { scratchFolder } from '../scratch.ts';
import { paths, segmentName } from './folder.ts';
import { parseHead } from './head.ts';
import { linesOf, readHeadsText } from './heads-file.ts';
import { openSegmentLog, type SegmentLog } from './segment-log.ts';

/** Six segments of one batch with five rows each, a second apart. */
async function sixSegments(test: TestContext): Promise<{ folder: string; log: SegmentLog }> {
  const folder = await scratchFolder(test);
  const log = await openSegmentLog(folder, { segmentBytesMax: 300 });
  for (let at = 0; at < 6; at++) await log.append(observation(5, 1000 * (at + 1)));
  return { folder, log };
}

const names = (numbers: readonly number[]): string[] => numbers.map(segmentName);

describe('retention', () => {
  it('removes nothing without a bound', async (test) => {
    const { log } = await sixSegments(test);
    const nothing = { removedSegments: [], removedBytes: 0 };
    assert.deepEqual(await log.retain({ consumedOrdinal: 30, holds: [] }), nothing);
    await log.close();
  });

  it('never passes what was consumed, and never removes the open segment', async (test) => {
    const { folder, log } = await sixSegments(test);
    const early = await log.retain({ keepBytes: 0, consumedOrdinal: 14, holds: [] });
    assert.deepEqual(early.removedSegments, [1, 2]);
    const late = await log.retain({ keepBytes: 0, consumedOrdinal: 1e9, holds: [] });
    assert.deepEqual(late.removedSegments, [3, 4, 5]);
    assert.deepEqual(await readdir(paths.segments(folder)), names([6]));
    assert.equal(log.first, 25);
    assert.deepEqual((await all(log.read(0))).flatMap(identities)[0], { ordinal: 25, is: '6000-0' });
    await log.close();
  });

  it('keeps by age of the log clock, and by size', async (test) => {
    const { folder, log } = await sixSegments(test);
    const aged = await log.retain({ keepMs: 3000, consumedOrdinal: 30, holds: [] });
    assert.deepEqual(aged.removedSegments, [1, 2]);
    const sizes = await Promise.all([3, 4, 5, 6].map(async (at) => (await stat(paths.segment(folder, at))).size));
    const keepBytes = sizes.reduce((sum, size) => sum + size, -1);
    const sized = await log.retain({ keepBytes, consumedOrdinal: 30, holds: [] });
    assert.deepEqual(sized, { removedSegments: [3], removedBytes: sizes[0] });
    assert.deepEqual((await log.retain({ keepBytes, consumedOrdinal: 30, holds: [] })).removedSegments, []);
    await log.close();
  });

  it('keeps segments on legal hold, and reads over the gap', async (test) => {
    const { folder, log } = await sixSegments(test);
    const { removedSegments } = await log.retain({
      keepBytes: 0,
      consumedOrdinal: 30,
      holds: [{ from: 12, next: 13 }],
    });
    assert.deepEqual(removedSegments, [1, 2, 4, 5]);
    assert.deepEqual(await readdir(paths.segments(folder)), names([3, 6]));
    const ordinals = (await all(log.read(0))).map(({ ordinal }) => ordinal);
    assert.deepEqual(ordinals, [10, 25]);
    await log.close();
  });

  it('leaves a signed head that says what was removed, and survives reopening', async (test) => {
    const { folder, log } = await sixSegments(test);
    await log.retain({ keepBytes: 0, consumedOrdinal: 10, holds: [] });
    await log.close();
    const heads = linesOf(await readHeadsText(paths.heads(folder))).map((line) => parseHead(line)?.head);
    const removed = heads.filter((head) => head?.state === 'removed');
    assert.deepEqual(
      removed.map((head) => [head?.segment, head?.first, head?.next]),
      [
        [1, 0, 5],
        [2, 5, 10],
      ],
    );
    const again = await openSegmentLog(folder);
    assert.deepEqual([again.first, again.next], [10, 30]);
    assert.deepEqual(await again.append(control(9000)), { ordinal: 30 });
    await again.close();
  });

  it('finishes a removal that a crash interrupted after the head was written', async (test) => {
    const { folder, log } = await sixSegments(test);
    await log.retain({ keepBytes: 0, consumedOrdinal: 10, holds: [] });
    await log.close();
    await writeFile(paths.segment(folder, 2), 'left behind');
    await (await openSegmentLog(folder)).close();
    assert.deepEqual(await readdir(paths.segments(folder)), names([3, 4, 5, 6]));
  });

  it('lets readers that are under way finish', async (test) => {
    const { log } = await sixSegments(test);
    const seen: number[] = [];
    for await (const { ordinal } of log.read(0)) {
      if (seen.length === 0) await log.retain({ keepBytes: 0, consumedOrdinal: 30, holds: [] });
      seen.push(ordinal);
    }
    assert.deepEqual(seen, [0, 25]);
    await log.close();
  });
});
