import type { StateReader, StateWriter } from './base/state.ts';
import { FAMILY_BIT } from './baselines/function.ts';
import { FAMILIES } from './event/finding.ts';
import type { SettingKey } from './event/record.ts';

/** What people have set, as the engine uses it. Changed by control records alone. */
export class Settings {
  /** Bits of the families that are learned but not judged (`FAMILY_BIT`). */
  off = 0;

  /** Takes over values that were checked by `parseControl`. */
  apply(set: { readonly [K in SettingKey]?: string }): void {
    if (set.off === undefined) return;
    this.off = 0;
    const names = set.off.split(',');
    for (const family of FAMILIES) if (names.includes(family)) this.off |= FAMILY_BIT[family];
  }

  save(out: StateWriter): void {
    out.u32(this.off);
  }

  load(from: StateReader): void {
    this.off = from.u32();
  }
}
