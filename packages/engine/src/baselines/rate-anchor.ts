import type { SlabPage } from '../base/slab.ts';
import { RATE, SCALE, scaleWord, windowMean, windowSpread } from './rate-block.ts';
import { CLASS, REGULAR_MINUTES } from './rate-class.ts';

const DAY_MINUTES = 1440;
/** How far the anchor may follow in a day. */
const STEP_PER_DAY = 0.06;
/** Share of the mean that an hour may always deviate by. */
const FLOOR = 0.01;
/** Days without clockwork after which a function has no anchor any more. */
const OTHER_DAYS_MAX = 7;
/** Standard errors from which an hour is a finding. */
export const ANCHOR_FINDING = 5;

/**
 * Standard errors by which the hour at hand is above the anchor: what clockwork did in its first eight hours, frozen. -Infinity
 * without an anchor. What is learned is blind to a load that grows slowly; this is not. `explained` calls are not counted.
 */
export function anchorErrors(page: SlabPage, word: number, explained: number): number {
  const { u32, f32 } = page;
  if (u32[word + RATE.anchorAt] === 0) return Number.NEGATIVE_INFINITY;
  const mean = f32[word + RATE.anchorMean];
  const calls = u32[scaleWord(word, 1) + SCALE.window] - explained;
  const spread = (f32[word + RATE.anchorSpread] + FLOOR) * mean * mean;
  return (calls - mean) / Math.sqrt(mean + spread + (60 * mean) / REGULAR_MINUTES + 1);
}

/**
 * Sets the anchor of clockwork when it has been known for eight hours; moves it by at most 6 % at each day's end, and not at all
 * while an incident is open. A deployment sets it anew eight hours later.
 */
export function moveAnchor(page: SlabPage, word: number, at: { minute: number; cls: number; held: boolean }): void {
  const { u32 } = page;
  if (u32[word + RATE.anchorTried] === 0) {
    // Beyond, not at: the class is that of before this minute.
    if (u32[word + RATE.exposure] > REGULAR_MINUTES && at.minute >= u32[word + RATE.anchorFrom])
      setAnchor(page, word, at);
    return;
  }
  const set = u32[word + RATE.anchorAt];
  if (set === 0 || at.minute - set < DAY_MINUTES || at.held) return;
  renew(page, word, at);
}

/** Gives the anchor up: `minute` is when a new revision began. */
export function releaseAnchor(u32: Uint32Array, word: number, minute: number): void {
  u32[word + RATE.anchorAt] = 0;
  u32[word + RATE.anchorTried] = 0;
  u32[word + RATE.anchorFrom] = minute + REGULAR_MINUTES;
}

function setAnchor(page: SlabPage, word: number, at: { minute: number; cls: number }): void {
  const { u32, f32, f64 } = page;
  u32[word + RATE.anchorTried] = 1;
  if (at.cls !== CLASS.clock) return;
  const hours = scaleWord(word, 1);
  f32[word + RATE.anchorMean] = windowMean(page, hours, 0);
  f32[word + RATE.anchorSpread] = windowSpread(page, hours);
  u32[word + RATE.anchorAt] = at.minute;
  u32[word + RATE.anchorDays] = 0;
  f64[(word + RATE.anchorCalls) >> 1] = 0;
}

function renew(page: SlabPage, word: number, at: { minute: number; cls: number }): void {
  const { u32, f32, f64 } = page;
  const mean = f32[word + RATE.anchorMean];
  const days = (at.minute - u32[word + RATE.anchorAt]) / DAY_MINUTES;
  const recent = f64[(word + RATE.anchorCalls) >> 1] / (24 * days);
  const step = STEP_PER_DAY * Math.max(mean, 1);
  f32[word + RATE.anchorMean] = Math.max(mean - step, Math.min(mean + step, recent));
  f64[(word + RATE.anchorCalls) >> 1] = 0;
  u32[word + RATE.anchorAt] = at.minute;
  u32[word + RATE.anchorDays] = at.cls === CLASS.clock ? 0 : u32[word + RATE.anchorDays] + 1;
  if (u32[word + RATE.anchorDays] > OTHER_DAYS_MAX) u32[word + RATE.anchorAt] = 0;
}
