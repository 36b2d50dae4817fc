import { recordDecades } from '../stats/record-tail.ts';
import { type BucketDetector, SCORE_MIN } from './detector.ts';

/** Dollars for a gigabyte-second and for a request: list prices of AWS Lambda, x86, us-east-1, 2026. */
const GIGABYTE_SECOND_DOLLARS = 0.0000166667;
const REQUEST_DOLLARS = 0.0000002;
/** Smallest memory a function is billed for. */
const MEMORY_MIN_MB = 128;
/** Invocations before a function gets memory for what it costs: invented names never come so far. */
const INVOCATIONS_MIN = 8;
/** Hours known before a sum can be strange. */
const HOURS_MIN = 12;
/** Dollars an hour below which nobody minds. */
const DOLLARS_MIN = 0.25;
const TESTS_A_DAY = 24;
const THRESHOLD = 3;
/** Benign breaks of a record of spending: as for hourly counts of functions whose load varies. */
const PRIOR = { kappa: 0.5, meanBreak: 0.3, effect: 0.05 } as const;

/**
 * A function costs far more in an hour than it ever did: denial of wallet, or mining. Judged by itself alone: demand explains counts,
 * never cost. Memory is what was used at most, so the sum is a lower bound. Silent for the first twelve hours, and below a quarter of a
 * dollar an hour.
 */
export const spend: BucketDetector = {
  id: 'cost.spend',
  family: 'cost',
  title: 'Spending far beyond anything before',
  version: '1',

  close({ second, row, training }, state, out) {
    if (state.invocations < INVOCATIONS_MIN) return;
    state.makeSpending();
    const { spending } = state;
    const memoryGb = Math.max(MEMORY_MIN_MB, row.memoryMaxMb) / 1024;
    const seconds = row.durationSumMs / 1000;
    const dollars = seconds * memoryGb * GIGABYTE_SECOND_DOLLARS + row.count * REQUEST_DOLLARS;
    spending.close(second / 60 - 1, dollars, state.held('cost') && !training);
    if (spending.hours < HOURS_MIN) return;
    out.judged(spend.id);
    const { hourly, record, hours } = spending;
    if (hourly < Math.max(DOLLARS_MIN, 2 * record)) return;
    const score = recordDecades(hourly, record, { windows: hours, prior: PRIOR }) - Math.log10(TESTS_A_DAY);
    if (score < SCORE_MIN) return;
    out.add({
      detector: spend.id,
      score,
      threshold: THRESHOLD,
      count: hours,
      maturity: hours / (hours + 48),
      value: 'spend',
      novelty: undefined,
      evidence: [
        {
          parameter: 'spend_dollars_per_hour',
          observed: money(hourly),
          expected: `at most ${money(record)}`,
          count: hours,
        },
      ],
      sentence: `\`${state.shortName}\` cost ${money(hourly)} in an hour; in ${hours} hours it cost at most ${money(record)}.`,
      quietIf: `it had cost less than ${money(Math.max(DOLLARS_MIN, 2 * record))} an hour, or had cost as much before`,
      impact: 0.6,
      techniques: ['T1496'],
    });
  },
};

function money(dollars: number): string {
  return `$${dollars < 0.1 ? dollars.toFixed(4) : dollars.toFixed(2)}`;
}
