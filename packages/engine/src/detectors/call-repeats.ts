import { REPEATS_THRESHOLD, type Repeated } from '../baselines/call-counts.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { FLAG, NUMBER } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { callText } from './words.ts';

/**
 * A function makes one of its calls far more often within one invocation than it ever did: a table read record by record, objects
 * deleted one after the other. What the size of the work explains is not strange: a batch of fifty records makes every call fifty
 * times, and where only one call is known the records of the event say so. Functions whose numbers vary widely are given more room.
 * A few repeats are retries. Silent for calls that fewer than fifty invocations made.
 */
export const callRepeats: Detector<FunctionBaselines> = {
  id: 'flow.repeats',
  family: 'flow',
  title: 'Call repeated far more often than usual',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!seen.callsKnown || seen.isForeign(FIELDS.calls) || (seen.flags & FLAG.init) !== 0) return;
    out.judged(callRepeats.id);
    const { flows } = state;
    if (!flows.ready || flows.repeats(seen.shape)) return;
    flows.settle();
    const { tally, counts } = flows;
    tally.take(seen.callToken, seen.callCount);
    const batch = flows.batchScale(seen.numbers[NUMBER.batchSize]);
    for (let kind = 0; kind < tally.kinds; kind++) {
      const found = counts.repeated(tally, kind, batch);
      if (found === undefined || found.score < SCORE_MIN) continue;
      out.add(report(seen, state, { token: tally.tokens[kind], times: tally.times[kind], found }));
    }
  },

  /** Learned by `flow.order`, which shares the state. */
  learn() {},
};

interface Call {
  readonly token: number;
  readonly times: number;
  readonly found: Repeated;
}

function report(seen: Observation, state: FunctionBaselines, of: Call) {
  let first = 0;
  while (seen.callToken[first] !== of.token) first++;
  const text = callText(seen, first);
  const known = Math.round(of.found.count);
  const most = Math.ceil(of.found.most - 1e-6);
  return {
    detector: callRepeats.id,
    score: of.found.score,
    threshold: REPEATS_THRESHOLD,
    count: known,
    maturity: of.found.count / (of.found.count + 50),
    value: text,
    novelty: undefined,
    evidence: [
      {
        parameter: 'calls_per_invocation',
        observed: `${of.times} x ${text}`,
        expected: `at most ${most} x ${text}`,
        count: known,
      },
    ],
    sentence: `\`${state.shortName}\` made the call ${text} ${of.times} times in one invocation; in ${known} invocations it made it at most ${most} ${most === 1 ? 'time' : 'times'}.`,
    quietIf:
      'its other calls, or the records of the event, had been as many times more, or it had repeated the call like this before',
    impact: 0.6,
    techniques: [],
  };
}
