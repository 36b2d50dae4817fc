import { batchesOf, ODD_CALLS, type Sample, steady } from '@gait/engine/engine-feed';
import type { LogRecord } from '@gait/engine/event/record';

/** Start of the logs of crash tests. */
export const CRASH_START_MS = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
/** Invocations of each record, a minute apart. */
const ROWS = 40;
/** Records that are declared normal. */
const LEARNED = 12;

/**
 * The record that a crash test appends as number `index`, and which follows from it alone: first the declaration that the
 * beginning is normal, then some minutes of one function, in which odd things happen now and then after that.
 */
export function crashRecord(index: number): LogRecord {
  const toMs = CRASH_START_MS + LEARNED * ROWS * MINUTE_MS;
  const by = 'crash test';
  if (index === 0) {
    const control = { kind: 'training-span', fromMs: CRASH_START_MS, toMs, by } as const;
    return { type: 'control', receivedMs: CRASH_START_MS, control };
  }
  const fromMs = CRASH_START_MS + (index - 1) * ROWS * MINUTE_MS;
  if (index % 7 === 0) return { type: 'tick', throughMs: fromMs };
  const samples = steady(`aws:111122223333:eu-west-1:crane-${index % 2}`, fromMs, ROWS, MINUTE_MS);
  if (index > LEARNED) samples[index % ROWS] = odd(samples[index % ROWS], index);
  const [batch] = batchesOf(samples, ROWS);
  return { type: 'observation', batch };
}

function odd(sample: Sample, index: number): Sample {
  const host = `drop-${index}.example`;
  return { ...sample, calls: [...ODD_CALLS, `http:POST ${host}/in ${host}`] };
}
