import { GROUPS } from '../features/groups.ts';

/** Judged observations per detector and group since last taken: integers, so that the order of adding cannot matter. */
export class JudgedCounts {
  readonly #ids: string[] = [];
  #counts = new Uint32Array(0);

  /** Detectors are few: a linear search over identical strings beats hashing. */
  add(detector: string, group: number): void {
    let at = 0;
    while (at < this.#ids.length && this.#ids[at] !== detector) at++;
    if (at === this.#ids.length) this.#grow(detector);
    this.#counts[at * GROUPS + group]++;
  }

  /** Hands over all counts and starts again. */
  take(use: (detector: string, group: number, count: number) => void): void {
    for (let at = 0; at < this.#counts.length; at++) {
      if (this.#counts[at] === 0) continue;
      use(this.#ids[Math.floor(at / GROUPS)], at % GROUPS, this.#counts[at]);
      this.#counts[at] = 0;
    }
  }

  #grow(detector: string): void {
    this.#ids.push(detector);
    const larger = new Uint32Array(this.#ids.length * GROUPS);
    larger.set(this.#counts);
    this.#counts = larger;
  }
}
