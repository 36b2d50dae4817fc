import { DRIFT_INDEX, type DriftGap } from '../baselines/drifts.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { type FacetKind, NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { quantity } from './quantity.ts';
import { RESOURCE_METRICS, TIMING_METRICS, type WatchedMetric } from './watched-metrics.ts';

/** Standard errors by which a week must differ from the anchor; a single day by as many spreads. */
const ERRORS = 7;
/** Cumulative sum, in spreads, that no ordinary noise reaches in a hundred years. */
const CUSUM = 12;
/** Least changes, in doublings, of a week, a day, and a week that a cumulative sum speaks of: 20, 25 and 10 %. */
const WEEK_MIN = 0.263;
const DAY_MIN = 0.322;
const CUSUM_MIN = 0.138;
const THRESHOLD = 4;
/** Score of a change that is just as far as it must be is the threshold; more of it is not said to be rarer than this. */
const SCORE_MAX = 12;
/** A tenant with at least so many functions knows what moves all of them; its share that makes a move common, and least number. */
const COMMON_JUDGED_MIN = 8;
const COMMON_SHARE = 0.05;
const COMMON_MIN = 3;
/** Invocations of a new revision after which the old anchor no longer counts. */
const NEW_REVISION = 1;
const FACETS: readonly FacetKind[] = ['sensor', 'platform', 'insights', 'otel', 'xray'];

/** Run time that creeps: what `timing.tail` learns day by day. */
export const timingDrift = driftDetector({ id: 'timing.drift', family: 'timing', metrics: TIMING_METRICS });
/** Memory, CPU and bytes of an invocation that creep: a leak, a growing document, or somebody who trains the baseline. */
export const resourceDrift = driftDetector({ id: 'resource.drift', family: 'resource', metrics: RESOURCE_METRICS });

/**
 * What one invocation takes grows away from where it was anchored (`Drifts`). Judged once a model day, when the first invocation of the next
 * one comes. Where a tenant has many functions, a finding waits a day and is not told when others moved alike: then the platform
 * moved. A new revision is anchored anew. Silent for the first ten days and for less than five invocations a day.
 */
function driftDetector(of: {
  readonly id: string;
  readonly family: 'timing' | 'resource';
  readonly metrics: readonly WatchedMetric[];
}): Detector<FunctionBaselines> {
  const { id, family } = of;
  const followed = of.metrics.flatMap((metric) => {
    const index = DRIFT_INDEX.get(metric.field);
    return index === undefined ? [] : [{ metric, index, number: NUMBER[metric.field] }];
  });
  return {
    id,
    family,
    title: 'Slowly grown away from what it was',
    version: '1',
    facets: FACETS,

    score(_, state, out) {
      const { drifts } = state;
      if (!drifts.ready) return;
      for (const { metric, index } of followed) {
        if (!drifts.isDue(index, state.lesson.day)) continue;
        const gap = drifts.gap(index);
        if (gap === undefined) continue;
        out.judged(id);
        drifts.judged[index]++;
        scoreGap({ id, metric, index, gap }, state, out);
      }
    },

    learn(seen, state) {
      const { drifts, lesson } = state;
      if (!drifts.ready) {
        if (state.invocations < 2) return;
        state.makeDrifts();
      }
      const isNew = state.sinceRevision === NEW_REVISION;
      for (const { index, number } of followed) {
        if (drifts.isDue(index, lesson.day)) drifts.close(index, state.held(family) && !lesson.training);
        if (isNew && isDeployed(seen, state)) drifts.anchor(index);
        drifts.add(index, lesson.day, seen.numbers[number]);
      }
    },
  };
}

/** True right after the revision changed, not when there never was another one. */
function isDeployed(_: Observation, state: FunctionBaselines): boolean {
  return state.invocations > state.sinceRevision + 1;
}

function scoreGap(
  of: { id: string; metric: WatchedMetric; index: number; gap: DriftGap },
  state: FunctionBaselines,
  out: Scores,
): void {
  const { id, metric, index, gap } = of;
  const { drifts, lesson } = state;
  const score = THRESHOLD * howFar(gap);
  if (score < THRESHOLD) {
    if (drifts.flaggedSince(index) !== 0) drifts.setFlagged(index, 0);
    if (score >= SCORE_MIN) out.add(claim({ id, metric, gap, score, days: Math.round(gap.days) }, state));
    return;
  }
  const since = drifts.flaggedSince(index);
  if (since === 0) {
    drifts.flagged[index]++;
    drifts.setFlagged(index, lesson.day + 1);
  }
  const known = drifts.commonJudged[index];
  const tenant = known >= COMMON_JUDGED_MIN;
  // Others may be moving as well: who waits a day knows.
  if (tenant && (since === 0 || since === lesson.day + 1)) return;
  const moved = drifts.commonShare[index] * known;
  const common = tenant && moved >= COMMON_MIN && drifts.commonShare[index] >= COMMON_SHARE;
  const told = common ? 0.9 * THRESHOLD : Math.min(SCORE_MAX, score);
  out.add(claim({ id, metric, gap, score: told, days: Math.round(gap.days) }, state));
}

/** How far a change is of what it must be: 1 is just enough. */
function howFar(gap: DriftGap): number {
  const week = Math.min(gap.week / ((ERRORS * gap.spread) / Math.sqrt(7)), gap.week / WEEK_MIN);
  const day = Math.min(gap.day / (ERRORS * gap.spread), gap.day / DAY_MIN);
  const sum = Math.min(gap.cusum / CUSUM, gap.week / CUSUM_MIN);
  return Math.max(0, week, day, sum);
}

function claim(
  of: { id: string; metric: WatchedMetric; gap: DriftGap; score: number; days: number },
  state: FunctionBaselines,
) {
  const { metric, gap, days } = of;
  const text = (value: number) => quantity(metric.field, value);
  const percent = Math.round(100 * (Math.exp(gap.week * Math.LN2) - 1));
  const [anchored, recent] = [text(gap.anchored), text(gap.recent)];
  return {
    detector: of.id,
    score: of.score,
    threshold: THRESHOLD,
    count: days,
    maturity: days / (days + 7),
    value: metric.field,
    novelty: undefined,
    evidence: [
      {
        parameter: `${metric.parameter}_week`,
        observed: recent,
        expected: anchored === recent ? `near ${anchored}` : anchored,
        count: days,
      },
    ],
    sentence: `\`${state.shortName}\` ${metric.did} ${recent}${metric.of} in an ordinary run of the last week, ${percent} % more than the ${anchored} it was anchored at ${days} days ago; it grew too slowly for any single run to show.`,
    quietIf:
      'it had grown by less than a quarter of a percent a day, had been deployed anew, or others had grown with it',
    impact: metric.impact,
    techniques: [],
  };
}
