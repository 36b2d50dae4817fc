import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { CopyCache, copyRow } from '@gait/engine/event/copy';
import { type Timed, timed, withTimes } from './timed.ts';

/** Batches of one source, each with rows and later than the one before; the rows of a batch may stand in any order. */
export type Source = Iterator<Batch> | AsyncIterator<Batch>;

/**
 * Merges sources into batches whose rows are in order of time, with received times equal to event times. Of equal times,
 * the row of the earlier source comes first. A batch in order that no other source reaches into passes without being
 * rebuilt. Holds one batch of each source and the one under construction. Cost about 1 µs a row that is rebuilt.
 */
export async function* merge(sources: readonly Source[]): AsyncGenerator<Batch, void> {
  const heap = new Heap();
  for (const [rank, source] of sources.entries()) {
    const cursor = await Cursor.open(source, rank);
    if (cursor !== undefined) heap.add(cursor);
  }
  const builder = new BatchBuilder();
  let batches = 0;
  for (let cursor = heap.first; cursor !== undefined; cursor = heap.first) {
    const next = heap.second;
    if (cursor.isWholeBefore(next)) {
      if (builder.rows > 0) yield builder.finish();
      batches++;
      yield withTimes(cursor.batch, cursor.batch.columns.eventMs);
      cursor.at = cursor.batch.rows;
    }
    for (; cursor.at < cursor.batch.rows && cursor.isBefore(next); cursor.at++) {
      if (builder.full) {
        yield builder.finish();
        batches++;
      }
      copyRow(builder, cursor.row, cursor.cacheFor(batches));
    }
    if (cursor.at < cursor.batch.rows || (await cursor.advance())) heap.sinkFirst();
    else heap.removeFirst();
  }
  if (builder.rows > 0) yield builder.finish();
}

/** A place in a source: a row of the batch at hand. */
class Cursor {
  readonly #source: Source;
  readonly #rank: number;
  #timed: Timed;
  #cache: CopyCache | undefined;
  /** Number of the output batch that the cache belongs to. */
  #cacheOf = -1;
  /** Rows of the batch that are done with. */
  at = 0;

  private constructor(source: Source, rank: number, first: Timed) {
    this.#source = source;
    this.#rank = rank;
    this.#timed = first;
  }

  /** Undefined for a source without batches. Of equal times, the lower rank comes first. */
  static async open(source: Source, rank: number): Promise<Cursor | undefined> {
    const first = await source.next();
    return first.done === true ? undefined : new Cursor(source, rank, timed(first.value));
  }

  get batch(): Batch {
    return this.#timed.batch;
  }

  get row(): number {
    return this.#timed.order?.[this.at] ?? this.at;
  }

  get timeMs(): number {
    return this.#timed.batch.columns.eventMs[this.row];
  }

  /** Goes to the next batch; false when there is none. */
  async advance(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#timed = timed(next.value);
    this.#cache = undefined;
    this.at = 0;
    return true;
  }

  /** True when the row at hand comes before that of `other`. */
  isBefore(other: Cursor | undefined): boolean {
    return other === undefined || this.#precedes(this.timeMs, other);
  }

  /** True when the batch is untouched, in order, and comes before the row at hand of `other` as a whole. */
  isWholeBefore(other: Cursor | undefined): boolean {
    if (this.at > 0 || this.#timed.order !== undefined) return false;
    return other === undefined || this.#precedes(this.#timed.lastMs, other);
  }

  #precedes(timeMs: number, other: Cursor): boolean {
    const otherMs = other.timeMs;
    return timeMs < otherMs || (timeMs === otherMs && this.#rank < other.#rank);
  }

  cacheFor(outputBatch: number): CopyCache {
    this.#cache ??= new CopyCache(this.batch);
    if (this.#cacheOf !== outputBatch) this.#cache.clear();
    this.#cacheOf = outputBatch;
    return this.#cache;
  }
}

/** Cursors by the row at hand, a binary heap. */
class Heap {
  readonly #cursors: Cursor[] = [];

  get first(): Cursor | undefined {
    return this.#cursors[0];
  }

  /** The cursor that would be first without the first. */
  get second(): Cursor | undefined {
    const left = this.#cursors[1];
    const right = this.#cursors[2];
    return right?.isBefore(left) === true ? right : left;
  }

  add(cursor: Cursor): void {
    const cursors = this.#cursors;
    let at = cursors.push(cursor) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && cursor.isBefore(cursors[parent]); parent = (at - 1) >> 1) {
      cursors[at] = cursors[parent];
      at = parent;
    }
    cursors[at] = cursor;
  }

  removeFirst(): void {
    const last = this.#cursors.pop();
    if (last === undefined || this.#cursors.length === 0) return;
    this.#cursors[0] = last;
    this.sinkFirst();
  }

  /** Puts the first cursor where it belongs after its row at hand has changed. */
  sinkFirst(): void {
    const cursors = this.#cursors;
    const cursor = cursors[0];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= cursors.length) break;
      if (child + 1 < cursors.length && cursors[child + 1].isBefore(cursors[child])) child++;
      if (cursor.isBefore(cursors[child])) break;
      cursors[at] = cursors[child];
      at = child;
    }
    cursors[at] = cursor;
  }
}
