import { parentPort } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import type { LeafAnswer, LeafRequest } from './leaf-thread.ts';
import { SegmentLeaves } from './leaves.ts';

/** Runs in a worker thread: keeps the Merkle tree of the segment asked for last and answers requests in order. */
let current: { readonly path: string; readonly leaves: SegmentLeaves } | undefined;
let queue = Promise.resolve();

assert(parentPort !== null, 'this file runs in a worker thread');
const port = parentPort;
port.on('message', (request: LeafRequest) => {
  queue = queue.then(async () => port.postMessage(await answer(request)));
});

async function answer(request: LeafRequest): Promise<LeafAnswer> {
  try {
    const leaves = await leavesOf(request);
    return { proof: await leaves.advance(request.bytes), failure: undefined };
  } catch (error) {
    await forget();
    return { proof: undefined, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function leavesOf({ path, header }: LeafRequest): Promise<SegmentLeaves> {
  if (current?.path === path) return current.leaves;
  await forget();
  const leaves = await SegmentLeaves.open(path, { ...header, previous: Buffer.from(header.previous) });
  current = { path, leaves };
  return leaves;
}

async function forget(): Promise<void> {
  const old = current;
  current = undefined;
  await old?.leaves.close();
}
