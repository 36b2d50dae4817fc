import type { SlabPage } from '../base/slab.ts';
import {
  addToHistogram,
  GENERATION_MINUTES,
  RATE,
  RING_MINUTES,
  recordOf,
  SCALE,
  SCALE_MINUTES,
  scaleWord,
  turnGeneration,
} from './rate-block.ts';
import { learnGap, minuteRecord } from './rate-class.ts';
import { type DayShape, enterHour, seasonOf } from './rate-season.ts';

/** Smallest effect that counts: with less, one or two calls more on tiny counts would fill the budget. */
export const EFFECT_CALLS = 4;
/** Minutes in which broken records are one episode, and exceedances one incident. */
export const EPISODE_MINUTES = 60;
/** Minutes learned before broken records are counted: before, each is broken all the time. */
const EPISODES_FROM_MINUTES = 60;
/** Stands in for the chance of a broken record where its own expectation is summed up. */
const CHANCE_WINDOWS = 0.4;
/** Idle minutes after which all windows are empty. */
const EMPTY_AFTER_MINUTES = 2 * SCALE_MINUTES[1];

/** How a minute is learned. */
export interface RateLesson {
  /** The learn gate: an incident about the rate is open. */
  readonly held: boolean;
  /** What peers say of the day. */
  readonly shape: DayShape;
}

/** Moves the windows to `minute`, in which there were `count` calls. Minutes in between must have been taken in before. */
export function moveWindows(
  page: SlabPage,
  word: number,
  at: { minute: number; count: number; lesson: RateLesson },
): void {
  const { u32 } = page;
  const { minute, count, lesson } = at;
  const hour = Math.floor(minute / 60);
  if (hour !== u32[word + RATE.seasonHour]) enterHour(page, word, { hour, ...lesson });
  const ring = word + RATE.ring;
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
    const minutes = SCALE_MINUTES[scale];
    const at = scaleWord(word, scale);
    const leaving = u32[ring + ((minute - minutes) & (RING_MINUTES - 1))];
    u32[at + SCALE.window] += count - leaving;
    u32[at + SCALE.lagged] += leaving - u32[ring + ((minute - 2 * minutes) & (RING_MINUTES - 1))];
  }
  u32[ring + (minute & (RING_MINUTES - 1))] = count;
  u32[word + RATE.last] = minute;
}

/**
 * Learns the minute the windows stand at. What is learned of a window is the one that ended a window ago, so that none is
 * judged by itself, and an attack is judged by a clean record for as long as its window is.
 */
export function learnMinute(
  page: SlabPage,
  word: number,
  at: { minute: number; count: number; lesson: RateLesson },
): void {
  const { u32, f64 } = page;
  const { minute, count, lesson } = at;
  const strange = lesson.held && isStrange(u32, word);
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++)
    learnWindow(page, word, { scale, minute, held: lesson.held });
  if (!strange) {
    u32[word + RATE.exposure]++;
    f64[(word + RATE.total) >> 1] += count;
    f64[(word + RATE.anchorCalls) >> 1] += count;
    if (count > 0) {
      u32[word + RATE.activeMinutes]++;
      u32[word + RATE.record] = Math.max(u32[word + RATE.record], count);
    }
  }
  if (count > 0) {
    if (strange) u32[word + RATE.active] = minute;
    else learnGap(page, word, minute);
  }
  if (minute - u32[word + RATE.generation] >= GENERATION_MINUTES) {
    turnGeneration(page, word);
    u32[word + RATE.generation] = minute;
  }
}

/** Takes in that nothing happened up to and including `minute`: step by step while windows empty, then in one go. */
export function learnIdle(page: SlabPage, word: number, of: { minute: number; lesson: RateLesson }): void {
  const { u32 } = page;
  const { minute, lesson } = of;
  const stepwise = Math.min(minute, u32[word + RATE.last] + EMPTY_AFTER_MINUTES);
  while (u32[word + RATE.last] < stepwise) {
    const at = { minute: u32[word + RATE.last] + 1, count: 0, lesson };
    moveWindows(page, word, at);
    learnMinute(page, word, at);
  }
  while (u32[word + RATE.last] < minute) {
    const turn = u32[word + RATE.generation] + GENERATION_MINUTES;
    const to = Math.min(minute, Math.max(turn, u32[word + RATE.last] + 1));
    learnEmpty(page, word, { to, lesson });
    if (to < turn) continue;
    turnGeneration(page, word);
    u32[word + RATE.generation] = to;
  }
}

