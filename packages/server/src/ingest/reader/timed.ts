import { Batch } from '@gait/engine/event/batch';

/** A batch whose rows all have a time, with the order of its rows by time. */
export interface Timed {
  readonly batch: Batch;
  /** Rows by (time, place in the batch); undefined when they stand in that order already. */
  readonly order: Uint16Array | undefined;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Puts the order of a batch beside it. Its event times must be finite and it must have rows. */
export function timed(batch: Batch): Timed {
  const times = batch.columns.eventMs;
  let sorted = true;
  for (let row = 1; row < batch.rows && sorted; row++) sorted = times[row - 1] <= times[row];
  const order = sorted
    ? undefined
    : Uint16Array.from({ length: batch.rows }, (_, row) => row).sort((a, b) => times[a] - times[b] || a - b);
  return { batch, order, firstMs: times[order?.[0] ?? 0], lastMs: times[order?.[batch.rows - 1] ?? batch.rows - 1] };
}

/** The batch with other event times, which are also its received times. The other columns are shared. */
export function withTimes(batch: Batch, eventMs: Float64Array): Batch {
  return new Batch({ ...batch.columns, eventMs, receivedMs: eventMs.slice() });
}

/** Bytes that the columns of a batch take. */
export function batchBytes(batch: Batch): number {
  const { numbers, symbols, ids, calls, strings, ...columns } = batch.columns;
  const parts = [...numbers, ...symbols, ...ids.flatMap((id) => (id === undefined ? [] : Object.values(id)))];
  let bytes = 0;
  for (const part of [...parts, ...Object.values(calls), ...Object.values(strings), ...Object.values(columns)]) {
    if (ArrayBuffer.isView(part)) bytes += part.byteLength;
  }
  return bytes;
}
