import { open, rm } from 'node:fs/promises';
import { LogError } from '../log.ts';
import { ioError, listSegments, paths, readSegmentHeader, type Segment, type SegmentEntry } from './folder.ts';
import { NO_HASH, SEGMENT_HEADER_BYTES } from './frame.ts';
import type { StoredHeads } from './heads-file.ts';
import { SegmentIndex } from './segment-index.ts';
import { syncFolder } from './system.ts';
import { scanSegment, type Tail, tornTail } from './tail.ts';

/** What opening had to repair after a crash. All zero after an orderly close. */
export interface Recovered {
  /** Bytes cut from the end of the last segment; none of them had been acknowledged. */
  readonly cutBytes: number;
  /** Frames begun in them. */
  readonly cutFrames: number;
}

/** The segments of a folder, ready to be written on. */
export interface RecoveredSegments {
  readonly segments: readonly Segment[];
  readonly tail: Omit<Tail, 'bad'>;
  readonly recovered: Recovered;
}

const NOTHING_CUT: Recovered = { cutBytes: 0, cutFrames: 0 };

/**
 * Finds the segments and the end of the last one. Finishes removals that had been announced by a head, removes a segment
 * that was being begun, cuts a torn tail. `GAIT_LOG_DAMAGED` if something that had been synced is not there.
 */
export async function recoverSegments(folder: string, heads: StoredHeads): Promise<RecoveredSegments> {
  const removed = new Set(heads.chain.filter(({ head }) => head.state === 'removed').map(({ head }) => head.segment));
  const { entries, cutBytes } = await presentEntries(folder, removed);
  const segments: Segment[] = [];
  for (const entry of entries) segments.push({ ...entry, header: await readSegmentHeader(entry) });
  checkNumbers(folder, segments, heads);
  const last = segments.at(-1);
  if (last === undefined) return { segments, tail: emptyTail(), recovered: { cutBytes, cutFrames: 0 } };
  const { tail, recovered } = await recoverTail(last, provenBytes(last, heads));
  const whole = [...segments.slice(0, -1), { ...last, bytes: tail.bytes }];
  return { segments: whole, tail, recovered: { ...recovered, cutBytes: recovered.cutBytes + cutBytes } };
}

/** Bytes of a segment that some signed head speaks for. */
function provenBytes(segment: Segment, heads: StoredHeads): number {
  const speaking = [...heads.chain, ...(heads.open === undefined ? [] : [heads.open])];
  return Math.max(0, ...speaking.filter(({ head }) => head.segment === segment.number).map(({ head }) => head.bytes));
}

async function presentEntries(folder: string, removed: ReadonlySet<number>) {
  const entries: SegmentEntry[] = [];
  let cutBytes = 0;
  for (const entry of await listSegments(folder)) {
    if (removed.has(entry.number)) await rm(entry.path, { force: true });
    else entries.push(entry);
  }
  const last = entries.at(-1);
  if (last !== undefined && last.bytes < SEGMENT_HEADER_BYTES) {
    // Its header had not been synced, so nothing was ever written behind it.
    await rm(last.path);
    await syncFolder(paths.segments(folder));
    cutBytes = last.bytes;
    entries.pop();
  }
  return { entries, cutBytes };
}

/** Refuses a folder in which a segment that was there is missing without a head that says it was removed. */
function checkNumbers(folder: string, segments: readonly Segment[], heads: StoredHeads): void {
  const removed = new Set(heads.chain.filter(({ head }) => head.state === 'removed').map(({ head }) => head.segment));
  const present = new Set(segments.map((segment) => segment.number));
  const known = [...heads.chain, ...(heads.open === undefined ? [] : [heads.open])].map(({ head }) => head.segment);
  const newest = Math.max(0, segments.at(-1)?.number ?? 0, ...known);
  for (let number = 1; number <= newest; number++) {
    if (present.has(number) || removed.has(number)) continue;
    throw new LogError('GAIT_LOG_DAMAGED', `${paths.segment(folder, number)} is missing.`);
  }
}

async function recoverTail(last: Segment, provenBytesOfLast: number) {
  const { bad, ...tail } = await scanSegment(last, last.header);
  if (bad === undefined) {
    if (tail.bytes >= provenBytesOfLast) return { tail, recovered: NOTHING_CUT };
    throw new LogError('GAIT_LOG_DAMAGED', `${last.path} is shorter than a signed head says.`);
  }
  const recovered = await tornTail(last, bad, provenBytesOfLast);
  await cut(last.path, tail.bytes);
  return { tail, recovered };
}

async function cut(path: string, bytes: number): Promise<void> {
  try {
    const file = await open(path, 'r+');
    try {
      await file.truncate(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw ioError(error, path);
  }
}

function emptyTail(): Omit<Tail, 'bad'> {
  return { bytes: 0, next: 0, lastMs: 0, frame: NO_HASH, index: new SegmentIndex() };
}
