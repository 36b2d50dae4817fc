import { DRIFT_INDEX, type DriftGap, type Drifts } from '../baselines/drifts.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { type FacetKind, NUMBER } from '../event/schema.ts';
import { OCTAVE_STEPS } from '../stats/log-table.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { quantity } from './quantity.ts';
import { RESOURCE_METRICS, TIMING_METRICS, type WatchedMetric } from './watched-metrics.ts';

const THRESHOLD = 4;
/** Score of a change that is just as far as it must be is the threshold; more of it is not said to be rarer than this. */
const SCORE_MAX = 12;
/** A tenant with at least so many functions knows what moves all of them; its share that makes a move common, and least number. */
const COMMON_JUDGED_MIN = 8;
const COMMON_SHARE = 0.05;
const COMMON_MIN = 3;
/** A move is explained by others up to so many times the mean of theirs. */
const COMMON_REACH = 1.5;
/** Share of a common move's threshold that such a change scores. */
const COMMON_FACTOR = 0.9;
/** Doublings that one function may add to what is common. */
const MOVE_MAX = 4;
/** Share of the tenant that must have been heard before a change is told; the next part of the day it is told in any case. */
const HEARD = 0.8;
const FACETS: readonly FacetKind[] = ['sensor', 'platform', 'insights', 'otel', 'xray'];

/** Run time that creeps: what `timing.tail` learns day by day. */
export const timingDrift = driftDetector({ id: 'timing.drift', family: 'timing', metrics: TIMING_METRICS });
/** Memory, CPU and bytes of an invocation that creep: a leak, a growing document, or somebody who trains the baseline. */
export const resourceDrift = driftDetector({ id: 'resource.drift', family: 'resource', metrics: RESOURCE_METRICS });

/**
 * What one invocation takes grows away from where it was anchored (`Drifts`). Judged four times a model day, when the first invocation
 * of the next part comes. Where a tenant has many functions, a finding waits until the others were heard, and is not told when they
 * moved alike: then the platform moved. Told once; again when it has grown by a fifth more. A new revision is anchored anew within
 * three days. Silent for the first fourteen days, and for less than five invocations a day.
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
      const { drifts, part } = state;
      if (!drifts.ready) return;
      for (const { metric, index } of followed) {
        if (drifts.isDue(index, part)) {
          drifts.close(index, part, state.held(family) && !state.lesson.training);
          const gap = drifts.gap(index, part);
          if (gap === undefined) continue;
          out.judged(id);
          drifts.judged[index]++;
          judge({ id, metric, index, gap }, state, out);
        } else if (drifts.flaggedAt(index) !== 0 && isHeard(state, index)) {
          const gap = drifts.gap(index, part);
          if (gap !== undefined) tell({ id, metric, index, gap }, state, out);
        }
      }
    },

    learn(seen, state) {
      const { drifts, part } = state;
      if (!drifts.ready) {
        if (state.invocations < 2) return;
        state.makeDrifts();
      }
      const isNew = state.sinceRevision === 0 && state.invocations > 1;
      for (const { index, number } of followed) {
        if (drifts.isDue(index, part)) drifts.close(index, part, state.held(family) && !state.lesson.training);
        if (isNew) drifts.anchor(index);
        drifts.add(index, part, seen.numbers[number]);
      }
    },
  };
}

/** Place in `DRIFTING` of the number that the finding of an identity is about; undefined when it is about something else. */
export function driftOf(identity: string): number | undefined {
  const [, detector, ...rest] = identity.split('|');
  if (detector !== timingDrift.id && detector !== resourceDrift.id) return undefined;
  const field = rest.at(-1);
  for (const [one, index] of DRIFT_INDEX) if (one === field) return index;
  return undefined;
}

/** One judged change. */
interface Judged {
  readonly id: string;
  readonly metric: WatchedMetric;
  readonly index: number;
  readonly gap: DriftGap;
}

function judge(judged: Judged, state: FunctionBaselines, out: Scores): void {
  const { drifts, part } = state;
  const { index, gap } = judged;
  const isNews = drifts.isNews(index, gap.gap, part);
  if (gap.strength < 1 || !isNews) {
    drifts.setFlagged(index, 0);
    const score = isNews ? THRESHOLD * gap.strength : 0;
    if (score >= SCORE_MIN) out.add(claim(judged, score, state));
    return;
  }
  if (drifts.flaggedAt(index) !== 0 || isHeard(state, index)) {
    if (drifts.flaggedAt(index) === 0) flag(judged, drifts);
    tell(judged, state, out);
    return;
  }
  flag(judged, drifts);
  drifts.setFlagged(index, part + 1);
}

/** Counts a move, so that others are compared with it. */
function flag({ index, gap }: Judged, drifts: Drifts): void {
  drifts.flagged[index]++;
  drifts.flaggedSteps[index] += Math.round(Math.min(MOVE_MAX, gap.gap) * OCTAVE_STEPS);
}

/** True when nobody else needs to be waited for. */
function isHeard({ drifts, part }: FunctionBaselines, index: number): boolean {
  if (drifts.commonJudged[index] < COMMON_JUDGED_MIN) return true;
  return drifts.commonPart === part && drifts.commonHeard[index] >= HEARD;
}

function tell(judged: Judged, state: FunctionBaselines, out: Scores): void {
  const { drifts } = state;
  const { index, gap } = judged;
  drifts.setFlagged(index, 0);
  const known = drifts.commonJudged[index];
  const share = drifts.commonShare[index];
  const many = known >= COMMON_JUDGED_MIN && share * known >= COMMON_MIN && share >= COMMON_SHARE;
  const common = many && gap.gap <= COMMON_REACH * drifts.commonGap[index];
  // What everybody does is not told later either, unless one goes further.
  drifts.setTold(index, gap.gap, state.part);
  const score = Math.min(SCORE_MAX, Math.max(THRESHOLD, THRESHOLD * gap.strength));
  out.add(claim(judged, common ? COMMON_FACTOR * THRESHOLD : score, state));
}

function claim({ id, metric, gap }: Judged, score: number, state: FunctionBaselines) {
  const text = (value: number) => quantity(metric.field, value);
  const percent = Math.round(100 * (Math.exp(gap.gap * Math.LN2) - 1));
  const span = gap.days === 1 ? 'the last 24 hours' : `the last ${gap.days} days`;
  const [anchored, recent] = [text(gap.anchored), text(gap.recent)];
  return {
    detector: id,
    score,
    threshold: THRESHOLD,
    count: gap.known,
    maturity: gap.known / (gap.known + 14),
    value: metric.field,
    novelty: undefined,
    evidence: [
      {
        parameter: `${metric.parameter}_trend`,
        observed: recent,
        expected: anchored === recent ? `near ${anchored}` : anchored,
        count: gap.known,
      },
    ],
    sentence: `\`${state.shortName}\` ${metric.did} ${recent}${metric.of} in an ordinary run of ${span}, ${percent} % more than the ${anchored} that its ${gap.known} known days are anchored at; it moved too little at a time for any single run to show.`,
    quietIf:
      'it had grown by less than a quarter of a percent a day, had been deployed anew, or others had grown with it',
    impact: metric.impact,
    techniques: [],
  };
}
