import { mkdir } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { EngineError } from '@gait/engine/base/errors';
import { encodeRecordInto } from '@gait/engine/event/codec';
import { type LogRecord, ordinalsOf } from '@gait/engine/event/record';
import type { Appended, Log, StoredRecord } from '../log.ts';
import { LogError } from '../log.ts';
import { stampRecord } from '../stamp.ts';
import { Wake } from '../wake.ts';
import type { Encoded, Place } from './commit.ts';
import { Committer } from './committer.ts';
import { ioError, paths, type Segment } from './folder.ts';
import type { DurableMark } from './follower.ts';
import { FRAME_TYPE } from './frame.ts';
import type { Head } from './head.ts';
import { recoverHeads } from './heads-file.ts';
import { openKeys } from './keys.ts';
import {
  COMMIT_ASIDE_BYTES_MIN,
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
import { SegmentWriter } from './writer.ts';

/** How the log in a folder is kept. Every option has a default. */
export interface SegmentLogOptions {
  /** Size at which a segment is sealed, bytes. Default `SEGMENT_BYTES_MAX`. */
  readonly segmentBytesMax?: number;
  /** Disk space kept free of observations, bytes; 0 switches this off. Default `RESERVE_BYTES`. */
  readonly reserveBytes?: number;
  /** False: what is acknowledged need not survive loss of power. Default true. */
  readonly synced?: boolean;
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
  /** How far it is durable now, with all segments: what a `SegmentFollower` in another thread begins with. */
  readonly durable: DurableMark & { readonly segments: readonly Segment[] };
  /** Why heads are not being signed; undefined while they are. Records are durable all the same. */
  readonly headFailure: LogError | undefined;
  /** The control records from an ordinal on. Others are only read past, about as fast as the disk gives them. */
  controls(fromOrdinal: number): AsyncIterable<StoredRecord>;
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
  const committer = new Committer(options.synced ?? true);
  const writer = new SegmentWriter({ folder, files, segmentBytesMax, committer }, segments, tail);
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
    return new FolderLog({ lock, writer, committer, notary, reserve, recovered });
  } catch (error) {
    await notary.close();
    await writer.close();
    throw error;
  }
}

interface Parts {
  readonly lock: FolderLock;
  readonly writer: SegmentWriter;
  readonly committer: Committer;
  readonly notary: Notary;
  readonly reserve: DiskReserve;
  readonly recovered: Recovered;
}

interface Pending extends Encoded {
  readonly rawBytes: number;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

class FolderLog implements SegmentLog {
  readonly recovered: Recovered;
  readonly #lock: FolderLock;
  readonly #writer: SegmentWriter;
  readonly #notary: Notary;
  readonly #reserve: DiskReserve;
  readonly #committer: Committer;
  readonly #wake = new Wake();
  #queue: Pending[] = [];
  #pendingBytes = 0;
  #draining = false;
  /** Stamp of the newest record accepted, durable or not. */
  #stampMs: number;
  #closing: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor({ lock, writer, committer, notary, reserve, recovered }: Parts) {
    this.recovered = recovered;
    this.#lock = lock;
    this.#writer = writer;
    this.#committer = committer;
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

