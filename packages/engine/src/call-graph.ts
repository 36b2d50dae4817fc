import { type Hasher, hashOf } from './base/hash.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { keyOf } from './baselines/category.ts';
import type { TenantBaselines } from './baselines/tenant.ts';
import type { Score } from './detectors/detector.ts';
import { learnEdge, NEW_EDGE, scoreEdge } from './detectors/new-edge.ts';
import { FACET, FLAG, ID } from './event/schema.ts';
import type { BatchView } from './features/batch-view.ts';
import type { Clock } from './features/clock.ts';
import type { Edge } from './features/edge.ts';
import { Links, OWNER, type Waiting } from './features/links.ts';
import { hasSpans, type Key } from './features/span-key.ts';
import type { Place } from './scoring/draft.ts';
import type { TenantLoad } from './tenant-load.ts';
import type { Verdicts } from './verdicts.ts';

/** Field under which the names of span owners are kept; not a category of any entity. */
const OWNER_NAME = 15;

/** Who calls a function whose trace begins with it, as findings say it. */
const OUTSIDE = 'a direct invocation';

/** A row of the batch at hand; `ordinal` is that of row 0. */
interface RowAt {
  readonly row: number;
  readonly ordinal: number;
}

/** What the call graph is built from and what it tells. */
export interface CallGraphContext {
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly baselines: TenantBaselines;
  readonly verdicts: Verdicts;
  readonly loads: TenantLoad;
  /** Facet bits that ever arrived. */
  readonly facetsSeen: () => number;
}

/** Who called whom: resolves the spans of traces into edges between functions, judges and learns each. */
export class CallGraph {
  readonly links: Links;
  readonly #context: CallGraphContext;
  /** Hash of `OUTSIDE`. */
  readonly #outside: number;
  #scores: Score[] = [];

  constructor(context: CallGraphContext) {
    this.#context = context;
    this.links = new Links(context.hasher);
    this.#outside = hashOf(OUTSIDE, context.hasher);
  }

  /** True when rows of this batch have spans. */
  static traced(view: BatchView): boolean {
    const { ids } = view.batch.columns;
    return ids[ID.spanId] !== undefined || ids[ID.parentSpanId] !== undefined;
  }

  /** Registers the spans of a row, and asks or answers who called whom. */
  row(view: BatchView, row: number, ordinal: number): void {
    const { columns } = view.batch;
    const { calls } = columns;
    const span = view.spanKey(row, 'spanId');
    const parent = view.spanKey(row, 'parentSpanId');
    const link = (columns.flags[row] & FLAG.link) !== 0;
    const edge = columns.kind[row] === FACET.edge;
    const ofFunction = edge ? 0 : view.functionSymbol(row);
    const symbol = ofFunction === 0 ? view.batch.symbol(row, 'triggerSource') : ofFunction;
    const passes = ofFunction === 0 && symbol !== 0 ? OWNER.channel : OWNER.passes;
    const owner = { kind: edge ? OWNER.source : link ? passes : OWNER.function, hash: view.lo(symbol) };
    const at = { row, ordinal };
    const nameKey = keyOf(OWNER_NAME, owner.hash);
    const owns = span !== undefined || hasSpans(calls, row);
    if (owns && symbol !== 0 && owner.kind === OWNER.function) this.#context.baselines.countTraced(owner.hash);
    if (owns && symbol !== 0 && !this.#context.baselines.names.has(nameKey))
      this.#context.baselines.names.add(nameKey, view.batch.text(symbol));
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

  save(out: StateWriter): void {
    this.links.save(out);
  }

  load(from: StateReader): void {
    this.links.load(from);
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
    const outside = found.kind === OWNER.outside;
    const callerName = outside ? OUTSIDE : this.#context.baselines.names.get(keyOf(OWNER_NAME, found.owner));
    const edge: Edge = {
      caller: { hash: outside ? this.#outside : found.owner, name: callerName },
      callee: { hash: question.callee, name: question.calleeName },
      ordinal: question.ordinal,
      eventMs: question.eventMs,
      traceId: question.traceId,
      requestId: question.requestId,
    };
    if (!outside) this.#context.loads.calls(edge);
    this.#edge(view, at, edge);
  }

  #edge(view: BatchView, at: RowAt, edge: Edge): void {
    const { baselines, clock, verdicts } = this.#context;
    const training = clock.training(view.batch.columns.receivedMs[at.row]);
    baselines.lesson = { day: clock.dayOf(clock.second), training };
    const held = verdicts.isHeld(NEW_EDGE.id, `${edge.caller.name} -> ${edge.callee.name}`);
    if (!training) {
      this.#scores = [];
      const group = 0;
      scoreEdge(edge, baselines, {
        add: (score) => this.#scores.push(score),
        judged: (detector, count = 1) => verdicts.calibration.judged(detector, group, count),
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
        facetsEver: this.#context.facetsSeen(),
        group,
        namesake: '',
        sinceDeployment: Number.POSITIVE_INFINITY,
        held,
      }));
      if (rows.length > 0) verdicts.decide(place, rows);
    }
    learnEdge(edge, baselines, held);
  }
}
