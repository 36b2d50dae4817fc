import { CATEGORY } from '../baselines/category.ts';
import { PLACES_FROM } from '../baselines/volumes.ts';
import { CUSUM_DAYS_MIN, CUSUM_LIMIT } from '../stats/anchored-cusum.ts';
import { addAmount, sendingTechniques } from './amount-claim.ts';
import { type DayAmounts, READ, SENT } from './day-volume.ts';
import type { BucketDetector } from './detector.ts';
import { bytesText, percent } from './words.ts';

/** Bytes beyond what was expected below which nothing worth stealing has left. */
const EXCESS_MIN = 65_536;

/**
 * Slow drip: for days on end more bytes an invocation to one destination than the anchored level, by an anchored cumulative sum
 * (`AnchoredCusum`). Finds what hides in the daily variation of a destination the function always talks to. Silent for the
 * first seven days, below 64 KiB in all, on drips below about the variation from day to day, and for the days
 * after a deployment in which the level is learned anew. Judged once a day, at its end.
 */
export const egressDrip: BucketDetector = dripDetector('egress.drip', 'Slow drip to a destination', SENT);

/** The same for what is read from a store. */
export const readDrip: BucketDetector = dripDetector('data.drip', 'Slow rise of what is read', READ);

function dripDetector(id: string, title: string, amounts: DayAmounts): BucketDetector {
  return {
    id,
    family: amounts.family,
    title,
    version: '1',
    close(_bucket, state, out) {
      const volumes = amounts.volumes(state);
      for (let left = volumes.takeClosed(); left !== 0; left &= left - 1) {
        const slot = 31 - Math.clz32(left & -left);
        const cusum = volumes.cusum(slot);
        if (cusum.days < CUSUM_DAYS_MIN) continue;
        out.judged(id);
        const [score, count, excess, run] = [cusum.score, Math.round(cusum.days), cusum.excess, Math.round(cusum.run)];
        const [usual, spread] = [Math.exp(cusum.anchor), cusum.spread];
        const place = slot < PLACES_FROM ? '' : state.text(CATEGORY.destination, volumes.keyAt(slot));
        const words = amounts.words(slot, place);
        if (words === '') continue;
        const threshold = (score / Math.max(cusum.sum, 1e-9)) * CUSUM_LIMIT;
        const { shortName: name } = state;
        addAmount(out, {
          detector: id,
          ...{ score, count, value: words },
          threshold: excess >= EXCESS_MIN ? threshold : Math.max(threshold, score + 0.1),
          impact: 0.7,
          techniques: amounts.family === 'egress' ? sendingTechniques(place, excess) : ['T1530'],
          texts: () => ({
            evidence: [
              {
                parameter: 'bytes_beyond_expected',
                observed: `${bytesText(excess)} in ${run} days`,
                expected: `about ${bytesText(usual)} an invocation, from day to day within ${percent(spread)}`,
                count,
              },
              {
                parameter: 'bytes_on_last_day',
                observed: bytesText(volumes.closed(slot)),
                expected: 'its anchored level',
                count,
              },
            ],
            sentence: `\`${name}\` ${words} ${bytesText(excess)} more than expected over the last ${run} days, a little every day; ${count} days say what is expected.`,
            quietIf: 'one of these days had been as before, or less had gone beyond the level of before',
          }),
        });
      }
    },
  };
}
