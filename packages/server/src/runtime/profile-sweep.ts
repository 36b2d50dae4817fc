import type { Engine } from '@gait/engine/engine';
import { coverageOf, type FunctionProfile, profilesInTurn } from '@gait/engine/profile';
import { standingOf } from '@gait/engine/standing';
import type { Store } from '../storage/store.ts';

/** Functions whose profiles are written in one transaction: 10 ms, some 500 KB of text. */
const PROFILES_PER_COMMIT = 256;
/** Fewer are not worth a transaction of their own. */
const PROFILES_PER_COMMIT_MIN = 64;

/**
 * Writes what people are shown of functions into the store: a few at a time while the engine steps, each once between two
 * checkpoints, or all at once. About 40 µs a function.
 */
export class ProfileSweep {
  readonly #engine: Engine;
  readonly #store: Store;
  #turn: Iterator<FunctionProfile>;
  #written = 0;

  constructor(engine: Engine, store: Store) {
    this.#engine = engine;
    this.#store = store;
    this.#turn = profilesInTurn(engine);
  }

  /** Goes on until `share` (0..1) of the functions is written, but by one transaction at most. */
  advance(share: number): void {
    const functions = this.#engine.stageOne.reduce((sum, { functions: { count } }) => sum + count, 0);
    const due = Math.floor(functions * share) - this.#written;
    if (due >= PROFILES_PER_COMMIT_MIN) this.#commit(Math.min(due, PROFILES_PER_COMMIT));
  }

  /** Begins anew with the first function. */
  restart(): void {
    this.#turn = profilesInTurn(this.#engine);
    this.#written = 0;
  }

  /** Writes all profiles and the coverage of the estate as they are now. */
  all(): void {
    this.restart();
    while (this.#commit(PROFILES_PER_COMMIT) === PROFILES_PER_COMMIT);
    this.coverage();
  }

  /** Writes the coverage of the estate, and how the promises stand. */
  coverage(): void {
    const updatedMs = this.#engine.clock.nowMs;
    const rows = coverageOf(this.#engine).map((row) => ({ key: row.capability, updatedMs, content: row }));
    const standing = { key: 'promises', updatedMs, content: standingOf(this.#engine) };
    this.#store.commitStep({ ...this.#step(), coverage: rows, standing });
  }

  /** Returns how many there were. */
  #commit(max: number): number {
    const updatedMs = this.#engine.clock.nowMs;
    const profiles = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      profiles.push({ key: next.key, updatedMs, content: next });
      if (profiles.length === max) break;
    }
    if (profiles.length > 0) this.#store.commitStep({ ...this.#step(), profiles });
    this.#written += profiles.length;
    return profiles.length;
  }

  #next(): FunctionProfile | undefined {
    const { done, value } = this.#turn.next();
    return done === true ? undefined : value;
  }

  #step() {
    return { findings: [], incidents: [], consumed: this.#engine.ordinal };
  }
}
