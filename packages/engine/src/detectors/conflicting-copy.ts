import type { Observation } from '../features/observation.ts';
import type { Score } from './detector.ts';

/** What is fixed about this detector; it is called by stage 1 when a copy differs. */
export const CONFLICTING_COPY = {
  id: 'health.conflicting-copy',
  family: 'health',
  title: 'Two different records of one invocation',
  version: '1',
} as const;

/**
 * The same facet of the same request arrived twice with different content. The first one counts; the second may be an
 * attempt to cover it, or the first a forgery that came early.
 */
export function conflictingCopy(seen: Observation, functionName: string): Score {
  const request = seen.batch?.idText(seen.row, 'requestId') ?? '';
  return {
    detector: CONFLICTING_COPY.id,
    score: 4,
    threshold: 2,
    count: 1,
    maturity: 1,
    value: 'copy',
    novelty: undefined,
    evidence: [
      {
        parameter: 'record',
        observed: 'a second record that differs',
        expected: 'one record, or equal copies',
        count: 1,
      },
    ],
    sentence: `A second record of request ${request} of \`${functionName}\` differs from the first; only the first was learned.`,
    quietIf: 'both copies had been equal',
    impact: 0.6,
    techniques: ['T1562.008'],
  };
}
