import type { SlabPage } from '../base/slab.ts';
import type { RollupRow } from '../event/rollup.ts';
import { NUMBER, SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { HEAD } from './functions.ts';

/**
 * Counts an invocation in the current minute of the function whose head is at `word`; `ok` is the hash of the status of
 * success. True when it is the first of the minute.
 */
export function countMinute(
  page: SlabPage,
  word: number,
  of: { readonly seen: Observation; readonly ok: number },
): boolean {
  const { seen } = of;
  const { u32, f64 } = page;
  const first = u32[word + HEAD.minuteCount] === 0;
  u32[word + HEAD.minuteCount]++;
  u32[word + HEAD.minuteCalls] += seen.callCount;
  if (seen.cold) u32[word + HEAD.minuteCold]++;
  const status = seen.symbols[SYMBOL.status];
  if (status !== 0 && status !== of.ok) {
    u32[word + HEAD.minuteErrors]++;
    u32[word + HEAD.errors]++;
  }
  // Absent numbers are NaN, and compare as false.
  const duration = seen.numbers[NUMBER.durationMs];
  if (duration >= 0) {
    f64[(word + HEAD.minuteDurationSum) >> 1] += duration;
    if (duration > f64[(word + HEAD.minuteDurationMax) >> 1]) f64[(word + HEAD.minuteDurationMax) >> 1] = duration;
  }
  const bytesOut = seen.numbers[NUMBER.bytesOut];
  if (bytesOut >= 0) f64[(word + HEAD.minuteBytesOut) >> 1] += bytesOut;
  const memory = seen.numbers[NUMBER.memoryMb];
  if (memory > f64[(word + HEAD.minuteMemoryMax) >> 1]) f64[(word + HEAD.minuteMemoryMax) >> 1] = memory;
  return first;
}

/** Takes the counts of the minute that just ended; undefined when the function was not active in it. */
export function takeMinute(page: SlabPage, word: number, name: string): RollupRow | undefined {
  const { u32, f64 } = page;
  if (u32[word + HEAD.minuteCount] === 0) return undefined;
  const row = {
    function: name,
    count: u32[word + HEAD.minuteCount],
    errors: u32[word + HEAD.minuteErrors],
    cold: u32[word + HEAD.minuteCold],
    durationSumMs: f64[(word + HEAD.minuteDurationSum) >> 1],
    durationMaxMs: f64[(word + HEAD.minuteDurationMax) >> 1],
    bytesOutSum: f64[(word + HEAD.minuteBytesOut) >> 1],
    memoryMaxMb: f64[(word + HEAD.minuteMemoryMax) >> 1],
    calls: u32[word + HEAD.minuteCalls],
  };
  u32.fill(0, word + HEAD.minute, word + HEAD.minuteMemoryMax + 2);
  return row;
}