  get durable(): DurableMark & { readonly segments: readonly Segment[] } {
    return { ...this.#durable(), next: this.next, lastMs: this.lastMs };
  }

  get headFailure(): LogError | undefined {
    return this.#notary.failure;
  }

  async append(record: LogRecord): Promise<Appended> {
    if (this.#closing !== undefined) throw new LogError('GAIT_LOG_CLOSED');
    if (this.#pendingBytes > PENDING_BYTES_MAX) throw new LogError('GAIT_LOG_BUSY');
    const stamped = stampRecord(record, this.#stampMs);
    const raw = encodeRecordInto(stamped.record, this.#committer.room);
    this.#stampMs = stamped.lastMs;
    return new Promise((resolve, reject) => {
      const about = { type: FRAME_TYPE[record.type], count: ordinalsOf(record), lastMs: stamped.lastMs };
      this.#queue.push({ raw, rawBytes: raw.length, ...about, resolve, reject });
      this.#pendingBytes += raw.length;
      if (!this.#draining) this.#drain(raw.length >= COMMIT_ASIDE_BYTES_MIN);
    });
  }

  read(fromOrdinal: number): AsyncIterable<StoredRecord> {
    return this.#read(fromOrdinal, false);
  }

  controls(fromOrdinal: number): AsyncIterable<StoredRecord> {
    return this.#read(fromOrdinal, true);
  }

  async *#read(fromOrdinal: number, controlsOnly: boolean): AsyncIterable<StoredRecord> {
    if (this.#closing !== undefined) throw new LogError('GAIT_LOG_CLOSED');
    const cursor = this.#cursor(fromOrdinal, controlsOnly);
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
      await this.#committer.close();
      this.#lock.release();
    }
  }

  #durable(): Durable {
    return { segments: this.#writer.segments, bytes: this.#writer.bytes };
  }

  #isNew(seen: Durable): boolean {
    return this.#writer.bytes !== seen.bytes || this.#writer.segments !== seen.segments;
  }

  #cursor(fromOrdinal: number, controlsOnly = false): LogCursor {
    const seek = (segment: Segment, ordinal: number): number => this.#writer.seek(segment.number, ordinal);
    return new LogCursor({ fromOrdinal, seek, controlsOnly });
  }

  /**
   * Commits groups until nothing waits. The next one is on its way before appends of the one before go on. `atOnce`: the
   * first does not wait for company. Never rejects: failures go to the appends they concern.
   */
  async #drain(atOnce: boolean): Promise<void> {
    this.#draining = true;
    // One turn of the event loop, so that records appended together share the first commit.
    if (!atOnce) await turn();
    let settle = (): void => {};
    while (this.#queue.length > 0) {
      const committing = this.#commitGroup(this.#takeGroup());
      settle();
      settle = await committing;
    }
    this.#draining = false;
    settle();
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

  /** Returns what tells the appends of the outcome. */
  async #commitGroup(group: readonly Pending[]): Promise<() => void> {
    const bytes = group.reduce((sum, pending) => sum + pending.rawBytes, 0);
    try {
      const free = this.#reserve.admits(bytes);
      const admitted = free === true || (await free) ? group : refuseObservations(group);
      const places = await this.#commit(admitted);
      return () => this.#settle(bytes, () => acknowledge(admitted, places));
    } catch (error) {
      const failure = ioError(error, 'commit');
      return () => this.#settle(bytes, () => refuse(group, failure));
    }
  }

  #settle(bytes: number, tell: () => void): void {
    this.#pendingBytes -= bytes;
    tell();
    this.#wake.all();
  }

  async #commit(group: readonly Pending[]): Promise<readonly Place[]> {
    if (group.length === 0) return [];
    const complete = this.#writer.needsSegment(group);
    if (complete) await this.#writer.begin();
    const records = group.map(({ raw, type, count, lastMs }) => ({ raw, type, count, lastMs }));
    const places = await this.#writer.commit(records);
    this.#notary.notice(complete);
    return places;
  }
}

/** Refuses what the free space does not allow; returns the others. */
function refuseObservations(group: readonly Pending[]): readonly Pending[] {
  const isObservation = ({ type }: Pending): boolean => type === FRAME_TYPE.observation;
  const full = new LogError('GAIT_LOG_FULL', 'What is left is kept for control records.');
  refuse(group.filter(isObservation), full);
  return group.filter((pending) => !isObservation(pending));
}

function refuse(group: readonly Pending[], failure: LogError): void {
  for (const pending of group) pending.reject(failure);
}

function acknowledge(group: readonly Pending[], places: readonly Place[]): void {
  for (const [at, place] of places.entries()) {
    if ('refused' in place) group[at].reject(new EngineError('GAIT_BATCH_DAMAGED', place.refused));
    else group[at].resolve({ ordinal: place.ordinal });
  }
}
