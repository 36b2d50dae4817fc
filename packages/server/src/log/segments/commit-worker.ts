import { fdatasyncSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import { type Committed, stage } from './commit.ts';
import type { CommitAnswer, CommitRequest, SystemFailure } from './committer.ts';
import { codeOf } from './folder.ts';
import { writeAllSync } from './system.ts';

/** Runs in a worker thread: makes one commit after the other durable, waiting for the disk. */
assert(parentPort !== null, 'this file runs in a worker thread');
const port = parentPort;
port.on('message', (request: CommitRequest) => {
  const memory = request.commit.records.map(({ raw }) => raw.buffer);
  const answer: CommitAnswer = { outcome: outcomeOf(request), memory };
  port.postMessage(answer, memory);
});

function outcomeOf({ commit, descriptor, synced }: CommitRequest): Committed | SystemFailure {
  const { buffers, ...committed } = stage(commit);
  try {
    writeAllSync(descriptor, buffers, commit.bytes);
    if (synced) fdatasyncSync(descriptor);
    return committed;
  } catch (error) {
    return { code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
  }
}
