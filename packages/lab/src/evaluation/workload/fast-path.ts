import { RATE_FINDING, RATE_WATCH } from '@gait/engine/baselines/rate-thresholds';
import type { RateStore, RateVerdict } from '@gait/engine/baselines/rates';

/** Minutes of a day, for which a finding holds the learn gate and is not told again. */
export const DAY_MINUTES = 1440;
/** Calls of a function before it gets memory, as in the engine. */
export const CALLS_FOR_MEMORY = 3;
/** A finding of the same kind this much stranger is told again before its time. */
const STRONGER_BY = 1;

/** What the detectors of the rate said of a minute. */
export interface Told {
  readonly minute: number;
  readonly detector: 'rate.excess' | 'rate.drift';
  readonly level: 'finding' | 'watch';
  readonly decades: number;
  readonly cell: number;
}

/**
 * One function driven through the engine's own rate state, minute by minute, with what the engine does around it: memory from
 * the third call on, repeats kept silent for a day, the learn gate closed for a day by a finding. Some hundred times faster than
 * whole invocations; that both say the same is a test.
 */
export class FastFunction {
  readonly id: number;
  readonly told: Told[] = [];
  readonly #store: RateStore;
  readonly #timer: boolean;
  readonly #until = new Map<string, { minute: number; decades: number }>();
  #heldFrom = Number.POSITIVE_INFINITY;
  #heldUntil = 0;

  constructor(store: RateStore, of: { readonly minute: number; readonly timer: boolean }) {
    this.#store = store;
    this.#timer = of.timer;
    this.id = store.alloc(of.minute);
  }

  /** A minute with calls. */
  close(minute: number, count: number): RateVerdict {
    const held = minute >= this.#heldFrom && minute < this.#heldUntil;
    this.#store.close(this.id, { minute, count, held, revision: 0, timer: this.#timer });
    const { verdict } = this.#store;
    if (verdict.told) this.#tell('rate.excess', minute, verdict.decades);
    if (verdict.drift >= RATE_WATCH) this.#tell('rate.drift', minute, verdict.drift);
    return verdict;
  }

  /** Minutes with a finding. */
  get findings(): Told[] {
    return this.told.filter(({ level }) => level === 'finding');
  }

  #tell(detector: Told['detector'], minute: number, decades: number): void {
    const level = decades >= RATE_FINDING ? 'finding' : 'watch';
    const key = `${level} ${detector}`;
    const before = this.#until.get(key);
    if (before !== undefined && minute < before.minute && decades < before.decades + STRONGER_BY) return;
    this.#until.set(key, { minute: minute + DAY_MINUTES, decades });
    this.told.push({ minute, detector, level, decades, cell: this.#store.verdict.cell });
    if (level === 'watch') return;
    this.#heldFrom = minute + 1;
    this.#heldUntil = minute + DAY_MINUTES;
  }
}
