import type { SlabPage } from '../base/slab.ts';

/** Minutes kept one by one: an hour, and the hour before it. A power of two. */
export const RING_MINUTES = 128;
/** Minutes of a window by scale: what is judged. */
export const SCALE_MINUTES = [10, 60] as const;
/** Bins of the histogram of a scale: counts up to 31 exactly, then steps of 15 % up to 10^7. */
export const HISTOGRAM_BINS = 128;
const EXACT_BINS = 32;
const BIN_STEP_LOG = 0.13976194237515868;
/**
 * Minutes after which all that was counted is halved and records begin anew beside the old ones: a record is kept for three to
 * six weeks, and no 16-bit bin can overflow.
 */
export const GENERATION_MINUTES = 30_240;
/** Hours of a week. */
export const WEEK_HOURS = 168;
/** The last gaps between active minutes, of which the median is the period. */
export const GAPS_KEPT = 16;
/** The longest gap told apart, in minutes. */
export const GAP_MAX = 65_535;

/** Word offsets (32 bit) in a block. 64-bit fields are at even offsets. Minutes are counted from the epoch. */
export const RATE = {
  /** First minute, last minute taken in, last active minute; 0 while there is none. */
  first: 0,
  last: 1,
  active: 2,
  /** Minutes that count: all but strange ones of open incidents. */
  exposure: 3,
  /** Calls in them. */
  total: 4,
  activeMinutes: 6,
  gaps: 7,
  strictGaps: 8,
  gapAt: 9,
  gapRing: 10,
  /** Running median of the gaps. */
  period: 18,
  /** Class as it was when no incident was open. */
  class: 19,
  /** Most calls in one minute, of this generation and the one before. */
  record: 20,
  recordBefore: 21,
  generation: 22,
  /** The run of exceedances: the minute it ends without another, its highest score, raw score, and cell. */
  runUntil: 23,
  runBest: 24,
  runRaw: 25,
  runCell: 26,
  /** Last minute with a beat too many or too early. */
  lastExtra: 27,
  /** Last active minute whose silence was told. */
  toldSilent: 28,
  /** Hash of the revision. */
  revision: 29,
  /** Calls an hour and over-dispersion of the anchor; when it was set; calls since; days that were not clockwork. */
  anchorMean: 30,
  anchorSpread: 31,
  anchorAt: 32,
  anchorFrom: 33,
  anchorCalls: 34,
  anchorDays: 36,
  /** Calls that upstream explains, and their standard error, per scale; valid in one minute. */
  explainedAt: 37,
  explained: 38,
  explainedError: 40,
  /** Hour of the season's four cached expectations (this hour and the three before), calls an hour; -1 while unknown. */
  seasonHour: 42,
  seasonFirst: 43,
  season: 44,
  /** Counts of the last two hours, which the profile does not know yet. */
  pending: 48,
  /** Per scale: sum of squared residuals, of expectations, of their squares. */
  residuals: 50,
  /** Whether the anchor was tried. */
  anchorTried: 56,
  scales: 58,
  ring: 98,
  histograms: 98 + RING_MINUTES,
  profile: 98 + RING_MINUTES + HISTOGRAM_BINS,
} as const;

/** Word offsets in the part of a scale. */
export const SCALE = {
  words: 20,
  /** Calls in the window that ends now, and in the one that ended a window ago. */
  window: 0,
  lagged: 1,
  /** Most calls in a window, of this generation and the one before. */
  record: 2,
  recordBefore: 3,
  /** Windows in the histogram, one for each minute. */
  learned: 4,
  /** Windows without a part before the function was first seen, their sum and sum of squares. */
  whole: 5,
  sum: 6,
  squares: 8,
  /** Episodes in which the record was broken, the last minute of one, the decades gained, and their expectation per unit chance. */
  episodes: 10,
  lastBreak: 11,
  size: 12,
  chance: 14,
  /** Record of the seasonal excess (ln), of this generation and the one before, and windows compared. */
  excess: 16,
  excessBefore: 17,
  compared: 18,
} as const;

/** Bytes of a block: 2,088. */
export const RATE_BYTES = (RATE.profile + WEEK_HOURS) * 4;

