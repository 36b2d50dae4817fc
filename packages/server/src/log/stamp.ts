import type { LogRecord } from '@gait/engine/event/record';

/** A record whose stamps do not go back, and the newest of them. */
export interface Stamped {
  readonly record: LogRecord;
  readonly lastMs: number;
}

/**
 * Raises every stamp of a record to at least `lastMs` and to the one before it, so that the log's clock never goes back.
 * The rows of a batch are stamped in place.
 */
export function stampRecord(record: LogRecord, lastMs: number): Stamped {
  if (record.type === 'observation') {
    const { receivedMs } = record.batch.columns;
    let newest = lastMs;
    for (let row = 0; row < receivedMs.length; row++) {
      if (receivedMs[row] > newest) newest = receivedMs[row];
      else receivedMs[row] = newest;
    }
    return { record, lastMs: newest };
  }
  if (record.type === 'tick') {
    const throughMs = Math.max(record.throughMs, lastMs);
    return { record: { type: 'tick', throughMs }, lastMs: throughMs };
  }
  const receivedMs = Math.max(record.receivedMs, lastMs);
  return { record: { ...record, receivedMs }, lastMs: receivedMs };
}
