import type { SlabPage } from '../base/slab.ts';
import { countDecades } from '../stats/count-decades.ts';
import {
  RATE,
  recordOf,
  SCALE,
  SCALE_MINUTES,
  scaleWord,
  windowMean,
  windowSpread,
  windowsFrom,
} from './rate-block.ts';
import { CLASS } from './rate-class.ts';
import { EFFECT_CALLS, excessOf } from './rate-learn.ts';
import { isRegular, type RatePriors, shareOf } from './rate-priors.ts';
import { meanPerMinute, seasonOf, seasonSpread } from './rate-season.ts';

/** Shape of the tail of record sizes. */
const RECORD_SHAPE = 5.5;
/** Tests a day by scale, and three ways to be strange: what a score is corrected for. */
const TESTS = [144, 24] as const;
const WAYS = 3;
/** Pseudo windows of the class's over-dispersion beside the function's own. */
const SPREAD_WINDOWS = 5;
const SPREAD_MIN = 1e-4;
/** Standard errors beyond which the exact tail of the own model is asked for; below, it cannot matter. */
const NEAR = 2.5;
/** Compared minutes from which the season judges instead of the overall record: a day. */
const SEASONAL_FROM_MINUTES = 1440;
/** Standard errors that upstream's explanation is lowered by. */
const EXPLAINED_ERRORS = 2;
const LOG_WAYS = Math.log10(WAYS);

/** What one window is found to be. Reused. */
export class RateWindow {
  /** Raw score: decades of a function-day. */
  raw = 0;
  scale = 0;
  /** Calls, and those of them that upstream explains. */
  calls = 0;
  explained = 0;
  /** Most calls ever. */
  record = 0;
  /** Calls that its own model expects. */
  expected = 0;
  /** Whole windows the record rests on. */
  windows = 0;
  seasonal = false;
}

/** What a judgement rests on. */
export interface RateContext {
  readonly page: SlabPage;
  readonly word: number;
  readonly cls: number;
  readonly priors: RatePriors;
  readonly minute: number;
}

/** True when the function's season is known well enough to judge by. */
export function isSeasonal(page: SlabPage, word: number, cls: number): boolean {
  if (cls !== CLASS.steady && cls !== CLASS.bursty) return false;
  return page.u32[scaleWord(word, 1) + SCALE.compared] >= SEASONAL_FROM_MINUTES;
}

/** Judges the windows that end now by the record before them; writes the stranger one into `out`. */
export function judgeWindows(of: RateContext, out: RateWindow): void {
  out.raw = Number.NEGATIVE_INFINITY;
  const seasonal = isSeasonal(of.page, of.word, of.cls);
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
    const calls = of.page.u32[scaleWord(of.word, scale) + SCALE.window];
    const explained = explainedOf(of, scale, calls);
    const expected = seasonal
      ? seasonOf(of.page, of.word, { minute: of.minute, scale })
      : meanPerMinute(of.page, of.word) * SCALE_MINUTES[scale];
    const judged = calls - explained;
    const raw = expected < 0 ? Number.NEGATIVE_INFINITY : rawOf(of, { scale, judged, expected, seasonal });
    if (raw <= out.raw) continue;
    const at = scaleWord(of.word, scale);
    out.raw = raw;
    out.scale = scale;
    out.calls = calls;
    out.explained = explained;
    out.record = recordOf(of.page.u32, at);
    out.expected = expected;
    out.windows = of.page.u32[at + SCALE.learned] / SCALE_MINUTES[scale];
    out.seasonal = seasonal;
  }
}

interface Judged {
  readonly scale: number;
  readonly judged: number;
  readonly expected: number;
  readonly seasonal: boolean;
}

/** Two witnesses: how far beyond the record, and, where the own mean says something, how far beyond the own model. */
function rawOf(of: RateContext, window: Judged): number {
  const { scale, judged, expected, seasonal } = window;
  const tests = Math.log10(TESTS[scale]) + LOG_WAYS;
  const byRecord = -Math.log10(seasonal ? excessRarity(of, window) : recordRarity(of, scale, judged)) - tests;
  if (!isRegular(of.cls)) return byRecord;
  const spread = seasonal
    ? seasonSpread(of.page, of.word, { scale, prior: of.priors.spread(of.cls, scale) })
    : ownSpread(of, scale);
  const total = of.page.f64[(of.word + RATE.total) >> 1] + 0.5;
  const variance = expected + expected * expected * (spread + 1 / total);
  if (judged < expected + NEAR * Math.sqrt(variance)) return byRecord - tests;
  return byRecord + countDecades(judged, expected, 1 / (1 / total + spread)) - tests;
}

/** Over-dispersion of a function's whole windows, leaning on its class. */
function ownSpread(of: RateContext, scale: number): number {
  const at = scaleWord(of.word, scale);
  const windows = of.page.u32[at + SCALE.whole] / SCALE_MINUTES[scale];
  const own = windowSpread(of.page, at);
  const prior = SPREAD_WINDOWS * of.priors.spread(of.cls, scale);
  return Math.max(SPREAD_MIN, (windows * own + prior) / (windows + SPREAD_WINDOWS));
}

/**
 * How often a window of the function has at least so many calls: by its own windows up to its record, by the chance and the
 * pooled size of records of its class beyond. `half` counts windows with exactly so many as half (mid-p).
 */
export function recordRarity(of: RateContext, scale: number, calls: number, half = false): number {
  const { page, word, cls, priors } = of;
  const at = scaleWord(word, scale);
  const windows = page.u32[at + SCALE.learned] / SCALE_MINUTES[scale];
  const record = recordOf(page.u32, at);
  const own = shareOf(page, at);
  const chance = priors.chance(cls, scale, own);
  if (calls <= record) {
    const reached = windowsFrom(page, word, { scale, count: calls, half }) / SCALE_MINUTES[scale];
    return Math.min(1, (reached + chance) / (windows + chance));
  }
  const excess = Math.log((calls + EFFECT_CALLS) / (record + EFFECT_CALLS));
  return (chance / (windows + chance)) * sizeTail(excess, priors.size(cls, scale, own));
}

/** The same for the excess over the season. */
function excessRarity(of: RateContext, window: Judged): number {
  const { page, word, cls, priors } = of;
  const at = scaleWord(word, window.scale);
  const windows = page.u32[at + SCALE.compared] / SCALE_MINUTES[window.scale];
  const record = Math.max(page.f32[at + SCALE.excess], page.f32[at + SCALE.excessBefore]);
  const excess = excessOf(window.judged, window.expected) - record;
  if (excess <= 0) return 1;
  const own = shareOf(page, at);
  const chance = priors.chance(cls, window.scale, own);
  return (chance / (windows + chance)) * sizeTail(excess, priors.size(cls, window.scale, own));
}

/** Chance that a broken record is broken by at least `excess`. */
function sizeTail(excess: number, mean: number): number {
  return Math.exp(-RECORD_SHAPE * Math.log(1 + excess / (mean * (RECORD_SHAPE - 1))));
}

/** Calls of a window that upstream explains for sure, and that leave the function its usual. */
export function explainedOf(of: RateContext, scale: number, calls: number): number {
  const { u32, f32 } = of.page;
  if (u32[of.word + RATE.explainedAt] !== of.minute) return 0;
  const error = EXPLAINED_ERRORS * f32[of.word + RATE.explainedError + scale];
  const sure = f32[of.word + RATE.explained + scale] - error;
  const usual = windowMean(of.page, scaleWord(of.word, scale), 0);
  return Math.max(0, Math.min(sure, calls - usual));
}