/** True when a window at hand is beyond the record. */
function isStrange(u32: Uint32Array, word: number): boolean {
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
    const at = scaleWord(word, scale);
    if (u32[at + SCALE.window] > recordOf(u32, at)) return true;
  }
  return u32[word + RATE.ring + (u32[word + RATE.last] & (RING_MINUTES - 1))] > minuteRecord(u32, word);
}

/** Empty minutes up to `to`, all windows being empty. */
function learnEmpty(page: SlabPage, word: number, of: { to: number; lesson: RateLesson }): void {
  const { u32, f64 } = page;
  const { to, lesson } = of;
  const minutes = to - u32[word + RATE.last];
  enterHour(page, word, { hour: Math.floor(to / 60), ...lesson });
  // Slots of the ring that are passed over must not be taken for minutes of later windows.
  u32.fill(0, word + RATE.ring, word + RATE.ring + RING_MINUTES);
  for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
    const at = scaleWord(word, scale);
    const from = u32[at + SCALE.learned] + CHANCE_WINDOWS * SCALE_MINUTES[scale];
    f64[(at + SCALE.chance) >> 1] += Math.log((from + minutes) / from);
    addToHistogram(page, word, { scale, count: 0, windows: minutes });
    u32[at + SCALE.learned] += minutes;
    u32[at + SCALE.whole] += minutes;
    if (seasonOf(page, word, { minute: to, scale }) >= 0) u32[at + SCALE.compared] += minutes;
  }
  u32[word + RATE.exposure] += minutes;
  u32[word + RATE.last] = to;
}

function learnWindow(page: SlabPage, word: number, of: { scale: number; minute: number; held: boolean }): void {
  const { u32, f64 } = page;
  const { scale, minute } = of;
  const minutes = SCALE_MINUTES[scale];
  const age = minute - u32[word + RATE.first];
  if (age < minutes) return;
  const at = scaleWord(word, scale);
  const count = u32[at + SCALE.lagged];
  const record = recordOf(u32, at);
  if (count > record) {
    if (of.held) return;
    breakRecord(page, at, { count, record, minute });
  }
  // Also below the record: that one is given up with its generation.
  u32[at + SCALE.record] = Math.max(u32[at + SCALE.record], count);
  const learned = u32[at + SCALE.learned]++;
  addToHistogram(page, word, { scale, count, windows: 1 });
  if (learned >= EPISODES_FROM_MINUTES) f64[(at + SCALE.chance) >> 1] += 1 / (learned + CHANCE_WINDOWS * minutes);
  if (age >= 2 * minutes - 1) {
    u32[at + SCALE.whole]++;
    f64[(at + SCALE.sum) >> 1] += count;
    f64[(at + SCALE.squares) >> 1] += count * count;
  }
  learnExcess(page, word, of);
}

function breakRecord(page: SlabPage, at: number, of: { count: number; record: number; minute: number }): void {
  const { u32, f64 } = page;
  if (u32[at + SCALE.learned] < EPISODES_FROM_MINUTES) return;
  if (of.minute - u32[at + SCALE.lastBreak] > EPISODE_MINUTES) u32[at + SCALE.episodes]++;
  u32[at + SCALE.lastBreak] = of.minute;
  f64[(at + SCALE.size) >> 1] += Math.log((of.count + EFFECT_CALLS) / (of.record + EFFECT_CALLS));
}

/** Learns how far the window that ended a window ago went beyond its season. */
function learnExcess(page: SlabPage, word: number, of: { scale: number; minute: number; held: boolean }): void {
  const { u32, f32 } = page;
  const expected = seasonOf(page, word, { minute: of.minute - SCALE_MINUTES[of.scale], scale: of.scale });
  if (expected < 0) return;
  const at = scaleWord(word, of.scale);
  const excess = excessOf(u32[at + SCALE.lagged], expected);
  if (of.held && excess > Math.max(f32[at + SCALE.excess], f32[at + SCALE.excessBefore])) return;
  f32[at + SCALE.excess] = Math.max(f32[at + SCALE.excess], excess);
  u32[at + SCALE.compared]++;
}

/** How far a count goes beyond an expectation: the logarithm of their ratio, small effects aside. */
export function excessOf(count: number, expected: number): number {
  return Math.log((count + EFFECT_CALLS) / (expected + EFFECT_CALLS));
}
