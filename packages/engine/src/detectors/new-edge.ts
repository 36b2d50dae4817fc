import { CATEGORY, keyOf } from '../baselines/category.ts';
import { shortNameOf } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { type Novelty, scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import type { Edge } from '../features/edge.ts';
import { SCORE_MIN, type Scores } from './detector.ts';
import { expectedValues, oftenNever } from './words.ts';

const BASE = 2;
/** Sightings from which an edge makes its like in other places less surprising. */
const EDGE_VOUCHES_FROM = 20;
/** What is fixed about this detector; it is called by stage 2 for each resolved edge. */
export const NEW_EDGE = {
  id: 'flow.new-edge',
  family: 'flow',
  title: 'Function called by a new caller',
  version: '1',
} as const;

/**
 * A function or gateway calls a function it never called. Judged from both ends, and the better informed one speaks: the
 * callee knows who calls it, the caller knows whom it calls, and in how many traced invocations it called nobody. Known between functions of the same names in another account
 * or region, an edge is half as surprising.
 */
export function scoreEdge(edge: Edge, state: TenantBaselines, out: Scores): void {
  out.judged(NEW_EDGE.id);
  state.focus('callee', edge.callee.hash);
  const byCallee = novelty(state, { field: CATEGORY.caller, hash: edge.caller.hash, atLeast: 0 });
  const callers = byCallee === undefined ? '' : expectedValues(state, CATEGORY.caller);
  state.focus('caller', edge.caller.hash);
  const atLeast = tracedBefore(state, edge);
  const byCaller = novelty(state, { field: CATEGORY.callee, hash: edge.callee.hash, atLeast });
  const callees = byCaller === undefined ? '' : expectedValues(state, CATEGORY.callee);
  if (byCallee === undefined && byCaller === undefined) return;
  const calleeSpeaks = margin(byCallee) >= margin(byCaller);
  const speaks = calleeSpeaks ? byCallee : byCaller;
  if (speaks === undefined || speaks.score < SCORE_MIN) return;
  const caller = shortNameOf(edge.caller.name);
  const callee = shortNameOf(edge.callee.name);
  const value = `${edge.caller.name} -> ${edge.callee.name}`;
  out.add({
    detector: NEW_EDGE.id,
    score: speaks.score,
    threshold: speaks.threshold,
    count: speaks.count,
    maturity: speaks.count / (speaks.count + 50),
    value,
    novelty: { field: CATEGORY.caller, hash: state.lineageOf(edge) },
    evidence: [
      {
        parameter: calleeSpeaks ? 'caller' : 'callee',
        observed: calleeSpeaks ? edge.caller.name : edge.callee.name,
        expected: calleeSpeaks ? callers : callees,
        count: speaks.count,
      },
    ],
    sentence: calleeSpeaks
      ? `\`${caller}\` called \`${callee}\`; ${oftenNever(speaks, 'had this caller', 'traced calls')}.`
      : `\`${caller}\` called \`${callee}\`; ${oftenNever(speaks, 'called that function', atLeast > 0 ? 'traced invocations' : 'traced calls')}.`,
    quietIf: 'one of the two had been seen calling or called like this before',
    impact: 0.65,
    techniques: ['T1648'],
  });
}

/** One end of an edge as the other one knows it; the invocations in which it could have been seen. */
interface End {
  readonly field: number;
  readonly hash: number;
  readonly atLeast: number;
}

/** Adds an edge to what both ends know. One that is not strange to either speaks for its like in other places. */
export function learnEdge(edge: Edge, state: TenantBaselines, held: boolean): void {
  state.focus('callee', edge.callee.hash);
  state.ensure('callee', edge.callee.hash, () => edge.callee.name);
  const plainToCallee = learnEnd(
    state,
    { field: CATEGORY.caller, hash: edge.caller.hash, name: edge.caller.name, atLeast: 0 },
    held,
  );
  state.ensure('caller', edge.caller.hash, () => edge.caller.name);
  const atLeast = tracedBefore(state, edge);
  const plainToCaller = learnEnd(
    state,
    { field: CATEGORY.callee, hash: edge.callee.hash, name: edge.callee.name, atLeast },
    held,
  );
  if (plainToCallee === EDGE_VOUCHES_FROM && plainToCaller > 0)
    state.shownBy(keyOf(CATEGORY.caller, state.lineageOf(edge)));
}

/** Learns one end; how often it was seen there, 0 while it is a suspect. */
function learnEnd(state: TenantBaselines, end: End & { readonly name: string }, held: boolean): number {
  state.categories.observe(end.field);
  const { field, hash, atLeast } = end;
  learnValue(state.categories, { field, hash, base: BASE, held, atLeast }, state.lesson);
  const entry = state.categories.find(end.field, end.hash);
  if (state.categories.wantsName(entry)) state.names.add(keyOf(end.field, end.hash), end.name);
  return state.categories.isKnown(entry) ? state.categories.countAt(entry) : 0;
}

function novelty(state: TenantBaselines, { field, hash, atLeast }: End): Novelty | undefined {
  const entry = state.categories.find(field, hash);
  return scoreNovelty(state.categories, { field, entry, day: state.lesson.day, atLeast }, BASE);
}

/** How far a score is above what it takes; minus infinity when there is nothing to say. */
function margin(of: Novelty | undefined): number {
  return of === undefined ? Number.NEGATIVE_INFINITY : of.score - of.threshold;
}

/** Traced invocations of the caller but the one that makes the call. */
function tracedBefore(state: TenantBaselines, edge: Edge): number {
  return Math.max(0, state.traced(edge.caller.hash) - 1);
}
