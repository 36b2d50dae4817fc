import { mkdir } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeRecord } from '@gait/engine/event/codec';
import { type LogRecord, ordinalsOf } from '@gait/engine/event/record';
import type { Appended, Log, StoredRecord } from '../log.ts';
import { LogError } from '../log.ts';
import { stampRecord } from '../stamp.ts';
import { Wake } from '../wake.ts';
import { Compressor, type Payload } from './compressor.ts';
import { ioError, paths } from './folder.ts';
import { FRAME_TYPE } from './frame.ts';
import type { Head } from './head.ts';
import { recoverHeads } from './heads-file.ts';
import { openKeys } from './keys.ts';
import {
  COMMIT_BYTES_MAX,
  COMMIT_FRAMES_MAX,
  HEAD_EVERY_MS,
  PENDING_BYTES_MAX,
  RESERVE_BYTES,
  SEGMENT_BYTES_MAX,
} from './limits.ts';
import { type FolderLock, lockFolder } from './lock.ts';
import { type Durable, Notary } from './notary.ts';
import { LogCursor } from './reading.ts';
import { type Recovered, recoverSegments } from './recovery.ts';
import { DiskReserve } from './reserve.ts';
import { planRemoval, type Retained, type RetainOptions } from './retention.ts';
import { type SegmentFiles, systemFiles } from './system.ts';
import { SegmentWriter, type Writable } from './writer.ts';

/** How the log in a folder is kept. Every option has a default. */
export interface SegmentLogOptions {
  /** Size at which a segment is sealed, bytes. Default `SEGMENT_BYTES_MAX`. */
  readonly segmentBytesMax?: number;
  /** Disk space kept free of observations, bytes; 0 switches this off. Default `RESERVE_BYTES`. */
  readonly reserveBytes?: number;
  /** Time between heads of the open segment, ms. Default `HEAD_EVERY_MS`. */
  readonly headEveryMs?: number;
  /** Whether heads are signed; without them nothing can be verified, as in a log that is thrown away. Default true. */
  readonly signed?: boolean;
  /** Clock for the time of signing, ms since 1970. It has no influence on records. */
  readonly now?: () => number;
  /** Called with each new signed head, to be kept where whoever holds the key cannot reach. Must not throw. */
  readonly anchor?: (line: string, head: Head) => void;
  /** File operations of commits; tests make them fail. */
  readonly files?: SegmentFiles;
}

/** The log in a folder. */
export interface SegmentLog extends Log {
  /** What opening had to cut after a crash. */
  readonly recovered: Recovered;
  /** Why heads are not being signed; undefined while they are. Records are durable all the same. */
  readonly headFailure: LogError | undefined;
  /** Signs a head of everything durable now, instead of within `headEveryMs`. */
  sign(): Promise<void>;
  /** Removes old segments, after signing for them. */
  retain(options: RetainOptions): Promise<Retained>;
}

/**
 * Opens (or begins) the log in a folder for writing, as its only writer. A record is acknowledged after the commit that
 * holds it was written and synced; records that arrive meanwhile share the next commit. Errors: `GAIT_LOG_LOCKED`,
 * `GAIT_LOG_NEWER`, `GAIT_LOG_DAMAGED`, `GAIT_LOG_FULL`, `GAIT_LOG_IO`. Cost of opening: one pass over the last segment.
 */
export async function openSegmentLog(folder: string, options: SegmentLogOptions = {}): Promise<SegmentLog> {
  await mkdir(paths.segments(folder), { recursive: true }).catch((error) => Promise.reject(ioError(error, folder)));
  const lock = lockFolder(folder);
  try {
    return await openLocked(folder, options, lock);
  } catch (error) {
    lock.release();
    throw ioError(error, folder);
  }
}

