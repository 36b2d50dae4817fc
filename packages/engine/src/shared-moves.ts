import type { StateReader, StateWriter } from './base/state.ts';
import { DRIFTING, type Drifts, PARTS_OF_DAY } from './baselines/drifts.ts';
import { OCTAVE_STEPS } from './stats/log-table.ts';

/** Parts of model days over which moves count as made together: three days. */
const PARTS = 3 * PARTS_OF_DAY;

/** How many of the tenant's functions drift alike: counted by stage 1 in whole numbers, told to it again once a tick. */
export class SharedMoves {
  /** Counts of the last parts of days, the newest first: judged and flagged functions by metric. */
  readonly #judged = new Uint32Array(PARTS * DRIFTING.length);
  readonly #flagged = new Uint32Array(PARTS * DRIFTING.length);
  /** How far the flagged ones moved together, in 256ths of a doubling. */
  readonly #steps = new Uint32Array(PARTS * DRIFTING.length);
  #part = 0;

  /** Takes what the partitions counted since the last tick, and tells all of them. */
  exchange(part: number, stores: readonly Drifts[]): void {
    let changed = false;
    while (this.#part < part) {
      changed = true;
      // A long silence forgets everything.
      this.#part = Math.max(this.#part + 1, part - PARTS);
      for (const counts of [this.#judged, this.#flagged, this.#steps]) {
        counts.copyWithin(DRIFTING.length, 0, (PARTS - 1) * DRIFTING.length);
        counts.fill(0, 0, DRIFTING.length);
      }
    }
    for (const store of stores) {
      for (let metric = 0; metric < DRIFTING.length; metric++) {
        changed ||= store.judged[metric] > 0;
        this.#judged[metric] += store.judged[metric];
        this.#flagged[metric] += store.flagged[metric];
        this.#steps[metric] += store.flaggedSteps[metric];
      }
      store.judged.fill(0);
      store.flagged.fill(0);
      store.flaggedSteps.fill(0);
    }
    if (changed) this.#tell(stores);
  }

  save(out: StateWriter): void {
    out.u32Array(this.#judged);
    out.u32Array(this.#flagged);
    out.u32Array(this.#steps);
    out.u32(this.#part);
  }

  load(from: StateReader): void {
    for (const counts of [this.#judged, this.#flagged, this.#steps]) {
      const saved = from.u32Array();
      from.expect(saved.length === counts.length, 'drift counts');
      counts.set(saved);
    }
    this.#part = from.u32();
  }

  #tell(stores: readonly Drifts[]): void {
    for (const store of stores) store.commonPart = this.#part;
    for (let metric = 0; metric < DRIFTING.length; metric++) {
      let [most, flagged, steps] = [0, 0, 0];
      for (let ago = 0; ago < PARTS; ago++) {
        most = Math.max(most, this.#judged[ago * DRIFTING.length + metric]);
        flagged += this.#flagged[ago * DRIFTING.length + metric];
        steps += this.#steps[ago * DRIFTING.length + metric];
      }
      for (const store of stores) {
        store.commonHeard[metric] = most === 0 ? 0 : this.#judged[metric] / most;
        store.commonJudged[metric] = most;
        store.commonGap[metric] = flagged === 0 ? 0 : steps / flagged / OCTAVE_STEPS;
        store.commonShare[metric] = most === 0 ? 0 : flagged / most;
      }
    }
  }
}
