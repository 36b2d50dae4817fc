import { CATEGORY } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND } from '../baselines/volumes.ts';
import type { Evidence } from '../event/finding.ts';
import { NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { SCORE_MIN, type Score, type Scores, WATCH_SHARE } from './detector.ts';

/** Input that grew so much explains output that grew at most so much more. */
const INPUT_RATIO = 2;
const WORK_PER_INPUT = 4;
/** Observations from which a record of input counts. */
const INPUT_COUNT_MIN = 20;
/** Own observations at which a record is half mature. */
const MATURITY_HALF = 50;

/** What is told of an amount. */
export interface AmountTexts {
  readonly evidence: readonly Evidence[];
  readonly sentence: string;
  readonly quietIf: string;
}

/** An amount that was judged. */
export interface AmountClaim {
  readonly detector: string;
  readonly score: number;
  readonly threshold: number;
  readonly count: number;
  /** What varies under one identity: the destination, the store. */
  readonly value: string;
  readonly impact: number;
  readonly techniques: readonly string[];
  /** Asked for only when somebody will read them. */
  texts(): AmountTexts;
}

const UNTOLD: AmountTexts = { evidence: [], sentence: '', quietIf: '' };

/** Hands a judged amount on; what nobody will be told has no texts and is there for the calibration only. */
export function addAmount(out: Scores, claim: AmountClaim): void {
  if (claim.score < SCORE_MIN) return;
  const { detector, score, threshold, count, value, impact, techniques } = claim;
  const told = score >= threshold * WATCH_SHARE;
  const one: Score = {
    ...{ detector, score, threshold, count, value, impact, techniques },
    maturity: count / (count + MATURITY_HALF),
    novelty: undefined,
    ...(told ? claim.texts() : UNTOLD),
  };
  out.add(one);
}

/**
 * Threshold of an amount among `count` earlier ones: two decades beyond the record. What is too small to matter, or explained,
 * reaches no level at all, however rare it is.
 */
export function amountThreshold(score: number, count: number, matters: boolean): number {
  const threshold = Math.log10(count + 1) + CLAIM_BEYOND;
  return matters ? threshold : Math.max(threshold, score / WATCH_SHARE + 0.1);
}

/** Text of a destination of the function at hand: as the row says it, else as it is remembered. */
export function placeText(state: Pick<FunctionBaselines, 'text'>, hash: number): string {
  return state.text(CATEGORY.destination, hash);
}

/**
 * True when what fired the invocation was larger than ever and what it sent grew about as much: a large upload is not an
 * attack. What it fetched by itself explains nothing: an attacker fetches, too.
 */
export function isUpload(
  seen: Observation,
  state: Pick<FunctionBaselines, 'metrics' | 'metricBlock'>,
  grown: number,
): boolean {
  const { count, max } = state.metrics.describe(state.metricBlock, 'requestBytes');
  const input = seen.numbers[NUMBER.requestBytes];
  if (count < INPUT_COUNT_MIN || !(input > 0)) return false;
  const ratio = input / Math.max(max, 1);
  return ratio >= INPUT_RATIO && grown <= WORK_PER_INPUT * ratio;
}

/** Techniques that sending to a place stands for, where the place says which. */
export function sendingTechniques(place: string, bytes: number): string[] {
  if (bytes < EXFILTRATION_BYTES) return [];
  if (place.includes('@')) return ['T1537'];
  if (place.startsWith('address:')) return ['T1048'];
  return place.includes('.') ? ['T1567'] : [];
}

/** Bytes below which sending is not called exfiltration by its size. */
const EXFILTRATION_BYTES = 100_000;
