import type { Segment } from './folder.ts';
import type { Head } from './head.ts';
import type { Durable } from './notary.ts';

/** Ordinals `[from, next)`. */
export interface OrdinalRange {
  readonly from: number;
  readonly next: number;
}

/** What may be removed. A segment goes if either bound says so; without a bound nothing goes. */
export interface RetainOptions {
  /** Bytes of segments to keep; the oldest go first. */
  readonly keepBytes?: number;
  /** Age to keep, by the log's own clock: the distance of a segment's newest stamp from the newest of all. */
  readonly keepMs?: number;
  /** Everything before it has been consumed by the engine and stored; nothing from it on is removed. */
  readonly consumedOrdinal: number;
  /** Legal holds: segments with any of these ordinals stay, whatever their age. */
  readonly holds: readonly OrdinalRange[];
}

/** What was removed. */
export interface Retained {
  readonly removedSegments: readonly number[];
  readonly removedBytes: number;
}

/** The segments that may be removed now, oldest first. Only sealed ones: their heads stay as proof. */
export function planRemoval(
  log: Durable & { readonly sealed: ReadonlyMap<number, Head>; readonly lastMs: number },
  options: RetainOptions,
): Segment[] {
  const { keepBytes = Number.POSITIVE_INFINITY, keepMs = Number.POSITIVE_INFINITY } = options;
  const complete = log.segments.slice(0, -1);
  let bytes = complete.reduce((sum, segment) => sum + segment.bytes, log.bytes);
  const removed: Segment[] = [];
  for (const segment of complete) {
    const head = log.sealed.get(segment.number);
    if (head === undefined || head.next > options.consumedOrdinal || held(head, options.holds)) continue;
    if (bytes <= keepBytes && log.lastMs - head.lastMs <= keepMs) continue;
    removed.push(segment);
    bytes -= segment.bytes;
  }
  return removed;
}

function held(head: Head, holds: readonly OrdinalRange[]): boolean {
  return holds.some((hold) => hold.from < head.next && head.first < hold.next);
}
