import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, learnAmount, RECORD, RECORD_COUNT_MIN } from '../baselines/volumes.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { addAmount, amountThreshold } from './amount-claim.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';

/** Destinations beyond the record below which it may be a fallback or a mirror. */
const EXCESS_MIN = 6;
/** Destinations that are shown. */
const SHOWN_MAX = 4;
const HOUR_MS = 3_600_000;

/**
 * More distinct destinations in one hour, or one invocation, than ever before: scanning, or pieces sent to many places. Counted in
 * 128 bits, with a standard error of 7 % at 60. Silent for the first twenty hours in which the function called anything, and for
 * functions that always call many places, as far as their numbers vary.
 */
export const fanOut: Detector<FunctionBaselines> = {
  id: 'egress.fan-out',
  family: 'egress',
  title: 'Far more destinations than before',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    const { sent } = state;
    if (!sent.known || !seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    out.judged(fanOut.id);
    judge(seen, { state, which: RECORD.invocation, value: distinctIn(seen), span: 'one invocation' }, out);
    const hour = sent.distinctWith(hourOf(seen), seen.callDestination, seen.callCount);
    if (hour > 0) judge(seen, { state, which: RECORD.hour, value: hour, span: 'one hour' }, out);
  },

  learn(seen, state) {
    if (!seen.callsKnown || !state.grant('sent')) return;
    const { sent } = state;
    const held = state.held('egress') && !state.lesson.training;
    learnAmount(sent.record(RECORD.invocation), distinctIn(seen), { held, training: state.lesson.training });
    sent.learnDistinct(hourOf(seen), seen.callDestination, { count: seen.callCount, held });
  },
};

function judge(
  seen: Observation,
  of: { state: FunctionBaselines; which: number; value: number; span: 'one invocation' | 'one hour' },
  out: Scores,
): void {
  const { state, which, value, span } = of;
  const tail = state.sent.record(which);
  if (tail.count < RECORD_COUNT_MIN) return;
  const score = tail.score(value);
  if (score < SCORE_MIN) return;
  const [count, max] = [Math.round(tail.count), Math.round(tail.max)];
  const limit = Math.ceil(Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN));
  const { shortName: name } = state;
  addAmount(out, {
    detector: fanOut.id,
    ...{ score, count, value: span },
    threshold: amountThreshold(score, count, value >= max + EXCESS_MIN),
    impact: 0.7,
    techniques: ['T1046'],
    texts: () => ({
      evidence: [
        { parameter: 'destinations', observed: `${value} in ${span}`, expected: `at most ${max}`, count },
        ...destinationsOf(seen).map((observed) => ({
          parameter: 'destination',
          observed,
          expected: `one of at most ${max}`,
          count,
        })),
      ],
      sentence: `\`${name}\` called ${value} different destinations in ${span}; in ${count} ${span === 'one hour' ? 'hours' : 'invocations'} it called at most ${max}.`,
      quietIf: `it had called fewer than ${limit} destinations in ${span}`,
    }),
  });
}

function hourOf(seen: Observation): number {
  return Math.floor(seen.nowMs / HOUR_MS);
}

function distinctIn(seen: Observation): number {
  let count = 0;
  for (let at = 0; at < seen.callCount; at++) {
    const hash = seen.callDestination[at];
    if (hash === 0) continue;
    let before = 0;
    while (before < at && seen.callDestination[before] !== hash) before++;
    if (before === at) count++;
  }
  return count;
}

function destinationsOf(seen: Observation): string[] {
  if (seen.batch === undefined) return [];
  const { calls } = seen.batch.columns;
  const texts = new Set<string>();
  for (let at = calls.start[seen.row + 1] - 1; at >= calls.start[seen.row] && texts.size < SHOWN_MAX; at--) {
    const text = seen.batch.text(calls.destination[at]);
    if (text !== '') texts.add(text);
  }
  return [...texts];
}