/** The windows of a scale in words of its block. */
export function scaleWord(word: number, scale: number): number {
  return word + RATE.scales + scale * SCALE.words;
}

/** Bin of a count. */
export function binOf(count: number): number {
  if (count < EXACT_BINS) return count;
  const above = EXACT_BINS + Math.floor(Math.log(count / EXACT_BINS) / BIN_STEP_LOG);
  return Math.min(HISTOGRAM_BINS - 1, above);
}

/** Adds `windows` windows of one count to the histogram of a scale. */
export function addToHistogram(
  page: SlabPage,
  word: number,
  of: { scale: number; count: number; windows: number },
): void {
  const at = histogramAt(word, of.scale) + binOf(of.count);
  page.u16[at] = Math.min(0xffff, page.u16[at] + of.windows);
}

/** Windows of a scale with at least so many calls, to the edge of a bin; half of those with exactly so many if `half`. */
export function windowsFrom(page: SlabPage, word: number, of: { scale: number; count: number; half: boolean }): number {
  const first = histogramAt(word, of.scale);
  const bin = binOf(of.count);
  let sum = of.half ? page.u16[first + bin] / 2 : page.u16[first + bin];
  for (let at = first + bin + 1; at < first + HISTOGRAM_BINS; at++) sum += page.u16[at];
  return sum;
}

/** Windows without a call. */
export function emptyWindows(page: SlabPage, word: number, scale: number): number {
  return page.u16[histogramAt(word, scale)];
}

/** The most calls of a window on record. */
export function recordOf(u32: Uint32Array, scaleAt: number): number {
  return Math.max(u32[scaleAt + SCALE.record], u32[scaleAt + SCALE.recordBefore]);
}

/** Mean of whole windows of a scale; `otherwise` while there is none. */
export function windowMean(page: SlabPage, scaleAt: number, otherwise: number): number {
  const whole = page.u32[scaleAt + SCALE.whole];
  return whole === 0 ? otherwise : page.f64[(scaleAt + SCALE.sum) >> 1] / whole;
}

/** Variance beyond that of a Poisson count over the squared mean, of whole windows of a scale. */
export function windowSpread(page: SlabPage, scaleAt: number): number {
  const whole = page.u32[scaleAt + SCALE.whole];
  if (whole === 0) return 0;
  const mean = page.f64[(scaleAt + SCALE.sum) >> 1] / whole;
  const variance = page.f64[(scaleAt + SCALE.squares) >> 1] / whole - mean * mean;
  return Math.max(0, variance - mean) / (mean * mean + 0.01);
}

/** Halves everything that was counted, and begins new records beside the old ones. */
export function turnGeneration(page: SlabPage, word: number): void {
  const { u16, u32, f32, f64 } = page;
  for (const at of [RATE.exposure, RATE.activeMinutes, RATE.gaps, RATE.strictGaps]) u32[word + at] >>>= 1;
  f64[(word + RATE.total) >> 1] /= 2;
  u32[word + RATE.recordBefore] = u32[word + RATE.record];
  u32[word + RATE.record] = 0;
  for (let at = word + RATE.residuals; at < word + RATE.residuals + 6; at++) f32[at] /= 2;
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
    const at = scaleWord(word, scale);
    u32[at + SCALE.recordBefore] = u32[at + SCALE.record];
    u32[at + SCALE.record] = 0;
    f32[at + SCALE.excessBefore] = f32[at + SCALE.excess];
    f32[at + SCALE.excess] = 0;
    for (const field of [SCALE.whole, SCALE.episodes, SCALE.compared]) u32[at + field] >>>= 1;
    for (const field of [SCALE.sum, SCALE.squares, SCALE.size, SCALE.chance]) f64[(at + field) >> 1] /= 2;
    let learned = 0;
    const first = histogramAt(word, scale);
    for (let bin = first; bin < first + HISTOGRAM_BINS; bin++) learned += u16[bin] >>>= 1;
    u32[at + SCALE.learned] = learned;
  }
}

/** Index of the first bin in 16-bit units. */
function histogramAt(word: number, scale: number): number {
  return (word + RATE.histograms) * 2 + scale * HISTOGRAM_BINS;
}
