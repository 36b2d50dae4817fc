import { LogError } from '../log.ts';
import type { SegmentHeader } from './frame.ts';
import { type SegmentProof, SegmentWalk } from './leaves.ts';
import { HASH_AT_ONCE_BYTES_MAX } from './limits.ts';
import { Thread } from './thread.ts';

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

/** Hashes records into Merkle trees, in a thread. Requests for one segment must not go back in bytes. */
export class LeafThread {
  readonly #thread = new Thread<LeafRequest, LeafAnswer>('leaf-worker');

  async prove(request: LeafRequest): Promise<SegmentProof> {
    if (!this.#thread.started && request.bytes <= HASH_AT_ONCE_BYTES_MAX) return proveHere(request);
    const { proof, failure } = await this.#thread.ask(request);
    if (proof === undefined) throw new LogError('GAIT_LOG_DAMAGED', failure);
    return proof;
  }

  close(): Promise<void> {
    return this.#thread.close();
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
