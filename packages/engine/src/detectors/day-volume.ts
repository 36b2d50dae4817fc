import { CATEGORY } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, PLACES_FROM, SLOT, type Volumes } from '../baselines/volumes.ts';
import type { Family } from '../event/finding.ts';
import { CUSUM_DAYS_MIN } from '../stats/anchored-cusum.ts';
import { addAmount, amountThreshold, sendingTechniques } from './amount-claim.ts';
import { type BucketDetector, type Scores, WATCH_SHARE } from './detector.ts';
import { bytesText } from './words.ts';

/** Least excess over the largest day seen. */
const EXCESS_MIN = 1_048_576;
/** Times the usual amount of an invocation: a busy day with ordinary invocations is explained by their number. */
const PER_INVOCATION_RATIO = 2;

/** Which amounts a detector of days is about. */
export interface DayAmounts {
  readonly family: Family;
  volumes(state: FunctionBaselines): Volumes;
  /** `sent to s3/invoices`, for sentences; '' for slots that are not judged. */
  words(slot: number, place: string): string;
}

/** What was sent, by destination. */
export const SENT: DayAmounts = {
  family: 'egress',
  volumes: (state) => state.sent,
  words(slot, place) {
    if (slot === SLOT.total) return 'sent in all';
    if (slot === SLOT.second) return 'answered with';
    return slot < PLACES_FROM ? '' : `sent to ${place}`;
  },
};

/** What was read, by store. */
export const READ: DayAmounts = {
  family: 'data',
  volumes: (state) => state.read,
  words(slot, place) {
    if (slot === SLOT.total) return 'read in all';
    return slot < PLACES_FROM ? '' : `read from ${place}`;
  },
};

/**
 * More bytes to one destination on one day than on any day before, and more by invocation, too, each invocation being ordinary by
 * itself. Told as soon as the sum of the day gets there. Silent for the first seven days, and when only the number of invocations grew: that is
 * the business of the rate.
 */
export const egressDay: BucketDetector = dayDetector('egress.day-volume', 'Far more sent in a day than before', SENT);

/** The same for what is read from a store. */
export const readDay: BucketDetector = dayDetector('data.day-reads', 'Far more read in a day than before', READ);

function dayDetector(id: string, title: string, amounts: DayAmounts): BucketDetector {
  return {
    id,
    family: amounts.family,
    title,
    version: '1',
    close(_bucket, state, out) {
      const volumes = amounts.volumes(state);
      if (!volumes.known || state.lesson.training) return;
      const { day } = state.lesson;
      for (let slot = 0; slot < volumes.slots; slot++) {
        const amount = volumes.today(slot, day);
        if (amount > 0) judge({ id, amounts, state, slot, amount }, out);
      }
    },
  };
}

/** An amount of the current day. */
interface Today {
  readonly id: string;
  readonly amounts: DayAmounts;
  readonly state: FunctionBaselines;
  readonly slot: number;
  readonly amount: number;
}

function judge({ id, amounts, state, slot, amount }: Today, out: Scores): void {
  const volumes = amounts.volumes(state);
  const tail = volumes.dayTail(slot);
  if (tail.count < CUSUM_DAYS_MIN || amount <= tail.max) return;
  out.judged(id);
  const [score, count, max] = [tail.score(amount), Math.round(tail.count), tail.max];
  const threshold = Math.log10(count + 1) + CLAIM_BEYOND;
  if (score < threshold * WATCH_SHARE) return;
  const limit = Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN);
  const invocations = Math.max(1, volumes.invocationsToday(state.lesson.day));
  const usual = Math.exp(volumes.cusum(slot).anchor);
  const matters = amount >= max + EXCESS_MIN && amount / invocations >= PER_INVOCATION_RATIO * usual;
  const place = slot < PLACES_FROM ? '' : state.text(CATEGORY.destination, volumes.keyAt(slot));
  const words = amounts.words(slot, place);
  if (words === '') return;
  const { shortName: name } = state;
  addAmount(out, {
    detector: id,
    ...{ score, count, value: words },
    threshold: amountThreshold(score, count, matters),
    impact: 0.65,
    techniques: amounts.family === 'egress' ? sendingTechniques(place, amount) : ['T1530'],
    texts: () => ({
      evidence: [
        {
          parameter: 'bytes_per_day',
          observed: bytesText(amount),
          expected: `at most ${bytesText(max)}`,
          count,
        },
        {
          parameter: 'bytes_per_invocation',
          observed: bytesText(amount / invocations),
          expected: `about ${bytesText(usual)}`,
          count,
        },
      ],
      sentence: `\`${name}\` ${words} ${bytesText(amount)} today; on ${count} days before it was at most ${bytesText(max)}.`,
      quietIf: `it had stayed below ${bytesText(limit)} a day, or had made as many more invocations`,
    }),
  });
}
