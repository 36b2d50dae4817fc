import type { BucketDetector } from './detector.ts';

/** Gaps of clockwork that were as they should be, in decades, are the score; the threshold stays this factor above it. */
const NEVER_A_FINDING = 1.25;

/**
 * A strict timer that for two weeks never beat twice or too early does so. Evidence beside others and never a finding alone:
 * a fifth to a half of all timers do it on an ordinary day, which is why those are not even watched. Silent on timers of one
 * minute. `rate.excess`, which runs before, judges and learns the minute.
 */
export const extraBeat: BucketDetector = {
  id: 'rate.extra-beat',
  family: 'rate',
  title: 'Extra invocation of a strict timer',
  version: '1',

  close({ second }, state, out) {
    const { verdict } = state.rates;
    if (!state.ratesAt(second) || verdict.extraAfter === 0) return;
    const score = Math.log10(verdict.extraAfter);
    out.judged(extraBeat.id);
    out.add({
      detector: extraBeat.id,
      score,
      threshold: score * NEVER_A_FINDING,
      count: verdict.extraAfter,
      maturity: verdict.extraAfter / (verdict.extraAfter + 50),
      value: 'beat',
      novelty: undefined,
      evidence: [
        {
          parameter: 'calls_in_a_minute',
          observed: `${verdict.minuteCalls}, out of turn`,
          expected: `${verdict.minuteRecord} every ${verdict.period} minutes`,
          count: verdict.extraAfter,
        },
      ],
      sentence: `\`${state.shortName}\`, which runs every ${verdict.period} minutes, ran out of turn; in ${verdict.extraAfter} beats it never did.`,
      quietIf: 'it had had an extra beat within two weeks before',
      impact: 0.2,
      techniques: [],
    });
  },
};
