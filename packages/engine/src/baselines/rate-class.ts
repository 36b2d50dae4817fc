import type { SlabPage } from '../base/slab.ts';
import { emptyWindows, GAP_MAX, GAPS_KEPT, RATE, recordOf, SCALE, scaleWord, windowMean } from './rate-block.ts';

/** How a function's invocations come. What can be promised of it depends on it (docs/decisions/rate-findings.md). */
export const RATE_CLASSES = ['new', 'rare', 'clock', 'steady', 'bursty'] as const;
export type RateClass = (typeof RATE_CLASSES)[number];
/** Index of each class. */
export const CLASS: { readonly [K in RateClass]: number } = { new: 0, rare: 1, clock: 2, steady: 3, bursty: 4 };

/** Minutes and calls before a function is more than new. */
const NEW_MINUTES = 60;
const NEW_CALLS = 3;
const RARE_CALLS = 12;
/** Under one call in so many minutes is rare. */
const RARE_MINUTES_PER_CALL = 120;
/** Minutes before a function can be called regular. */
export const REGULAR_MINUTES = 480;
/** Gaps, and the share of them that equal the period, of clockwork. */
const CLOCK_GAPS_MIN = 5;
const CLOCK_STRICT_SHARE = 0.9;
/** Share of hours with a call. */
const ACTIVE_SHARE = 0.8;
const HOUR = 60;
/** Gaps equal to the period within one minute or this share of it are strict. */
const STRICT_SHARE = 0.02;

/** Class of a function by what it has shown; all five conditions of clockwork matter, or every busy function would be. */
export function classOf(page: SlabPage, word: number): number {
  const { u32, f64 } = page;
  const total = f64[(word + RATE.total) >> 1];
  const minutes = u32[word + RATE.exposure];
  if (total < NEW_CALLS || minutes < NEW_MINUTES) return CLASS.new;
  const regular = minutes >= REGULAR_MINUTES;
  const hours = scaleWord(word, 1);
  const mean = windowMean(page, hours, 0);
  const record = recordOf(u32, hours);
  if (regular && isClock(page, word, { total, mean, record })) return CLASS.clock;
  if (total < RARE_CALLS || total * RARE_MINUTES_PER_CALL < minutes) return CLASS.rare;
  if (!regular) return CLASS.bursty;
  const tenth = recordOf(u32, scaleWord(word, 0));
  const isSteady = record <= 2 * mean + 3 && tenth <= (4 * mean) / 6 + 4 && activeShare(page, word) >= ACTIVE_SHARE;
  return isSteady ? CLASS.steady : CLASS.bursty;
}

function isClock(page: SlabPage, word: number, of: { total: number; mean: number; record: number }): boolean {
  const { u32 } = page;
  const gaps = u32[word + RATE.gaps];
  if (gaps < CLOCK_GAPS_MIN || u32[word + RATE.strictGaps] < CLOCK_STRICT_SHARE * gaps) return false;
  const usual = of.total / Math.max(1, u32[word + RATE.activeMinutes]);
  if (minuteRecord(u32, word) > 2 * usual + 1 || of.record > 1.25 * of.mean + 3) return false;
  return u32[word + RATE.period] > HOUR || activeShare(page, word) >= ACTIVE_SHARE;
}

/** Most calls in one minute on record. */
export function minuteRecord(u32: Uint32Array, word: number): number {
  return Math.max(u32[word + RATE.record], u32[word + RATE.recordBefore]);
}

function activeShare(page: SlabPage, word: number): number {
  const learned = page.u32[scaleWord(word, 1) + SCALE.learned];
  return learned === 0 ? 0 : 1 - emptyWindows(page, word, 1) / learned;
}

/** Counts the gap between the last active minute and `minute`, and finds the period anew. */
export function learnGap(page: SlabPage, word: number, minute: number): void {
  const { u16, u32 } = page;
  const last = u32[word + RATE.active];
  u32[word + RATE.active] = minute;
  if (last === 0) return;
  const gap = Math.min(GAP_MAX, minute - last);
  const at = u32[word + RATE.gapAt];
  const ring = (word + RATE.gapRing) * 2;
  const slot = ring + (at % GAPS_KEPT);
  const changed = u16[slot] !== gap;
  u16[slot] = gap;
  u32[word + RATE.gapAt] = at + 1 < 2 * GAPS_KEPT ? at + 1 : GAPS_KEPT;
  if (changed) u32[word + RATE.period] = median(u16, ring, Math.min(at + 1, GAPS_KEPT));
  const period = u32[word + RATE.period];
  u32[word + RATE.gaps]++;
  if (isStrict(gap, period)) u32[word + RATE.strictGaps]++;
}

/** True for a gap that equals a period. */
export function isStrict(gap: number, period: number): boolean {
  return Math.abs(gap - period) <= Math.max(1, STRICT_SHARE * period);
}

/** Lower median of `count` values, by counting for each how many are smaller: there are few. */
function median(values: Uint16Array, from: number, count: number): number {
  const rank = (count - 1) >> 1;
  for (let at = from; at < from + count; at++) {
    let smaller = 0;
    let equal = 0;
    for (let other = from; other < from + count; other++) {
      if (values[other] < values[at]) smaller++;
      else if (values[other] === values[at]) equal++;
    }
    if (smaller <= rank && rank < smaller + equal) return values[at];
  }
  return values[from];
}
