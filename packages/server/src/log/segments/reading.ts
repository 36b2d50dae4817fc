import { type FileHandle, open } from 'node:fs/promises';
import { EngineError } from '@gait/engine/base/errors';
import type { LogRecord } from '@gait/engine/event/record';
import type { StoredRecord } from '../log.ts';
import { LogError } from '../log.ts';
import { recordFrom } from '../memory.ts';
import { codeOf, ioError, type Segment } from './folder.ts';
import { FRAME_TYPE, type Frame, SEGMENT_HEADER_BYTES } from './frame.ts';
import type { Durable } from './notary.ts';
import { FrameScanner, isBad, recordOf } from './scanner.ts';

/** How a cursor finds its way. */
export interface CursorOptions {
  readonly fromOrdinal: number;
  /** Offset of a frame of a segment at or before an ordinal. */
  readonly seek: (segment: Segment, ordinal: number) => number;
  /** Only control records: the others are passed over without being unpacked. */
  readonly controlsOnly?: boolean;
}

/**
 * A place in the log that moves forward: `until` reads to what is durable at that moment and can be called again later
 * without looking for the place anew. Segments that are gone (retention) are passed over.
 */
export class LogCursor {
  readonly #options: CursorOptions;
  #segment = -1;
  #open: { readonly file: FileHandle; readonly scanner: FrameScanner; readonly path: string } | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
  }

  async *until({ segments, bytes }: Durable): AsyncIterable<StoredRecord> {
    for (const [at, segment] of segments.entries()) {
      const following = segments[at + 1];
      if (segment.number < this.#segment) continue;
      if (following !== undefined && following.header.first < this.#options.fromOrdinal) continue;
      yield* this.#segmentUntil(segment, following === undefined ? bytes : segment.bytes);
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.file.close();
  }

  async *#segmentUntil(segment: Segment, bytes: number): AsyncIterable<StoredRecord> {
    const scanner = await this.#scannerOf(segment);
    if (scanner === undefined) return;
    scanner.extend(bytes);
    for (;;) {
      const frame = await scanner.next();
      if (frame === undefined) return;
      if (isBad(frame)) throw damaged(segment, frame.offset, frame.problem);
      if (!this.#wanted(frame)) continue;
      yield* recordFrom(
        { ordinal: frame.ordinal, record: await readRecord(segment, frame) },
        this.#options.fromOrdinal,
      );
    }
  }

  #wanted(frame: Frame): boolean {
    const { fromOrdinal, controlsOnly = false } = this.#options;
    if (controlsOnly && frame.type !== FRAME_TYPE.control) return false;
    if (frame.type === FRAME_TYPE.observation)
      return frame.ordinal + frame.count > fromOrdinal || frame.ordinal >= fromOrdinal;
    return frame.ordinal >= fromOrdinal;
  }

  async #scannerOf(segment: Segment): Promise<FrameScanner | undefined> {
    if (segment.number === this.#segment) return this.#open?.scanner;
    await this.close();
    this.#segment = segment.number;
    const file = await openIfThere(segment.path);
    if (file === undefined) return undefined;
    const from = Math.max(SEGMENT_HEADER_BYTES, this.#options.seek(segment, this.#options.fromOrdinal));
    const scanner = new FrameScanner(file, { from, until: from, hashed: false });
    this.#open = { file, scanner, path: segment.path };
    return scanner;
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw ioError(error, path);
  }
}

async function readRecord(segment: Segment, frame: Frame): Promise<LogRecord> {
  try {
    return await recordOf(frame);
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    const detail = `${segment.path} at byte ${frame.offset}: ${cause.message}`;
    throw new LogError(cause.code === 'GAIT_SCHEMA_NEWER' ? 'GAIT_LOG_NEWER' : 'GAIT_LOG_DAMAGED', detail, { cause });
  }
}

function damaged(segment: Segment, offset: number, problem: string): LogError {
  return new LogError('GAIT_LOG_DAMAGED', `${segment.path} at byte ${offset}: ${problem}.`);
}
