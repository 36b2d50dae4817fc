import { CATEGORY } from '../baselines/category.ts';
import { PLACES_FROM, SLOT } from '../baselines/volumes.ts';
import type { Family } from '../event/finding.ts';
import { type AnchoredCusum, CUSUM_DAYS_MIN, CUSUM_LIMIT, CUSUM_LIMIT_DECADES } from '../stats/anchored-cusum.ts';
import { addAmount, sendingTechniques } from './amount-claim.ts';
import { type DayAmounts, READ, SENT } from './day-volume.ts';
import { type BucketDetector, type Scores, WATCH_SHARE } from './detector.ts';
import { bytesText, percent } from './words.ts';

/** Bytes beyond what was expected below which nothing worth stealing has left. */
const EXCESS_MIN = 65_536;

/**
 * Slow drip: for days on end more bytes an invocation to one destination than the anchored level, by an anchored cumulative sum
 * (`AnchoredCusum`). Finds what hides in the daily variation of a destination the function always talks to. Silent for the
 * first seven days, below 64 KiB in all, on drips below about the variation from day to day, and for the days
 * after a deployment of a function whose deployments move the level. Judged once a day, at its end; what was told begins anew, so a drip that
 * goes on is told again some days later.
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
      let told = false;
      // Places before the total, which then says nothing more.
      for (let left = volumes.takeClosed(); left !== 0; left &= ~(1 << (31 - Math.clz32(left)))) {
        const slot = 31 - Math.clz32(left);
        const cusum = volumes.cusum(slot);
        const place = slot < PLACES_FROM ? '' : state.text(CATEGORY.destination, volumes.keyAt(slot));
        const words = amounts.words(slot, place);
        if (cusum.days < CUSUM_DAYS_MIN || words === '') continue;
        out.judged(id);
        if (told && slot === SLOT.total) continue;
        const claims = cusum.sum >= CUSUM_LIMIT && cusum.excess >= EXCESS_MIN;
        const closed = volumes.closed(slot);
        judge({ id, family: amounts.family, name: state.shortName, cusum, words, place, closed }, out);
        told ||= claims;
        if (claims && !state.lesson.training) cusum.restart();
      }
    },
  };
}

/** The closed day of one slot. */
interface ClosedSlot {
  readonly id: string;
  readonly family: Family;
  readonly name: string;
  readonly cusum: AnchoredCusum;
  readonly words: string;
  readonly place: string;
  /** Bytes of the day. */
  readonly closed: number;
}

function judge({ id, family, name, cusum, words, place, closed }: ClosedSlot, out: Scores): void {
  const [score, count, excess, run] = [cusum.score, Math.round(cusum.days), cusum.excess, Math.round(cusum.run)];
  const [usual, spread] = [Math.exp(cusum.anchor), cusum.spread];
  addAmount(out, {
    detector: id,
    ...{ score, count, value: words },
    threshold: excess >= EXCESS_MIN ? CUSUM_LIMIT_DECADES : Math.max(CUSUM_LIMIT_DECADES, score / WATCH_SHARE + 0.1),
    impact: 0.7,
    techniques: family === 'egress' ? sendingTechniques(place, excess) : ['T1530'],
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
          observed: bytesText(closed),
          expected: 'its anchored level',
          count,
        },
      ],
      sentence: `\`${name}\` ${words} ${bytesText(excess)} more than expected over the last ${run} days, a little every day; ${count} days say what is expected.`,
      quietIf: 'one of these days had been as before, or less had gone beyond the level of before',
    }),
  });
}
