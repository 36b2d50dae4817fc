import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { BatchBuilder } from '../event/batch-builder.ts';
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

const ID = 'egress.new-destination';
const USUAL = ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'];
const POSTS = [...USUAL, 'http:POST drop.example/x drop.example'];

/** One invocation of `FN` that sends bytes to a new place in two calls. */
function sending(feed: Feed, bytesOut: number): void {
  const builder = new BatchBuilder();
  builder.begin('sensor', AFTER_MS, 'test');
  builder.symbol('function', FN);
  builder.id('requestId', 'sending');
  for (const share of [0.25, 0.75]) {
    builder.call({
      verb: 'http:POST',
      resource: 'drop.example/x',
      destination: 'drop.example',
      bytesOut: bytesOut * share,
    });
  }
  builder.end();
  const batch = builder.finish();
  batch.columns.receivedMs[0] = AFTER_MS;
  feed.step({ type: 'observation', batch });
}

describe('egress.new-destination fires', () => {
  it('when a function contacts a place it never talked to', () => {
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls: POSTS })]), ID);
    assert.deepEqual(finding.entity, { kind: 'function', key: FN });
    assert.equal(finding.sentence, '`orders` contacted drop.example; in 199 invocations it never talked to it.');
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'destination',
        observed: 'drop.example',
        expected: 'dynamodb/orders (100 %), s3/invoices (100 %)',
        count: 199,
      },
      { parameter: 'call', observed: 'http:POST drop.example/x', expected: 'none to this destination', count: 199 },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.75, []]);
  });

  it('with the bytes sent there, and the technique they suggest', () => {
    const feed = fed(history(HISTORY));
    sending(feed, 400_000);
    const [finding] = claims(feed, ID);
    assert.equal(finding.sentence, '`orders` sent 400.0 kB to drop.example; in 199 invocations it never talked to it.');
    assert.deepEqual(
      finding.evidence.map(({ parameter, observed, expected }) => [parameter, observed, expected]),
      [
        ['destination', 'drop.example', 'dynamodb/orders (100 %), s3/invoices (100 %)'],
        ['bytes_to_destination', '400000', '0'],
        ['call', 'http:POST drop.example/x', 'none to this destination'],
      ],
    );
    assert.deepEqual(finding.techniques, ['T1567']);
  });

  it('about a bare address, which would mean more', () => {
    const calls = [...USUAL, 'tcp:connect address:public address:public'];
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls })]), ID);
    assert.equal(finding.impact, 0.85);
  });

  it('about the function behind another bucket of a service that it uses every day', () => {
    const calls = [...USUAL, 's3:PutObject loot s3/loot'];
    const finding = onlyClaim(fed(history(HISTORY), [invocation(AFTER_MS, { calls })]), ID);
    assert.equal(finding.evidence[0].observed, 's3/loot');
  });

  it('once for a place that is contacted many times an hour', () => {
    const many = Array.from({ length: 100 }, (_, at) => invocation(AFTER_MS + at * 60_000, { calls: POSTS }));
    onlyClaim(fed(history(HISTORY), many), ID);
  });
});

describe('egress.new-destination stays quiet', () => {
  it('in a function that talks to new places all the time', () => {
    const hooks = history(HISTORY, (at) => ({ calls: [...USUAL, `http:POST /hook host-${at}.example`] }));
    assertQuiet(fed(hooks, [invocation(AFTER_MS, { calls: [...USUAL, 'http:POST /hook drop.example'] })]));
  });

  it('after a short history', () => {
    assertQuiet(fed(history(40), [invocation(AFTER_MS, { calls: POSTS })]));
  });

  it('when a place is used rarely, but ever since the function is known', () => {
    const rarely = history(HISTORY, (at) => ({ calls: at % 60 === 10 ? POSTS : USUAL }));
    assertQuiet(fed(rarely, [invocation(AFTER_MS, { calls: POSTS })]));
  });

  it('when two other functions were trained to talk to the place: a third of the estate may do as they do', () => {
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: START_MS, toMs: AFTER_MS - 1, by: 'test' }, START_MS);
    const others = ['mailer', 'biller'].map((name) => `aws:1:eu-west-1:${name}`);
    const theirs: Sample[] = Array.from({ length: 50 }, (_, at) =>
      invocation(START_MS + at * EVERY_MS + 5000, {
        fn: others[at % 2],
        request: `theirs${at}`,
        calls: ['http:POST drop.example/x drop.example'],
      }),
    );
    feed.rows([...history(HISTORY), ...theirs].sort((a, b) => a.atMs - b.atMs));
    feed.rows([invocation(AFTER_MS, { calls: POSTS })]);
    assertQuiet(feed);
  });

  it('in a training span, and after it about what it showed', () => {
    const feed = fed(history(HISTORY));
    feed.control({ kind: 'training-span', fromMs: AFTER_MS, toMs: AFTER_MS + DAY_MS, by: 'test' }, AFTER_MS);
    feed.rows([invocation(AFTER_MS + 1000, { calls: POSTS })]);
    feed.rows([invocation(AFTER_MS + DAY_MS + 1000, { calls: POSTS })]);
    assertQuiet(feed);
  });

  it('about calls that say no destination', () => {
    assertQuiet(fed(history(HISTORY), [invocation(AFTER_MS, { calls: ['dynamodb:GetItem orders', USUAL[1]] })]));
  });
});
