import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@gait/engine/event/record';
import { logContract } from '../log.contract.ts';
import type { Log } from '../log.ts';
import { SegmentFollower } from './follower.ts';
import { openSegmentLog } from './segment-log.ts';

/** A log that is read only through a follower told of each append, as a reader in another thread is. */
async function followed(folder: string): Promise<Log> {
  const log = await openSegmentLog(folder, { segmentBytesMax: 6000 });
  const follower = new SegmentFollower(structuredClone(log.durable));
  let segments = log.durable.segments;
  let closed = false;
  return {
    get first() {
      return follower.first;
    },
    get next() {
      return follower.next;
    },
    get lastMs() {
      return follower.lastMs;
    },
    async append(record: LogRecord) {
      const appended = await log.append(record);
      const { segments: now, ...mark } = log.durable;
      follower.extend(structuredClone(now === segments ? mark : { ...mark, segments: now }));
      segments = now;
      return appended;
    },
    // The writer is what refuses after closing.
    read: (from) => (closed ? log : follower).read(from),
    follow: (from, signal) => follower.follow(from, signal),
    async close() {
      closed = true;
      follower.end();
      await log.close();
    },
  };
}

logContract('segments followed from outside', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gait-log-'));
  return { open: () => followed(folder), clean: () => rm(folder, { recursive: true, force: true }) };
});
