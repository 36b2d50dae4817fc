import type { FunctionBaselines } from '../baselines/function.ts';
import type { Evidence, Family } from '../event/finding.ts';
import type { RollupRow } from '../event/rollup.ts';
import type { FacetKind } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';

/**
 * One strange thing a detector saw, before calibration. Only produced when the raw score is at least `SCORE_MIN`
 * (5 %); everything else is only counted.
 */
export interface Score {
  readonly detector: string;
  /** Decades of rarity by the entity's own record: -log10 p. High is strange. */
  readonly score: number;
  /** Score from which the detector claims a finding. */
  readonly threshold: number;
  /** Own observations the score rests on. */
  readonly count: number;
  /** 0: others' experience only, 1: its own. */
  readonly maturity: number;
  /** What varies under one identity (metric name or hash of the value): part of suppression and of the learn gate. */
  readonly value: string;
  /** Set when a value was new: lets the tenant's experience halve the surprise, and feedback find the value. */
  readonly novelty: { readonly field: number; readonly hash: number } | undefined;
  /** The amount it is about (bytes, calls, dollars): twice as much is told again; absent where there is none. */
  readonly magnitude?: number;
  readonly evidence: readonly Evidence[];
  /** One sentence a person can read. */
  readonly sentence: string;
  /** What would have made it stay quiet. */
  readonly quietIf: string;
  /** 0..1: what it would mean if it were an attack. */
  readonly impact: number;
  readonly techniques: readonly string[];
}

/** -log10 of 5 %: below it nothing is strange enough to be handed on. */
export const SCORE_MIN = 1.3;

/** Share of a threshold from which a score is kept at the watch level. What stays below only feeds the calibration. */
export const WATCH_SHARE = 0.75;

/** Where detectors put what they saw. */
export interface Scores {
  add(score: Score): void;
  /** Counts judged observations of a detector, strange or not: the denominator of calibration. */
  judged(detector: string, count?: number): void;
}

/**
 * A detector is one file: data plus two functions. `score` judges an observation by the state before it; `learn` then
 * adds it. Both are deterministic functions of their arguments. State lives in the baselines the entity offers (see
 * `baselines/`), so that memory stays bounded in one place. `State` is `FunctionBaselines` for detectors of stage 1 and
 * `TenantBaselines` for detectors of stage 2.
 */
export interface Detector<State> {
  /** `family.what`, for ever. */
  readonly id: string;
  readonly family: Family;
  readonly title: string;
  readonly version: string;
  /** Facet kinds it learns from; others never reach it. */
  readonly facets: readonly FacetKind[];
  score(seen: Observation, state: State, out: Scores): void;
  learn(seen: Observation, state: State): void;
}

/** What one function did in a minute that is over. Reused for all functions, so detectors must not keep it. */
export interface Bucket {
  /** Second at which the minute ended. */
  readonly second: number;
  /** Whether an operator declared the minute normal: it is learned and not judged. */
  readonly training: boolean;
  readonly row: RollupRow;
}

/**
 * A detector of what a function does in a minute, all its invocations together. `close` judges the minute by the state before
 * it and then adds it. It is called for minutes in which the function was active, in order; what happened in between was
 * nothing.
 */
export interface BucketDetector {
  /** `family.what`, for ever. */
  readonly id: string;
  readonly family: Family;
  readonly title: string;
  readonly version: string;
  /** Counts an invocation for the minute it is in, where the roll-up says too little. */
  count?(seen: Observation, state: FunctionBaselines): void;
  close(bucket: Bucket, state: FunctionBaselines, out: Scores): void;
}
