import type { FrontDoorAnswer } from './front-door.ts';
import { printId } from './seed.ts';

/** Labels of others that are read at most, days whose export is guessed, and masters that are taken. */
const LABELS_MAX = 16;
const DAYS = 7;
const MASTERS = 24;

const DAY_MS = 86_400_000;

/** What was read. */
export interface BulkRead {
  readonly requests: number;
  /** When the first was answered, ms since 1970. */
  readonly firstEndMs: number;
  /** Of these, how many gave something. */
  readonly objects: number;
  readonly bytes: number;
  readonly requestIds: readonly string[];
}

/**
 * Reads what previews are not (path traversal in `catalogue`): the list of orders, older lists by guessing their names, then
 * the packing labels of the orders in the list, and the masters of prints, which are what the shop lives on. At most 48
 * requests, one after the other.
 */
export async function bulkRead(get: (path: string) => Promise<FrontDoorAnswer>, now: Date): Promise<BulkRead> {
  const requestIds: string[] = [];
  let requests = 0;
  let objects = 0;
  let bytes = 0;
  let firstEndMs = Number.POSITIVE_INFINITY;
  const take = async (key: string): Promise<string> => {
    requests += 1;
    const file = encodeURIComponent(`../../${key}`);
    const answer = await get(`/prints/${printId(0)}/preview?file=${file}`).catch(() => undefined);
    firstEndMs = Math.min(firstEndMs, Date.now());
    const requestId = answer?.headers['x-request-id'];
    if (typeof requestId === 'string') requestIds.push(requestId);
    if (answer?.status !== 200) return '';
    objects += 1;
    bytes += answer.body.length;
    return answer.body.toString('utf8');
  };
  const csv = await take('exports/orders-latest.csv');
  for (let day = 0; day < DAYS; day++) {
    await take(`exports/orders-${new Date(now.getTime() - day * DAY_MS).toISOString().slice(0, 10)}.csv`);
  }
  const orders = csv.split('\n').slice(1, LABELS_MAX + 1);
  for (const line of orders) {
    const id = line.slice(0, Math.max(0, line.indexOf(',')));
    if (id !== '') await take(`labels/${id}.txt`);
  }
  for (let at = 0; at < MASTERS; at++) await take(`masters/${printId(at)}.png`);
  return { requests, firstEndMs, objects, bytes, requestIds };
}
