import { assert } from './base/assert.ts';
import type { Hasher } from './base/hash.ts';
import { FINDINGS_REMEMBERED_MAX } from './base/limits.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { CATEGORY } from './baselines/category.ts';
import { FAMILY_BIT, shortNameOf } from './baselines/function.ts';
import { CONFLICTING_COPY } from './detectors/conflicting-copy.ts';
import { type Score, WATCH_SHARE } from './detectors/detector.ts';
import { NEW_EDGE } from './detectors/new-edge.ts';
import { BUCKET_DETECTORS, FUNCTION_DETECTORS, TENANT_DETECTORS } from './detectors/registry.ts';
import { UNEXPLAINED_LOAD } from './detectors/unexplained-load.ts';
import { FAMILIES, type Family, type Finding, type Incident } from './event/finding.ts';
import type { Feedback, FeedbackScope } from './event/record.ts';
import { impactAt } from './event/sensitivity.ts';
import type { Clock } from './features/clock.ts';
import { Correlation } from './incidents/correlation.ts';
import { Suppression } from './incidents/suppression.ts';
import { ACCUMULATED, accumulatedFinding } from './scoring/accumulated.ts';
import { AlertBudget } from './scoring/alert-budget.ts';
import { Calibration } from './scoring/calibration.ts';
import { type DetectorFacts, draftFinding, entityOf, type Judged, type Place, principalOf } from './scoring/draft.ts';
import { cauchy } from './scoring/fusion.ts';
import { type Accumulated, Ledgers } from './scoring/ledgers.ts';
import type { ScoredRow } from './scoring/scored-row.ts';
import type { Settings } from './settings.ts';

/** Model days in which findings join an incident, and an identity is told only once. */
const WINDOW_DAYS = 1;
/** The same for what adds up over weeks. */
const LEDGER_WINDOW_DAYS = 30;
/** Functions that must show a value for good before it surprises another less: more than one that was planted. */
const FUNCTIONS_TO_VOUCH = 2;
/** Fields in which one function's experience says something about another's. */
const SHARED_FIELDS: readonly number[] = [CATEGORY.call, CATEGORY.destination, CATEGORY.caller];
/** A value other functions show is half as surprising; experience of others never erases surprise. */
const KNOWN_ELSEWHERE_FACTOR = 0.5;

/** What is known of each detector, by id. */
const DETECTORS: ReadonlyMap<string, DetectorFacts> = new Map(
  [...FUNCTION_DETECTORS, ...BUCKET_DETECTORS, ...TENANT_DETECTORS, NEW_EDGE, CONFLICTING_COPY, UNEXPLAINED_LOAD].map(
    (one) => [one.id, one],
  ),
);

/** A gate to be set in stage 1 at the next tick. */
export interface Hold {
  readonly functionHi: number;
  readonly functionLo: number;
  readonly family: Family;
  readonly untilSecond: number;
}

/** What a later word of a person on a finding needs. */
export interface Remembered {
  readonly identity: string;
  /** Gate of stage 2 that the finding closed. */
  readonly gate: string;
  readonly incident: string;
  readonly family: Family;
  readonly functionHi: number;
  readonly functionLo: number;
  readonly field: number;
  readonly hash: number;
  /** Entity whose ledger the finding is about, '' when it is about an event. */
  readonly ledger: string;
}

/** A score as the tenant's experience sees it. */
interface Weighed {
  /** Score after the tenant's experience was heard. */
  readonly adjusted: number;
  readonly rarity: number;
  readonly knownElsewhere: boolean;
}

/** What a step told. */
export interface Told {
  readonly findings: Finding[];
  /** Latest state of each changed incident. */
  readonly incidents: Map<string, Incident>;
}

/** What the verdicts need to know of the rest of stage 2. */
export interface VerdictsContext {
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Functions that show a value for good. */
  readonly functionsWith: (field: number, hash: number) => number;
  /** Functions that call a function or are called by it. */
  readonly neighbours: (functionKey: string) => readonly string[];
  /** Facet bits of sources that speak for the whole account. */
  readonly accountFacets: () => number;
}

/**
 * From scores to what is told: calibrates and fuses the scores of one event or minute, writes findings, keeps repeats silent,
 * forms incidents, closes the learn gate for what they are about, and hears what people say of them.
 */
