import { writeSync } from 'node:fs';
import { assert } from '@gait/engine/base/assert';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { crashRecord } from './crash-records.ts';
import { openSegmentLog } from './segments/segment-log.ts';

/**
 * Child process of the crash test: `crash-writer.ts FOLDER SEED FIRST`. Appends seeded records from number FIRST on, eight
 * at a time, and writes `INDEX ORDINAL` to standard output when one is acknowledged, until it is killed.
 */
const IN_FLIGHT = 8;
const [folder, seed, first] = process.argv.slice(2);
assert(folder !== undefined && seed !== undefined && first !== undefined, 'folder, seed and first index are given');

const log = await openSegmentLog(folder, { segmentBytesMax: 100_000, headEveryMs: 5 });
const builder = new BatchBuilder();
const appends: Promise<void>[] = [];
for (let index = Number(first); ; index++) {
  appends.push(appendOne(index));
  if (appends.length >= IN_FLIGHT) await appends.shift();
}

async function appendOne(index: number): Promise<void> {
  const { ordinal } = await log.append(crashRecord(Number(seed), index, builder));
  // Synchronous, so that a kill cannot fall between the acknowledgement and its message.
  writeSync(1, `${index} ${ordinal}\n`);
}
