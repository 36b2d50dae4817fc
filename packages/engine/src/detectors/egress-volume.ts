import type { FunctionBaselines } from '../baselines/function.ts';
import { REPEATED } from '../baselines/located-calls.ts';
import { CLAIM_BEYOND, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { NUMBER } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { addAmount, amountThreshold, isUpload, placeText, sendingTechniques } from './amount-claim.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { bytesText } from './words.ts';

/** Least excess over the largest amount seen: renewed credentials and repeated requests stay below it. */
const EXCESS_MIN = 65_536;
/** Bytes from which impact is as high as it gets. */
const LARGE_BYTES = 10_000_000;

/**
 * Far more bytes to a known destination in one invocation than ever before, by that destination's own record. Silent for the first
 * twenty invocations that used it, for what only the total knows (functions with more destinations than slots), where no
 * source counts bytes, and where the event that fired it explains the size. Wrong when a function that always handled small
 * documents gets its first very large one from a store: that cannot be told from bulk theft, and is said.
 */
export const egressVolume: Detector<FunctionBaselines> = {
  id: 'egress.volume',
  family: 'egress',
  title: 'Far more sent to a known destination than before',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    const { sent } = state;
    if (!sent.known || !seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      if (hash === 0 || isLater(seen, at)) continue;
      const slot = sent.find(hash);
      if (slot < 0 || sent.tail(slot).count < RECORD_COUNT_MIN) continue;
      const bytes = sentTo(seen, hash);
      if (Number.isNaN(bytes)) continue;
      out.judged(egressVolume.id);
      judge(seen, { state, hash, slot, bytes }, out);
    }
  },

  learn(seen, state) {
    if (!seen.callsKnown || !state.grant('sent')) return;
    const { sent } = state;
    const as = { held: state.held('egress'), training: state.lesson.training };
    sent.begin(state.lesson, { held: as.held, revised: state.sinceRevision === 0 });
    sent.learnFixed(SLOT.total, totalSent(seen), as);
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      if (hash === 0 || isLater(seen, at)) continue;
      const bytes = sentTo(seen, hash);
      if (!Number.isNaN(bytes)) sent.learnPlace(hash, bytes, as);
    }
  },
};

function judge(
  seen: Observation,
  of: { state: FunctionBaselines; hash: number; slot: number; bytes: number },
  out: Scores,
): void {
  const { state, hash, slot, bytes } = of;
  const tail = state.sent.tail(slot);
  const score = tail.score(bytes);
  if (score < SCORE_MIN) return;
  const [count, max] = [Math.round(tail.count), tail.max];
  const limit = Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN);
  const matters = bytes >= max + EXCESS_MIN && !isUpload(seen, state, bytes / Math.max(1, max));
  const threshold = amountThreshold(score, count, matters);
  const place = placeText(state, hash);
  const { shortName: name, name: key } = state;
  addAmount(out, {
    detector: egressVolume.id,
    ...{ score, threshold, count, value: place },
    impact: bytes >= LARGE_BYTES ? 0.8 : 0.65,
    techniques: sendingTechniques(place, bytes),
    texts: () => ({
      evidence: [
        amount('bytes_to_destination', bytes, { max, count }),
        { parameter: 'destination', observed: place, expected: 'known, with less sent to it', count },
        ...ratioOf(seen, bytes, count),
      ],
      sentence: `\`${name}\` sent ${bytesText(bytes)} to ${thing(place, key)}; in ${count} invocations it sent at most ${bytesText(max)} there.`,
      quietIf: `it had sent less than ${bytesText(limit)} there, or the event that fired it had grown as much`,
    }),
  });
}

/** What it read of all it sent: little read and much sent is made up or kept from before, as much read as sent is passed on. */
function ratioOf(seen: Observation, bytes: number, count: number) {
  const read = seen.numbers[NUMBER.bytesIn];
  if (!(read >= 0)) return [];
  const observed = `${bytesText(read)} received, ${bytesText(bytes)} sent there`;
  return [{ parameter: 'bytes_in_against_out', observed, expected: 'as in its earlier invocations', count }];
}

function amount(parameter: string, bytes: number, { max, count }: { max: number; count: number }) {
  return { parameter, observed: bytesText(bytes), expected: `at most ${bytesText(max)}`, count };
}

/** A place in a sentence. */
function thing(place: string, key: string): string {
  return place === `lambda/${key}` ? 'itself' : place;
}

/** True for a call to a destination that an earlier one of the row went to. */
export function isLater(seen: Observation, at: number): boolean {
  if (!seen.habitual) return seen.destinationEntry[at] === REPEATED;
  const hash = seen.callDestination[at];
  for (let before = 0; before < at; before++) if (seen.callDestination[before] === hash) return true;
  return false;
}

/** Bytes sent to a destination in this invocation, NaN when no source counted them. */
export function sentTo(seen: Observation, hash: number): number {
  let sum = Number.NaN;
  for (let at = 0; at < seen.callCount; at++) {
    const bytes = seen.callBytesOut[at];
    if (seen.callDestination[at] === hash && bytes >= 0) sum = Number.isNaN(sum) ? bytes : sum + bytes;
  }
  return sum;
}

/** All bytes sent in this invocation: as counted, else as the calls say. NaN when nobody says. */
export function totalSent(seen: Observation): number {
  const counted = seen.numbers[NUMBER.bytesOut];
  if (counted >= 0) return counted;
  let sum = Number.NaN;
  for (let at = 0; at < seen.callCount; at++) {
    const bytes = seen.callBytesOut[at];
    if (bytes >= 0) sum = Number.isNaN(sum) ? bytes : sum + bytes;
  }
  return sum;
}
