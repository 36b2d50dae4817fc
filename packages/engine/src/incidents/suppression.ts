import { FINDINGS_REMEMBERED_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';

/** A finding of the same identity this much stranger (in decades) is told again before its time. */
const STRONGER_BY = 1;
/** The same where its amount grew by this factor, or its impact by this much. */
const LARGER_BY = 2;
const GRAVER_BY = 0.1;
/**
 * Findings of one entity and family told in one suppression interval; further ones are counted. By family, so that a flood
 * of cheap ones cannot keep another kind silent.
 */
export const FINDINGS_PER_ENTITY_MAX = 25;

interface Told {
  readonly untilMs: number;
  readonly score: number;
  readonly magnitude: number;
  readonly impact: number;
  /** The finding that told it, '' where none did. */
  readonly finding: string;
}

/** Told for good: nothing is graver. */
const NEVER = {
  untilMs: Number.MAX_SAFE_INTEGER,
  score: Number.MAX_SAFE_INTEGER,
  magnitude: Number.MAX_SAFE_INTEGER,
  impact: 1,
} as const;

/** When, how strange, for how long it would be told, and as which finding. */
export interface Telling {
  readonly nowMs: number;
  readonly score: number;
  /** Amount it is about, 0 where there is none. */
  readonly magnitude: number;
  readonly impact: number;
  readonly intervalMs: number;
  readonly finding: string;
}

/**
 * Keeps a finding of the same identity (detector, entity, value) silent for an interval, and an entity from flooding.
 * Suppression ends early when the strangeness grows by a decade, the amount doubles, or the impact rises: nobody hides behind what was
 * told of as harmless. Bounded: the identity told longest ago is forgotten.
 */
export class Suppression {
  /** Findings kept silent. */
  suppressed = 0;
  readonly #told = new Map<string, Told>();
  readonly #perEntity = new Map<string, { fromMs: number; count: number }>();

  /** True when the finding is to be told; remembers it then. */
  tell(identity: string, entity: string, at: Telling): boolean {
    const before = this.#told.get(identity);
    if (before !== undefined && at.nowMs < before.untilMs && !isGraver(before, at)) {
      this.suppressed++;
      return false;
    }
    const recent = this.#perEntity.get(entity);
    const fresh = recent === undefined || at.nowMs >= recent.fromMs + at.intervalMs;
    const count = fresh ? 1 : recent.count + 1;
    if (count > FINDINGS_PER_ENTITY_MAX) {
      this.suppressed++;
      return false;
    }
    put(this.#perEntity, entity, { fromMs: fresh ? at.nowMs : recent.fromMs, count });
    const { score, magnitude, impact, finding } = at;
    put(this.#told, identity, { untilMs: at.nowMs + at.intervalMs, score, magnitude, impact, finding });
    return true;
  }

  /** The finding that told of an identity last, '' when none did. */
  toldAs(identity: string): string {
    return this.#told.get(identity)?.finding ?? '';
  }

  /** Keeps an identity silent for good (an operator called it expected), or lets it speak again. */
  setExpected(identity: string, expected: boolean): void {
    this.#told.delete(identity);
    if (expected) put(this.#told, identity, { ...NEVER, finding: '' });
  }

  save(out: StateWriter): void {
    out.u32(this.suppressed);
    out.u32(this.#told.size);
    for (const [identity, told] of this.#told) {
      out.text(identity);
      out.f64(told.untilMs);
      out.f64(told.score);
      out.f64(told.magnitude);
      out.f64(told.impact);
      out.text(told.finding);
    }
    out.u32(this.#perEntity.size);
    for (const [entity, recent] of this.#perEntity) {
      out.text(entity);
      out.f64(recent.fromMs);
      out.u32(recent.count);
    }
  }

  load(from: StateReader): void {
    this.suppressed = from.u32();
    this.#told.clear();
    for (let left = from.u32(); left > 0; left--) {
      this.#told.set(from.text(), {
        untilMs: from.f64(),
        score: from.f64(),
        magnitude: from.f64(),
        impact: from.f64(),
        finding: from.text(),
      });
    }
    this.#perEntity.clear();
    for (let left = from.u32(); left > 0; left--) {
      this.#perEntity.set(from.text(), { fromMs: from.f64(), count: from.u32() });
    }
  }
}

/** Sets a key as the newest; forgets the oldest beyond the limit. */
function put<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= FINDINGS_REMEMBERED_MAX) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}

function isGraver(before: Told, now: Telling): boolean {
  if (now.score >= before.score + STRONGER_BY || now.impact >= before.impact + GRAVER_BY) return true;
  return before.magnitude > 0 && now.magnitude >= before.magnitude * LARGER_BY;
}
