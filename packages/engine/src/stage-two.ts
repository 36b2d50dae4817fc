import { assert } from './base/assert.ts';
import { type Hasher, mix32 } from './base/hash.ts';
import { FINDINGS_REMEMBERED_MAX } from './base/limits.ts';
import { Names } from './base/names.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { CATEGORY, type CategoryValue, keyOf } from './baselines/category.ts';
import { TenantBaselines } from './baselines/tenant.ts';
import { CONFLICTING_COPY } from './detectors/conflicting-copy.ts';
import { type Score, WATCH_SHARE } from './detectors/detector.ts';
import { learnEdge, NEW_EDGE, scoreEdge } from './detectors/new-edge.ts';
import { FUNCTION_DETECTORS, TENANT_DETECTORS } from './detectors/registry.ts';
import { FAMILIES, type Family, type Finding, type Incident } from './event/finding.ts';
import { FACET, FLAG, ID, SYMBOL } from './event/schema.ts';
import type { BatchView } from './features/batch-view.ts';
import type { Clock } from './features/clock.ts';
import type { Edge } from './features/edge.ts';
import { Groups } from './features/groups.ts';
import { Links, OWNER, type Waiting } from './features/links.ts';
import { type Observation, Observations } from './features/observation.ts';
import { ARRIVAL, RecentRequests } from './features/recent-requests.ts';
import { hasSpans, type Key } from './features/span-key.ts';
import { Correlation } from './incidents/correlation.ts';
import { Suppression } from './incidents/suppression.ts';
import { Calibration } from './scoring/calibration.ts';
import { type DetectorFacts, draftFinding, entityOf, type Judged, type Place, RowPlace } from './scoring/draft.ts';
import { cauchy } from './scoring/fusion.ts';
import type { ScoredRow } from './scoring/scored-row.ts';

/** Model days in which findings join an incident, and an identity is told only once. */
const WINDOW_DAYS = 1;
/** Facet kinds that say who did what to the account. */
const AUDIT_KINDS = (1 << FACET.audit) | (1 << FACET.change);
/** Facet kinds whose rows the detectors of this stage judge. */
const JUDGED_KINDS = AUDIT_KINDS | (1 << FACET.health);
/** Field under which the names of span owners are kept; not a category of any entity. */
const OWNER_NAME = 15;
/** Functions that must show a value for good before it surprises another less: more than one that was planted. */
const FUNCTIONS_TO_VOUCH = 2;
/** Fields in which one function's experience says something about another's. */
const SHARED_FIELDS: readonly number[] = [CATEGORY.call, CATEGORY.destination, CATEGORY.caller];
/** A value other functions show is half as surprising; experience of others never erases surprise. */
const KNOWN_ELSEWHERE_FACTOR = 0.5;

/** What is known of each detector, by id. */
const DETECTORS: ReadonlyMap<string, DetectorFacts> = new Map(
  [...FUNCTION_DETECTORS, ...TENANT_DETECTORS, NEW_EDGE, CONFLICTING_COPY].map((one) => [one.id, one]),
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
}

/** A score as the tenant's experience sees it. */
interface Weighed {
  /** Score after the tenant's experience was heard. */
  readonly adjusted: number;
  readonly rarity: number;
  readonly knownElsewhere: boolean;
}

/** A row of the batch at hand; `ordinal` is that of row 0. */
interface RowAt {
  readonly row: number;
  readonly ordinal: number;
}

/** What a step produced. */
export interface StageTwoOutput {
  readonly findings: Finding[];
  /** Latest state of each changed incident. */
  readonly incidents: Map<string, Incident>;
}

/**
 * Stage 2: everything that concerns more than one function. Reads what stage 1 scored, the rows of audit and trace
 * sources, and people's decisions; calibrates, fuses, suppresses, and forms incidents. One per tenant.
 */
export class StageTwo {
  readonly baselines: TenantBaselines;
  readonly links: Links;
  readonly calibration = new Calibration();
  readonly suppression = new Suppression();
  readonly correlation = new Correlation();
  readonly recent = new RecentRequests();
  /** Records of audited events that were read before. */
  copies = 0;
  readonly names = new Names();
  /** Facet bits that ever arrived. */
  facetsSeen = 0;
  readonly #clock: Clock;
  readonly #hasher: Hasher;
  readonly #groups: Groups;
  readonly #row = new Observations(1);
  readonly #remembered = new Map<string, Remembered>();
  readonly #held = new Map<string, number>();
  #scores: Score[] = [];
  /** Gates to be closed in stage 1 at the next tick. */
  #holds: Hold[] = [];
  #output: StageTwoOutput = { findings: [], incidents: new Map() };

