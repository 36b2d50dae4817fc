import type { Categories } from './baselines/categories.ts';
import type { Directory } from './baselines/directory.ts';
import { HEAD } from './baselines/functions.ts';
import type { MetricStore } from './baselines/metrics.ts';
import { FLAG } from './event/schema.ts';
import type { BatchView } from './features/batch-view.ts';
import type { RecentRequests } from './features/recent-requests.ts';

/** Rows looked at together: enough to keep the memory busy, few enough that what it brought is still at hand. */
export const LOOK_AHEAD_ROWS = 20;

/** Where the state of functions is kept. */
interface Places {
  readonly functions: Directory;
  readonly categories: Categories;
  readonly metrics: MetricStore;
  readonly recent: RecentRequests;
}

/**
 * Hashes the request ids of the next rows, and touches the state these rows will need. Changes nothing: it is there because
 * a look-up that misses the caches waits for the memory a hundred times longer than it computes, while a loop of independent
 * reads waits for many at once. Each loop below reads what the one before it has brought.
 */
export class LookAhead {
  readonly #places: Places;
  readonly #functionHi = new Uint32Array(LOOK_AHEAD_ROWS);
  readonly #functionLo = new Uint32Array(LOOK_AHEAD_ROWS);
  readonly #requestHi = new Uint32Array(LOOK_AHEAD_ROWS);
  readonly #requestLo = new Uint32Array(LOOK_AHEAD_ROWS);
  readonly #ids = new Uint32Array(LOOK_AHEAD_ROWS);
  #from = 0;
  /** What was read, so that it has to be read. */
  #sum = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  /** Takes rows `[from, to)`, at most `LOOK_AHEAD_ROWS`. */
  rows(view: BatchView, from: number, to: number): void {
    this.#from = from;
    const count = to - from;
    this.#hash(view, from, count);
    this.#touch(view, from, count);
  }

  /** High word of the hash of a row's request id; both are 0 when it has none. */
  requestHi(row: number): number {
    return this.#requestHi[row - this.#from];
  }

  /** Low word of the hash of a row's request id. */
  requestLo(row: number): number {
    return this.#requestLo[row - this.#from];
  }

  #hash(view: BatchView, from: number, count: number): void {
    const { hasher } = view;
    for (let at = 0; at < count; at++) {
      const symbol = view.functionSymbol(from + at);
      this.#functionLo[at] = view.lo(symbol);
      this.#functionHi[at] = view.hi(symbol);
      const has = view.hashId(from + at, 'requestId');
      this.#requestHi[at] = has ? hasher.hi : 0;
      this.#requestLo[at] = has ? hasher.lo || 1 : 0;
    }
  }

  #touch(view: BatchView, from: number, count: number): void {
    const { functions, categories, metrics, recent } = this.#places;
    const { flags } = view.batch.columns;
    let sum = 0;
    for (let at = 0; at < count; at++) {
      sum += functions.touch(this.#functionLo[at]);
      sum += recent.touch(this.#requestLo[at] ^ this.#functionHi[at]);
    }
    for (let at = 0; at < count; at++) {
      const id = functions.find(this.#functionHi[at], this.#functionLo[at]);
      this.#ids[at] = id;
      sum += functions.slab.touch(id);
    }
    for (let at = 0; at < count; at++) {
      const id = this.#ids[at];
      if (id === 0) continue;
      const { u32 } = functions.page(id);
      const word = functions.word(id);
      const group = u32[word + HEAD.revisions + ((flags[from + at] & FLAG.cold) !== 0 ? 3 : 2)];
      this.#ids[at] = group;
      sum += categories.touch(u32[word + HEAD.categories]) + metrics.touchGroup(group);
    }
    for (let at = 0; at < count; at++) sum += metrics.touch(this.#ids[at]);
    this.#sum = (this.#sum + sum) | 0;
  }
}
