import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AFTER_MS,
  assertQuiet,
  claims,
  EVERY_MS,
  FN,
  fed,
  HISTORY,
  history,
  invocation,
  onlyClaim,
} from './detector.contract.ts';

const ID = 'flow.new-error';
const failing = (atMs: number, errorType: string) => invocation(atMs, { symbols: { status: 'error', errorType } });
const LONG = 5200;
const LATE_MS = AFTER_MS + LONG * EVERY_MS;

describe('flow.new-error fires', () => {
  it('when a function fails in a new way after thousands of invocations', () => {
    const finding = onlyClaim(fed(history(LONG), [failing(LATE_MS, 'EvalError')]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(finding.sentence, '`orders` failed with EvalError; in 5199 invocations it never failed like this.');
    assert.deepEqual(finding.evidence, [
      { parameter: 'error_type', observed: 'EvalError', expected: 'none', count: 5199 },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.3, []]);
  });

  it('at the watch level before that', () => {
    const feed = fed(history(HISTORY), [failing(AFTER_MS, 'EvalError')]);
    assertQuiet(feed);
    const later = fed(history(LONG / 2), [failing(LATE_MS, 'EvalError')]);
    assertQuiet(later);
    assert.deepEqual(
      later.findings.map(({ detector, level }) => [detector, level]),
      [[ID, 'watch']],
    );
  });
});

describe('flow.new-error stays quiet', () => {
  it('about an error the function shows now and then', () => {
    const sometimes = history(LONG, (at) =>
      at % 500 === 30 ? { symbols: { status: 'error', errorType: 'TimeoutError' } } : {},
    );
    const feed = fed(sometimes, [failing(LATE_MS, 'TimeoutError')]);
    assert.deepEqual(claims(feed, ID), []);
  });

  it('in a function that fails in many ways', () => {
    const fragile = history(LONG, (at) =>
      at % 400 === 30 ? { symbols: { status: 'error', errorType: `Error${at}` } } : {},
    );
    assertQuiet(fed(fragile, [failing(LATE_MS, 'EvalError')]));
  });

  it('about an error that two sources name differently', () => {
    const fails = (at: number) => at % 40 === 30;
    const sensor = history(LONG, (at) => (fails(at) ? { symbols: { status: 'error', errorType: 'TypeError' } } : {}));
    const platform = sensor.map((one, at) => ({
      ...one,
      kind: 'platform' as const,
      atMs: one.atMs + 2000,
      calls: [],
      symbols: fails(at) ? { status: 'error', errorType: 'Runtime.Unhandled' } : { status: 'ok' },
    }));
    assertQuiet(fed(sensor, platform));
  });

  it('about a burst of failures without a type', () => {
    const burst = Array.from({ length: 50 }, (_, at) =>
      invocation(LATE_MS + at * 100, { request: `b${at}`, symbols: { status: 'error' } }),
    );
    assertQuiet(fed(history(HISTORY), burst));
  });
});
