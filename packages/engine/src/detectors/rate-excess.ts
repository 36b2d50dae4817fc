import { CLASS, RATE_CLASSES } from '../baselines/rate-class.ts';
import { RATE_FINDING } from '../baselines/rate-thresholds.ts';
import type { RateVerdict } from '../baselines/rates.ts';
import type { BucketDetector } from './detector.ts';
import { spanText } from './words.ts';

const HOUR_MINUTES = 60;
const WINDOW_TEXT = ['10 minutes', '60 minutes'] as const;
const PARAMETERS = ['calls_in_ten_minutes', 'calls_in_an_hour'] as const;
/** Minutes of history at which half of the judgement is the function's own. */
const MATURITY_MINUTES = 480;

/**
 * A function gets far more calls in 10 or 60 minutes than it ever did, further than records of functions of its kind break. By
 * the measured design of docs/decisions/rate-findings.md. Silent on bursty, rare and new functions unless the excess is enormous,
 * and on what upstream explains. Judges and learns the minute for the detectors of rates that follow it.
 */
export const rateExcess: BucketDetector = {
  id: 'rate.excess',
  family: 'rate',
  title: 'Far more invocations than ever',
  version: '1',

  close({ second, row, training }, state, out) {
    if (!state.closeRate(second, row.count, state.held('rate') && !training)) return;
    const { verdict } = state.rates;
    // Scores are rarities by function and hour.
    if (verdict.minute % HOUR_MINUTES === 0) out.judged(rateExcess.id);
    if (!verdict.told) return;
    const windows = Math.max(1, Math.round(verdict.windows));
    const window = WINDOW_TEXT[verdict.scale];
    out.add({
      detector: rateExcess.id,
      score: verdict.decades,
      threshold: RATE_FINDING,
      count: windows,
      maturity: verdict.age / (verdict.age + MATURITY_MINUTES),
      value: 'calls',
      novelty: undefined,
      evidence: [
        {
          parameter: PARAMETERS[verdict.scale],
          observed: `${verdict.calls}`,
          expected: `${number(verdict.expected)}, at most ${verdict.record} so far`,
          count: windows,
        },
      ],
      sentence: `\`${state.shortName}\` was called ${verdict.calls} times in ${window}; most ever in ${spanText(verdict.age)}: ${verdict.record}; ${modelText(verdict)}${recordsText(verdict, state.rates.priors.episodes(verdict.cls, verdict.scale))}.`,
      quietIf: `it had been called about ${verdict.calls} times in ${window} before, or what calls it had grown as much`,
      impact: 0.5,
      techniques: [],
    });
  },
};

function modelText(verdict: RateVerdict): string {
  const season = verdict.seasonal ? ' at this time' : '';
  const explained = verdict.explained > 0 ? `; upstream explains ${number(verdict.explained)} more` : '';
  return `its own model expects ${number(verdict.expected)}${season}${explained}`;
}

function recordsText(verdict: RateVerdict, episodes: number): string {
  if (episodes === 0) return '';
  const kind = verdict.cls === CLASS.clock ? 'clockwork' : RATE_CLASSES[verdict.cls];
  return `; ${episodes} records broken by ${kind} functions say how far is far`;
}

function number(value: number): string {
  return value < 10 ? `${Number(value.toFixed(1))}` : `${Math.round(value)}`;
}
