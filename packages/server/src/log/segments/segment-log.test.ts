import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { logContract } from '../log.contract.ts';
import { openSegmentLog } from './segment-log.ts';

const underTest = (segmentBytesMax: number) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gait-log-'));
  return {
    open: () => openSegmentLog(folder, { segmentBytesMax }),
    clean: () => rm(folder, { recursive: true, force: true }),
  };
};

logContract('segments', underTest(1024 * 1024));
logContract('segments of a few frames each', underTest(6000));
