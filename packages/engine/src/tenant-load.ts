import { type Hasher, hashOf } from './base/hash.ts';
import type { StateReader, StateWriter } from './base/state.ts';
import { INVOCATION_KINDS } from './baselines/facets.ts';
import { type Arrival, Arrivals, type Fired } from './demand/arrivals.ts';
import { Demand, WINDOW_MINUTES } from './demand/demand.ts';
import type { Score } from './detectors/detector.ts';
import { scoreUnexplained, UNEXPLAINED_LOAD } from './detectors/unexplained-load.ts';
import type { RollupRow } from './event/rollup.ts';
import type { Clock } from './features/clock.ts';
import type { Edge } from './features/edge.ts';
import type { ScoredRow } from './scoring/scored-row.ts';
import type { Verdicts } from './verdicts.ts';

/** Detectors of counts, which demand may explain; it never explains cost. */
const EXPLAINED_BY_DEMAND: ReadonlySet<string> = new Set(['rate.excess', 'rate.drift']);
/** Windows, minutes, that demand must explain. */
const WINDOWS = [WINDOW_MINUTES, 60] as const;
/** Chance of as many invocations, given what arrived, from which they are explained. */
const EXPLAINED_MIN = 1e-3;

/** A minute that is over, as stage 2 sees it. */
export interface ClosedMinute {
  /** Second at which it ended. */
  readonly second: number;
  /** Ordinal of the record that moved the clock past it. */
  readonly ordinal: number;
  /** What the functions that were active in it did, by function key. */
  readonly rows: readonly RollupRow[];
  /** What stage 1 saw of demand in it. */
  readonly arrivals: { readonly counts: readonly Arrival[]; readonly fired: readonly Fired[] };
}

/** What the load needs to know of the rest of stage 2. */
export interface TenantLoadContext {
  readonly hasher: Hasher;
  readonly clock: Clock;
  readonly verdicts: Verdicts;
  /** Facet bits that ever arrived. */
  readonly facetsSeen: () => number;
}

/** The load of all functions beside what fires them: feeds the model of demand, and judges what it does not explain. */
export class TenantLoad {
  readonly demand = new Demand();
  readonly #context: TenantLoadContext;
  /** Requests at gateways in the current minute. */
  readonly #requests = new Arrivals();

  constructor(context: TenantLoadContext) {
    this.#context = context;
  }

  /** A request that reached a gateway; `route` is the hash of what the function it fires calls its source. */
  request(route: number): void {
    if (route !== 0) this.#requests.request(route);
  }

  /** One function was seen to call another: its invocations fire the other's. */
  calls(edge: Edge): void {
    this.demand.fires({ functionHash: edge.callee.hash, driver: edge.caller.hash });
  }

  /** Learns a minute. */
  minute({ second, rows, arrivals }: ClosedMinute): void {
    for (const fired of arrivals.fired) this.demand.fires(fired);
    const { hasher } = this.#context;
    const invoked = new Set(arrivals.counts.map(({ driver }) => driver));
    const counts = rows.map((row) => {
      const functionHash = hashOf(row.function, hasher);
      // Callers name the function itself as where their call goes.
      const driver = hashOf(`lambda/${row.function}`, hasher);
      if (invoked.has(driver)) this.demand.fires({ functionHash, driver });
      return { driver: functionHash, count: row.count };
    });
    this.demand.minute(second / 60 - 1, [...arrivals.counts, ...this.#requests.takeArrivals(), ...counts]);
  }

  /** Scores of the functions that ran in a minute and whose demand is known. */
  score({ second, rows }: ClosedMinute): ScoredRow[] {
    const { hasher, clock, verdicts } = this.#context;
    if (clock.training(second * 1000 - 1)) return [];
    const minute = second / 60 - 1;
    const scored: ScoredRow[] = [];
    for (const row of rows) {
      const functionLo = hashOf(row.function, hasher);
      const functionHi = hasher.hi;
      const count = this.demand.invocations(functionLo, minute, WINDOW_MINUTES);
      const explained = this.demand.explain(functionLo, { minute, minutes: WINDOW_MINUTES, count });
      if (explained === undefined) continue;
      const out = {
        add: (score: Score) => scored.push(this.#rowOf(score, { name: row.function, functionHi, functionLo })),
        judged: () => verdicts.calibration.judged(UNEXPLAINED_LOAD.id, 0, 1),
      };
      scoreUnexplained({ function: row.function, minutes: WINDOW_MINUTES, count }, explained, out);
    }
    return scored;
  }

  /**
   * True when a score says that a function runs far more than it ever did, and what fires it arrived as often: demand explains counts.
   * Silent, so the score stands, where nobody sees what fires the function.
   */
  explains({ score, functionLo }: ScoredRow, { second }: ClosedMinute): boolean {
    if (!EXPLAINED_BY_DEMAND.has(score.detector)) return false;
    const minute = second / 60 - 1;
    return WINDOWS.every((minutes) => {
      const count = this.demand.invocations(functionLo, minute, minutes);
      const explained = this.demand.explain(functionLo, { minute, minutes, count });
      return explained !== undefined && explained.atLeast >= EXPLAINED_MIN;
    });
  }

  save(out: StateWriter): void {
    this.demand.save(out);
    this.#requests.save(out);
  }

  load(from: StateReader): void {
    this.demand.load(from);
    this.#requests.load(from);
  }

  #rowOf(score: Score, of: { name: string; functionHi: number; functionLo: number }): ScoredRow {
    const facets = this.#context.facetsSeen() & INVOCATION_KINDS;
    const { name, functionHi, functionLo } = of;
    return {
      score,
      row: -1,
      function: name,
      functionHi,
      functionLo,
      facets,
      facetsEver: facets,
      group: 0,
      namesake: '',
      sinceDeployment: Number.POSITIVE_INFINITY,
      held: false,
    };
  }
}
