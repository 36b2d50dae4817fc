import type { FunctionBaselines } from '../baselines/function.ts';
import {
  METRIC,
  METRIC_COUNT_MIN,
  METRIC_NUMBER,
  METRICS,
  type MetricField,
  type MetricScore,
} from '../baselines/metric-block.ts';
import { type FacetKind, NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN, type Score, WATCH_SHARE } from './detector.ts';
import { FaintScore, TailScore } from './tail-score.ts';
import { RESOURCE_METRICS, TIMING_METRICS, type WatchedMetric } from './watched-metrics.ts';

/** Decades beyond the record from which one run is a finding: of the records a metric breaks, one in 400 goes this far. */
const VALUE_BEYOND = 2;
/** ... and the run must be this many times the largest seen, whatever the spread says. */
const VALUE_RATIO = 3;
/** Decades beyond the record of levels from which a shift is a finding; the other conditions make up for the mildness. */
const LEVEL_BEYOND = 0;
/** The latest runs must average this many times the centre, ... */
const LEVEL_RATIO = 2;
/** ... and this many more of them must have been above the usual size than not. */
const LEVEL_STREAK = 8;
/** Values without which nothing of this kind is a finding: the tail's exponent rests on the outermost four of them. */
const FINDING_COUNT_MIN = 50;
/** Values of a new revision without which a shift is its own affair: deployments change levels. */
const OWN_COUNT_MIN = 30;
/** A run is explained when its input is at least twice the largest (or usual) one ... */
const INPUT_RATIO = 2;
/** ... and the metric grew at most this much more than the input did: work may be superlinear. */
const WORK_PER_INPUT = 4;
/** Least step between the score and the threshold of what must not become a finding. */
const WATCH_MARGIN = 0.1;

const FACETS: readonly FacetKind[] = ['sensor', 'platform', 'insights', 'otel', 'xray'];
const INPUTS = ['bytesIn', 'requestBytes'] as const;

/** What these detectors read of a function's baselines. */
export type TailBaselines = Pick<FunctionBaselines, 'metrics' | 'metricBlock' | 'held' | 'name' | 'lesson'>;

/**
 * Durations of runs and starts against the function's own record. A finding needs one run far beyond everything seen, or
 * a shift that lasts; docs/decisions/resource-findings.md argues the conditions. Silent on slow drift, on a run that
 * timed out or only waited, and on runs whose input explains them.
 */
export const timingTail: Detector<TailBaselines> = tailDetector({
  id: 'timing.tail',
  family: 'timing',
  title: 'Run time unlike before',
  metrics: TIMING_METRICS,
});

/** Memory, CPU, storage and bytes against the function's own record; see `timingTail`. */
export const resourceTail: Detector<TailBaselines> = tailDetector({
  id: 'resource.tail',
  family: 'resource',
  title: 'Use of resources unlike before',
  metrics: RESOURCE_METRICS,
});

function tailDetector(of: {
  readonly id: string;
  readonly family: 'timing' | 'resource';
  readonly title: string;
  readonly metrics: readonly WatchedMetric[];
}): Detector<TailBaselines> {
  const { id, family, title, metrics } = of;
  const watched = metrics.reduce((bits, { field }) => bits | (1 << METRIC[field]), 0);
  const byMetric = METRICS.map((field) => metrics.find((metric) => metric.field === field));
  return {
    id,
    family,
    title,
    version: '1',
    facets: FACETS,

    score(seen, state, out) {
      if (state.metricBlock === 0) return;
      const strange = state.metrics.sift(state.metricBlock, seen.numbers, watched);
      if (state.metrics.sifted > 0) out.judged(id, state.metrics.sifted);
      for (let left = strange; left !== 0; left &= left - 1) {
        const at = 31 - Math.clz32(left & -left);
        const metric = byMetric[at];
        const value = seen.numbers[METRIC_NUMBER[at]];
        const found = state.metrics.judge(state.metricBlock, at, value);
        if (found.score < SCORE_MIN || metric === undefined) continue;
        out.add(isFaint(found) ? faintScore(id, metric, found) : scoreOf(id, { metric, seen, state, value }));
      }
    },

    learn(seen, state) {
      if (state.metricBlock === 0) return;
      state.metrics.day = state.lesson.day;
      const held = state.held(family) && !state.lesson.training;
      state.metrics.learnAll(state.metricBlock, seen.numbers, held ? watched & ~strangeOf(seen, state) : watched);
    },
  };

  /** Bits of the metrics that score: they are not learned while the gate is closed. */
  function strangeOf(seen: Observation, state: TailBaselines): number {
    let strange = 0;
    for (const { field } of metrics) {
      const { score } = state.metrics.judge(state.metricBlock, METRIC[field], seen.numbers[NUMBER[field]]);
      if (score >= SCORE_MIN) strange |= 1 << METRIC[field];
    }
    return strange;
  }
}

