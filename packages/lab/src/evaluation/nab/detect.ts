import { Slab } from '@gait/engine/base/slab';
import { ALARM_SCORE, type Channel, SERIES_BYTES, SeriesScorer } from '@gait/engine/stats/series-scorer';

/** What the shipped scorer says of one series. */
export interface Detected {
  /** Score of each point, 0..1: 0.5 is the shipped alarm level, and a point that rests after an alarm is below it. */
  readonly scores: readonly number[];
  /** Points at which the product raises an alarm. */
  readonly alarms: readonly { readonly row: number; readonly channel: Channel; readonly score: number }[];
  readonly rarities: readonly number[];
}

/** The level of `scores` at which the product raises an alarm. */
export const SHIPPED_LEVEL = 0.5;
/** A resting point is no more than this, in decades. */
const RESTING = ALARM_SCORE - 0.01;

/** Runs a series through the scorer in streaming order. */
export function detect(times: readonly number[], values: readonly number[]): Detected {
  const slab = new Slab(SERIES_BYTES, 1);
  const id = slab.alloc();
  const scorer = new SeriesScorer().at(slab.pages[0], id * SERIES_BYTES);
  const scores: number[] = [];
  const rarities: number[] = [];
  const alarms: { row: number; channel: Channel; score: number }[] = [];
  for (const [row, value] of values.entries()) {
    scorer.next(times[row], value);
    scores.push(outOfOne(scorer.rested ? scorer.score : Math.min(RESTING, scorer.score)));
    rarities.push(scorer.rarity);
    if (scorer.alarm) alarms.push({ row, channel: scorer.channel, score: scorer.score });
  }
  return { scores, alarms, rarities };
}

/** Decades as a number below 1 in the same order, for tools that want one. */
function outOfOne(decades: number): number {
  return decades / (decades + ALARM_SCORE);
}
