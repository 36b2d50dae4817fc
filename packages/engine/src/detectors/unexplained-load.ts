import { shortNameOf } from '../baselines/function.ts';
import type { Explained } from '../demand/demand.ts';
import { SCORE_MIN, type Scores } from './detector.ts';

/** Windows of ten minutes in a day: how often a function is asked. */
const TESTS_A_DAY = 144;
/** Score from which it is a finding: a load that its demand explains less than once in ten thousand days. */
const THRESHOLD = 4;
/** Rarer than this nothing is said to be: no model of counts is right so far out. */
const RARITY_MIN = 1e-30;
/** Invocations that nothing explains must be at least this many, and as many as those that something does. */
const EXCESS_MIN = 30;

/** What is fixed about this detector; stage 2 calls it for each minute of a function whose demand is known. */
export const UNEXPLAINED_LOAD = {
  id: 'rate.unexplained',
  family: 'rate',
  title: 'Invoked more often than what fires it explains',
  version: '1',
} as const;

/** The load of a function in the last minutes. */
export interface Load {
  /** Function key. */
  readonly function: string;
  readonly minutes: number;
  readonly count: number;
}

/**
 * A function runs more often than its callers, gateways and queues account for: somebody invokes it directly, or feeds it past its
 * front door. Its own history may know such loads; the demand at hand does not. Silent where nobody sees what fires the function.
 */
export function scoreUnexplained(load: Load, explained: Explained, out: Scores): void {
  out.judged(UNEXPLAINED_LOAD.id);
  const excess = load.count - explained.expected;
  if (excess < Math.max(EXCESS_MIN, explained.expected)) return;
  const score = demandScore(explained);
  if (score < SCORE_MIN) return;
  const name = shortNameOf(load.function);
  const expected = Math.round(explained.expected);
  const unexplained = load.count - expected;
  out.add({
    detector: UNEXPLAINED_LOAD.id,
    score,
    threshold: THRESHOLD,
    count: Math.round(explained.windows),
    maturity: explained.windows / (explained.windows + 10),
    value: 'load',
    novelty: undefined,
    evidence: [
      {
        parameter: `invocations_${load.minutes}min`,
        observed: String(load.count),
        expected: `${expected} by its callers, gateways and queues`,
        count: Math.round(explained.windows),
      },
      {
        parameter: 'unexplained_invocations',
        observed: String(unexplained),
        expected: '0',
        count: Math.round(explained.windows),
      },
    ],
    sentence: `\`${name}\` ran ${load.count} times in ${load.minutes} minutes; its callers, gateways and queues account for ${expected}, ${unexplained} are unexplained.`,
    quietIf: 'what fires it had been seen to arrive as often',
    impact: 0.5,
    techniques: ['T1648'],
  });
}

/** Decades of rarity of a load given what arrived, for as many tests as a day has. */
export function demandScore(explained: Explained): number {
  return -Math.log10(Math.max(RARITY_MIN, Math.min(1, explained.atLeast * TESTS_A_DAY)));
}
