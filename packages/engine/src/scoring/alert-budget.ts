import { BUDGET_RISKS_MAX, BUDGET_SOURCES_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { PAGE_REASONS, type PageReason } from '../event/finding.ts';

/** Incidents a week that people are paged for, unless they say otherwise. */
export const PAGES_PER_WEEK_DEFAULT = 5;
const WEEK_DAYS = 7;
/** Weeks of incidents the threshold is drawn from. */
const MEMORY_WEEKS = 4;
/** Risk from which an incident pages while there is no history to compare with. */
const RISK_START = 0.5;
/** Risk below which nobody is paged, however quiet the tenant. */
const RISK_MIN = 0.25;
/** Impact and confidence from which the budget does not matter. */
const IMPACT_BYPASS = 0.85;
const CONFIDENCE_BYPASS = 0.5;
/** Below this maturity an incident is judged mostly by others' experience: budgeted apart, a fifth of the budget and at least one. */
const MATURE = 0.5;
const YOUNG_SHARE = 0.2;
/** Incidents of one entity in a day that count for the threshold: cheap oddities must not raise it. */
const PER_ENTITY_DAY_MAX = 2;

/** An incident as the budget sees it. */
export interface Candidate {
  readonly incident: string;
  readonly entity: string;
  readonly risk: number;
  readonly impact: number;
  readonly confidence: number;
  readonly maturity: number;
  /** Model time in days. */
  readonly day: number;
}

/** How the promise is kept, for people to see. */
export interface BudgetReport {
  readonly perWeek: number;
  /** Pages of the last seven model days by reason. */
  readonly lastWeek: { readonly [K in PageReason]: number };
  /** Risk an incident needs now. */
  readonly threshold: number;
  /** Pages ever, and what people said of them. */
  readonly paged: number;
  readonly confirmedTrue: number;
  readonly confirmedFalse: number;
  readonly unreviewed: number;
}

interface Seen {
  readonly day: number;
  readonly risk: number;
}

/**
 * The alert budget: how many incidents a week people are paged for, for the whole tenant. An incident pages when its risk is among the
 * highest of the last four weeks that the budget has room for, and the last seven days have not used it up. What is grave and
 * certain pages in any case and is counted apart; what rests on others' experience has a small budget of its own.
 *
 * Keeps the promise at any rate of incidents: never more than the budget in seven days, high impact apart. Bounded; 2 µs an incident.
 */
export class AlertBudget {
  perWeek = PAGES_PER_WEEK_DEFAULT;
  #risks: Seen[] = [];
  #pages: { day: number; reason: PageReason }[] = [];
  readonly #perEntity = new Map<string, { day: number; count: number }>();
  /** Verdict of people on each paged incident: '' while nobody looked. */
  readonly #verdicts = new Map<string, '' | 'true' | 'false'>();
  readonly #totals = { paged: 0, true: 0, false: 0 };

  /** Whether people are to be paged for an incident that is new or became graver; undefined when not, or when they were. */
  consider(of: Candidate): PageReason | undefined {
    if (this.#verdicts.has(of.incident)) return undefined;
    this.#forget(of.day);
    const threshold = this.threshold(of.day);
    this.#note(of);
    const reason = this.#reasonFor(of, threshold);
    if (reason === undefined) return undefined;
    this.#pages.push({ day: of.day, reason });
    this.#verdicts.set(of.incident, '');
    this.#totals.paged++;
    if (this.#verdicts.size > BUDGET_RISKS_MAX) {
      const oldest = this.#verdicts.keys().next().value;
      if (oldest !== undefined) this.#verdicts.delete(oldest);
    }
    return reason;
  }

  /** Risk from which an incident is among those the budget has room for. */
  threshold(day: number): number {
    return this.#threshold(day, this.perWeek);
  }

  /** Changes nothing: it is also asked for by those who only look. */
  #threshold(day: number, perWeek: number): number {
    const risks = this.#risks.filter((one) => one.day >= day - MEMORY_WEEKS * WEEK_DAYS);
    const [first] = risks;
    if (first === undefined) return RISK_START;
    const weeks = Math.max(1, Math.min(MEMORY_WEEKS, (day - first.day) / WEEK_DAYS));
    const room = Math.floor(perWeek * weeks);
    if (risks.length <= room) return day - first.day < WEEK_DAYS ? RISK_START : RISK_MIN;
    const sorted = risks.map(({ risk }) => risk).sort((a, b) => b - a);
    return Math.max(RISK_MIN, sorted[Math.max(0, room - 1)]);
  }

  /** A person closed an incident. */
  reviewed(incident: string, verdict: 'true' | 'false'): void {
    const before = this.#verdicts.get(incident);
    if (before === undefined || before === verdict) return;
    if (before !== '') this.#totals[before]--;
    this.#totals[verdict]++;
    this.#verdicts.set(incident, verdict);
  }

  /** How the promise is kept on a day, for a budget of `perWeek`. Changes nothing. */
  report(day: number, perWeek = this.perWeek): BudgetReport {
    const lastWeek = { budget: 0, impact: 0, young: 0 };
    for (const page of this.#pages) if (page.day >= day - WEEK_DAYS) lastWeek[page.reason]++;
    const { paged } = this.#totals;
    return {
      perWeek,
      lastWeek,
      threshold: this.#threshold(day, perWeek),
      paged,
      confirmedTrue: this.#totals.true,
      confirmedFalse: this.#totals.false,
      unreviewed: paged - this.#totals.true - this.#totals.false,
    };
  }

  save(out: StateWriter): void {
    out.f64(this.perWeek);
    out.f64Array(Float64Array.from(this.#risks.flatMap(({ day, risk }) => [day, risk])));
    out.f64Array(Float64Array.from(this.#pages.flatMap(({ day, reason }) => [day, PAGE_REASONS.indexOf(reason)])));
    out.u32(this.#perEntity.size);
    for (const [entity, { day, count }] of this.#perEntity) {
      out.text(entity);
      out.f64(day);
      out.u32(count);
    }
    out.u32(this.#verdicts.size);
    for (const [incident, verdict] of this.#verdicts) {
      out.text(incident);
      out.text(verdict);
    }
    for (const total of ['paged', 'true', 'false'] as const) out.u32(this.#totals[total]);
  }

  load(from: StateReader): void {
    this.perWeek = from.f64();
    this.#risks = pairs(from).map(([day, risk]) => ({ day, risk }));
    this.#pages = pairs(from).map(([day, reason]) => ({ day, reason: PAGE_REASONS[reason] ?? 'budget' }));
    this.#perEntity.clear();
    for (let left = from.u32(); left > 0; left--) {
      this.#perEntity.set(from.text(), { day: from.f64(), count: from.u32() });
    }
    this.#verdicts.clear();
    for (let left = from.u32(); left > 0; left--) {
      const [incident, verdict] = [from.text(), from.text()];
      this.#verdicts.set(incident, verdict === 'true' || verdict === 'false' ? verdict : '');
    }
    for (const total of ['paged', 'true', 'false'] as const) this.#totals[total] = from.u32();
  }

  #reasonFor(of: Candidate, threshold: number): PageReason | undefined {
    if (of.impact >= IMPACT_BYPASS && of.confidence >= CONFIDENCE_BYPASS) return 'impact';
    if (of.risk < RISK_MIN) return undefined;
    const used = (reason: PageReason) => this.#pages.filter((page) => page.reason === reason).length;
    if (of.maturity < MATURE) {
      const room = Math.max(1, Math.floor(YOUNG_SHARE * this.perWeek));
      return of.risk >= Math.min(RISK_START, threshold) && used('young') < room ? 'young' : undefined;
    }
    return of.risk >= threshold && used('budget') < this.perWeek ? 'budget' : undefined;
  }

  /** Adds an incident to those the threshold is drawn from. */
  #note(of: Candidate): void {
    const day = Math.floor(of.day);
    const known = this.#perEntity.get(of.entity);
    const count = known?.day === day ? known.count + 1 : 1;
    this.#perEntity.delete(of.entity);
    this.#perEntity.set(of.entity, { day, count });
    if (this.#perEntity.size > BUDGET_SOURCES_MAX) {
      const oldest = this.#perEntity.keys().next().value;
      if (oldest !== undefined) this.#perEntity.delete(oldest);
    }
    if (count > PER_ENTITY_DAY_MAX) return;
    this.#risks.push({ day: of.day, risk: of.risk });
    if (this.#risks.length > BUDGET_RISKS_MAX) this.#risks.shift();
  }

  #forget(day: number): void {
    while (this.#risks.length > 0 && this.#risks[0].day < day - MEMORY_WEEKS * WEEK_DAYS) this.#risks.shift();
    while (this.#pages.length > 0 && this.#pages[0].day < day - WEEK_DAYS) this.#pages.shift();
  }
}

function pairs(from: StateReader): [number, number][] {
  const flat = from.f64Array();
  from.expect(flat.length % 2 === 0, 'pairs');
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at], flat[2 * at + 1]]);
}