  constructor(hasher: Hasher, clock: Clock) {
    this.#hasher = hasher;
    this.#clock = clock;
    this.#groups = new Groups(hasher);
    this.baselines = new TenantBaselines(hasher, this.names);
    this.links = new Links(hasher);
  }

  /** Reads rows `[from, to)` with what stage 1 scored in them, ordered by row. */
  rows(
    view: BatchView,
    range: { readonly from: number; readonly to: number; readonly ordinal: number },
    scored: readonly ScoredRow[],
  ): void {
    const { kind, flags, ids } = view.batch.columns;
    let next = 0;
    const traced = ids[ID.spanId] !== undefined || ids[ID.parentSpanId] !== undefined;
    for (let row = range.from; row < range.to; row++) {
      this.facetsSeen |= 1 << kind[row];
      const from = next;
      while (next < scored.length && scored[next].row === row) next++;
      if (next > from) this.#decide(new RowPlace(view.batch, row, range.ordinal), scored.slice(from, next));
      if (((1 << kind[row]) & JUDGED_KINDS) !== 0) this.#judge(view, row, range.ordinal);
      if (traced || (flags[row] & FLAG.link) !== 0) this.#link(view, row, range.ordinal);
    }
  }

  /** Takes what was produced since the last call. */
  take(): StageTwoOutput {
    const output = this.#output;
    this.#output = { findings: [], incidents: new Map() };
    return output;
  }

  /** Facet bits of sources that speak for the whole account. */
  get accountFacets(): number {
    return this.facetsSeen & AUDIT_KINDS;
  }

  /** Callers of a callee, or callees of a caller, most frequent first; their texts are in `names`. */
  edgeEnds(kind: 'caller' | 'callee', functionHash: number): CategoryValue[] {
    this.baselines.focus(kind, functionHash);
    return this.baselines.categories.values(kind === 'callee' ? CATEGORY.caller : CATEGORY.callee);
  }

  /** Principals with a baseline of their own. */
  get principalCount(): number {
    let count = 0;
    for (const name of this.baselines.entities.names) if (name.startsWith('principal ')) count++;
    return count;
  }

  /** Takes the gates to be closed in stage 1. */
  takeHolds(): Hold[] {
    const holds = this.#holds;
    this.#holds = [];
    return holds;
  }

