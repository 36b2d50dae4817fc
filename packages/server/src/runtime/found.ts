import type { StepOutput } from '@gait/engine/engine';
import type { Finding, Incident } from '@gait/engine/event/finding';
import { FINDINGS_LISTED_MAX, type Store } from '../storage/store.ts';

/** Findings asked of the store at once: about 3 MB. */
const PAGE = 1_000;
/** 9999-12-31, ms. */
const TIME_MS_MAX = 253_402_300_799_999;

/** What a run found: counts, and which incidents it opened or added to. The findings themselves are in the store. */
export class Found {
  findings = 0;
  watch = 0;
  readonly #incidents = new Set<string>();

  /** How many incidents were opened or added to. */
  get incidentCount(): number {
    return this.#incidents.size;
  }

  /** Counts what a step produced. */
  add({ findings, incidents }: Pick<StepOutput, 'findings' | 'incidents'>): void {
    for (const finding of findings) this.#count(finding);
    for (const incident of incidents) {
      if (incident.mergedInto === undefined) this.#incidents.add(incident.id);
      else this.#incidents.delete(incident.id);
    }
  }

  /** Counts what an earlier run, which this one goes on with, has stored from an ordinal on. */
  addStored(store: Store, fromOrdinal: number): void {
    const told = new Set<string>();
    for (const level of ['finding', 'watch'] as const) {
      for (const finding of findingsInOrder(store, level)) {
        if (finding.ordinal < fromOrdinal) continue;
        this.#count(finding);
        told.add(finding.id);
      }
    }
    for (const incident of store.incidents({ limit: FINDINGS_LISTED_MAX })) {
      if (incident.findings.some((id) => told.has(id))) this.#incidents.add(incident.id);
    }
  }

  /** The incidents as they are now, gravest first. */
  incidents(store: Store): Incident[] {
    const found = [...this.#incidents].map((id) => store.incident(id));
    const incidents = found.flatMap((one) => (one.kind === 'found' ? [one.value] : []));
    return incidents.sort((a, b) => b.risk - a.risk || a.openedMs - b.openedMs || byText(a, b));
  }

  #count({ level }: Finding): void {
    if (level === 'watch') this.watch++;
    else this.findings++;
  }
}

/** By what was found: ids are others in every log, and the same events are to be told in the same order. */
function byText(a: Incident, b: Incident): number {
  if (a.summary !== b.summary) return a.summary < b.summary ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/** A period, both ends inside. */
interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Every finding of a level in order of time, however many there are, holding one page of them. (More than a page within
 * one millisecond would be cut to a page.)
 */
export function findingsInOrder(store: Store, level: Finding['level']): Generator<Finding, void> {
  return within(store, level, { fromMs: 0, toMs: TIME_MS_MAX });
}

/** The store lists the newest only: a period with too many is halved. */
function* within(store: Store, level: Finding['level'], { fromMs, toMs }: Period): Generator<Finding, void> {
  const page = store.findings({ level, sinceMs: fromMs, untilMs: toMs, limit: PAGE });
  if (page.length < PAGE || fromMs === toMs) {
    yield* page.toReversed();
    return;
  }
  const middleMs = Math.floor((fromMs + toMs) / 2);
  yield* within(store, level, { fromMs, toMs: middleMs });
  yield* within(store, level, { fromMs: middleMs + 1, toMs });
}
