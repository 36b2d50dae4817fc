import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AFTER_MS,
  assertQuiet,
  claims,
  FN,
  fed,
  HISTORY,
  history,
  invocation,
  onlyClaim,
} from './detector.contract.ts';

const ID = 'trigger.new-source';

describe('trigger.new-source fires', () => {
  it('when another queue fires the function', () => {
    const odd = invocation(AFTER_MS, { symbols: { triggerSource: 'sqs:other-account' } });
    const finding = onlyClaim(fed(history(HISTORY), [odd]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(
      finding.sentence,
      '`orders` was invoked by queue sqs:other-account; in 199 invocations it never had this trigger.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'trigger',
        observed: 'queue sqs:other-account',
        expected: 'queue sqs:orders (100 %)',
        count: 199,
      },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.6, ['T1648']]);
  });

  it('when it is invoked directly, or over a URL it never had', () => {
    for (const [triggerKind, triggerSource] of [
      ['invoke', ''],
      ['http', 'url:abcdef'],
    ]) {
      const feed = fed(history(HISTORY), [invocation(AFTER_MS, { symbols: { triggerKind, triggerSource } })]);
      assert.equal(claims(feed, ID)[0].evidence[0].observed, `${triggerKind} ${triggerSource}`.trim());
    }
  });
});

describe('trigger.new-source stays quiet', () => {
  it('when both sources of a function fire it in turn', () => {
    const two = history(HISTORY, (at) => ({
      symbols: { triggerSource: at % 30 === 3 ? 'sqs:retries' : 'sqs:orders' },
    }));
    assertQuiet(fed(two, [invocation(AFTER_MS, { symbols: { triggerSource: 'sqs:retries' } })]));
  });

  it('in a function with a bucket for each customer', () => {
    const buckets = history(HISTORY, (at) => ({
      symbols: { triggerKind: 'object', triggerSource: `s3:customer-${at % 90}` },
    }));
    assertQuiet(
      fed(buckets, [invocation(AFTER_MS, { symbols: { triggerKind: 'object', triggerSource: 's3:customer-new' } })]),
    );
  });

  it('about a source that does not know the trigger', () => {
    const odd = invocation(AFTER_MS, { kind: 'platform', calls: [], symbols: { triggerKind: '', triggerSource: '' } });
    assertQuiet(fed(history(HISTORY), [odd]));
  });

  it('about a second source that knows less of the trigger than the first', () => {
    const both = history(HISTORY).flatMap((one) => [
      one,
      { ...one, kind: 'otel' as const, atMs: one.atMs + 2000, symbols: { status: 'ok', triggerKind: 'queue' } },
    ]);
    assertQuiet(fed(both));
  });

  it('after a short history', () => {
    assertQuiet(fed(history(40), [invocation(AFTER_MS, { symbols: { triggerSource: 'sqs:other' } })]));
  });
});