async function openLocked(folder: string, options: SegmentLogOptions, lock: FolderLock): Promise<SegmentLog> {
  const key = await openKeys(folder);
  const heads = await recoverHeads(folder);
  const { segments, tail, recovered } = await recoverSegments(folder, heads);
  const files = options.files ?? systemFiles;
  const segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX;
  const writer = new SegmentWriter({ folder, files, segmentBytesMax }, segments, tail);
  const notary = new Notary({
    folder,
    key,
    heads,
    now: options.now ?? Date.now,
    headEveryMs: options.headEveryMs ?? HEAD_EVERY_MS,
    signed: options.signed ?? true,
    anchor: options.anchor,
    durable: () => ({ segments: writer.segments, bytes: writer.bytes }),
  });
  try {
    await writer.start(!notary.sealed.has(segments.at(-1)?.number ?? 0));
    // A log never is without a head, so that deleting them all is noticed.
    if (heads.open === undefined) await notary.sign();
    else notary.notice(writer.segments.length > 1);
    const reserve = new DiskReserve(options.reserveBytes ?? RESERVE_BYTES, () => files.freeBytes(folder));
    return new FolderLog({ lock, writer, notary, reserve, recovered });
  } catch (error) {
    await notary.close();
    await writer.close();
    throw error;
  }
}

interface Parts {
  readonly lock: FolderLock;
  readonly writer: SegmentWriter;
  readonly notary: Notary;
  readonly reserve: DiskReserve;
  readonly recovered: Recovered;
}

interface Pending {
  readonly payload: Payload | Promise<Payload>;
  readonly rawBytes: number;
  readonly type: number;
  readonly count: number;
  readonly lastMs: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

class FolderLog implements SegmentLog {
  readonly recovered: Recovered;
  readonly #lock: FolderLock;
  readonly #writer: SegmentWriter;
  readonly #notary: Notary;
  readonly #reserve: DiskReserve;
  readonly #compressor = new Compressor();
  readonly #wake = new Wake();
  #queue: Pending[] = [];
  #pendingBytes = 0;
  #draining = false;
  /** Stamp of the newest record accepted, durable or not. */
  #stampMs: number;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor({ lock, writer, notary, reserve, recovered }: Parts) {
    this.recovered = recovered;
    this.#lock = lock;
    this.#writer = writer;
    this.#notary = notary;
    this.#reserve = reserve;
    this.#stampMs = writer.lastMs;
  }

  get first(): number {
    return this.#writer.segments[0]?.header.first ?? 0;
  }

  get next(): number {
    return this.#writer.next;
  }

  get lastMs(): number {
    return this.#writer.lastMs;
  }

  get headFailure(): LogError | undefined {
    return this.#notary.failure;
  }

