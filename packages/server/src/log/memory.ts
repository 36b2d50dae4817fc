import { encodeRecord } from '@gait/engine/event/codec';
import type { LogRecord } from '@gait/engine/event/record';
import { ordinalsOf } from '@gait/engine/event/record';
import { sliceBatch } from '@gait/engine/event/slice';
import type { Appended, Log, StoredRecord } from './log.ts';
import { LogError } from './log.ts';
import { stampRecord } from './stamp.ts';
import { Wake } from './wake.ts';

/**
 * A log in memory, for temporary replays and tests: the same order, stamps and reading as on disk, gone when the process
 * ends. Holds every record until it is closed; the caller bounds what it appends.
 */
export function openMemoryLog(): Log {
  return new MemoryLog();
}

class MemoryLog implements Log {
  readonly first = 0;
  next = 0;
  lastMs = 0;
  readonly #records: StoredRecord[] = [];
  readonly #wake = new Wake();
  #closed = false;

  async append(record: LogRecord): Promise<Appended> {
    if (this.#closed) throw new LogError('GAIT_LOG_CLOSED');
    const stamped = stampRecord(record, this.lastMs);
    // Controls are rare: refuse what a log on disk would refuse. Batches come checked from the builder.
    if (record.type !== 'observation') encodeRecord(stamped.record);
    const ordinal = this.next;
    this.#records.push({ ordinal, record: stamped.record });
    this.next += ordinalsOf(record);
    this.lastMs = stamped.lastMs;
    this.#wake.all();
    return { ordinal };
  }

  async *read(fromOrdinal: number): AsyncIterable<StoredRecord> {
    if (this.#closed) throw new LogError('GAIT_LOG_CLOSED');
    const end = this.#records.length;
    for (let at = this.#find(fromOrdinal); at < end; at++) yield* recordFrom(this.#records[at], fromOrdinal);
  }

  async *follow(fromOrdinal: number, signal?: AbortSignal): AsyncIterable<StoredRecord> {
    for (let at = this.#find(fromOrdinal); ; ) {
      while (at < this.#records.length && !signal?.aborted) yield* recordFrom(this.#records[at++], fromOrdinal);
      if (this.#closed || signal?.aborted) return;
      await this.#wake.wait(signal);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake.all();
  }

  /** Place of the first record that may hold `ordinal`; binary search, as ordinals ascend. */
  #find(ordinal: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#records[middle].ordinal < ordinal) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

/** The record, or what is left of it from an ordinal on: nothing if it lies wholly before. */
export function* recordFrom(stored: StoredRecord, fromOrdinal: number): Iterable<StoredRecord> {
  const { ordinal, record } = stored;
  if (ordinal >= fromOrdinal) yield stored;
  else if (record.type === 'observation' && ordinal + record.batch.rows > fromOrdinal) {
    yield {
      ordinal: fromOrdinal,
      record: { type: 'observation', batch: sliceBatch(record.batch, fromOrdinal - ordinal) },
    };
  }
}
