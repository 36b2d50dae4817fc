import { writeSync } from 'node:fs';
import { assert } from '@gait/engine/base/assert';
import { crashRecord } from './crash-records.ts';
import { LiveService } from './live-service.ts';

/**
 * Child process of the crash tests of the running service: appends records from number FIRST on, several at a time, until
 * it is killed. Says on standard output `a NUMBER` when a record is acknowledged and `f ID` when a finding is told of.
 */
const [folder, first] = process.argv.slice(2);
assert(folder !== undefined && first !== undefined, 'folder and number are given');
/** Records on their way at once. */
const TOGETHER = 4;
const service = await LiveService.open(folder, {
  seed: [7, 11],
  originMs: 0,
  now: () => 0,
  // Ten records: kills fall into checkpoints too.
  checkpointEveryMs: 400 * 60_000,
});
service.onCommitted(({ findings }) => {
  for (const { id } of findings) tell(`f ${id}`);
});
tell('open');
for (let number = Number(first); ; number += TOGETHER) {
  await Promise.all(Array.from({ length: TOGETHER }, (_, at) => append(number + at)));
}

async function append(number: number): Promise<void> {
  const record = crashRecord(number);
  if (record.type === 'observation') await service.append(record.batch);
  else if (record.type === 'control') await service.control(record.control);
  tell(`a ${number}`);
}

/** Synchronous, so that a kill cannot fall between what is done and its line. The pipe may be full for a moment. */
function tell(line: string): void {
  for (let left = Buffer.from(`${line}\n`); left.length > 0; ) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}
