import type { Batch } from '@gait/engine/event/batch';
import { FLAG } from '@gait/engine/event/schema';
import { EVENT_AGE_MS_MAX, EVENT_AHEAD_MS_MAX } from './limits.ts';

/**
 * Stamps the rows of a batch with the time of arrival, ms since 1970, and puts it in the place of event times that are
 * absent or impossible, flagged `clamped`. Returns how many rows were.
 */
export function stampArrival(batch: Batch, nowMs: number): number {
  const { receivedMs, eventMs, flags } = batch.columns;
  let clamped = 0;
  for (let row = 0; row < batch.rows; row++) {
    receivedMs[row] = nowMs;
    if (eventMs[row] >= nowMs - EVENT_AGE_MS_MAX && eventMs[row] <= nowMs + EVENT_AHEAD_MS_MAX) continue;
    eventMs[row] = nowMs;
    flags[row] |= FLAG.clamped;
    clamped++;
  }
  return clamped;
}
