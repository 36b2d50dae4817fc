import type { FunctionBaselines } from '../baselines/function.ts';
import { learnAmount, RECORD, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { addAmount } from './amount-claim.ts';
import type { Detector } from './detector.ts';
import { totalSent } from './egress-volume.ts';
import { bytesText } from './words.ts';

/** Bytes put aside from which it may be something worth sending. */
const STAGED_MIN = 1_048_576;
/** Share of what was put aside that must leave: it may have been packed. */
const SENT_SHARE = 0.2;
/** Seconds after which what was put aside is no longer connected with what is sent. */
const CONNECTED_S = 86_400;
/** Decades beyond both records together: half of what one alone would need. */
const BEYOND_MIN = 1;

/**
 * Staging: more was put into /tmp than ever before, and then more was sent than ever before, within a day. Each alone is a finding
 * only when it is far beyond the record; the two in a row need half of that. Silent where the sensor does not measure /tmp,
 * for the first twenty invocations, below a megabyte, and when what was put aside is left there.
 */
export const staging: Detector<FunctionBaselines> = {
  id: 'egress.staging',
  family: 'egress',
  title: 'Put aside in /tmp, then sent',
  version: '1',
  facets: ['sensor', 'insights'],

  score(seen, state, out) {
    const { sent } = state;
    const bytes = totalSent(seen);
    if (!sent.known || !(bytes >= 0) || sent.tail(SLOT.total).count < RECORD_COUNT_MIN) return;
    out.judged(staging.id);
    const staged = stagedBy(seen, state);
    if (staged.bytes < STAGED_MIN || bytes < SENT_SHARE * staged.bytes) return;
    const tail = sent.tail(SLOT.total);
    const beyond = tail.beyond(bytes);
    if (beyond < 0) return;
    const [count, max] = [Math.round(tail.count), tail.max];
    const record = Math.log10(count + 1);
    const { shortName: name } = state;
    addAmount(out, {
      detector: staging.id,
      score: record + beyond + staged.beyond,
      threshold: record + BEYOND_MIN,
      ...{ count, value: 'staging' },
      impact: 0.8,
      techniques: ['T1074.001', 'T1041'],
      texts: () => ({
        evidence: [
          {
            parameter: 'tmp_bytes_beyond_before',
            observed: bytesText(staged.bytes),
            expected: 'no more in /tmp than ever before',
            count,
          },
          { parameter: 'bytes_out', observed: bytesText(bytes), expected: `at most ${bytesText(max)}`, count },
        ],
        sentence: `\`${name}\` put ${bytesText(staged.bytes)} more into /tmp than ever before and then sent ${bytesText(bytes)}; in ${count} invocations it sent at most ${bytesText(max)}.`,
        quietIf: `what was put aside had stayed, or no more than ${bytesText(max)} had been sent within a day of it`,
      }),
    });
  },

  learn(seen, state) {
    const kept = seen.numbers[NUMBER.tmpBytes];
    if (!(kept >= 0) || !state.grant('sent')) return;
    const { sent } = state;
    const found = growthOf(kept, state);
    if (found.bytes >= STAGED_MIN) sent.stage(found.bytes, found.beyond, Math.floor(seen.nowMs / 1000));
    const as = { held: state.held('egress'), training: state.lesson.training };
    learnAmount(sent.record(RECORD.temporary), kept, as);
  },
};

/** What was put aside in this invocation, or within a day before it. */
function stagedBy(seen: Observation, state: FunctionBaselines): { readonly bytes: number; readonly beyond: number } {
  const now = growthOf(seen.numbers[NUMBER.tmpBytes], state);
  if (now.bytes >= STAGED_MIN) return now;
  const before = state.sent.staged;
  return seen.nowMs / 1000 - before.second <= CONNECTED_S ? before : NOTHING;
}

const NOTHING = { bytes: 0, beyond: 0 };

/** How much more is kept in /tmp than ever before. */
function growthOf(kept: number, state: FunctionBaselines): { readonly bytes: number; readonly beyond: number } {
  const tail = state.sent.record(RECORD.temporary);
  if (!(kept >= 0) || tail.count < RECORD_COUNT_MIN) return NOTHING;
  return { bytes: Math.max(0, kept - tail.max), beyond: Math.max(0, tail.beyond(kept)) };
}