export class Verdicts {
  readonly calibration = new Calibration();
  readonly suppression = new Suppression();
  readonly correlation = new Correlation();
  readonly ledgers = new Ledgers();
  readonly budget = new AlertBudget();
  readonly #context: VerdictsContext;
  readonly #remembered = new Map<string, Remembered>();
  readonly #held = new Map<string, number>();
  /** What people expect of more than one function. */
  readonly #expected = new Set<string>();
  /** Gates to be closed in stage 1 at the next tick. */
  #holds: Hold[] = [];
  #told: Told = { findings: [], incidents: new Map() };

  constructor(context: VerdictsContext) {
    this.#context = context;
  }

  /** Takes what was told since the last call. */
  take(): Told {
    const told = this.#told;
    this.#told = { findings: [], incidents: new Map() };
    return told;
  }

  /** Takes the gates to be closed in stage 1. */
  takeHolds(): Hold[] {
    const holds = this.#holds;
    this.#holds = [];
    return holds;
  }

  /** A person's word on a finding; returns what stage 1 must change, undefined when the finding is not remembered. */
  feedback({ finding, verdict, scope = 'function' }: Omit<Feedback, 'kind' | 'by'>): Remembered | undefined {
    const known = this.#remembered.get(finding);
    if (known === undefined) return undefined;
    if (known.ledger !== '') {
      // Each signal keeps its own voice: what is explained is that these came together.
      this.ledgers.explain(known.ledger, verdict === 'expected');
      return known;
    }
    if (scope !== 'function') this.#expect(known, scope, verdict === 'expected');
    this.suppression.setExpected(known.identity, verdict === 'expected');
    if (verdict === 'expected') this.#release(known);
    return known;
  }

