import { EngineError } from '@gait/engine/base/errors';
import { decodeRecord } from '@gait/engine/event/codec';
import { encodeFrameHeader, frameHash } from './frame.ts';
import { payloadOf } from './payload.ts';

/** An encoded record on its way to the disk. Plain values, so that they can be handed to another thread. */
export interface Encoded {
  readonly raw: Uint8Array<ArrayBuffer>;
  readonly type: number;
  readonly count: number;
  readonly lastMs: number;
}

/** Records to be written together, and the end of the segment they are written behind. */
export interface Commit {
  readonly records: readonly Encoded[];
  /** Bytes of the segment, all of them synced. */
  readonly bytes: number;
  readonly next: number;
  /** Hash of the last frame. */
  readonly frame: Uint8Array;
  readonly lastMs: number;
}

/** Where a record stands, or why it was left out: it could not be read back. */
export type Place = { readonly ordinal: number; readonly offset: number } | { readonly refused: string };

/** The end of the segment when a commit is durable. */
export interface Committed {
  /** One for each record. */
  readonly places: readonly Place[];
  readonly bytes: number;
  readonly next: number;
  readonly frame: Uint8Array;
  readonly lastMs: number;
}

/** A commit ready to be written at its offset with one write. */
export interface Staged extends Committed {
  readonly buffers: readonly Uint8Array[];
}

/**
 * Makes the frames of a commit: reads every record once, so that nothing is written that cannot be read back, then
 * compresses, chains and sums up. Cost: 1 µs for each 400 bytes before compression.
 */
export function stage(commit: Commit): Staged {
  const buffers: Uint8Array[] = [];
  const places: Place[] = [];
  let { bytes: end, next, frame, lastMs } = commit;
  for (const { raw, ...about } of commit.records) {
    const refused = problemOf(raw);
    if (refused !== undefined) {
      places.push({ refused });
      continue;
    }
    const { compression, bytes } = payloadOf(raw);
    const sizes = { payloadBytes: bytes.length, rawBytes: raw.length, syncedBytes: commit.bytes };
    const header = encodeFrameHeader({ ...about, ...sizes, compression, ordinal: next, previous: frame }, bytes);
    buffers.push(header, bytes);
    places.push({ ordinal: next, offset: end });
    frame = frameHash(header, bytes);
    end += header.length + bytes.length;
    next += about.count;
    lastMs = about.lastMs;
  }
  return { buffers, places, bytes: end, next, frame, lastMs };
}

/** Why a record could not be read back. */
function problemOf(raw: Uint8Array): string | undefined {
  try {
    decodeRecord(raw);
    return undefined;
  } catch (error) {
    if (error instanceof EngineError) return error.detail;
    throw error;
  }
}
