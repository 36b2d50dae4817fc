import { type Hasher, hashOf, mix32 } from './base/hash.ts';
import { Names } from './base/names.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { CATEGORY, type CategoryValue } from './baselines/category.ts';
import { TenantBaselines } from './baselines/tenant.ts';
import { CallGraph } from './call-graph.ts';
import type { Score } from './detectors/detector.ts';
import { TENANT_DETECTORS } from './detectors/registry.ts';
import { FACET, FLAG, SYMBOL } from './event/schema.ts';
import type { BatchView } from './features/batch-view.ts';
import type { Clock } from './features/clock.ts';
import { Groups } from './features/groups.ts';
import { type Observation, Observations } from './features/observation.ts';
import { ARRIVAL, RecentRequests } from './features/recent-requests.ts';
import { RowPlace } from './scoring/draft.ts';
import type { ScoredRow } from './scoring/scored-row.ts';
import type { Settings } from './settings.ts';
import { type ClosedMinute, TenantLoad } from './tenant-load.ts';
import { Verdicts } from './verdicts.ts';

/** Facet kinds that say who did what to the account. */
const AUDIT_KINDS = (1 << FACET.audit) | (1 << FACET.change);
/** Symbols that only this stage reads: where and with what somebody acts. */
const AUDIT_SYMBOLS = ['country', 'client', 'instance'] as const;
/** Neighbours of a function on each side that weak signals are shared with. */
const NEIGHBOURS_MAX = 4;
/** A function's key, as distinct from the name of a gateway. */
const FUNCTION_KEY = /^[a-z]+:[^:\s]+:[^:\s]+:[^:\s]+$/;
/** Facet kinds whose rows the detectors of this stage judge. */
const JUDGED_KINDS = AUDIT_KINDS | (1 << FACET.health);

/**
 * Stage 2: everything that concerns more than one function. Reads what stage 1 scored, the rows of audit and trace
 * sources, and people's decisions; calibrates, fuses, suppresses, and forms incidents. One per tenant.
 */
export class StageTwo {
  readonly baselines: TenantBaselines;
  readonly graph: CallGraph;
  readonly verdicts: Verdicts;
  readonly loads: TenantLoad;
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
  #scores: Score[] = [];

  constructor(hasher: Hasher, clock: Clock, settings: Settings) {
    this.#hasher = hasher;
    this.#clock = clock;
    this.#groups = new Groups(hasher);
    this.baselines = new TenantBaselines(hasher, this.names);
    this.verdicts = new Verdicts({
      hasher,
      clock,
      settings,
      functionsWith: (field, hash) => this.baselines.functionsWith(field, hash),
      neighbours: (functionKey) => this.neighbours(functionKey),
      accountFacets: () => this.accountFacets,
    });
    const facetsSeen = () => this.facetsSeen;
    this.loads = new TenantLoad({ hasher, clock, verdicts: this.verdicts, facetsSeen });
    const { baselines, verdicts, loads } = this;
    this.graph = new CallGraph({ hasher, clock, baselines, verdicts, loads, facetsSeen });
  }

  /** Reads rows `[from, to)` with what stage 1 scored in them, ordered by row. */
  rows(
    view: BatchView,
    range: { readonly from: number; readonly to: number; readonly ordinal: number },
    scored: readonly ScoredRow[],
  ): void {
    const { kind, flags } = view.batch.columns;
    let next = 0;
    const traced = CallGraph.traced(view);
    for (let row = range.from; row < range.to; row++) {
      this.facetsSeen |= 1 << kind[row];
      if (kind[row] === FACET.edge) this.loads.request(view.lo(view.batch.symbol(row, 'triggerSource')));
      const from = next;
      while (next < scored.length && scored[next].row === row) next++;
      if (next > from) this.verdicts.decide(new RowPlace(view.batch, row, range.ordinal), scored.slice(from, next));
      if (((1 << kind[row]) & JUDGED_KINDS) !== 0) this.#judge(view, row, range.ordinal);
      if (traced || (flags[row] & FLAG.link) !== 0) this.graph.row(view, row, range.ordinal);
    }
  }

