import type { TenantBaselines } from '../baselines/tenant.ts';
import type { Detector } from './detector.ts';
import { fieldText } from './words.ts';

/**
 * A source sent records of a function it may not speak for. Ingest refused them and wrote a health record with the identity
 * that was claimed: a source that is wrongly set up, or somebody who makes another function look guilty or busy. Nothing is
 * learned: one such record is a finding at any time, and repeats of the same source and claim are kept silent.
 *
 * Cost: one look at a column for a health record.
 */
export const identityMismatch: Detector<TenantBaselines> = {
  id: 'health.identity-mismatch',
  family: 'health',
  title: 'Records under an identity of somebody else',
  version: '1',
  facets: ['health'],

  score(seen, _state, out) {
    const claimed = fieldText(seen, 'claimed');
    if (claimed === '') return;
    const sender = fieldText(seen, 'principal');
    out.add({
      detector: identityMismatch.id,
      score: 4,
      threshold: 2,
      count: 1,
      maturity: 1,
      value: `${sender} ${claimed}`,
      novelty: undefined,
      evidence: [{ parameter: 'identity', observed: claimed, expected: 'functions its token speaks for', count: 1 }],
      sentence: `The source ${sender} sent records of \`${claimed}\`, for which it may not speak; they were refused.`,
      quietIf: 'its token had named this function',
      impact: 0.6,
      techniques: ['T1565'],
    });
  },

  learn() {},
};