  async append(record: LogRecord): Promise<Appended> {
    if (this.#closing !== undefined) throw new LogError('GAIT_LOG_CLOSED');
    if (this.#pendingBytes > PENDING_BYTES_MAX) throw new LogError('GAIT_LOG_BUSY');
    const stamped = stampRecord(record, this.#stampMs);
    const raw = encodeRecord(stamped.record);
    this.#stampMs = stamped.lastMs;
    return new Promise((resolve, reject) => {
      const payload = this.#compressor.compress(raw);
      const place = { type: FRAME_TYPE[record.type], count: ordinalsOf(record), lastMs: stamped.lastMs };
      this.#queue.push({ payload, rawBytes: raw.length, ...place, resolve, reject });
      this.#pendingBytes += raw.length;
      if (!this.#draining) this.#drain();
    });
  }

  async *read(fromOrdinal: number): AsyncIterable<StoredRecord> {
    if (this.#closing !== undefined) throw new LogError('GAIT_LOG_CLOSED');
    const cursor = this.#cursor(fromOrdinal);
    try {
      yield* cursor.until(this.#durable());
    } finally {
      await cursor.close();
    }
  }

  async *follow(fromOrdinal: number, signal?: AbortSignal): AsyncIterable<StoredRecord> {
    const cursor = this.#cursor(fromOrdinal);
    try {
      while (!signal?.aborted) {
        const durable = this.#durable();
        for await (const stored of cursor.until(durable)) {
          if (signal?.aborted) return;
          yield stored;
        }
        if (!this.#isNew(durable)) {
          if (this.#closing !== undefined && !this.#draining) return;
          await this.#wake.wait(signal);
        }
      }
    } finally {
      await cursor.close();
    }
  }

  sign(): Promise<void> {
    return this.#notary.sign();
  }

  async retain(options: RetainOptions): Promise<Retained> {
    await this.#notary.sign();
    const log = { ...this.#durable(), lastMs: this.#writer.lastMs, sealed: this.#notary.sealed };
    const removed = planRemoval(log, options);
    try {
      await this.#notary.remove(removed);
    } finally {
      this.#writer.forget(this.#notary.removed);
    }
    const removedBytes = removed.reduce((sum, segment) => sum + segment.bytes, 0);
    return { removedSegments: removed.map((segment) => segment.number), removedBytes };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#draining) await new Promise<void>((resolve) => (this.#drained = resolve));
    this.#wake.all();
    try {
      await this.#notary.sign();
    } finally {
      await this.#notary.close();
      await this.#writer.close();
      this.#lock.release();
    }
  }

  #durable(): Durable {
    return { segments: this.#writer.segments, bytes: this.#writer.bytes };
  }

  #isNew(seen: Durable): boolean {
    return this.#writer.bytes !== seen.bytes || this.#writer.segments !== seen.segments;
  }

  #cursor(fromOrdinal: number): LogCursor {
    return new LogCursor({ fromOrdinal, seek: (segment, ordinal) => this.#writer.seek(segment.number, ordinal) });
  }

  /** Commits groups until nothing waits. Never rejects: failures go to the appends they concern. */
  async #drain(): Promise<void> {
    this.#draining = true;
    // One turn of the event loop, so that records appended together share the first commit.
    await turn();
    while (this.#queue.length > 0) await this.#commitGroup(this.#takeGroup());
    this.#draining = false;
    this.#drained?.();
    this.#wake.all();
  }

  #takeGroup(): Pending[] {
    let bytes = 0;
    let frames = 0;
    while (frames < this.#queue.length && frames < COMMIT_FRAMES_MAX) {
      bytes += this.#queue[frames].rawBytes;
      if (frames > 0 && bytes > COMMIT_BYTES_MAX) break;
      frames++;
    }
    return this.#queue.splice(0, frames);
  }

  async #commitGroup(group: readonly Pending[]): Promise<void> {
    try {
      await this.#commit(await this.#admitted(group));
    } catch (error) {
      for (const pending of group) pending.reject(ioError(error, 'commit'));
    }
    for (const pending of group) this.#pendingBytes -= pending.rawBytes;
    this.#wake.all();
  }

  /** The records of a group that the free space allows; refuses the others. */
  async #admitted(group: readonly Pending[]): Promise<readonly Pending[]> {
    const bytes = group.reduce((sum, pending) => sum + pending.rawBytes, 0);
    if (await this.#reserve.admits(bytes)) return group;
    const isObservation = ({ type }: Pending): boolean => type === FRAME_TYPE.observation;
    const full = new LogError('GAIT_LOG_FULL', 'What is left is kept for control records.');
    for (const pending of group.filter(isObservation)) pending.reject(full);
    return group.filter((pending) => !isObservation(pending));
  }

  async #commit(group: readonly Pending[]): Promise<void> {
    if (group.length === 0) return;
    const frames = await Promise.all(group.map(writable));
    const complete = this.#writer.needsSegment(frames);
    if (complete) await this.#writer.begin();
    const ordinals = await this.#writer.commit(frames);
    for (const [at, pending] of group.entries()) pending.resolve({ ordinal: ordinals[at] });
    this.#notary.notice(complete);
  }
}

async function writable({ payload, type, count, lastMs }: Pending): Promise<Writable> {
  return { payload: await payload, type, count, lastMs };
}
