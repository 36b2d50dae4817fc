import type { StateReader, StateWriter } from '../base/state.ts';
import { GROUPS } from '../features/groups.ts';

/** Judged observations per detector and group since last taken: integers, so that the order of adding cannot matter. */
export class JudgedCounts {
  readonly #ids: string[] = [];
  #counts = new Uint32Array(0);
  /** Row of the detector that was asked for last, plus one. */
  #next = 0;

  add(detector: string, group: number, count = 1): void {
    // The row first: a new detector makes a new array.
    const row = this.#rowOf(detector);
    this.#counts[row * GROUPS + group] += count;
  }

  /** Adds everything another one holds to this one, and empties it. */
  absorb(other: JudgedCounts): void {
    other.take((detector, group, count) => {
      const row = this.#rowOf(detector);
      this.#counts[row * GROUPS + group] += count;
    });
  }

  /** Hands over all counts, in order of detector and group, and starts again. */
  take(use: (detector: string, group: number, count: number) => void): void {
    for (const detector of this.#ids.toSorted()) {
      const from = this.#ids.indexOf(detector) * GROUPS;
      for (let group = 0; group < GROUPS; group++) {
        const count = this.#counts[from + group];
        if (count === 0) continue;
        this.#counts[from + group] = 0;
        use(detector, group, count);
      }
    }
  }

  save(out: StateWriter): void {
    const held: [string, number, number][] = [];
    this.take((...entry) => held.push(entry));
    out.u32(held.length);
    for (const [detector, group, count] of held) {
      out.text(detector);
      out.u32(group);
      out.u32(count);
      this.#counts[this.#rowOf(detector) * GROUPS + group] = count;
    }
  }

  load(from: StateReader): void {
    this.#counts.fill(0);
    for (let left = from.u32(); left > 0; left--) {
      const row = this.#rowOf(from.text());
      const group = from.u32();
      from.expect(group < GROUPS, 'group');
      this.#counts[row * GROUPS + group] = from.u32();
    }
  }

  /** Detectors are few and come in the same order with every observation: the search begins with the one that is next. */
  #rowOf(detector: string): number {
    const next = this.#next < this.#ids.length ? this.#next : 0;
    let at = this.#ids[next] === detector ? next : 0;
    while (at < this.#ids.length && this.#ids[at] !== detector) at++;
    if (at === this.#ids.length) this.#grow(detector);
    this.#next = at + 1;
    return at;
  }

  #grow(detector: string): void {
    this.#ids.push(detector);
    const larger = new Uint32Array(this.#ids.length * GROUPS);
    larger.set(this.#counts);
    this.#counts = larger;
  }
}
