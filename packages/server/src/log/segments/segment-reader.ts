import { LogError, type StoredRecord } from '../log.ts';
import { codeOf, ioError, listSegments, paths, readSegmentHeader, type Segment, type SegmentEntry } from './folder.ts';
import { SEGMENT_HEADER_BYTES, type SegmentHeader } from './frame.ts';
import { LogCursor } from './reading.ts';
import { scanSegment } from './tail.ts';

/** A log opened for reading only: the state of the folder when it was opened. */
export interface SegmentReader {
  readonly first: number;
  readonly next: number;
  readonly lastMs: number;
  read(fromOrdinal: number): AsyncIterable<StoredRecord>;
  /** The control records from an ordinal on; see `SegmentLog.controls`. */
  controls(fromOrdinal: number): AsyncIterable<StoredRecord>;
}

/**
 * Opens the log in a folder for reading, without the lock, so that it works beside a running writer. What the writer has
 * not finished at the end of the last segment is left out. Nothing is changed or held open. Errors: `GAIT_LOG_NEWER`,
 * `GAIT_LOG_DAMAGED`, `GAIT_LOG_IO` (no log there). Cost of opening: one pass over the last segment.
 */
export async function openSegmentReader(folder: string): Promise<SegmentReader> {
  const entries = await listSegments(folder);
  // A file shorter than its header is a segment that the writer is about to begin.
  if ((entries.at(-1)?.bytes ?? SEGMENT_HEADER_BYTES) < SEGMENT_HEADER_BYTES) entries.pop();
  const segments: Segment[] = [];
  for (const entry of entries) {
    const header = await headerIfThere(entry);
    if (header !== undefined) segments.push({ ...entry, header });
  }
  const last = segments.at(-1);
  if (last === undefined) throw new LogError('GAIT_LOG_IO', `${paths.segments(folder)} has no segments.`);
  const { bytes, next, lastMs, index } = await scanSegment(last, last.header);
  const seek = (segment: Segment, ordinal: number): number => (segment === last ? index.before(ordinal) : 0);
  async function* from(fromOrdinal: number, controlsOnly: boolean): AsyncGenerator<StoredRecord, void> {
    const cursor = new LogCursor({ fromOrdinal, seek, controlsOnly });
    try {
      yield* cursor.until({ segments, bytes });
    } finally {
      await cursor.close();
    }
  }
  return {
    first: segments[0].header.first,
    next,
    lastMs,
    read: (fromOrdinal) => from(fromOrdinal, false),
    controls: (fromOrdinal) => from(fromOrdinal, true),
  };
}

/** The header of a segment, undefined if retention removed it meanwhile. */
async function headerIfThere(entry: SegmentEntry): Promise<SegmentHeader | undefined> {
  try {
    return await readSegmentHeader(entry);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw ioError(error, entry.path);
  }
}
