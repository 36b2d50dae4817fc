import { type FileHandle, open } from 'node:fs/promises';
import { EngineError } from '@gait/engine/base/errors';
import { CanonicalRows, canonicalControl } from '@gait/engine/event/canonical';
import type { LogRecord } from '@gait/engine/event/record';
import type { StoredRecord } from '../log.ts';
import { type Frame, SEGMENT_HEADER_BYTES, type SegmentHeader } from './frame.ts';
import { emptyRoot, GrowingTree, leafHash } from './merkle.ts';
import { type BadFrame, FrameScanner, isBad, recordOf } from './scanner.ts';
import { outOfOrder } from './tail.ts';

/** What a head says of the content of a segment up to some byte. */
export interface SegmentProof {
  readonly next: number;
  readonly bytes: number;
  readonly root: string;
  readonly frame: string;
  readonly lastMs: number;
}

/** A bad place in a segment, with the ordinal that was expected there. */
export interface BadPlace extends BadFrame {
  readonly ordinal: number;
}

/** Called with the canonical text of each record and its leaf hash, in order of ordinals. */
export type LeafVisitor = (ordinal: number, text: string, leaf: Buffer) => void;

/** What a head says of a segment without frames. */
export function emptyProof(header: SegmentHeader): SegmentProof {
  return {
    next: header.first,
    bytes: SEGMENT_HEADER_BYTES,
    root: emptyRoot().toString('hex'),
    frame: header.previous.toString('hex'),
    lastMs: header.lastMs,
  };
}

/**
 * Goes through a segment as it grows, checks order, chain and every record, and keeps the Merkle root of what it has
 * seen. About 10 µs a record: done by a worker thread, off the path of acknowledgement.
 */
export class SegmentWalk {
  readonly #file: FileHandle;
  readonly #scanner: FrameScanner;
  readonly #tree = new GrowingTree();
  readonly #visit: LeafVisitor | undefined;
  #next: number;
  #frame: Buffer;
  #lastMs: number;

  private constructor(file: FileHandle, header: SegmentHeader, visit: LeafVisitor | undefined) {
    this.#file = file;
    this.#visit = visit;
    this.#next = header.first;
    this.#frame = header.previous;
    this.#lastMs = header.lastMs;
    this.#scanner = new FrameScanner(file, { from: SEGMENT_HEADER_BYTES, until: SEGMENT_HEADER_BYTES, hashed: true });
  }

  static async open(path: string, header: SegmentHeader, visit?: LeafVisitor): Promise<SegmentWalk> {
    return new SegmentWalk(await open(path, 'r'), header, visit);
  }

  /** What has been seen so far. */
  get proof(): SegmentProof {
    return {
      next: this.#next,
      bytes: this.#scanner.offset,
      root: this.#tree.root().toString('hex'),
      frame: this.#frame.toString('hex'),
      lastMs: this.#lastMs,
    };
  }

  /** Takes in the frames up to `bytes`; the first bad place if there is one. A frame that ends later is a bad place. */
  async advance(bytes: number): Promise<BadPlace | undefined> {
    this.#scanner.extend(bytes);
    for (;;) {
      const found = await this.#scanner.next();
      if (found === undefined) return undefined;
      const before = { next: this.#next, lastMs: this.#lastMs, frame: this.#frame };
      const bad = isBad(found) ? found : (outOfOrder(found, before) ?? (await this.#takeIn(found)));
      if (bad !== undefined || isBad(found)) return bad && { ...bad, ordinal: this.#next };
      this.#next += found.count;
      this.#frame = found.hash;
      this.#lastMs = found.lastMs;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #takeIn(frame: Frame): Promise<BadFrame | undefined> {
    try {
      const record = await recordOf(frame);
      const problem = stampProblem(record, this.#lastMs, frame.lastMs);
      if (problem !== undefined) return { offset: frame.offset, problem };
      this.#addLeaves({ ordinal: frame.ordinal, record });
      return undefined;
    } catch (error) {
      if (!(error instanceof EngineError) || error.code === 'GAIT_SCHEMA_NEWER') throw error;
      return { offset: frame.offset, problem: error.message };
    }
  }

  #addLeaves(stored: StoredRecord): void {
    let { ordinal } = stored;
    for (const text of canonicalTexts(stored)) {
      const leaf = leafHash(text);
      this.#tree.add(leaf);
      this.#visit?.(ordinal, text, leaf);
      ordinal++;
    }
  }
}

/** Canonical texts of the ordinals of a record, in order; none for a tick. */
function* canonicalTexts({ ordinal, record }: StoredRecord): Iterable<string> {
  if (record.type === 'control') yield canonicalControl(record.control, ordinal, record.receivedMs);
  if (record.type !== 'observation') return;
  const rows = new CanonicalRows(record.batch);
  for (let row = 0; row < record.batch.rows; row++) yield rows.text(row, ordinal + row);
}

/** Stamps must not go back, and the last one must be what the frame says. */
function stampProblem(record: LogRecord, beforeMs: number, frameMs: number): string | undefined {
  let newest = beforeMs;
  for (const stamp of stampsOf(record)) {
    if (stamp < newest) return 'the stamps go back';
    newest = stamp;
  }
  return newest === frameMs ? undefined : 'the newest stamp is not what the frame says';
}

function stampsOf(record: LogRecord): Iterable<number> {
  if (record.type === 'observation') return record.batch.columns.receivedMs;
  return [record.type === 'tick' ? record.throughMs : record.receivedMs];
}
