import type { SlabPage } from '../base/slab.ts';
import { RATE, RING_MINUTES, SCALE, SCALE_MINUTES, scaleWord, WEEK_HOURS } from './rate-block.ts';

/** What peers say of the hours of a day: calls in an hour of the day over those of an average hour. 1 is no opinion. */
export type DayShape = (hourOfDay: number) => number;
/** Of nobody. */
export const FLAT_DAY: DayShape = () => 1;

const HOUR = 60;
const DAY_HOURS = 24;
/** An hour of the profile counts as much as the function's own overall mean from so many sightings on. */
const SHRINK_SIGHTINGS = 2;
/** Sightings of an hour of the week from which it is believed beside the hour of the day: 14 days. */
const WEEK_SIGHTINGS = 2;
/** Sightings after which older ones fade: two months of an hour of the week. */
const SIGHTINGS_MAX = 8;
/** Idle hours taken in one by one; what was there before them is as good as forgotten. */
const IDLE_HOURS_MAX = 4 * WEEK_HOURS;
/** Added to mean and exposure, so that an empty history has a mean. */
const MEAN_CALLS = 0.5;
const MEAN_MINUTES = 25;

/** Calls a minute of a function on the whole. */
export function meanPerMinute(page: SlabPage, word: number): number {
  return (page.f64[(word + RATE.total) >> 1] + MEAN_CALLS) / (page.u32[word + RATE.exposure] + MEAN_MINUTES);
}

/**
 * Hour-of-day and hour-of-week profile of a function's calls, shrunk to its own overall mean. From one whole day on. An hour
 * enters the profile two hours after its end, so that neither it nor what is learned late is judged by itself.
 */
export function enterHour(page: SlabPage, word: number, at: { hour: number; held: boolean; shape: DayShape }): void {
  const { u32, f32 } = page;
  const known = u32[word + RATE.seasonHour];
  if (known === 0) {
    u32[word + RATE.seasonHour] = at.hour;
    u32[word + RATE.seasonFirst] = at.hour + 1;
    f32.fill(-1, word + RATE.season, word + RATE.season + 4);
    return;
  }
  for (let hour = Math.max(known, at.hour - IDLE_HOURS_MAX); hour < at.hour; hour++) {
    const count = hour === known ? u32[scaleWord(word, 1) + SCALE.window] : 0;
    if (hour >= u32[word + RATE.seasonFirst]) closeHour(page, word, { hour, count, held: at.held });
    for (let back = 3; back > 0; back--) f32[word + RATE.season + back] = f32[word + RATE.season + back - 1];
    f32[word + RATE.season] = expectedIn(page, word, { hour: hour + 1, shape: at.shape });
  }
  u32[word + RATE.seasonHour] = at.hour;
}

/** Calls expected in the window of a scale that ends with `minute`; -1 while the season is not known. */
export function seasonOf(page: SlabPage, word: number, at: { minute: number; scale: number }): number {
  const { u32, f32 } = page;
  const minutes = SCALE_MINUTES[at.scale];
  const hour = Math.floor(at.minute / HOUR);
  const back = u32[word + RATE.seasonHour] - hour;
  if (back < 0 || back > 2) return -1;
  const now = Math.min(minutes, at.minute - hour * HOUR + 1);
  const expected = f32[word + RATE.season + back];
  const before = f32[word + RATE.season + back + 1];
  if (expected < 0 || (now < minutes && before < 0)) return -1;
  return (now * expected + (minutes - now) * before) / HOUR;
}

/** Over-dispersion of the calls in a window around the season, shrunk to `prior` as if that were five windows. */
export function seasonSpread(page: SlabPage, word: number, of: { scale: number; prior: number }): number {
  const { f32 } = page;
  const at = word + RATE.residuals + of.scale * 3;
  const mean = meanPerMinute(page, word) * SCALE_MINUTES[of.scale];
  const prior = 5 * (mean * mean + 0.01);
  const beyond = Math.max(0, f32[at] - f32[at + 1]);
  return Math.max(1e-4, (beyond + of.prior * prior) / (f32[at + 2] + prior));
}

/** Learns an hour that is over, and takes the one before the last into the profile. */
function closeHour(page: SlabPage, word: number, of: { hour: number; count: number; held: boolean }): void {
  const { f32 } = page;
  const expected = f32[word + RATE.season];
  if (expected >= 0 && !of.held) learnResiduals(page, word, { ...of, expected });
  const pending = word + RATE.pending;
  learnHour(page, word, { hour: of.hour - 2, count: f32[pending + 1] });
  f32[pending + 1] = f32[pending];
  const usual = expected >= 0 ? expected : meanPerMinute(page, word) * HOUR;
  f32[pending] = of.held ? Math.min(of.count, usual) : of.count;
}

function learnHour(page: SlabPage, word: number, of: { hour: number; count: number }): void {
  const first = page.u32[word + RATE.seasonFirst];
  if (of.hour < first) return;
  const sightings = Math.floor((of.hour - first) / WEEK_HOURS) + 1;
  const at = word + RATE.profile + (of.hour % WEEK_HOURS);
  page.f32[at] += (of.count - page.f32[at]) / Math.min(sightings, SIGHTINGS_MAX);
}

function learnResiduals(page: SlabPage, word: number, of: { hour: number; count: number; expected: number }): void {
  const { u32 } = page;
  addResidual(page, word + RATE.residuals + 3, of);
  if (of.count === 0) {
    const tenth = { count: 0, expected: of.expected / 6 };
    for (let part = 0; part < 6; part++) addResidual(page, word + RATE.residuals, tenth);
    return;
  }
  for (let from = of.hour * HOUR; from < of.hour * HOUR + HOUR; from += SCALE_MINUTES[0]) {
    let count = 0;
    for (let minute = from; minute < from + SCALE_MINUTES[0]; minute++) {
      count += u32[word + RATE.ring + (minute & (RING_MINUTES - 1))];
    }
    addResidual(page, word + RATE.residuals, { count, expected: of.expected / 6 });
  }
}

function addResidual(page: SlabPage, at: number, of: { count: number; expected: number }): void {
  const { f32 } = page;
  const residual = of.count - of.expected;
  f32[at] += residual * residual;
  f32[at + 1] += of.expected;
  f32[at + 2] += of.expected * of.expected;
}

/** Calls expected in an hour by those of the same hour of the day and of the week; -1 before there is a day of them. */
function expectedIn(page: SlabPage, word: number, of: { hour: number; shape: DayShape }): number {
  const { u32, f32 } = page;
  const first = u32[word + RATE.seasonFirst];
  let days = 0;
  let sum = 0;
  for (let hour = of.hour - DAY_HOURS; hour >= Math.max(first, of.hour - WEEK_HOURS); hour -= DAY_HOURS) {
    sum += f32[word + RATE.profile + (hour % WEEK_HOURS)];
    days++;
  }
  if (days === 0) return -1;
  const overall = meanPerMinute(page, word) * HOUR * of.shape(of.hour % DAY_HOURS);
  const daily = overall + (days / (days + SHRINK_SIGHTINGS)) * (sum / days - overall);
  const weeks = Math.floor((of.hour - first) / WEEK_HOURS);
  if (weeks < WEEK_SIGHTINGS) return Math.max(0, daily);
  const own = f32[word + RATE.profile + (of.hour % WEEK_HOURS)];
  return Math.max(0, daily + (weeks / (weeks + SHRINK_SIGHTINGS)) * (own - daily));
}