  /**
   * A person's word on an incident. Closing it opens the learn gate of its findings; closing it as expected says so of each
   * of them.
   */
  incidentState(id: string, state: Incident['state']): Remembered[] {
    const incident = this.correlation.setState(id, state);
    if (incident === undefined) return [];
    this.#told.incidents.set(id, incident);
    if (state === 'closed-true') this.budget.reviewed(id, 'true');
    if (state === 'closed-false' || state === 'closed-expected') this.budget.reviewed(id, 'false');
    if (!state.startsWith('closed')) return [];
    const released = [...this.#remembered.values()].filter((one) => one.incident === id);
    for (const one of released) {
      this.#release(one);
      if (state !== 'closed-expected') continue;
      if (one.ledger !== '') this.ledgers.explain(one.ledger, true);
      else this.suppression.setExpected(one.identity, true);
    }
    return released;
  }

  save(out: StateWriter): void {
    out.u32(this.#expected.size);
    for (const key of this.#expected) out.text(key);
    this.calibration.save(out);
    this.suppression.save(out);
    this.correlation.save(out);
    this.ledgers.save(out);
    this.budget.save(out);
    out.u32(this.#remembered.size);
    for (const [id, one] of this.#remembered) {
      out.text(id);
      out.text(one.identity);
      out.text(one.gate);
      out.text(one.incident);
      out.text(one.family);
      out.text(one.ledger);
      for (const word of [one.functionHi, one.functionLo, one.field, one.hash]) out.u32(word);
    }
    out.u32(this.#holds.length);
    for (const hold of this.#holds) {
      out.u32(hold.functionHi);
      out.u32(hold.functionLo);
      out.text(hold.family);
      out.u32(hold.untilSecond);
    }
    out.u32(this.#held.size);
    for (const [identity, until] of this.#held) {
      out.text(identity);
      out.u32(until);
    }
  }

  load(from: StateReader): void {
    this.#expected.clear();
    for (let left = from.u32(); left > 0; left--) this.#expected.add(from.text());
    this.calibration.load(from);
    this.suppression.load(from);
    this.correlation.load(from);
    this.ledgers.load(from);
    this.budget.load(from);
    this.#remembered.clear();
    for (let left = from.u32(); left > 0; left--) {
      const id = from.text();
      const [identity, gate, incident] = [from.text(), from.text(), from.text()];
      const [family, ledger] = [familyOf(from), from.text()];
      const [functionHi, functionLo, field, hash] = [from.u32(), from.u32(), from.u32(), from.u32()];
      this.#remembered.set(id, { identity, gate, incident, family, functionHi, functionLo, field, hash, ledger });
    }
    this.#holds = [];
    for (let left = from.u32(); left > 0; left--) {
      const [functionHi, functionLo, family] = [from.u32(), from.u32(), familyOf(from)];
      this.#holds.push({ functionHi, functionLo, family, untilSecond: from.u32() });
    }
    this.#held.clear();
    for (let left = from.u32(); left > 0; left--) this.#held.set(from.text(), from.u32());
  }

  /** Calibrates and fuses the scores of one event, and tells what passes: hardly any. */
  decide(place: Place, scored: readonly ScoredRow[]): void {
    const rows = this.#on(scored);
    const weighed: Weighed[] = [];
    let passes = false;
    for (const row of rows) {
      const one = this.#weigh(row);
      weighed.push(one);
      passes ||= one.adjusted >= row.score.threshold * WATCH_SHARE;
    }
    if (!passes) return;
    const fused = cauchy(weighed.map((one) => one.rarity));
    for (const [at, row] of rows.entries()) {
      const { threshold } = row.score;
      const { adjusted } = weighed[at];
      if (adjusted < threshold * WATCH_SHARE) continue;
      const judged = { ...this.#judgedOf(row, weighed[at], place), fused };
      this.#tell(place, judged, row, adjusted >= threshold ? 'finding' : 'watch');
    }
  }

  /** Scores of families that are judged. */
  #on(scored: readonly ScoredRow[]): readonly ScoredRow[] {
    const { off } = this.#context.settings;
    return off === 0 ? scored : scored.filter(({ score }) => (FAMILY_BIT[factsOf(score).family] & off) === 0);
  }

  /** Remembers, or forgets, that people expect what a finding was about of other functions as well. */
  #expect(known: Remembered, scope: FeedbackScope, expected: boolean): void {
    const [, detector, entity, ...value] = known.identity.split('|');
    const key = expectedKey({ scope, entity, detector, value: value.join('|') });
    this.#expected.delete(key);
    if (!expected) return;
    this.#expected.add(key);
    if (this.#expected.size <= FINDINGS_REMEMBERED_MAX) return;
    const [oldest] = this.#expected;
    this.#expected.delete(oldest);
  }

  #isExpected({ score, function: entity }: ScoredRow): boolean {
    if (this.#expected.size === 0) return false;
    const { detector, value } = score;
    return (['peers', 'tenant'] as const).some((scope) =>
      this.#expected.has(expectedKey({ scope, entity, detector, value })),
    );
  }

  /** Hears the tenant's experience with a score, and adds to it. */
  #weigh(row: ScoredRow): Weighed {
    const { score, group } = row;
    const knownElsewhere = score.novelty !== undefined && this.#knownElsewhere(score.novelty);
    const expected = this.#isExpected(row);
    const adjusted = knownElsewhere || expected ? score.score * KNOWN_ELSEWHERE_FACTOR : score.score;
    const { detector, count } = score;
    const rarity = this.calibration.rarity({ detector, group, score: adjusted, count });
    // What comes while an incident about it is open is not normal, and must not soften the tail it is judged by.
    if (!row.held) {
      const entity = row.function === '' ? score.value : row.function;
      this.calibration.observe({
        detector,
        group,
        score: adjusted,
        count,
        rarity,
        entity,
        nowMs: this.#context.clock.tickMs,
      });
    }
    return { adjusted, rarity, knownElsewhere };
  }

  #judgedOf(row: ScoredRow, weighed: Weighed, place: Place): Omit<Judged, 'fused'> {
    // A change is made by a principal; what it matters is decided by the function that is changed.
    const touched = place.batch?.symbolText(place.row, 'resource') ?? '';
    const meant = row.function === '' ? touched.replace(/^lambda\//, '') : row.function;
    return {
      score: row.score,
      adjusted: weighed.adjusted,
      rarity: weighed.rarity,
      knownElsewhere: weighed.knownElsewhere,
      namesake: row.namesake,
      sinceDeployment: row.sinceDeployment,
      function: row.function,
      facets: row.facets,
      facetsEver: row.facetsEver | this.#context.accountFacets(),
      sensitivity: this.#context.settings.sensitivityOf(meant),
    };
  }

  #knownElsewhere(novelty: { readonly field: number; readonly hash: number }): boolean {
    if (!SHARED_FIELDS.includes(novelty.field)) return false;
    const needed = novelty.field === CATEGORY.caller ? 1 : FUNCTIONS_TO_VOUCH;
    return this.#context.functionsWith(novelty.field, novelty.hash) >= needed;
  }

  #tell(place: Place, judged: Judged, row: ScoredRow, level: Finding['level']): void {
    const { score } = judged;
    const facts = factsOf(score);
    const entity = entityOf({
      function: judged.function,
      principal: principalOf(place),
      edge: score.detector === NEW_EDGE.id ? score.value : '',
      stageOne: row.functionHi !== 0 || row.functionLo !== 0,
    });
    const identity = `${level}|${score.detector}|${entity.key}|${score.value}`;
    const id = this.#id(score.detector, `${entity.key}|${score.value}`, place.ordinal);
    const nowMs = this.#context.clock.tickMs;
    const at = {
      nowMs,
      score: judged.adjusted,
      magnitude: score.magnitude ?? 0,
      impact: impactAt(score.impact, judged.sensitivity),
      intervalMs: this.#context.clock.daysMs(WINDOW_DAYS),
      finding: id,
    };
    if (!this.suppression.tell(identity, `${level}|${entity.key}|${facts.family}`, at)) {
      this.#again(identity, place);
      return;
    }
    const finding = draftFinding(place, judged, { facts, entity, id, level });
    this.#told.findings.push(finding);
    if (level === 'finding') this.#open(finding, row, { identity, value: score.novelty });
    else this.#accumulate(place, finding, { identity: `${score.detector}|${score.value}`, rarity: judged.fused });
  }

  /** Something told of already was seen again: its incident counts that. */
  #again(identity: string, { ordinal, eventMs }: Place): void {
    const told = this.#remembered.get(this.suppression.toldAs(identity));
    const incident =
      told === undefined ? undefined : this.correlation.repeat(told.incident, { ordinal, timeMs: eventMs });
    if (incident !== undefined) this.#told.incidents.set(incident.id, incident);
  }

  /** Puts a finding into its incident and closes the learn gate for what it is about. */
  #open(finding: Finding, row: ScoredRow, as: { identity: string; value: Score['novelty'] }): void {
    const windowMs = this.#context.clock.daysMs(WINDOW_DAYS);
    const incidents = this.#join(finding, { stampMs: this.#context.clock.tickMs, windowMs });
    const untilSecond = this.#context.clock.second + Math.ceil(windowMs / 1000);
    const { functionHi, functionLo } = row;
    const gate = `${finding.detector}|${finding.entity.key}`;
    if (functionHi !== 0) this.#holds.push({ functionHi, functionLo, family: finding.family, untilSecond });
    else this.#hold(gate, untilSecond);
    this.#remember(finding.id, {
      identity: as.identity,
      gate,
      incident: incidents[0].id,
      family: finding.family,
      functionHi,
      functionLo,
      field: as.value?.field ?? 0,
      hash: as.value?.hash ?? 0,
      ledger: '',
    });
  }

  /** Decides whether people are paged for an incident that has a new finding. */
  #page(finding: Finding, incident: Incident): void {
    if (incident.page !== undefined) return;
    const { clock, settings } = this.#context;
    this.budget.perWeek = settings.pagesPerWeek;
    const { risk } = incident;
    const { impact, confidence, maturity } = finding;
    const entity = `${finding.entity.kind}:${finding.entity.key}`;
    const day = clock.modelDays;
    const reason = this.budget.consider({ incident: incident.id, entity, risk, impact, confidence, maturity, day });
    const paged = reason === undefined ? undefined : this.correlation.setPage(incident.id, reason);
    if (paged !== undefined) this.#told.incidents.set(paged.id, paged);
  }

  /** Holds a weak signal against its entity and, in part, its neighbours. */
  #accumulate(place: Place, watch: Finding, of: { readonly identity: string; readonly rarity: number }): void {
    const { clock, neighbours, settings } = this.#context;
    if ((settings.off & FAMILY_BIT[ACCUMULATED.family]) !== 0) return;
    const { maturity, detector, timeMs } = watch;
    const signal = { ...of, finding: watch.id, detector, maturity, timeMs, day: clock.modelDays };
    const key = watch.function === '' ? watch.entity.key : watch.function;
    const next = watch.function === '' ? [] : neighbours(watch.function);
    for (const crossed of this.ledgers.add(signal, key, next)) this.#tellAccumulated(place, watch, crossed);
  }

  #tellAccumulated(place: Place, watch: Finding, crossed: Accumulated): void {
    const own = crossed.entity === watch.entity.key || watch.function !== crossed.entity;
    const entity = own ? watch.entity : ({ kind: 'function', key: crossed.entity } as const);
    const id = this.#id(ACCUMULATED.id, crossed.entity, place.ordinal);
    const sensitivity = this.#context.settings.sensitivityOf(entity.kind === 'function' ? entity.key : watch.function);
    const finding = accumulatedFinding(place, crossed, { id, entity, template: watch, sensitivity });
    this.#told.findings.push(finding);
    const { clock } = this.#context;
    const reachMs = clock.daysMs(LEDGER_WINDOW_DAYS);
    const [incident] = this.#join(finding, { stampMs: clock.tickMs, windowMs: clock.daysMs(WINDOW_DAYS), reachMs });
    // Nothing stops being learned: what came together was learned long ago, each by itself.
    const none = { gate: '', functionHi: 0, functionLo: 0, field: 0, hash: 0 };
    const identity = `finding|${ACCUMULATED.id}|${entity.key}|`;
    const { family } = ACCUMULATED;
    this.#remember(id, { ...none, identity, incident: incident.id, family, ledger: crossed.entity });
  }

  /** Puts a finding into its incident, and pages for it if it must be. The incident it is in comes first. */
  #join(finding: Finding, at: Parameters<Correlation['add']>[1]): Incident[] {
    const incidents = this.correlation.add(finding, at);
    for (const incident of incidents) {
      this.#told.incidents.set(incident.id, incident);
      if (incident.mergedInto !== undefined) this.#moveRemembered(incident.id, incident.mergedInto);
    }
    this.#page(finding, incidents[0]);
    return incidents;
  }

  #id(detector: string, entity: string, ordinal: number): string {
    const text = new TextEncoder().encode(`${detector}\n${entity}\n${ordinal}`);
    this.#context.hasher.bytes(text, 0, text.length);
    return hex(this.#context.hasher.hi) + hex(this.#context.hasher.lo);
  }

  #remember(id: string, what: Remembered): void {
    this.#remembered.set(id, what);
    if (this.#remembered.size <= FINDINGS_REMEMBERED_MAX) return;
    const oldest = this.#remembered.keys().next().value;
    if (oldest !== undefined) this.#remembered.delete(oldest);
  }

  /** What was remembered of an incident goes with it into another one, so that closing that one opens its gates. */
  #moveRemembered(from: string, to: string): void {
    for (const [id, one] of this.#remembered) {
      if (one.incident === from) this.#remembered.set(id, { ...one, incident: to });
    }
  }

  /** Opens a gate of stage 2, or one of stage 1 that was not handed over yet. */
  #release(known: Remembered): void {
    const { functionHi, functionLo, family } = known;
    this.#held.delete(known.gate);
    this.#holds = this.#holds.filter(
      (hold) => hold.functionHi !== functionHi || hold.functionLo !== functionLo || hold.family !== family,
    );
  }

  /** Closes a gate of stage 2; forgets the one closed longest ago beyond the limit. */
  #hold(gate: string, untilSecond: number): void {
    this.#held.delete(gate);
    this.#held.set(gate, untilSecond);
    if (this.#held.size <= FINDINGS_REMEMBERED_MAX) return;
    const oldest = this.#held.keys().next().value;
    if (oldest !== undefined) this.#held.delete(oldest);
  }

  /** True while the gate of a detector of stage 2 for an entity is closed. */
  isHeld(detector: string, entity: string): boolean {
    const until = this.#held.get(`${detector}|${entity}`);
    if (until === undefined) return false;
    if (this.#context.clock.second < until) return true;
    this.#held.delete(`${detector}|${entity}`);
    return false;
  }
}

/** Under what an expectation is remembered: functions of one name are peers in every account and region. */
function expectedKey(of: { scope: FeedbackScope; entity: string; detector: string; value: string }): string {
  const whose = of.scope === 'peers' ? shortNameOf(of.entity) : '';
  return `${of.scope}|${whose}|${of.detector}|${of.value}`;
}

/** What is fixed about the detector of a score. */
function factsOf(score: Score): DetectorFacts {
  const facts = DETECTORS.get(score.detector);
  assert(facts !== undefined, 'every detector is registered');
  return facts;
}

/** The next text, as a family. */
function familyOf(from: StateReader): Family {
  const text = from.text();
  const family = FAMILIES.find((one) => one === text);
  from.expect(family !== undefined, 'family');
  return family ?? 'health';
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
