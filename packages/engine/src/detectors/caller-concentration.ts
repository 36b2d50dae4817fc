import { SYMBOL } from '../event/schema.ts';
import { recordDecades } from '../stats/record-tail.ts';
import { type BucketDetector, SCORE_MIN } from './detector.ts';

/** Hours known before a share can be strange. */
const HOURS_MIN = 12;
/** Invocations of one caller in an hour that can cost anything worth a finding. */
const CALLS_MIN = 300;
/** Share of an hour's invocations that one caller must have, and by how much that must exceed all shares before. */
const SHARE_MIN = 0.5;
const SHARE_MORE = 0.2;
const TESTS_A_DAY = 24;
const THRESHOLD = 3;
const PRIOR = { kappa: 0.5, meanBreak: 0.3, effect: 20 } as const;

/**
 * One caller makes most of a function's invocations, far more than any ever did: scraping, guessing, denial of wallet behind a front door
 * that explains every request. Demand does not explain it away. Silent where invocations name no caller, and for the first twelve hours.
 */
export const callerConcentration: BucketDetector = {
  id: 'cost.concentration',
  family: 'cost',
  title: 'Most invocations come from one caller',
  version: '1',

  count(seen, state) {
    const caller = seen.symbols[SYMBOL.principal] || seen.symbols[SYMBOL.network];
    if (caller !== 0) state.spending.called(caller);
  },

  close(_, state, out) {
    const { spending } = state;
    if (spending.hours < HOURS_MIN) return;
    const { calls, all } = spending.concentration;
    if (all === 0) return;
    out.judged(callerConcentration.id);
    const { mostByOne, shareByOne } = spending.usual;
    const share = calls / all;
    if (calls < CALLS_MIN || share < Math.max(SHARE_MIN, shareByOne + SHARE_MORE)) return;
    const windows = spending.hours;
    const score = recordDecades(calls, mostByOne, { windows, prior: PRIOR }) - Math.log10(TESTS_A_DAY);
    if (score < SCORE_MIN) return;
    const percent = (value: number) => `${Math.round(100 * value)} %`;
    const usual = `at most ${mostByOne} by one caller, at most ${percent(shareByOne)} of an hour`;
    out.add({
      detector: callerConcentration.id,
      score,
      threshold: THRESHOLD,
      count: windows,
      maturity: windows / (windows + 48),
      value: 'caller',
      novelty: undefined,
      evidence: [
        { parameter: 'invocations_by_one_caller', observed: `${calls} of ${all}`, expected: usual, count: windows },
      ],
      sentence: `One caller made at least ${calls} of ${all} invocations of \`${state.shortName}\` in this hour; in ${windows} hours ${usual}.`,
      quietIf: 'a caller had been as busy before, or had less than half of the invocations',
      impact: 0.5,
      techniques: ['T1499.003'],
    });
  },
};
