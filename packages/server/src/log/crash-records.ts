import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { LogRecord } from '@gait/engine/event/record';
import { seededBatch } from '@gait/engine/event/seeded-batch';

/** Seeded numbers for crash tests (Park-Miller; quality is no matter here). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 48_271) >>> 1) % 2_147_483_647 || 1;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return this.#state % limit;
  }
}

/**
 * The record that a crash test appends as number `index`. It depends on seed and index alone, so that what is found after
 * a crash can be compared byte for byte. Stamps rise with the index.
 */
export function crashRecord(seed: number, index: number, builder: BatchBuilder): LogRecord {
  const dice = new Dice(seed * 7919 + index * 13);
  const stampMs = 1_700_000_000_000 + index * 10_000;
  const kind = dice.below(10);
  if (kind === 0) return { type: 'tick', throughMs: stampMs };
  if (kind === 1) {
    return { type: 'control', receivedMs: stampMs, control: { kind: 'erasure', principal: `p-${index}`, by: 'crash' } };
  }
  const rows = kind === 2 ? 200 + dice.below(400) : 1 + dice.below(30);
  const options = { seed: seed * 100_000 + index, rows, startMs: stampMs };
  return { type: 'observation', batch: seededBatch(options, builder) };
}
