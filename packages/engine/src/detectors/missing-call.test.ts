import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG } from '../event/schema.ts';
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

const ID = 'flow.missing-call';
const USUAL = ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'];

describe('flow.missing-call fires', () => {
  it('when an invocation succeeds without a call that was part of all of them', () => {
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls: [USUAL[1]] })]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(
      finding.sentence,
      '`orders` finished without dynamodb:GetItem orders, which was part of all 199 invocations.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'call',
        observed: '1 call without dynamodb:GetItem orders',
        expected: 'dynamodb:GetItem orders in 100 % of invocations',
        count: 199,
      },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.5, []]);
  });

  it('for each of the calls when an invocation makes none', () => {
    const found = claims(fed(history(HISTORY), [invocation(AFTER_MS, { calls: [] })]), ID);
    assert.deepEqual(
      found.map(({ evidence }) => evidence[0].observed),
      ['no calls', 'no calls'],
    );
    assert.deepEqual(
      found.map(({ sentence }) => sentence.slice(0, 60)),
      [
        '`orders` finished without dynamodb:GetItem orders, which was',
        '`orders` finished without s3:PutObject invoices, which was p',
      ].map((text) => text.slice(0, 60)),
    );
  });

  it('when the call is one that the function began to make later', () => {
    const before = history(HISTORY).map((sample) => ({ ...sample, calls: [USUAL[1]] }));
    const after = history(HISTORY).map((sample, at) => {
      const atMs = AFTER_MS + at * EVERY_MS;
      return { ...sample, atMs, eventMs: atMs, request: `later-${at}`, calls: USUAL };
    });
    const end = AFTER_MS + HISTORY * EVERY_MS;
    const feed = fed(before);
    feed.control({ kind: 'training-span', fromMs: AFTER_MS, toMs: end - 1, by: 'test' }, AFTER_MS);
    feed.rows([...after, invocation(end, { calls: [USUAL[1]] })]);
    const found = claims(feed, ID);
    assert.deepEqual(
      found.map(({ sentence }) => sentence),
      ['`orders` finished without dynamodb:GetItem orders, which was part of all 200 invocations.'],
    );
  });

  it('when other calls stand where the usual one was', () => {
    const calls = [USUAL[0], USUAL[0], USUAL[0]];
    assert.equal(claims(fed(history(HISTORY), [invocation(AFTER_MS, { calls })]), ID).length, 1);
  });

  it('about a call that is part of nearly all invocations', () => {
    const nearly = history(400, (at) => ({ calls: at === 333 ? [USUAL[0]] : USUAL }));
    const feed = fed(nearly, [invocation(AFTER_MS + HISTORY * EVERY_MS + 2 * 86_400_000, { calls: [USUAL[0]] })]);
    const found = claims(feed, ID);
    // The first absence was told as well: it was in all 332 invocations before.
    assert.deepEqual(
      found.map(({ evidence }) => evidence[0].count),
      [332],
    );
  });
});

describe('flow.missing-call stays quiet', () => {
  const cases: readonly [string, ReturnType<typeof invocation>][] = [
    ['when the invocation failed', invocation(AFTER_MS, { calls: [], symbols: { status: 'error' } })],
    ['when it timed out', invocation(AFTER_MS, { calls: [USUAL[0]], symbols: { status: 'timeout' } })],
    ['when the list of calls was cut', invocation(AFTER_MS, { calls: [USUAL[0]], flags: FLAG.callsCut })],
    ['when the source samples', invocation(AFTER_MS, { calls: [USUAL[0]], flags: FLAG.sampled })],
    ['when a sandbox only started', invocation(AFTER_MS, { calls: [], flags: FLAG.init })],
    ['when the source cannot see calls', invocation(AFTER_MS, { kind: 'platform', calls: [] })],
  ];
  for (const [what, odd] of cases) {
    it(what, () => assertQuiet(fed(history(HISTORY), [odd])));
  }

  it('about a call that is left out now and then', () => {
    const cached = history(HISTORY, (at) => ({ calls: at % 12 === 5 ? [USUAL[1]] : USUAL }));
    assertQuiet(fed(cached, [invocation(AFTER_MS, { calls: [USUAL[1]] })]));
  });

  it('after a short history', () => {
    assertQuiet(fed(history(45), [invocation(AFTER_MS, { calls: [] })]));
  });

  it('about a second source that sees fewer calls than the first', () => {
    const later = Array.from({ length: 40 }, (_, at) => {
      const one = invocation(AFTER_MS + at * EVERY_MS, { request: `both-${at}` });
      return [one, { ...one, kind: 'xray' as const, atMs: one.atMs + 4000, calls: [USUAL[0]] }];
    });
    assertQuiet(fed(history(HISTORY), later.flat()));
  });

  it('after a burst of failures, about the first invocation that succeeds', () => {
    const failures = Array.from({ length: 50 }, (_, at) =>
      invocation(AFTER_MS + at * 1000, { request: `f${at}`, calls: [USUAL[0]], symbols: { status: 'error' } }),
    );
    assertQuiet(fed(history(HISTORY), failures, [invocation(AFTER_MS + 60_000)]));
  });
});
