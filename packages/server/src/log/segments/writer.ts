import { dirname } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import { SCHEMA } from '@gait/engine/event/record';
import { LogError } from '../log.ts';
import type { Payload } from './compressor.ts';
import { ioError, paths, type Segment } from './folder.ts';
import {
  encodeFrameHeader,
  encodeSegmentHeader,
  FRAME_HEADER_BYTES,
  frameHash,
  SEGMENT_HEADER_BYTES,
} from './frame.ts';
import { INDEXED_SEGMENTS_MAX } from './limits.ts';
import { SegmentIndex } from './segment-index.ts';
import { type SegmentFile, type SegmentFiles, syncFolder, writeAll } from './system.ts';
import type { Tail } from './tail.ts';

/** A record ready to be written. */
export interface Writable {
  readonly payload: Payload;
  readonly type: number;
  readonly count: number;
  readonly lastMs: number;
}

/** Where and how segments are written. */
export interface WriterOptions {
  readonly folder: string;
  readonly files: SegmentFiles;
  readonly segmentBytesMax: number;
}

/**
 * Appends frames to the last segment and begins new ones. What its properties say is durable. After a failed write the
 * segment is cut back to that; if even this fails, or a sync fails for another reason than space, it stays broken until
 * the log is opened again, because the kernel may then report a later sync as done that was not.
 */
export class SegmentWriter {
  readonly #options: WriterOptions;
  readonly #indexes = new Map<number, SegmentIndex>();
  #segments: readonly Segment[] = [];
  #file: SegmentFile | undefined;
  #frame: Buffer;
  #broken: LogError | undefined;
  bytes: number;
  next: number;
  lastMs: number;

  /** `tail` is the end of the last of the `segments`, or the beginning of a log without any. */
  constructor(options: WriterOptions, segments: readonly Segment[], tail: Omit<Tail, 'bad'>) {
    this.#options = options;
    this.#segments = segments;
    this.#frame = tail.frame;
    this.bytes = tail.bytes;
    this.next = tail.next;
    this.lastMs = tail.lastMs;
    const last = segments.at(-1);
    if (last !== undefined) this.#indexes.set(last.number, tail.index);
  }

  /** Segments present, oldest first. The size of the last one is in `bytes`. */
  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Offset from which to read a segment to find an ordinal. */
  seek(segment: number, ordinal: number): number {
    return this.#indexes.get(segment)?.before(ordinal) ?? SEGMENT_HEADER_BYTES;
  }

  /** Opens the last segment for writing, or begins one if there is none or it cannot be continued. */
  async start(continued: boolean): Promise<void> {
    const last = this.#segments.at(-1);
    if (last === undefined || !continued || last.header.schema < SCHEMA) await this.#begin();
    else this.#file = await this.#options.files.open(last.path, false);
  }

  /** Whether the frames need a new segment first. */
  needsSegment(frames: readonly Writable[]): boolean {
    const size = frames.reduce((sum, frame) => sum + FRAME_HEADER_BYTES + frame.payload.bytes.length, 0);
    return this.bytes > SEGMENT_HEADER_BYTES && this.bytes + size > this.#options.segmentBytesMax;
  }

  /** Begins the next segment; the one before is then complete. */
  async begin(): Promise<void> {
    this.#refuseIfBroken();
    await this.#begin();
  }

  /** Writes frames with one write and one sync; returns the ordinal of each. */
  async commit(frames: readonly Writable[]): Promise<number[]> {
    this.#refuseIfBroken();
    const file = this.#file;
    const segment = this.#segments.at(-1);
    assert(file !== undefined && segment !== undefined, 'the writer was started');
    const staged = this.#stage(frames);
    try {
      await writeAll(file, staged.buffers, this.bytes);
      await this.#sync(file, segment.path);
    } catch (error) {
      await this.#cutBack(file, segment.path);
      throw ioError(error, segment.path);
    }
    for (const [at, ordinal] of staged.ordinals.entries())
      this.#indexOf(segment.number).add(ordinal, staged.offsets[at]);
    this.bytes = staged.end;
    this.#frame = staged.frame;
    this.next = staged.next;
    this.lastMs = frames.at(-1)?.lastMs ?? this.lastMs;
    return staged.ordinals;
  }

  /** Forgets segments whose files were removed. */
  forget(numbers: ReadonlySet<number>): void {
    this.#segments = this.#segments.filter((segment) => !numbers.has(segment.number));
    for (const number of numbers) this.#indexes.delete(number);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #stage(frames: readonly Writable[]) {
    const buffers: Uint8Array[] = [];
    const ordinals: number[] = [];
    const offsets: number[] = [];
    let end = this.bytes;
    let next = this.next;
    let previous = this.#frame;
    for (const { payload, type, count, lastMs } of frames) {
      const { bytes, rawBytes, compression } = payload;
      const about = { payloadBytes: bytes.length, type, compression, ordinal: next, count, lastMs, rawBytes, previous };
      const header = encodeFrameHeader({ ...about, syncedBytes: this.bytes }, bytes);
      buffers.push(header, bytes);
      ordinals.push(next);
      offsets.push(end);
      previous = frameHash(header, bytes);
      end += header.length + bytes.length;
      next += count;
    }
    return { buffers, ordinals, offsets, end, next, frame: previous };
  }

  async #sync(file: SegmentFile, path: string): Promise<void> {
    try {
      await file.datasync();
    } catch (error) {
      const failure = ioError(error, path);
      if (failure.code !== 'GAIT_LOG_FULL') this.#broken = failure;
      throw failure;
    }
  }

  async #cutBack(file: SegmentFile, path: string): Promise<void> {
    try {
      await file.truncate(this.bytes);
    } catch (error) {
      this.#broken = ioError(error, path);
    }
  }

  async #begin(): Promise<void> {
    const number = (this.#segments.at(-1)?.number ?? 0) + 1;
    const path = paths.segment(this.#options.folder, number);
    const header = { schema: SCHEMA, segment: number, first: this.next, lastMs: this.lastMs, previous: this.#frame };
    const file = await this.#create(path, encodeSegmentHeader(header));
    const before = this.#segments.map((segment, at, all) =>
      at === all.length - 1 ? { ...segment, bytes: this.bytes } : segment,
    );
    await this.close();
    this.#file = file;
    this.#segments = [...before, { number, path, bytes: SEGMENT_HEADER_BYTES, header }];
    this.bytes = SEGMENT_HEADER_BYTES;
    this.#indexes.set(number, new SegmentIndex());
    this.#indexes.delete(number - INDEXED_SEGMENTS_MAX);
  }

  async #create(path: string, header: Buffer): Promise<SegmentFile> {
    const file = await this.#options.files.open(path, true).catch((error) => Promise.reject(ioError(error, path)));
    try {
      await writeAll(file, [header], 0);
      await file.datasync();
      await syncFolder(dirname(path));
      return file;
    } catch (error) {
      await file.close();
      await this.#discard(path);
      throw ioError(error, path);
    }
  }

  async #discard(path: string): Promise<void> {
    try {
      await this.#options.files.remove(path);
    } catch (error) {
      // A half made segment would be found by the next attempt to make it.
      this.#broken = ioError(error, path);
    }
  }

  #indexOf(segment: number): SegmentIndex {
    const index = this.#indexes.get(segment);
    assert(index !== undefined, 'the last segment has an index');
    return index;
  }

  #refuseIfBroken(): void {
    if (this.#broken !== undefined) {
      throw new LogError('GAIT_LOG_IO', 'An earlier write failed; open the log again.', { cause: this.#broken });
    }
  }
}