  /** A person's word on a finding; returns what stage 1 must change, undefined when the finding is not remembered. */
  feedback(id: string, verdict: 'expected' | 'malicious' | 'undo'): Remembered | undefined {
    const known = this.#remembered.get(id);
    if (known === undefined) return undefined;
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
    this.#output.incidents.set(id, incident);
    if (!state.startsWith('closed')) return [];
    const released = [...this.#remembered.values()].filter((one) => one.incident === id);
    for (const one of released) {
      this.#release(one);
      if (state === 'closed-expected') this.suppression.setExpected(one.identity, true);
    }
    return released;
  }

  /** Forgets a person: every principal whose name holds the token. */
  erase(token: string): void {
    this.baselines.forget(token);
    this.names.forget(token);
  }

  save(out: StateWriter): void {
    this.baselines.save(out);
    this.links.save(out);
    this.calibration.save(out);
    this.suppression.save(out);
    this.correlation.save(out);
    this.recent.save(out);
    out.u32(this.copies);
    this.names.save(out);
    out.u32(this.facetsSeen);
    out.u32(this.#remembered.size);
    for (const [id, one] of this.#remembered) {
      out.text(id);
      out.text(one.identity);
      out.text(one.gate);
      out.text(one.incident);
      out.text(one.family);
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
    this.baselines.load(from);
    this.links.load(from);
    this.calibration.load(from);
    this.suppression.load(from);
    this.correlation.load(from);
    this.recent.load(from);
    this.copies = from.u32();
    this.names.load(from);
    this.facetsSeen = from.u32();
    this.#remembered.clear();
    for (let left = from.u32(); left > 0; left--) {
      const id = from.text();
      const [identity, gate, incident] = [from.text(), from.text(), from.text()];
      const family = familyOf(from);
      const [functionHi, functionLo, field, hash] = [from.u32(), from.u32(), from.u32(), from.u32()];
      this.#remembered.set(id, { identity, gate, incident, family, functionHi, functionLo, field, hash });
    }
    this.#holds = [];
    for (let left = from.u32(); left > 0; left--) {
      const [functionHi, functionLo, family] = [from.u32(), from.u32(), familyOf(from)];
      this.#holds.push({ functionHi, functionLo, family, untilSecond: from.u32() });
    }
    this.#held.clear();
    for (let left = from.u32(); left > 0; left--) this.#held.set(from.text(), from.u32());
  }

  #judge(view: BatchView, row: number, ordinal: number): void {
    const [seen] = this.#row.rows;
    if (seen.batch !== view.batch) view.reset(this.#row);
    view.fill(this.#row, row, 1);
    seen.ordinal = ordinal + row;
    seen.training = this.#clock.training(seen.nowMs);
    if (this.#isCopy(view, seen)) return;
    const { baselines } = this;
    baselines.lesson = { day: this.#clock.dayOf(this.#clock.second), training: seen.training };
    // The gate as it stood before this row: what closes it is not held by itself.
    const entity = view.batch.symbolText(row, 'principal');
    const held = TENANT_DETECTORS.map((detector) => this.#isHeld(detector.id, entity));
    if (!seen.training) {
      this.#scores = [];
      for (const detector of TENANT_DETECTORS) {
        if (detector.facets.some((kind) => (seen.facets & (1 << FACET[kind])) !== 0)) {
          detector.score(seen, baselines, this.#sink(seen));
        }
      }
      const rows = this.#scores.map((score) => this.#tenantRow(score, seen));
      if (rows.length > 0) this.#decide(new RowPlace(view.batch, row, ordinal), rows);
    }
    for (const [at, detector] of TENANT_DETECTORS.entries()) {
      if (!detector.facets.some((kind) => (seen.facets & (1 << FACET[kind])) !== 0)) continue;
      baselines.held = held[at];
      detector.learn(seen, baselines);
    }
  }

  /** True for a record of an event that was read before: trails overlap, and files are given twice. */
  #isCopy(view: BatchView, seen: Observation): boolean {
    if (!view.hashId(seen.row, 'eventId')) return false;
    const { symbols, facets, eventMs } = seen;
    const key = { hi: this.#hasher.hi, lo: this.#hasher.lo };
    const content = mix32(symbols[SYMBOL.action] ^ mix32(symbols[SYMBOL.principal])) >>> 0;
    const kind = 31 - Math.clz32(facets);
    const arrival = this.recent.arrive(key, { kind, second: Math.floor(eventMs / 1000), content });
    if (arrival === ARRIVAL.first) return false;
    this.copies++;
    return true;
  }

  #sink(seen: Observation) {
    return {
      add: (score: Score) => this.#scores.push(score),
      judged: (detector: string) =>
        this.calibration.judged(detector, this.#groups.of(seen.symbols[SYMBOL.principalKind]), 1),
    };
  }

  #tenantRow(score: Score, seen: Observation): ScoredRow {
    return {
      score,
      row: seen.row,
      function: seen.batch?.symbolText(seen.row, 'function') ?? '',
      functionHi: 0,
      functionLo: 0,
      facets: seen.facets,
      facetsEver: this.facetsSeen,
      group: this.#groups.of(seen.symbols[SYMBOL.principalKind]),
      namesake: '',
      sinceDeployment: Number.POSITIVE_INFINITY,
      held: this.#isHeld(score.detector, seen.batch?.symbolText(seen.row, 'principal') ?? ''),
    };
  }

  /** Registers the spans of a row, and asks or answers who called whom. */
  #link(view: BatchView, row: number, ordinal: number): void {
    const { columns } = view.batch;
    const { calls } = columns;
    const span = view.spanKey(row, 'spanId');
    const parent = view.spanKey(row, 'parentSpanId');
    const link = (columns.flags[row] & FLAG.link) !== 0;
    const edge = columns.kind[row] === FACET.edge;
    const symbol = edge ? view.batch.symbol(row, 'triggerSource') : view.functionSymbol(row);
    const owner = { kind: edge ? OWNER.source : link ? OWNER.passes : OWNER.function, hash: view.lo(symbol) };
    const at = { row, ordinal };
    const nameKey = keyOf(OWNER_NAME, owner.hash);
    const owns = span !== undefined || hasSpans(calls, row);
    if (owns && symbol !== 0 && owner.kind === OWNER.function) this.baselines.countTraced(owner.hash);
    if (owns && symbol !== 0 && !this.names.has(nameKey)) this.names.add(nameKey, view.batch.text(symbol));
    if (span !== undefined) this.#answer(view, at, { key: span, waiting: this.links.add(span, owner, parent) });
    for (let call = calls.start[row]; call < calls.start[row + 1]; call++) {
      if (calls.spanHi[call] === 0 && calls.spanLo[call] === 0) continue;
      const key = { hi: calls.spanHi[call], lo: calls.spanLo[call] };
      this.#answer(view, at, { key, waiting: this.links.add(key, owner, link && !edge ? span : undefined) });
    }
    if (link || parent === undefined || symbol === 0) return;
    const question: Waiting = {
      callee: owner.hash,
      calleeName: view.batch.text(symbol),
      ordinal: ordinal + row,
      eventMs: columns.eventMs[row],
      traceId: view.batch.idText(row, 'traceId'),
      requestId: view.batch.idText(row, 'requestId'),
    };
    this.#ask(view, at, { question, key: parent });
  }

  #answer(view: BatchView, at: RowAt, found: { key: Key; waiting: readonly Waiting[] }): void {
    for (const question of found.waiting) this.#ask(view, at, { question, key: found.key });
  }

  #ask(view: BatchView, at: RowAt, asked: { question: Waiting; key: Key }): void {
    const { question } = asked;
    const found = this.links.resolve(asked.key, question.callee);
    if (found === undefined) return;
    if (!('owner' in found)) {
      this.links.wait(found, question);
      return;
    }
    const callerName = this.names.get(keyOf(OWNER_NAME, found.owner));
    const edge: Edge = {
      caller: { hash: found.owner, name: callerName },
      callee: { hash: question.callee, name: question.calleeName },
      ordinal: question.ordinal,
      eventMs: question.eventMs,
      traceId: question.traceId,
      requestId: question.requestId,
    };
    this.#edge(view, at, edge);
  }

  #edge(view: BatchView, at: RowAt, edge: Edge): void {
    const { baselines } = this;
    const training = this.#clock.training(view.batch.columns.receivedMs[at.row]);
    baselines.lesson = { day: this.#clock.dayOf(this.#clock.second), training };
    const held = this.#isHeld(NEW_EDGE.id, `${edge.caller.name} -> ${edge.callee.name}`);
    if (!training) {
      this.#scores = [];
      const group = 0;
      scoreEdge(edge, baselines, {
        add: (score) => this.#scores.push(score),
        judged: (detector, count = 1) => this.calibration.judged(detector, group, count),
      });
      const place: Place = {
        batch: view.batch,
        row: at.row,
        ordinal: edge.ordinal,
        eventMs: edge.eventMs,
        traceId: edge.traceId,
        requestId: edge.requestId,
        own: edge.ordinal === at.ordinal + at.row,
      };
      const facets = 1 << view.batch.columns.kind[at.row];
      const rows = this.#scores.map((score) => ({
        score,
        row: at.row,
        function: edge.callee.name,
        functionHi: 0,
        functionLo: 0,
        facets,
        facetsEver: this.facetsSeen,
        group,
        namesake: '',
        sinceDeployment: Number.POSITIVE_INFINITY,
        held,
      }));
      if (rows.length > 0) this.#decide(place, rows);
    }
    learnEdge(edge, baselines, held);
  }

  /** Calibrates and fuses the scores of one event, and tells what passes: hardly any. */
  #decide(place: Place, rows: readonly ScoredRow[]): void {
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
      const judged = { ...this.#judgedOf(row, weighed[at]), fused };
      this.#tell(place, judged, row, adjusted >= threshold ? 'finding' : 'watch');
    }
  }

