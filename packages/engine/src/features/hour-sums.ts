import type { StateReader, StateWriter } from '../base/state.ts';
import type { HourRollup, RollupRow } from '../event/rollup.ts';

type Sums = { -readonly [K in keyof RollupRow]: RollupRow[K] };
const FIELDS = ['count', 'errors', 'cold', 'durationSumMs', 'bytesOutSum', 'calls'] as const;
const MAXIMA = ['durationMaxMs', 'memoryMaxMb'] as const;

/** Adds the minutes of the current hour up, per function. Bounded by the functions active in one hour. */
export class HourSums {
  #rows = new Map<string, Sums>();

  /** True when the hour has something to tell. */
  get active(): boolean {
    return this.#rows.size > 0;
  }

  add(rows: readonly RollupRow[]): void {
    for (const row of rows) {
      const sums = this.#rows.get(row.function);
      if (sums === undefined) {
        this.#rows.set(row.function, { ...row });
        continue;
      }
      for (const field of FIELDS) sums[field] += row[field];
      for (const field of MAXIMA) sums[field] = Math.max(sums[field], row[field]);
    }
  }

  /** Ends the hour; `learned` says what is known of a function by now. */
  take(
    hourMs: number,
    learned: (name: string) => {
      readonly durationBandMs: readonly [number, number, number];
      readonly maturity: number;
    },
  ): HourRollup {
    const rows = [...this.#rows.values()].map((sums) => ({ ...sums, ...learned(sums.function) }));
    rows.sort((a, b) => (a.function < b.function ? -1 : 1));
    this.#rows = new Map();
    return { hourMs, rows };
  }

  save(out: StateWriter): void {
    const names = [...this.#rows.keys()].sort();
    out.u32(names.length);
    for (const name of names) {
      const sums = this.#rows.get(name);
      if (sums === undefined) continue;
      out.text(name);
      for (const field of [...FIELDS, ...MAXIMA]) out.f64(sums[field]);
    }
  }

  load(from: StateReader): void {
    this.#rows.clear();
    for (let left = from.u32(); left > 0; left--) {
      const name = from.text();
      const sums: Sums = {
        function: name,
        count: 0,
        errors: 0,
        cold: 0,
        durationSumMs: 0,
        durationMaxMs: 0,
        bytesOutSum: 0,
        memoryMaxMb: 0,
        calls: 0,
      };
      for (const field of [...FIELDS, ...MAXIMA]) sums[field] = from.f64();
      this.#rows.set(name, sums);
    }
  }
}
