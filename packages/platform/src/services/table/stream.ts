/** The changes of a table in order, as readers of its stream get them. */
import { randomUUID } from 'node:crypto';
import type { EventSource, SourceRecord } from '../../contract.ts';
import type { Item } from './attribute-value.ts';
import { equalItems, itemBytes } from './attribute-value.ts';

/** Changes a stream keeps: what readers may lag behind. AWS keeps a day; here memory is the limit. */
export const STREAM_RECORDS_MAX = 50_000;
/** Bytes of all images a stream keeps alive, counted as the table counts them. */
export const STREAM_BYTES_MAX = 64 * 1024 * 1024;

/** One change of a table; `old` is absent for a new item, `next` for a removed one. */
export interface Change {
  readonly keys: Item;
  readonly old?: Item | undefined;
  readonly next?: Item | undefined;
}

interface KeptRecord extends SourceRecord {
  readonly sequence: number;
  readonly bytes: number;
}

/** Keeps the newest changes within its limits; a reader that lags further behind loses the oldest, and that is counted. */
export class ChangeStream {
  readonly arn: string;
  readonly #region: string;
  readonly #now: () => number;
  readonly #wakers = new Set<() => void>();
  #records: KeptRecord[] = [];
  /** Records at the front of `#records` that are gone already; cut off now and then. */
  #gone = 0;
  #bytes = 0;
  /** Sequence of the next change. */
  #next = 1;
  #lost = 0;

  constructor(tableArn: string, region: string, now: () => number) {
    const label = new Date(now()).toISOString().replace('Z', '');
    this.arn = `${tableArn}/stream/${label}`;
    this.#region = region;
    this.#now = now;
  }

  /** Sequence of the oldest change that is still there. */
  get oldest(): number {
    return this.#next - (this.#records.length - this.#gone);
  }

  /** Changes that were gone before a reader came to them, counted once for each reader. */
  get lost(): number {
    return this.#lost;
  }

  /** Told by readers. */
  countLost(changes: number): void {
    this.#lost += changes;
  }

  /** Adds a change. One that changes nothing is no change. */
  append(change: Change): void {
    if (change.old !== undefined && change.next !== undefined && equalItems(change.old, change.next)) return;
    const sequence = this.#next++;
    const images = bytesOf(change.next) + bytesOf(change.old);
    const bytes = itemBytes(change.keys) + images;
    this.#records.push({ id: sequenceText(sequence), sequence, bytes, record: this.#record(change, sequence, bytes) });
    this.#bytes += bytes;
    this.#trim();
    for (const wake of [...this.#wakers]) wake();
  }

  /** Changes from a sequence on. */
  from(sequence: number, max: number): readonly KeptRecord[] {
    const start = this.#gone + Math.max(0, sequence - this.oldest);
    return this.#records.slice(start, start + max);
  }

  /** Resolves at the next change, or after `waitMs`. */
  async changed(waitMs: number): Promise<void> {
    if (waitMs <= 0) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, waitMs);
      timer.unref();
      this.#wakers.add(wake);
    });
  }

  /** A reader of its own, beginning with the oldest change that is there, or with the first that comes from now on. */
  reader(from: 'oldest' | 'latest' = 'oldest'): StreamReader {
    return new StreamReader(this, from === 'oldest' ? this.oldest : this.#next);
  }

  #record(change: Change, sequence: number, bytes: number): Readonly<Record<string, unknown>> {
    const kind = change.old === undefined ? 'INSERT' : change.next === undefined ? 'REMOVE' : 'MODIFY';
    return {
      eventID: randomUUID().replaceAll('-', ''),
      eventName: kind,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: this.#region,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(this.#now() / 1000),
        Keys: change.keys,
        ...(change.next === undefined ? {} : { NewImage: change.next }),
        ...(change.old === undefined ? {} : { OldImage: change.old }),
        SequenceNumber: sequenceText(sequence),
        SizeBytes: bytes,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
      eventSourceARN: this.arn,
    };
  }

  #trim(): void {
    while (this.#records.length - this.#gone > STREAM_RECORDS_MAX || this.#bytes > STREAM_BYTES_MAX) {
      this.#bytes -= this.#records[this.#gone].bytes;
      this.#gone++;
    }
    // Cutting off half at once keeps the cost of a change constant.
    if (this.#gone * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#gone);
      this.#gone = 0;
    }
  }
}

/** As long as sequence numbers of AWS, so that their order as texts is their order. */
const SEQUENCE_DIGITS = 21;

function sequenceText(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

function bytesOf(item: Item | undefined): number {
  return item === undefined ? 0 : itemBytes(item);
}

/**
 * One reader's place in a stream. Records given back are given out again, and everything after them, so that the order
 * holds; one batch should be out at a time.
 */
export class StreamReader implements EventSource {
  readonly arn: string;
  readonly #stream: ChangeStream;
  #position: number;

  constructor(stream: ChangeStream, position: number) {
    this.arn = stream.arn;
    this.#stream = stream;
    this.#position = position;
  }

  async receive(max: number, waitMs: number): Promise<readonly SourceRecord[]> {
    let records = this.#take(max);
    if (records.length > 0 || waitMs <= 0) return records;
    await this.#stream.changed(waitMs);
    records = this.#take(max);
    return records;
  }

  done(): void {
    // The position is behind them already.
  }

  failed(records: readonly SourceRecord[]): void {
    for (const { id } of records) this.#position = Math.min(this.#position, Number(id));
  }

  release(records: readonly SourceRecord[]): void {
    this.failed(records);
  }

  #take(max: number): readonly SourceRecord[] {
    const { oldest } = this.#stream;
    if (this.#position < oldest) {
      this.#stream.countLost(oldest - this.#position);
      this.#position = oldest;
    }
    const records = this.#stream.from(this.#position, max);
    this.#position += records.length;
    return records;
  }
}
