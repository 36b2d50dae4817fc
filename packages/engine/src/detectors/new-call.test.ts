import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG } from '../event/schema.ts';
import { profilesOf } from '../profile.ts';
import {
  AFTER_MS,
  assertQuiet,
  claims,
  DAY_MS,
  EVERY_MS,
  FN,
  fed,
  HISTORY,
  history,
  invocation,
  onlyClaim,
} from './detector.contract.ts';

const ID = 'flow.new-call';
const USUAL = ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'];
const DELETES = [...USUAL, 's3:DeleteObject invoices s3/invoices'];

describe('flow.new-call fires', () => {
  it('when a function does to a known place what it never did', () => {
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls: DELETES })]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(
      finding.sentence,
      '`orders` called s3:DeleteObject invoices; in 199 invocations it never made this call.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'call',
        observed: 's3:DeleteObject invoices',
        expected: 'dynamodb:GetItem orders (100 %), s3:PutObject invoices (100 %)',
        count: 199,
      },
      { parameter: 'data_access', observed: 'delete s3/invoices', expected: 'never', count: 199 },
    ]);
    // What is deleted cannot be read again.
    assert.deepEqual([finding.impact, finding.techniques], [0.8, ['T1485']]);
  });

  it('when a function starts a program, which would mean more', () => {
    const calls = [...USUAL, 'exec:curl'];
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls })]), ID);
    assert.equal(finding.sentence, '`orders` started `curl`; in 199 invocations it never started this program.');
    assert.deepEqual([finding.evidence[0].parameter, finding.evidence[0].observed], ['child_process', 'exec:curl']);
    assert.deepEqual([finding.impact, finding.techniques], [0.9, ['T1059']]);
  });

  it('in a failed invocation too', () => {
    const odd = invocation(AFTER_MS, { calls: DELETES, symbols: { status: 'error' } });
    assert.equal(claims(fed(history(HISTORY), [odd]), ID).length, 1);
  });

  it('once, however often one invocation makes the call', () => {
    const calls = [...USUAL, ...new Array<string>(50).fill('s3:DeleteObject invoices s3/invoices')];
    const feed = fed(history(HISTORY), [invocation(AFTER_MS, { calls })]);
    onlyClaim(feed, ID);
    assert.equal(feed.engine.stageTwo.verdicts.suppression.suppressed, 0, 'the other 49 were not even scored');
  });

  it('again the next day, and no more once the call was made on three days', () => {
    const later = [0, 1, 2, 3, 4].map((day) => invocation(AFTER_MS + day * (DAY_MS + 5000), { calls: DELETES }));
    const found = claims(fed(history(HISTORY), later), ID);
    assert.equal(found.length, 3);
    assert.equal(
      found[2].sentence,
      '`orders` called s3:DeleteObject invoices; it made this call only recently, never in the 199 invocations learned before that.',
    );
  });

  it('when a function that was looked at before, which was told of, is then invoked', () => {
    const admin = 'aws:1:eu-west-1:admin';
    const looks = [...USUAL, `lambda:GetFunction ${admin} lambda/${admin}`];
    const invokes = [...USUAL, `lambda:Invoke ${admin} lambda/${admin}`];
    const feed = fed(history(HISTORY), [
      invocation(AFTER_MS, { calls: looks }),
      invocation(AFTER_MS + EVERY_MS, { calls: invokes }),
    ]);
    assert.equal(claims(feed, 'egress.new-destination').length, 1);
    const [finding] = claims(feed, ID);
    assert.equal(finding.evidence[0].observed, `lambda:Invoke ${admin}`);
  });
});

describe('flow.new-call stays quiet', () => {
  it('when the place is new as a whole: that is told once', () => {
    const calls = [...USUAL, 'http:POST drop.example/x drop.example'];
    const feed = fed(history(HISTORY), [invocation(AFTER_MS, { calls })]);
    assert.deepEqual(feed.told, [`egress.new-destination ${FN}`]);
  });

  it('when further routes of a place follow that was told of', () => {
    const routes = Array.from({ length: 4 }, (_, at) =>
      invocation(AFTER_MS + at * EVERY_MS, { calls: [...USUAL, `http:POST drop.example/${'abcd'[at]} drop.example`] }),
    );
    assert.deepEqual(fed(history(HISTORY), routes).told, [`egress.new-destination ${FN}`]);
  });

  it('in a function whose calls change all the time', () => {
    const varied = history(HISTORY, (at) => ({ calls: [`dynamodb:GetItem table-${at % 70} dynamodb/orders`] }));
    assertQuiet(fed(varied, [invocation(AFTER_MS, { calls: ['dynamodb:GetItem table-99 dynamodb/orders'] })]));
  });

  it('after a short history', () => {
    assertQuiet(fed(history(40), [invocation(AFTER_MS, { calls: DELETES })]));
  });

  it('during a burst of cold starts that do the same as ever', () => {
    const burst = Array.from({ length: 60 }, (_, at) =>
      invocation(AFTER_MS + at * 100, { request: `burst-${at}`, flags: FLAG.cold, calls: USUAL }),
    );
    assertQuiet(fed(history(HISTORY), burst));
  });

  it('after a deployment that does the same as ever', () => {
    const before = history(HISTORY, () => ({ symbols: { revision: '1' } }));
    const after = Array.from({ length: 30 }, (_, at) =>
      invocation(AFTER_MS + at * EVERY_MS, { calls: USUAL, symbols: { revision: '2' } }),
    );
    assertQuiet(fed(before, after));
  });

  it('when an invocation fails half way', () => {
    assertQuiet(fed(history(HISTORY), [invocation(AFTER_MS, { calls: [USUAL[0]], symbols: { status: 'error' } })]));
  });

  it('when another source beside the sensor names calls in its own way', () => {
    const both = history(HISTORY).flatMap((one) => [
      one,
      {
        ...one,
        kind: 'xray' as const,
        atMs: one.atMs + 2000,
        calls: ['DynamoDB:getItem orders dynamodb/orders', USUAL[1]],
      },
    ]);
    assertQuiet(fed(both));
  });
});

describe('flow.new-call learns', () => {
  it('no call to a new place while the incident about it is open', () => {
    const calls = [...USUAL, 'http:POST drop.example/x drop.example'];
    const odd = Array.from({ length: 6 }, (_, at) => invocation(AFTER_MS + at * EVERY_MS, { calls }));
    const feed = fed(history(HISTORY), odd);
    assert.equal(claims(feed, 'egress.new-destination').length, 1);
    const [profile] = profilesOf(feed.engine);
    const counts = new Map(profile.calls.map(({ text, count }) => [text, count]));
    assert.equal(counts.get('http:POST drop.example/x'), 1);
    assert.equal(counts.get('s3:PutObject invoices'), HISTORY + 5);
  });
});
