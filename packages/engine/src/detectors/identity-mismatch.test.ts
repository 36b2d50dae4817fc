import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sample } from '../engine-feed.ts';
import { AFTER_MS, assertQuiet, claims, FN, fed, HISTORY, history, onlyClaim } from './detector.contract.ts';

const ID = 'health.identity-mismatch';

/** What ingest writes about refused records. */
function refused(atMs: number, claimed: string, sender = 'shop-pipeline'): Sample {
  const symbols = { principal: sender, principalKind: 'service', action: 'ingest:identityMismatch', claimed };
  return { kind: 'health', atMs, symbols };
}

describe('health.identity-mismatch fires', () => {
  it('when a source sends records of a function it may not speak for', () => {
    const finding = onlyClaim(fed(history(HISTORY), [refused(AFTER_MS, FN)]), ID);
    assert.deepEqual(finding.entity, { kind: 'principal', key: 'shop-pipeline' });
    assert.equal(
      finding.sentence,
      'The source shop-pipeline sent records of `aws:1:eu-west-1:orders`, for which it may not speak; they were refused.',
    );
    assert.deepEqual(finding.evidence, [
      { parameter: 'identity', observed: FN, expected: 'functions its token speaks for', count: 1 },
    ]);
  });

  it('once for each function that a source claims to be', () => {
    const other = 'aws:1:eu-west-1:payment';
    const rows = [refused(AFTER_MS, FN), refused(AFTER_MS + 1000, other), refused(AFTER_MS + 2000, FN)];
    assert.equal(claims(fed(history(HISTORY), rows), ID).length, 2);
  });
});

describe('health.identity-mismatch stays quiet', () => {
  it('about other health records', () => {
    const dropped = { kind: 'health', atMs: AFTER_MS, fn: FN, symbols: { action: 'platform:logsDropped' } } as const;
    assertQuiet(fed(history(HISTORY), [dropped]));
  });

  it('in a training span, as when a pipeline is being set up', () => {
    const feed = fed(history(HISTORY));
    const span = { kind: 'training-span', fromMs: AFTER_MS, toMs: AFTER_MS + 60_000, by: 'test' } as const;
    feed.control(span, AFTER_MS);
    feed.rows([refused(AFTER_MS + 1000, FN)]);
    assertQuiet(feed);
  });
});
