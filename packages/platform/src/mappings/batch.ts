/** Batches as events of functions, and what functions answer to them. */
import type { SourceRecord } from '../contract.ts';

/** Size of an event: what a function that somebody waits for takes. */
export const EVENT_BYTES_MAX = 6 * 1024 * 1024;

const OPENING = '{"Records":[';
const CLOSING = ']}';

/** The event of as many records, from the first on, as fit into it. */
export function encodeBatch(records: readonly SourceRecord[]): { payload: Buffer; count: number } {
  const parts: string[] = [];
  let bytes = OPENING.length + CLOSING.length;
  for (const { record } of records) {
    const text = JSON.stringify(record);
    bytes += Buffer.byteLength(text) + 1;
    if (bytes > EVENT_BYTES_MAX) break;
    parts.push(text);
  }
  return { payload: Buffer.from(`${OPENING}${parts.join(',')}${CLOSING}`), count: parts.length };
}

/**
 * The records a function says it could not handle. An answer that names none is success; one that cannot be understood, or
 * names a record that was not in the batch, is failure of all, as in AWS.
 */
export function failedItems(payload: Uint8Array, records: readonly SourceRecord[]): readonly SourceRecord[] {
  const text = Buffer.from(payload).toString('utf8').trim();
  if (text === '' || text === 'null') return [];
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return records;
  }
  if (typeof answer !== 'object' || answer === null || !('batchItemFailures' in answer)) return [];
  const { batchItemFailures: failures } = answer;
  if (failures === null || failures === undefined) return [];
  if (!Array.isArray(failures)) return records;
  const ids = new Set<unknown>(failures.map((one: unknown) => (isNamed(one) ? one.itemIdentifier : undefined)));
  const failed = records.filter(({ id }) => ids.has(id));
  return failed.length === ids.size ? failed : records;
}

function isNamed(value: unknown): value is { itemIdentifier: unknown } {
  return typeof value === 'object' && value !== null && 'itemIdentifier' in value;
}
