import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed } from '../engine-feed.ts';
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

const ID = 'health.conflicting-copy';
const one = invocation(AFTER_MS, { request: 'r-1', eventMs: AFTER_MS });
/** The same record once more, received a little later, changed as a case needs it. */
const again = (change: Parameters<typeof invocation>[1], afterMs = 500) => ({
  ...one,
  atMs: AFTER_MS + afterMs,
  ...change,
});

describe('health.conflicting-copy fires', () => {
  it('when two records of one invocation differ in a number', () => {
    const finding = onlyClaim(fed(history(HISTORY), [one, again({ numbers: { durationMs: 9 } })]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(
      finding.sentence,
      'A second record of request r-1 of `orders` differs from the first; only the first was learned.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'record',
        observed: 'a second record that differs',
        expected: 'one record, or equal copies',
        count: 1,
      },
    ]);
    assert.deepEqual([finding.impact, finding.techniques, finding.family], [0.6, ['T1562.008'], 'health']);
  });

  it('when they differ in the calls, which may be what one of them hides', () => {
    const feed = fed(history(HISTORY), [one, again({ calls: ['dynamodb:GetItem orders dynamodb/orders'] })]);
    assert.equal(claims(feed, ID).length, 1);
    assert.equal(feed.engine.stageOne[0].counts.conflicts, 1);
  });

  it('about a function without any history', () => {
    assert.equal(claims(fed([one, again({ symbols: { status: 'error' } })]), ID).length, 1);
  });
});

describe('health.conflicting-copy stays quiet', () => {
  it('when a delivery comes twice, even much later', () => {
    const feed = fed(history(HISTORY), [one, again({}), again({}, 900_000)]);
    assertQuiet(feed);
    assert.equal(feed.engine.stageOne[0].counts.duplicates, 2);
  });

  it('when another source describes the same invocation in other numbers', () => {
    assertQuiet(fed(history(HISTORY), [one, again({ kind: 'platform', calls: [], numbers: { durationMs: 61.3 } })]));
  });

  it('when the platform tries again a minute later, and it ends otherwise', () => {
    const retry = again({ eventMs: AFTER_MS + 60_000, symbols: { ...one.symbols, status: 'error' } }, 60_500);
    assertQuiet(fed(history(HISTORY), [one, retry]));
  });

  it('when two functions use the same request id', () => {
    const other = again({ fn: 'aws:1:eu-west-1:mailer', numbers: { durationMs: 5 } });
    assertQuiet(fed(history(HISTORY), [one, other]));
  });

  it('in a training span', () => {
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: 0, toMs: AFTER_MS + 1e6, by: 'test' }, AFTER_MS);
    feed.rows([one, again({ numbers: { durationMs: 9 } })]);
    assertQuiet(feed);
  });
});