/** A value with its surroundings. */
interface Value {
  readonly metric: WatchedMetric;
  readonly seen: Observation;
  readonly state: TailBaselines;
  readonly value: number;
}

/** A judged value. */
interface Case extends Value {
  readonly found: MetricScore;
}

/** Decades that a record of this length says by itself. */
function recordOf(found: MetricScore): number {
  return Math.log10(found.count + 1);
}

/** True for a score that is no finding and that nobody will be told. */
function isFaint(found: MetricScore): boolean {
  if (found.valueBeyond >= VALUE_BEYOND || found.levelBeyond >= LEVEL_BEYOND) return false;
  return found.score < WATCH_SHARE * (recordOf(found) + VALUE_BEYOND);
}

function faintScore(detector: string, metric: WatchedMetric, found: MetricScore): Score {
  return new FaintScore(detector, metric.field, { found, threshold: recordOf(found) + VALUE_BEYOND });
}

function scoreOf(detector: string, of: Value): Score {
  const { state, metric, value } = of;
  // The store reuses its result.
  const found = { ...state.metrics.score(state.metricBlock, METRIC[metric.field], value) };
  const one = { ...of, found };
  const record = recordOf(found);
  const shift = isShift(one);
  if (found.valueBeyond >= VALUE_BEYOND && isFar(one)) return claim(detector, one, false, record + VALUE_BEYOND);
  if (found.levelBeyond >= LEVEL_BEYOND && shift) return claim(detector, one, true, record + LEVEL_BEYOND);
  const threshold = Math.max(record + VALUE_BEYOND, found.score + WATCH_MARGIN);
  return claim(detector, one, shift && value <= found.max, threshold);
}

function claim(detector: string, one: Case, shift: boolean, threshold: number): Score {
  const { found, value, metric } = one;
  const quietBelow = shift ? shiftFrom(one) : farFrom(one);
  const { name } = one.state;
  return new TailScore(detector, metric, { found, value, shift, threshold, quietBelow, name, cold: one.seen.cold });
}

/** One run, far beyond everything seen. A first time-out proves only that something hung. */
function isFar(one: Case): boolean {
  if (one.found.count < FINDING_COUNT_MIN || one.value < farFrom(one)) return false;
  return !(one.metric.field === 'durationMs' && timedOut(one.seen)) && !isHarmless(one, 'max');
}

/** Several runs, on average far above what was usual, of a revision that had time to show what is usual. */
function isShift(one: Case): boolean {
  const { found } = one;
  if (found.count < FINDING_COUNT_MIN || found.ownCount < OWN_COUNT_MIN || found.streak < LEVEL_STREAK) return false;
  return found.recent >= shiftFrom(one) && !isHarmless(one, 'centre');
}

function farFrom(one: Case): number {
  return Math.max(VALUE_RATIO * one.found.max, one.found.max + one.metric.valueEffect);
}

function shiftFrom(one: Case): number {
  return Math.max(LEVEL_RATIO * one.found.centre, one.found.centre + one.metric.levelEffect);
}

/** True when the function only waited, or when its input grew as the metric did: a large document is not an attack. */
function isHarmless(one: Case, against: 'max' | 'centre'): boolean {
  if (one.metric.field === 'durationMs' && onlyWaited(one)) return true;
  if (!one.metric.follows) return false;
  const grown = ratio(one.value, one.found[against]);
  return INPUTS.some((field) => {
    const input = inputRatio(one, field, against);
    return input >= INPUT_RATIO && grown <= WORK_PER_INPUT * input;
  });
}

/**
 * True when the CPU time of a long run is known and ordinary: something else was slow. Also true when this record does not tell
 * the CPU time of a function for which others do: its duration stands in theirs too, and is judged there, beside it.
 */
function onlyWaited(one: Case): boolean {
  const cpu = one.seen.numbers[NUMBER.cpuMs];
  const band = one.state.metrics.describe(one.state.metricBlock, 'cpuMs');
  return band.count >= METRIC_COUNT_MIN && !(cpu > band.high);
}

/** How many times its largest, or usual, value the input of this run is; 0 when that is not known. */
function inputRatio(one: Case, field: MetricField, against: 'max' | 'centre'): number {
  const band = one.state.metrics.describe(one.state.metricBlock, field);
  const value = one.seen.numbers[NUMBER[field]];
  return value >= 0 && band.count >= METRIC_COUNT_MIN ? ratio(value, band[against]) : 0;
}

function ratio(value: number, reference: number): number {
  return value / Math.max(reference, 1);
}

function timedOut(seen: Observation): boolean {
  return seen.batch !== undefined && seen.batch.symbolText(seen.row, 'status') === 'timeout';
}
