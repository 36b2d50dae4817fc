import { INCIDENT_FINDINGS_MAX, INCIDENT_NAMES_MAX, OPEN_INCIDENTS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { type Finding, INCIDENT_STATES, type Incident, PAGE_REASONS, type PageReason } from '../event/finding.ts';

type State = Incident['state'];

interface Case {
  id: string;
  openedMs: number;
  lastMs: number;
  /** Stamp of the log when the last finding came: the window runs on it. */
  lastStampMs: number;
  findings: string[];
  more: number;
  /** Events that showed again what was told of in this incident, and the ordinal of the last of them. */
  repeats: number;
  repeatedAt: number;
  keys: string[];
  entities: string[];
  state: State;
  risk: number;
  first: string;
  worst: string;
  page: PageReason | undefined;
}

/**
 * Findings that share a function, a principal, a trace or an edge within a window become one incident. A finding that
 * connects two open incidents merges the younger into the older. A flood makes one incident that says how many.
 */
export class Correlation {
  readonly #open = new Map<string, Case>();
  /** Incidents that ended by themselves, oldest first: what adds up over weeks joins them. */
  readonly #ended = new Map<string, Case>();
  /** Which open incident a key (entity, principal, trace) belongs to. */
  readonly #byKey = new Map<string, string>();

  /**
   * Puts a finding into its incident; returns the changed incident, and the one merged away, if any. One with a `reachMs` also takes up an
   * incident of its entity that ended by itself within that time.
   */
  add(
    finding: Finding,
    at: { readonly stampMs: number; readonly windowMs: number; readonly reachMs?: number },
  ): Incident[] {
    this.#expire(at.stampMs - at.windowMs);
    if (at.reachMs !== undefined) this.#takeUp(finding, at.stampMs - at.reachMs);
    const keys = keysOf(finding);
    const found = [...new Set(keys.map((key) => this.#byKey.get(key)).filter((id) => id !== undefined))];
    const cases = found.map((id) => this.#open.get(id)).filter((one) => one !== undefined);
    cases.sort((a, b) => a.openedMs - b.openedMs || (a.id < b.id ? -1 : 1));
    const own = cases[0] ?? this.#new(finding);
    const merged = cases.slice(1).map((other) => this.#merge(own, other));
    this.#join(own, finding, { keys, stampMs: at.stampMs });
    return [incidentOf(own), ...merged];
  }

  /**
   * Counts an event that shows again what was told of in an incident; once, whatever it repeats. Undefined when the
   * incident is not open or the event was counted.
   */
  repeat(id: string, event: { readonly ordinal: number; readonly timeMs: number }): Incident | undefined {
    const found = this.#open.get(id);
    if (found === undefined || found.repeatedAt === event.ordinal) return undefined;
    found.repeats++;
    found.repeatedAt = event.ordinal;
    found.lastMs = Math.max(found.lastMs, event.timeMs);
    return incidentOf(found);
  }

  /** Notes that people are paged for an incident. Undefined when it is not open. */
  setPage(id: string, page: PageReason): Incident | undefined {
    const found = this.#open.get(id);
    if (found === undefined) return undefined;
    found.page = page;
    return incidentOf(found);
  }

  /** Sets a person's state; closing ends correlation. Undefined when the incident is not known any more. */
  setState(id: string, state: State): Incident | undefined {
    const found = this.#open.get(id) ?? this.#ended.get(id);
    if (found === undefined) return undefined;
    if (state.startsWith('closed')) this.#ended.delete(id);
    found.state = state;
    if (state.startsWith('closed')) this.#close(found);
    return incidentOf(found);
  }

  save(out: StateWriter): void {
    saveCases(out, this.#open);
    saveCases(out, this.#ended);
  }

  load(from: StateReader): void {
    this.#byKey.clear();
    loadCases(from, this.#open);
    loadCases(from, this.#ended);
    for (const one of this.#open.values()) for (const key of one.keys) this.#byKey.set(key, one.id);
  }

  #new(finding: Finding): Case {
    const one: Case = {
      id: `i${finding.id}`,
      openedMs: finding.timeMs,
      lastMs: finding.timeMs,
      lastStampMs: 0,
      findings: [],
      more: 0,
      repeats: 0,
      repeatedAt: -1,
      keys: [],
      entities: [],
      state: 'new',
      risk: 0,
      first: finding.sentence,
      worst: finding.sentence,
      page: undefined,
    };
    this.#open.set(one.id, one);
    if (this.#open.size > OPEN_INCIDENTS_MAX) {
      const oldest = this.#open.values().next().value;
      if (oldest !== undefined) this.#close(oldest);
    }
    return one;
  }

  #join(own: Case, finding: Finding, at: { readonly keys: readonly string[]; readonly stampMs: number }): void {
    if (own.findings.length < INCIDENT_FINDINGS_MAX) own.findings.push(finding.id);
    else own.more++;
    own.openedMs = Math.min(own.openedMs, finding.timeMs);
    own.lastMs = Math.max(own.lastMs, finding.timeMs);
    own.lastStampMs = at.stampMs;
    if (finding.risk > own.risk) {
      own.risk = finding.risk;
      own.worst = finding.sentence;
    }
    for (const key of at.keys) if (this.#byKey.get(key) !== own.id) this.#addKey(own, key);
    for (const entity of [finding.function, finding.principal, finding.entity.key]) addEntity(own, entity);
  }

  #merge(own: Case, other: Case): Incident {
    for (const id of other.findings) {
      if (own.findings.length < INCIDENT_FINDINGS_MAX) own.findings.push(id);
      else own.more++;
    }
    own.more += other.more;
    own.page ??= other.page;
    own.repeats += other.repeats;
    own.lastMs = Math.max(own.lastMs, other.lastMs);
    for (const entity of other.entities) addEntity(own, entity);
    for (const key of other.keys) this.#addKey(own, key);
    if (other.risk > own.risk) {
      own.risk = other.risk;
      own.worst = other.worst;
    }
    this.#open.delete(other.id);
    return { ...incidentOf(other), findings: [], summary: `Merged into ${own.id}.`, mergedInto: own.id };
  }

  /** Lets findings with this key find the incident, unless it has enough of them. */
  #addKey(own: Case, key: string): void {
    if (own.keys.length >= INCIDENT_NAMES_MAX) {
      this.#byKey.delete(key);
      return;
    }
    this.#byKey.set(key, own.id);
    own.keys.push(key);
  }

  #expire(beforeMs: number): void {
    for (const one of this.#open.values()) {
      if (one.lastStampMs >= beforeMs) continue;
      this.#close(one);
      this.#ended.set(one.id, one);
      const oldest = this.#ended.keys().next().value;
      if (this.#ended.size > OPEN_INCIDENTS_MAX && oldest !== undefined) this.#ended.delete(oldest);
    }
  }

  /** Opens the newest incident of a finding's entity again that ended by itself since `sinceMs`. */
  #takeUp(finding: Finding, sinceMs: number): void {
    let newest: Case | undefined;
    for (const one of this.#ended.values()) {
      if (one.lastStampMs < sinceMs) this.#ended.delete(one.id);
      else if (one.entities.includes(finding.entity.key)) newest = one;
    }
    if (newest === undefined) return;
    this.#ended.delete(newest.id);
    this.#open.set(newest.id, newest);
    for (const key of newest.keys) if (!this.#byKey.has(key)) this.#byKey.set(key, newest.id);
  }

  #close(one: Case): void {
    this.#open.delete(one.id);
    for (const key of one.keys) if (this.#byKey.get(key) === one.id) this.#byKey.delete(key);
  }
}

function addEntity(own: Case, entity: string): void {
  if (entity === '' || own.entities.length >= INCIDENT_NAMES_MAX || own.entities.includes(entity)) return;
  own.entities.push(entity);
}

/** Services act for everybody: two findings that share one share nothing. */
const SERVICE = /^service:/;
/** A function key named in evidence: as a destination, as who invoked directly, or as an end of an edge. */
const FUNCTION_NAMED = /^(?:lambda\/|invoke )?([a-z]+:[^:\s]+:[^:\s]+:[^:\s]+)$/;

function keysOf(finding: Finding): string[] {
  const keys = [`${finding.entity.kind}:${finding.entity.key}`];
  if (finding.function !== '') keys.push(`function:${finding.function}`);
  if (finding.principal !== '' && !SERVICE.test(finding.principal)) keys.push(`principal:${finding.principal}`);
  if (finding.traceId !== '') keys.push(`trace:${finding.traceId}`);
  const ends = finding.entity.kind === 'edge' ? finding.entity.key.split(' -> ') : [];
  for (const named of [...ends, ...finding.evidence.map((one) => one.observed)]) {
    const key = FUNCTION_NAMED.exec(named)?.[1];
    if (key !== undefined) keys.push(`function:${key}`);
  }
  return [...new Set(keys)];
}

function incidentOf(one: Case): Incident {
  const count = one.findings.length + one.more;
  const others = count === 1 ? '' : ` ${count} findings in all.`;
  const worst = one.worst === one.first ? '' : ` Gravest: ${one.worst}`;
  const again = one.repeats === 0 ? '' : ` Seen again ${one.repeats === 1 ? 'once' : `${one.repeats} times`}.`;
  return {
    id: one.id,
    openedMs: one.openedMs,
    lastMs: one.lastMs,
    findings: [...one.findings],
    entities: [...one.entities],
    state: one.state,
    risk: one.risk,
    ...(one.page === undefined ? {} : { page: one.page }),
    summary: `${one.first}${worst}${others}${again}`,
  };
}

function texts(from: StateReader): string[] {
  const list: string[] = [];
  for (let left = from.u32(); left > 0; left--) list.push(from.text());
  return list;
}

function saveCases(out: StateWriter, cases: ReadonlyMap<string, Case>): void {
  out.u32(cases.size);
  for (const one of cases.values()) {
    out.text(one.id);
    for (const time of [one.openedMs, one.lastMs, one.lastStampMs]) out.f64(time);
    for (const list of [one.findings, one.keys, one.entities]) {
      out.u32(list.length);
      for (const text of list) out.text(text);
    }
    out.u32(one.more);
    out.u32(one.repeats);
    out.f64(one.repeatedAt);
    out.u32(INCIDENT_STATES.indexOf(one.state));
    out.f64(one.risk);
    out.text(one.first);
    out.text(one.worst);
    out.u32(one.page === undefined ? 0 : PAGE_REASONS.indexOf(one.page) + 1);
  }
}

function loadCases(from: StateReader, cases: Map<string, Case>): void {
  cases.clear();
  for (let left = from.u32(); left > 0; left--) {
    const id = from.text();
    const [openedMs, lastMs, lastStampMs] = [from.f64(), from.f64(), from.f64()];
    const [findings, keys, entities] = [texts(from), texts(from), texts(from)];
    const [more, repeats, repeatedAt] = [from.u32(), from.u32(), from.f64()];
    const state = INCIDENT_STATES[from.u32()];
    from.expect(state !== undefined, 'incident state');
    const lists = { findings, more, repeats, repeatedAt, keys, entities };
    const last = { risk: from.f64(), first: from.text(), worst: from.text(), page: PAGE_REASONS[from.u32() - 1] };
    cases.set(id, { id, openedMs, lastMs, lastStampMs, ...lists, state, ...last });
  }
}
