import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { NUMBER } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { VERB_CLASS } from '../features/verb-class.ts';
import { addAmount, amountThreshold } from './amount-claim.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { bytesText, callText } from './words.ts';

/** Least excess over the largest response seen. */
const EXCESS_MIN = 65_536;
/** Reads that are shown: the first ones say what the response was made from. */
const READS_SHOWN_MAX = 4;

/**
 * Bulk in the response: an answer far larger than any before, with what was read to make it. It is how things leave through
 * the front door (path traversal, injection into a query, a filter left out). Silent for the first twenty responses and
 * for functions whose answers vary over decades, as far as they vary. A streamed response counts as far as the sensor saw it.
 */
export const bulkResponse: Detector<FunctionBaselines> = {
  id: 'egress.bulk-response',
  family: 'egress',
  title: 'Bulk in the response',
  version: '1',
  facets: ['sensor'],

  score(seen, state, out) {
    const { sent } = state;
    const bytes = seen.numbers[NUMBER.responseBytes];
    if (!sent.known || !(bytes >= 0)) return;
    const tail = sent.tail(SLOT.second);
    if (tail.count < RECORD_COUNT_MIN) return;
    out.judged(bulkResponse.id);
    const score = tail.score(bytes);
    if (score < SCORE_MIN) return;
    const [count, max] = [Math.round(tail.count), tail.max];
    const limit = Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN);
    const { shortName: name } = state;
    addAmount(out, {
      detector: bulkResponse.id,
      ...{ score, count, value: 'response' },
      threshold: amountThreshold(score, count, bytes >= max + EXCESS_MIN),
      impact: 0.65,
      techniques: ['T1567'],
      texts: () => ({
        evidence: [
          {
            parameter: 'response_bytes',
            observed: bytesText(bytes),
            expected: `at most ${bytesText(max)}`,
            count,
          },
          ...readsOf(seen).map((observed) => ({
            parameter: 'read_for_response',
            observed,
            expected: `less than ${bytesText(limit)} in all`,
            count,
          })),
        ],
        sentence: `\`${name}\` answered with bulk data in the response: ${bytesText(bytes)}; in ${count} invocations it answered with at most ${bytesText(max)}.`,
        quietIf: `the response had stayed below ${bytesText(limit)}`,
      }),
    });
  },

  learn(seen, state) {
    const bytes = seen.numbers[NUMBER.responseBytes];
    if (!(bytes >= 0) || !state.grant('sent')) return;
    const as = { held: state.held('egress'), training: state.lesson.training };
    state.sent.learnFixed(SLOT.second, bytes, as);
  },
};

/** What was read in this invocation, largest first: `s3:GetObject prints (512.0 kB)`. */
export function readsOf(seen: Observation): string[] {
  if (seen.batch === undefined || seen.isForeign(FIELDS.calls)) return [];
  const reads: { text: string; bytes: number }[] = [];
  for (let at = 0; at < seen.callCount; at++) {
    const found = seen.callClass[at];
    if (found !== VERB_CLASS.read && found !== VERB_CLASS.list) continue;
    reads.push({ text: callText(seen, at), bytes: seen.callBytesIn[at] });
  }
  reads.sort((a, b) => (b.bytes || 0) - (a.bytes || 0));
  return reads
    .slice(0, READS_SHOWN_MAX)
    .map(({ text, bytes }) => (bytes >= 0 ? `${text} (${bytesText(bytes)})` : text));
}
