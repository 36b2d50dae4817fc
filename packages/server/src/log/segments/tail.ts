import { open, readFile } from 'node:fs/promises';
import { LogError } from '../log.ts';
import type { SegmentEntry } from './folder.ts';
import type { SegmentHeader } from './frame.ts';
import {
  decodeFrameHeader,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  type Frame,
  frameIntact,
  SEGMENT_HEADER_BYTES,
} from './frame.ts';
import { type BadFrame, FrameScanner, isBad } from './scanner.ts';
import { SegmentIndex } from './segment-index.ts';

/** End of the sound part of a segment. */
export interface Tail {
  readonly bytes: number;
  readonly next: number;
  readonly lastMs: number;
  /** Hash of the last frame. */
  readonly frame: Buffer;
  readonly index: SegmentIndex;
  /** First place that is not a sound frame; undefined if the file ends well. */
  readonly bad: BadFrame | undefined;
}

/** Goes through the frames of a segment, checking order and chain, up to the end or the first bad place. */
export async function scanSegment(entry: SegmentEntry, header: SegmentHeader): Promise<Tail> {
  const file = await open(entry.path, 'r');
  try {
    const scanner = new FrameScanner(file, { from: SEGMENT_HEADER_BYTES, until: entry.bytes, hashed: true });
    const index = new SegmentIndex();
    let end = { bytes: SEGMENT_HEADER_BYTES, next: header.first, lastMs: header.lastMs, frame: header.previous, index };
    for (;;) {
      const found = await scanner.next();
      if (found === undefined) return { ...end, bad: undefined };
      const bad = isBad(found) ? found : outOfOrder(found, end);
      if (bad !== undefined || isBad(found)) return { ...end, bad };
      index.add(found.ordinal, found.offset);
      const next = found.ordinal + found.count;
      end = { bytes: found.end, next, lastMs: found.lastMs, frame: found.hash, index };
    }
  } finally {
    await file.close();
  }
}

/** What must hold between a frame and what stands before it. */
export function outOfOrder(
  frame: Frame,
  before: { readonly next: number; readonly lastMs: number; readonly frame: Buffer },
): BadFrame | undefined {
  const { offset } = frame;
  if (!before.frame.equals(frame.previous)) return { offset, problem: 'the frame does not follow the one before' };
  if (frame.ordinal !== before.next) return { offset, problem: 'the ordinals have a gap' };
  if (frame.lastMs < before.lastMs) return { offset, problem: 'the stamps go back' };
  return undefined;
}

/** What was found behind the first bad place of a segment. */
export interface TornTail {
  readonly cutBytes: number;
  /** Frames begun in it, at least one. */
  readonly cutFrames: number;
}

/**
 * Decides whether the bytes from a bad place on may be cut: they are a torn tail unless a later frame, or a signed head,
 * says that they had been synced. Then something that was acknowledged is damaged: `GAIT_LOG_DAMAGED`.
 */
export async function tornTail(entry: SegmentEntry, bad: BadFrame, provenBytes: number): Promise<TornTail> {
  const damaged = new LogError(
    'GAIT_LOG_DAMAGED',
    `${entry.path} at byte ${bad.offset}: ${bad.problem}, and it had been synced. Nothing was changed.`,
  );
  if (bad.offset < provenBytes) throw damaged;
  const tail = (await readFile(entry.path)).subarray(bad.offset);
  let frames = 1;
  for (let at = nextFrame(tail, 0); at !== -1; at = nextFrame(tail, at)) {
    frames++;
    const header = decodeFrameHeader(tail.subarray(at));
    const whole = tail.subarray(at, at + FRAME_HEADER_BYTES + (header?.payloadBytes ?? 0));
    if (header !== undefined && header.syncedBytes > bad.offset && frameIntact(whole)) throw damaged;
  }
  return { cutBytes: tail.length, cutFrames: frames };
}

/** Where the frame after the one at `at` begins: by its length if that leads to a frame, else the next that looks like one. */
function nextFrame(tail: Buffer, at: number): number {
  const fits = (place: number): boolean => place + FRAME_HEADER_BYTES <= tail.length;
  if (fits(at)) {
    const header = decodeFrameHeader(tail.subarray(at));
    const place = at + FRAME_HEADER_BYTES + (header?.payloadBytes ?? 0);
    if (header !== undefined && fits(place) && decodeFrameHeader(tail.subarray(place)) !== undefined) return place;
  }
  const found = tail.indexOf(FRAME_MAGIC, at + 1);
  return found !== -1 && fits(found) ? found : -1;
}
