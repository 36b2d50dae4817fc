import { Worker } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import { LogError } from '../log.ts';
import type { SegmentHeader } from './frame.ts';
import { type SegmentProof, SegmentWalk } from './leaves.ts';
import { HASH_AT_ONCE_BYTES_MAX } from './limits.ts';

/** Asks for the proof of a segment up to a byte. */
export interface LeafRequest {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly bytes: number;
}

/** The proof, or why there is none. */
export type LeafAnswer =
  | { readonly proof: SegmentProof; readonly failure: undefined }
  | { readonly proof: undefined; readonly failure: string };

interface Waiting {
  resolve(proof: SegmentProof): void;
  reject(error: LogError): void;
}

/**
 * The worker thread that hashes records into Merkle trees. Started at the first request, does not keep the process
 * alive, answers in order. Requests for one segment must not go back in bytes.
 */
export class LeafThread {
  #worker: Worker | undefined;
  readonly #waiting: Waiting[] = [];

  prove(request: LeafRequest): Promise<SegmentProof> {
    if (this.#worker === undefined && request.bytes <= HASH_AT_ONCE_BYTES_MAX) return proveHere(request);
    this.#worker ??= this.#start();
    const worker = this.#worker;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      worker.ref();
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    // Published code is built: the file beside this one has the same ending as this one.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./leaf-worker.${ending}`, import.meta.url));
    worker.unref();
    worker.on('message', (answer: LeafAnswer) => this.#answered(worker, answer));
    worker.on('error', (error) => this.#failed(error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#failed(new Error('The thread that hashes records has ended.'));
    });
    return worker;
  }

  #answered(worker: Worker, answer: LeafAnswer): void {
    const waiting = this.#waiting.shift();
    assert(waiting !== undefined, 'an answer has its request');
    if (answer.proof !== undefined) waiting.resolve(answer.proof);
    else waiting.reject(new LogError('GAIT_LOG_DAMAGED', answer.failure));
    if (this.#waiting.length === 0) worker.unref();
  }

  #failed(cause: Error): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.reject(new LogError('GAIT_LOG_IO', cause.message, { cause }));
    }
  }
}

async function proveHere({ path, header, bytes }: LeafRequest): Promise<SegmentProof> {
  const walk = await SegmentWalk.open(path, header);
  try {
    const bad = await walk.advance(bytes);
    if (bad !== undefined) throw new LogError('GAIT_LOG_DAMAGED', `${path} at byte ${bad.offset}: ${bad.problem}.`);
    return walk.proof;
  } finally {
    await walk.close();
  }
}