  /** Hears the tenant's experience with a score, and adds to it. */
  #weigh(row: ScoredRow): Weighed {
    const { score, group } = row;
    const knownElsewhere = score.novelty !== undefined && this.#knownElsewhere(score.novelty);
    const adjusted = knownElsewhere ? score.score * KNOWN_ELSEWHERE_FACTOR : score.score;
    const { detector, count } = score;
    const rarity = this.calibration.rarity({ detector, group, score: adjusted, count });
    // What comes while an incident about it is open is not normal, and must not soften the tail it is judged by.
    if (!row.held) {
      const entity = row.function === '' ? score.value : row.function;
      this.calibration.observe({ detector, group, score: adjusted, count, rarity, entity, nowMs: this.#clock.tickMs });
    }
    return { adjusted, rarity, knownElsewhere };
  }

  #judgedOf(row: ScoredRow, weighed: Weighed): Omit<Judged, 'fused'> {
    return {
      score: row.score,
      adjusted: weighed.adjusted,
      rarity: weighed.rarity,
      knownElsewhere: weighed.knownElsewhere,
      namesake: row.namesake,
      sinceDeployment: row.sinceDeployment,
      function: row.function,
      facets: row.facets,
      facetsEver: row.facetsEver | this.accountFacets,
    };
  }

