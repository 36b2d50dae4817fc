import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { Feed, type Sample, START_MS } from './engine-feed.ts';

const FRONT = 'aws:1:eu-west-1:front';
const WORKER = 'aws:1:eu-west-1:worker';
const MINUTE_MS = 60_000;
/** Minutes of ordinary traffic before anything happens. */
const HISTORY = 300;

/** A minute in which the front sends `sent` messages, and the worker runs `worked` times. */
function minute(at: number, sent: number, worked: number): Sample[] {
  const rows: Sample[] = [];
  for (let one = 0; one < sent; one++) {
    rows.push({
      atMs: START_MS + at * MINUTE_MS + Math.floor((one * 50_000) / sent),
      fn: FRONT,
      request: `front-${at}-${one}`,
      numbers: { durationMs: 40 + (one % 7) },
      symbols: { status: 'ok', triggerKind: 'http', triggerSource: 'POST /orders' },
      calls: ['sqs:SendMessage orders sqs/orders'],
    });
  }
  for (let one = 0; one < worked; one++) {
    rows.push({
      atMs: START_MS + at * MINUTE_MS + 5000 + Math.floor((one * 50_000) / worked),
      fn: WORKER,
      request: `worker-${at}-${one}`,
      numbers: { durationMs: 90 + (one % 9) },
      symbols: { status: 'ok', triggerKind: 'queue', triggerSource: 'sqs/orders' },
      calls: ['dynamodb:PutItem orders dynamodb/orders'],
    });
  }
  return rows.sort((a, b) => a.atMs - b.atMs);
}

/** Messages of an ordinary minute: by day and night, with some noise. */
const usual = (at: number) => 3 + Math.round(2 * Math.sin(at / 40)) + ((at * 7919) % 3);

function afterHistory(): Feed {
  const feed = new Feed();
  for (let at = 0; at < HISTORY; at++) feed.rows(minute(at, usual(at), usual(at)));
  return feed;
}

/** Findings of families of load after minutes in which `factors` says how much more is sent and worked. */
function told(feed: Feed, factors: { sent: number; worked: number }): string[] {
  for (let at = HISTORY; at < HISTORY + 20; at++) {
    feed.rows(minute(at, usual(at) * factors.sent, usual(at) * factors.worked));
  }
  feed.tick(START_MS + (HISTORY + 21) * MINUTE_MS);
  return feed.told.filter((one) => one.startsWith('rate.'));
}

describe('C6: load beside what fires it', () => {
  it('is no intrusion where a burst is explained by what the callers sent', () => {
    const found = told(afterHistory(), { sent: 20, worked: 20 });
    assert.deepEqual(
      found.filter((one) => one.endsWith('worker')),
      [],
    );
  });

  it('is a finding where it is not, which states the unexplained excess', () => {
    const feed = afterHistory();
    assert.ok(told(feed, { sent: 1, worked: 20 }).includes(`rate.unexplained ${WORKER}`));
    const [finding] = feed.findings.filter(({ detector }) => detector === 'rate.unexplained');
    assert.match(finding.sentence, /`worker` ran \d+ times in 10 minutes; .* account for \d+, \d+ are unexplained\./);
    assert.equal(finding.evidence[1].parameter, 'unexplained_invocations');
    assert.ok(Number(finding.evidence[1].observed) > 50);
  });

  it('is quiet in ordinary traffic, and where nobody sees what fires a function', () => {
    assert.deepEqual(told(afterHistory(), { sent: 1, worked: 1 }), []);
    const feed = new Feed();
    for (let at = 0; at < HISTORY; at++) feed.rows(minute(at, 0, usual(at)));
    assert.ok(!told(feed, { sent: 0, worked: 20 }).includes(`rate.unexplained ${WORKER}`));
  });

  it('says the same in one and in four partitions, and after a restart', () => {
    const whole = afterHistory();
    const restarted = new Feed({}, Engine.restore(whole.engine.snapshot()));
    const parted = new Feed({ partitions: 4 });
    for (let at = 0; at < HISTORY; at++) parted.rows(minute(at, usual(at), usual(at)));
    const expected = told(whole, { sent: 1, worked: 20 });
    assert.deepEqual(told(restarted, { sent: 1, worked: 20 }), expected);
    assert.deepEqual(told(parted, { sent: 1, worked: 20 }), expected);
  });
});
