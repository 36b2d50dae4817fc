import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { seededBatch } from '@gait/engine/event/seeded-batch';
import { logContract } from '../log.contract.ts';
import { scratchFolder } from '../scratch.ts';
import { recoverHeads } from './heads-file.ts';
import { openSegmentLog, type SegmentLogOptions } from './segment-log.ts';

const underTest = (options: SegmentLogOptions) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gait-log-'));
  return {
    open: () => openSegmentLog(folder, options),
    clean: () => rm(folder, { recursive: true, force: true }),
  };
};

logContract('segments', underTest({ segmentBytesMax: 1024 * 1024 }));
logContract('segments of a few frames each', underTest({ segmentBytesMax: 6000 }));
logContract('segments without signatures', underTest({ segmentBytesMax: 6000, signed: false }));

test('a log without signatures has no heads, across segments and after closing', async (context) => {
  const folder = await scratchFolder(context);
  for (const signed of [false, true]) {
    const log = await openSegmentLog(join(folder, `${signed}`), { segmentBytesMax: 4096, signed });
    const builder = new BatchBuilder();
    for (let at = 0; at < 8; at++) {
      const batch = seededBatch({ seed: at, rows: 40, startMs: 1_700_000_000_000 + at * 60_000 }, builder);
      await log.append({ type: 'observation', batch });
    }
    await log.close();
    const { chain, open } = await recoverHeads(join(folder, `${signed}`));
    assert.deepEqual([chain.length > 0, open !== undefined], [signed, signed]);
  }
});

test('control records can be read by themselves, across segments', async (context) => {
  const folder = await scratchFolder(context);
  const log = await openSegmentLog(folder, { segmentBytesMax: 4096 });
  const builder = new BatchBuilder();
  const ordinals: number[] = [];
  for (let at = 0; at < 8; at++) {
    const startMs = 1_700_000_000_000 + at * 60_000;
    await log.append({ type: 'observation', batch: seededBatch({ seed: at, rows: 40, startMs }, builder) });
    const control = { kind: 'erasure', principal: `person_${at}`, by: 'ann' } as const;
    ordinals.push((await log.append({ type: 'control', receivedMs: startMs, control })).ordinal);
  }
  const found: number[] = [];
  for await (const { ordinal, record } of log.controls(ordinals[2])) {
    assert.equal(record.type, 'control');
    found.push(ordinal);
  }
  assert.deepEqual(found, ordinals.slice(2));
  await log.close();
});
