import type { StateReader, StateWriter } from './base/state.ts';
import { FAMILY_BIT } from './baselines/function.ts';
import { FAMILIES } from './event/finding.ts';
import type { SettingKey } from './event/record.ts';
import { PAGES_PER_WEEK_DEFAULT } from './scoring/alert-budget.ts';

/** What people have set, as the engine uses it. Changed by control records alone. */
export class Settings {
  /** Bits of the families that are learned but not judged (`FAMILY_BIT`). */
  off = 0;

  /** Incidents a week that people are paged for. */
  pagesPerWeek = PAGES_PER_WEEK_DEFAULT;

  /** Takes over values that were checked by `parseControl`. */
  apply(set: { readonly [K in SettingKey]?: string }): void {
    if (set.budget !== undefined) this.pagesPerWeek = Number(set.budget);
    if (set.off === undefined) return;
    this.off = 0;
    const names = set.off.split(',');
    for (const family of FAMILIES) if (names.includes(family)) this.off |= FAMILY_BIT[family];
  }

  save(out: StateWriter): void {
    out.u32(this.off);
    out.f64(this.pagesPerWeek);
  }

  load(from: StateReader): void {
    this.off = from.u32();
    this.pagesPerWeek = from.f64();
  }
}