  #knownElsewhere(novelty: { readonly field: number; readonly hash: number }): boolean {
    if (!SHARED_FIELDS.includes(novelty.field)) return false;
    const needed = novelty.field === CATEGORY.caller ? 1 : FUNCTIONS_TO_VOUCH;
    return this.baselines.functionsWith(novelty.field, novelty.hash) >= needed;
  }

  #tell(place: Place, judged: Judged, row: ScoredRow, level: Finding['level']): void {
    const { score } = judged;
    const facts = DETECTORS.get(score.detector);
    assert(facts !== undefined, 'every detector is registered');
    const entity = entityOf({
      function: judged.function,
      principal: place.batch.symbolText(place.row, 'principal'),
      edge: score.detector === NEW_EDGE.id ? score.value : '',
      stageOne: row.functionHi !== 0 || row.functionLo !== 0,
    });
    const identity = `${level}|${score.detector}|${entity.key}|${score.value}`;
    const id = this.#id(score.detector, `${entity.key}|${score.value}`, place.ordinal);
    const nowMs = this.#clock.tickMs;
    const at = { nowMs, score: judged.adjusted, intervalMs: this.#clock.daysMs(WINDOW_DAYS), finding: id };
    if (!this.suppression.tell(identity, `${level}|${entity.key}|${facts.family}`, at)) {
      this.#again(identity, place);
      return;
    }
    const finding = draftFinding(place, judged, { facts, entity, id, level });
    this.#output.findings.push(finding);
    if (level === 'finding') this.#open(finding, row, { identity, value: score.novelty });
  }

  /** Something told of already was seen again: its incident counts that. */
  #again(identity: string, { ordinal, eventMs }: Place): void {
    const told = this.#remembered.get(this.suppression.toldAs(identity));
    const incident =
      told === undefined ? undefined : this.correlation.repeat(told.incident, { ordinal, timeMs: eventMs });
    if (incident !== undefined) this.#output.incidents.set(incident.id, incident);
  }

  /** Puts a finding into its incident and closes the learn gate for what it is about. */
  #open(finding: Finding, row: ScoredRow, as: { identity: string; value: Score['novelty'] }): void {
    const windowMs = this.#clock.daysMs(WINDOW_DAYS);
    const incidents = this.correlation.add(finding, { stampMs: this.#clock.tickMs, windowMs });
    for (const incident of incidents) {
      this.#output.incidents.set(incident.id, incident);
      if (incident.mergedInto !== undefined) this.#moveRemembered(incident.id, incident.mergedInto);
    }
    const untilSecond = this.#clock.second + Math.ceil(windowMs / 1000);
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
    });
  }

  #id(detector: string, entity: string, ordinal: number): string {
    const text = new TextEncoder().encode(`${detector}\n${entity}\n${ordinal}`);
    this.#hasher.bytes(text, 0, text.length);
    return hex(this.#hasher.hi) + hex(this.#hasher.lo);
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

  #isHeld(detector: string, entity: string): boolean {
    const until = this.#held.get(`${detector}|${entity}`);
    if (until === undefined) return false;
    if (this.#clock.second < until) return true;
    this.#held.delete(`${detector}|${entity}`);
    return false;
  }
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
