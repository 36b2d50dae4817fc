import { setTimeout } from 'node:timers/promises';
import type { Service } from '../runtime/service.ts';
import type { Projection, Store } from '../storage/store.ts';
import { FRESH_MS, REFRESH_WAIT_MS } from './limits.ts';

/**
 * Profiles and coverage that are at most some seconds old, however many ask for them: the engine is told to write them
 * at most once in that time, and the list of functions is read at most once in it. Reading costs about 5 ms for a
 * thousand functions.
 */
export class Refreshed {
  readonly #service: Service;
  readonly #store: Pick<Store, 'functions' | 'functionAt' | 'coverage'>;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<unknown> = Promise.resolve();
  #functions: { readonly readMs: number; readonly list: readonly Projection[] } | undefined;

  constructor(service: Service, store: Pick<Store, 'functions' | 'functionAt' | 'coverage'>) {
    this.#service = service;
    this.#store = store;
  }

  /** Every function's profile, by key. */
  async functions(): Promise<readonly Projection[]> {
    await this.#refresh();
    const nowMs = performance.now();
    if (this.#functions === undefined || nowMs - this.#functions.readMs > FRESH_MS) {
      this.#functions = { readMs: nowMs, list: this.#store.functions() };
    }
    return this.#functions.list;
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

  /** Resolves when what is stored is fresh enough, or when waiting for that has taken too long or failed. */
  async #refresh(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.#askedMs > FRESH_MS) {
      this.#askedMs = nowMs;
      this.#functions = undefined;
      // A service that is catching up or closing has nothing newer to write: what is there is shown.
      this.#asking = this.#service.refresh().catch(() => undefined);
    }
    const stop = new AbortController();
    const late = setTimeout(REFRESH_WAIT_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    await Promise.race([this.#asking, late]);
    stop.abort();
  }
}
