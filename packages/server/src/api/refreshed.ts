import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Standing } from '@gait/engine/standing';
import type { Service } from '../runtime/service.ts';
import type { Projection, Store } from '../storage/store.ts';
import { FRESH_MS, PORTION_ROWS, REFRESH_WAIT_MS } from './limits.ts';

type Profiles = Pick<Store, 'functions' | 'functionAt' | 'coverage' | 'standing'>;

/**
 * Profiles and coverage that are at most some seconds old, however many ask for them: the engine is told to write them
 * at most once in that time, and what is listed of the functions is made at most once in it, in portions of a few
 * milliseconds, between which others get their turn. `rowOf` says what is listed; profiles themselves are not kept.
 */
export class Refreshed<Row> {
  readonly #service: Service;
  readonly #store: Profiles;
  readonly #rowOf: (profile: Projection) => Row;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<unknown> = Promise.resolve();
  #rows: Promise<readonly Row[]> | undefined;

  constructor(service: Service, store: Profiles, rowOf: (profile: Projection) => Row) {
    this.#service = service;
    this.#store = store;
    this.#rowOf = rowOf;
  }

  /** A row for every function, by key. */
  async functions(): Promise<readonly Row[]> {
    await this.#refresh();
    if (this.#rows === undefined) {
      const reading = this.#read();
      this.#rows = reading;
      // What could not be read is tried again by whoever asks next.
      reading.catch(() => {
        if (this.#rows === reading) this.#rows = undefined;
      });
    }
    return this.#rows;
  }

  /** One function's profile. */
  async functionAt(key: string): Promise<Projection | undefined> {
    await this.#refresh();
    return this.#store.functionAt(key);
  }

  /** Every row of coverage. */
  async coverage(): Promise<readonly Projection[]> {
    await this.#refresh();
    return this.#store.coverage();
  }

  /** How the promises stand. */
  async standing(): Promise<Standing | undefined> {
    await this.#refresh();
    return this.#store.standing();
  }

  async #read(): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for (let after = ''; ; ) {
      const portion = this.#store.functions({ after, limit: PORTION_ROWS });
      for (const one of portion) rows.push(this.#rowOf(one));
      const last = portion.at(-1);
      if (last === undefined || portion.length < PORTION_ROWS) return rows;
      after = last.key;
      await setImmediate();
    }
  }

  /** Resolves when what is stored is fresh enough, or when waiting for that has taken too long or failed. */
  async #refresh(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#askedMs > FRESH_MS) {
      this.#askedMs = nowMs;
      // A service that is catching up or closing has nothing newer to write: what is there is shown.
      this.#asking = this.#service.refresh().catch(() => undefined);
      this.#rows = undefined;
    }
    const stop = new AbortController();
    const late = setTimeout(REFRESH_WAIT_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#asking, late]);
    stop.abort();
  }
}
