import type { Log, StoredRecord } from '../log.ts';
import { Wake } from '../wake.ts';
import type { Segment } from './folder.ts';
import { SEGMENT_HEADER_BYTES } from './frame.ts';
import { LogCursor } from './reading.ts';

/** How far a log is durable, in a form that another thread can be sent. */
export interface DurableMark {
  /** Segments present, oldest first; left out when they are those of the mark before. */
  readonly segments?: readonly Segment[];
  /** Synced bytes of the last segment. */
  readonly bytes: number;
  /** Ordinal of the next record. */
  readonly next: number;
  /** Stamp of the newest record, ms. */
  readonly lastMs: number;
}

/**
 * Reads a log that is written in another thread, up to the mark it is told last. Nothing is locked; what lies behind the
 * mark is never looked at. Memory: one frame at a time, however far the reader is behind.
 */
export class SegmentFollower implements Pick<Log, 'first' | 'next' | 'lastMs' | 'read' | 'follow'> {
  readonly #wake = new Wake();
  #segments: readonly Segment[];
  #mark: DurableMark;
  #ended = false;

  constructor(mark: DurableMark & { readonly segments: readonly Segment[] }) {
    this.#segments = mark.segments;
    this.#mark = mark;
  }

  get first(): number {
    return this.#segments[0]?.header.first ?? 0;
  }

  get next(): number {
    return this.#mark.next;
  }

  get lastMs(): number {
    return this.#mark.lastMs;
  }

  /** Takes a later mark. Marks come in order. */
  extend(mark: DurableMark): void {
    this.#segments = mark.segments ?? this.#segments;
    this.#mark = mark;
    this.#wake.all();
  }

  /** Says that there will be no later mark: `follow` ends where the last one is. */
  end(): void {
    this.#ended = true;
    this.#wake.all();
  }

  async *read(fromOrdinal: number): AsyncIterable<StoredRecord> {
    const cursor = cursorFrom(fromOrdinal);
    try {
      yield* cursor.until({ segments: this.#segments, bytes: this.#mark.bytes });
    } finally {
      await cursor.close();
    }
  }

  async *follow(fromOrdinal: number, signal?: AbortSignal): AsyncIterable<StoredRecord> {
    const cursor = cursorFrom(fromOrdinal);
    try {
      while (!signal?.aborted) {
        const mark = this.#mark;
        for await (const stored of cursor.until({ segments: this.#segments, bytes: mark.bytes })) {
          if (signal?.aborted) return;
          yield stored;
        }
        if (this.#mark !== mark) continue;
        if (this.#ended) return;
        await this.#wake.wait(signal);
      }
    } finally {
      await cursor.close();
    }
  }
}

/** Without an index, the segment that holds the ordinal is gone through from its beginning. */
function cursorFrom(fromOrdinal: number): LogCursor {
  return new LogCursor({ fromOrdinal, seek: () => SEGMENT_HEADER_BYTES });
}
