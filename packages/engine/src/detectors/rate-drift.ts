import { RATE_FINDING, RATE_WATCH } from '../baselines/rate-thresholds.ts';
import type { BucketDetector } from './detector.ts';
import { spanText } from './words.ts';

/** Minutes of history at which half of the judgement is the function's own. */
const MATURITY_MINUTES = 480;

/**
 * Clockwork is called more often in an hour than when it was new, by more than five standard errors: a load that grows so slowly
 * that each step is learned as normal. Only functions that were clockwork after eight hours; a deployment begins anew, and each
 * day moves the comparison by at most 6 %. `rate.excess`, which runs before, judges and learns the minute.
 */
export const rateDrift: BucketDetector = {
  id: 'rate.drift',
  family: 'rate',
  title: 'Invocations of a regular function grew slowly',
  version: '1',

  close({ second }, state, out) {
    const { verdict } = state.rates;
    if (!state.ratesAt(second) || !(verdict.drift >= RATE_WATCH)) return;
    const hours = Math.max(1, Math.round(verdict.age / 60));
    const usual = Number(verdict.anchor.toPrecision(3));
    out.add({
      detector: rateDrift.id,
      score: verdict.drift,
      threshold: RATE_FINDING,
      count: hours,
      maturity: verdict.age / (verdict.age + MATURITY_MINUTES),
      value: 'hour',
      novelty: undefined,
      evidence: [
        {
          parameter: 'calls_in_an_hour',
          observed: `${verdict.hourCalls}`,
          expected: `${usual}, give or take ${Number(((verdict.hourCalls - verdict.anchor) / verdict.errors).toPrecision(2))}`,
          count: hours,
        },
      ],
      sentence: `\`${state.shortName}\` was called ${verdict.hourCalls} times in an hour; it ran like clockwork with ${usual} an hour, which is ${verdict.errors.toFixed(1)} standard errors less, and is known for ${spanText(verdict.age)}.`,
      quietIf: 'it had been deployed anew, or had grown by less than 6 % a day',
      impact: 0.5,
      techniques: [],
    });
  },
};
