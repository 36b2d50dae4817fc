import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, ODD_CALLS, type Sample, START_MS, steady } from './engine-feed.ts';

const A = 'aws:1:eu-west-1:orders';
const revised = (samples: readonly Sample[], revision: string): Sample[] =>
  samples.map((one) => ({ ...one, symbols: { ...one.symbols, revision } }));

describe('after a deployment', () => {
  const calls = (after: number): Feed => {
    const feed = new Feed();
    feed.rows(revised(steady(A, START_MS, 300), '1'));
    feed.rows(revised(steady(A, START_MS + 4_000_000, after), '2'));
    feed.rows(revised([{ ...steady(A, START_MS + 9_000_000, 1)[0], calls: ODD_CALLS }], '2'));
    return feed;
  };

  it('a new destination is still told, with less confidence and the reason for it', () => {
    const [soon, late] = [calls(0), calls(100)].map((feed) => feed.findings[0]);
    assert.equal(soon.detector, 'egress.new-destination');
    assert.match(soon.notes.join(), /first invocation after a deployment/);
    assert.deepEqual(late.notes, []);
    assert.ok(soon.confidence < 0.7 * late.confidence);
    assert.ok(soon.risk > 0.5 * soon.impact);
  });

  it('nothing is said of a new revision that behaves like the old one', () => {
    const feed = new Feed();
    feed.rows(revised(steady(A, START_MS, 300), '1'));
    feed.rows(revised(steady(A, START_MS + 4_000_000, 300), '2'));
    assert.deepEqual(feed.findings, []);
  });
});

describe('an incident closed as expected', () => {
  it('teaches what its findings were about', () => {
    const feed = new Feed();
    feed.rows(steady(A, START_MS, 200));
    const odd = (atMs: number) => feed.rows([{ ...steady(A, atMs, 1)[0], calls: ODD_CALLS }]);
    odd(START_MS + 2_100_000);
    const incident = feed.outputs.flatMap((one) => one.incidents)[0].id;
    const closed = { kind: 'incident-state', incident, state: 'closed-expected', by: 'test' } as const;
    feed.control(closed, START_MS + 2_200_000);
    for (let day = 1; day < 4; day++) odd(START_MS + day * 90_000_000);
    assert.equal(feed.told.length, 1);
  });
});
