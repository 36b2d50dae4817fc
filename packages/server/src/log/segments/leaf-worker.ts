import { parentPort } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import type { LeafAnswer, LeafRequest } from './leaf-thread.ts';
import { SegmentWalk } from './leaves.ts';

/** Runs in a worker thread: keeps the Merkle tree of the segment asked for last and answers requests in order. */
let current: { readonly path: string; readonly walk: SegmentWalk } | undefined;
let queue = Promise.resolve();

assert(parentPort !== null, 'this file runs in a worker thread');
const port = parentPort;
port.on('message', (request: LeafRequest) => {
  queue = queue.then(async () => port.postMessage(await answer(request)));
});

async function answer(request: LeafRequest): Promise<LeafAnswer> {
  try {
    const walk = await walkOf(request);
    const bad = await walk.advance(request.bytes);
    if (bad === undefined) return { proof: walk.proof, failure: undefined };
    await forget();
    return { proof: undefined, failure: `${request.path} at byte ${bad.offset}: ${bad.problem}.` };
  } catch (error) {
    await forget();
    return { proof: undefined, failure: error instanceof Error ? error.message : String(error) };
  }
}

async function walkOf({ path, header }: LeafRequest): Promise<SegmentWalk> {
  if (current?.path === path) return current.walk;
  await forget();
  // Buffers arrive from the other thread as plain byte arrays.
  const walk = await SegmentWalk.open(path, { ...header, previous: Buffer.from(header.previous) });
  current = { path, walk };
  return walk;
}

async function forget(): Promise<void> {
  const old = current;
  current = undefined;
  await old?.walk.close();
}