  /** A minute that is over, with what stage 1 scored in its buckets. */
  minute(closed: ClosedMinute, scored: readonly ScoredRow[]): void {
    const { second, ordinal } = closed;
    this.loads.minute(closed);
    const place = { batch: undefined, row: -1, ordinal, traceId: '', requestId: '', own: false };
    const at = { ...place, eventMs: second * 1000 - 1 };
    const unexplained = scored.filter((row) => !this.loads.explains(row, closed));
    const all = [...unexplained, ...this.loads.score(closed)].sort((a, b) => compare(a.function, b.function));
    for (let from = 0; from < all.length; ) {
      let to = from + 1;
      while (to < all.length && all[to].function === all[from].function) to++;
      this.verdicts.decide(at, all.slice(from, to));
      from = to;
    }
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

  /** Functions that call a function or are called by it, by key; a few of the most frequent. */
  neighbours(functionKey: string): string[] {
    const hash = hashOf(functionKey, this.#hasher);
    const keys = (['caller', 'callee'] as const).flatMap((kind) =>
      this.edgeEnds(kind, hash)
        .filter(({ doubted }) => !doubted)
        .slice(0, NEIGHBOURS_MAX)
        .map(({ key }) => this.names.get(key)),
    );
    return [...new Set(keys)].filter((key) => FUNCTION_KEY.test(key));
  }

  /** Principals with a baseline of their own. */
  get principalCount(): number {
    let count = 0;
    for (const name of this.baselines.entities.names) if (name.startsWith('principal ')) count++;
    return count;
  }

  /** Forgets a person: every principal whose name holds the token. */
  erase(token: string): void {
    this.baselines.forget(token);
    this.names.forget(token);
  }

  save(out: StateWriter): void {
    this.baselines.save(out);
    this.graph.save(out);
    this.loads.save(out);
    this.verdicts.save(out);
    this.recent.save(out);
    out.u32(this.copies);
    this.names.save(out);
    out.u32(this.facetsSeen);
  }

  load(from: StateReader): void {
    this.baselines.load(from);
    this.graph.load(from);
    this.loads.load(from);
    this.verdicts.load(from);
    this.recent.load(from);
    this.copies = from.u32();
    this.names.load(from);
    this.facetsSeen = from.u32();
  }

  #judge(view: BatchView, row: number, ordinal: number): void {
    const [seen] = this.#row.rows;
    if (seen.batch !== view.batch) view.reset(this.#row);
    view.fill(this.#row, row, 1);
    for (const field of AUDIT_SYMBOLS) seen.symbols[SYMBOL[field]] = view.lo(view.batch.symbol(row, field));
    seen.ordinal = ordinal + row;
    seen.training = this.#clock.training(seen.nowMs);
    if (this.#isCopy(view, seen)) return;
    const { baselines } = this;
    baselines.lesson = { day: this.#clock.dayOf(this.#clock.second), training: seen.training };
    // The gate as it stood before this row: what closes it is not held by itself.
    const entity = view.batch.symbolText(row, 'principal');
    const held = TENANT_DETECTORS.map((detector) => this.verdicts.isHeld(detector.id, entity));
    if (!seen.training) {
      this.#scores = [];
      for (const detector of TENANT_DETECTORS) {
        if (detector.facets.some((kind) => (seen.facets & (1 << FACET[kind])) !== 0)) {
          detector.score(seen, baselines, this.#sink(seen));
        }
      }
      const rows = this.#scores.map((score) => this.#tenantRow(score, seen));
      if (rows.length > 0) this.verdicts.decide(new RowPlace(view.batch, row, ordinal), rows);
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
        this.verdicts.calibration.judged(detector, this.#groups.of(seen.symbols[SYMBOL.principalKind]), 1),
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
      held: this.verdicts.isHeld(score.detector, seen.batch?.symbolText(seen.row, 'principal') ?? ''),
    };
  }
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
