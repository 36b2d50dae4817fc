import { dirname } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import { SCHEMA } from '@gait/engine/event/record';
import { LogError } from '../log.ts';
import type { Committed, Encoded, Place } from './commit.ts';
import type { Committer } from './committer.ts';
import { ioError, paths, type Segment } from './folder.ts';
import { encodeSegmentHeader, FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './frame.ts';
import { INDEXED_SEGMENTS_MAX } from './limits.ts';
import { SegmentIndex } from './segment-index.ts';
import { type SegmentFile, type SegmentFiles, syncFolder, writeAll } from './system.ts';
import type { Tail } from './tail.ts';

/** Where and how segments are written. */
export interface WriterOptions {
  readonly folder: string;
  readonly files: SegmentFiles;
  readonly committer: Committer;
  readonly segmentBytesMax: number;
}

/**
 * Appends frames to the last segment and begins new ones. What its properties say is durable. After a failed write the
 * segment is cut back to that; if even this fails, or the write failed for another reason than space, it stays broken
 * until the log is opened again, because the kernel may then report a later sync as done that was not.
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

  /** Whether the records need a new segment first: they might not fit if they do not get smaller by compression. */
  needsSegment(records: readonly Encoded[]): boolean {
    const size = records.reduce((sum, { raw }) => sum + FRAME_HEADER_BYTES + raw.length, 0);
    return this.bytes > SEGMENT_HEADER_BYTES && this.bytes + size > this.#options.segmentBytesMax;
  }

  /** Begins the next segment; the one before is then complete. */
  async begin(): Promise<void> {
    this.#refuseIfBroken();
    await this.#begin();
  }

  /** Writes records with one write and one sync; returns the place of each. */
  async commit(records: readonly Encoded[]): Promise<readonly Place[]> {
    this.#refuseIfBroken();
    const file = this.#file;
    const segment = this.#segments.at(-1);
    assert(file !== undefined && segment !== undefined, 'the writer was started');
    const { bytes, next, lastMs } = this;
    const commit = { records, bytes, next, lastMs, frame: this.#frame };
    try {
      const committed = await this.#options.committer.commit(file, commit);
      this.#take(committed, segment.number);
      return committed.places;
    } catch (error) {
      const failure = ioError(error, segment.path);
      if (failure.code !== 'GAIT_LOG_FULL') this.#broken = failure;
      await this.#cutBack(file, segment.path);
      throw failure;
    }
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

  /** Takes note of what has become durable. */
  #take({ places, bytes, next, frame, lastMs }: Committed, segment: number): void {
    const index = this.#indexOf(segment);
    for (const place of places) if ('offset' in place) index.add(place.ordinal, place.offset);
    this.bytes = bytes;
    this.next = next;
    this.lastMs = lastMs;
    this.#frame = Buffer.from(frame);
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
