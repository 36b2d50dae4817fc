import type { StateReader, StateWriter } from './base/state.ts';
import { FAMILY_BIT } from './baselines/function.ts';
import { FAMILIES } from './event/finding.ts';
import type { SettingKey } from './event/record.ts';
import { parseSensitivity, type Sensitivity, sensitivityOf } from './event/sensitivity.ts';
import { PAGES_PER_WEEK_DEFAULT } from './scoring/alert-budget.ts';

/** What people have set, as the engine uses it. Changed by control records alone. */
export class Settings {
  /** Bits of the families that are learned but not judged (`FAMILY_BIT`). */
  off = 0;

  /** Incidents a week that people are paged for. */
  pagesPerWeek = PAGES_PER_WEEK_DEFAULT;

  /** How much functions matter, as it was written, and read. */
  #sensitivity = '';
  #rules = parseSensitivity('') ?? [];

  /** How much a function matters. */
  sensitivityOf(functionKey: string): Sensitivity {
    return functionKey === '' ? 'normal' : sensitivityOf(this.#rules, functionKey);
  }

  /** Takes over values that were checked by `parseControl`. */
  apply(set: { readonly [K in SettingKey]?: string }): void {
    if (set.budget !== undefined) this.pagesPerWeek = Number(set.budget);
    if (set.sensitivity !== undefined) this.#rate(set.sensitivity);
    if (set.off === undefined) return;
    this.off = 0;
    const names = set.off.split(',');
    for (const family of FAMILIES) if (names.includes(family)) this.off |= FAMILY_BIT[family];
  }

  save(out: StateWriter): void {
    out.u32(this.off);
    out.f64(this.pagesPerWeek);
    out.text(this.#sensitivity);
  }

  load(from: StateReader): void {
    this.off = from.u32();
    this.pagesPerWeek = from.f64();
    this.#rate(from.text());
  }

  #rate(text: string): void {
    this.#sensitivity = text;
    this.#rules = parseSensitivity(text) ?? [];
  }
}
