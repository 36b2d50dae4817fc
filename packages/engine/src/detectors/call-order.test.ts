import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from '../engine.ts';
import { batchesOf, Feed, type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertExplained, EVERY_MS, invocation } from './detector.contract.ts';

const COUNT = 600;
const AFTER_MS = START_MS + COUNT * EVERY_MS + 1000;
const READ = 'dynamodb:GetItem orders dynamodb/orders';
const CHECK = 'dynamodb:Query limits dynamodb/limits';
const WRITE = 's3:PutObject invoices s3/invoices';
const SEND = 'sqs:SendMessage mails sqs/mails';
const USUAL = [READ, CHECK, WRITE, SEND];

function history(calls: (at: number) => readonly string[]): Sample[] {
  return Array.from({ length: COUNT }, (_, at) => invocation(START_MS + at * EVERY_MS, { calls: calls(at) }));
}

/** Findings of flow.order about one more invocation. */
function told(
  calls: readonly string[],
  change: Partial<Sample> = {},
  before: (at: number) => readonly string[] = () => USUAL,
) {
  const feed = new Feed();
  feed.rows(history(before));
  assert.deepEqual(feed.told, [], 'the history is quiet');
  feed.rows([invocation(AFTER_MS, { ...change, calls })]);
  const found = feed.findings.filter(({ detector, level }) => detector === 'flow.order' && level === 'finding');
  for (const one of found) assertExplained(one);
  return found;
}

describe('C3: flow.order fires', () => {
  it('when two steps are swapped, and shows the step', () => {
    const [finding] = told([READ, WRITE, CHECK, SEND]);
    assert.match(finding.evidence[0].observed, /GetItem orders, \[s3:PutObject invoices\], dynamodb:Query/);
    assert.match(finding.evidence[0].expected, /^dynamodb:GetItem orders, dynamodb:Query limits, s3:PutObject/);
  });

  it('when a step is made again', () => assert.equal(told([READ, READ, CHECK, WRITE, SEND]).length, 1));

  it('when a read that varies in number is made far more often', () => {
    const reads = (at: number) => [...Array.from({ length: 1 + (at % 3) }, () => READ), WRITE];
    const [finding] = told([...Array.from({ length: 60 }, () => READ), WRITE], {}, reads);
    assert.match(finding.sentence, /made 61 calls; in \d+ invocations at most 4\./);
  });
});

describe('C3: flow.order stays quiet', () => {
  const quiet = (...of: Parameters<typeof told>) => assert.deepEqual(told(...of), []);

  it('on the usual order', () => quiet(USUAL));

  it('on functions whose order varies by itself', () => {
    const parallel = (at: number) =>
      ((at * 7919) >> 3) % 2 === 0 ? [READ, CHECK, WRITE, SEND] : [CHECK, READ, WRITE, SEND];
    quiet([CHECK, READ, WRITE, SEND], {}, parallel);
  });

  it('on a call that was throttled and made again', () => {
    const feed = new Feed();
    feed.rows(history(() => USUAL));
    const [batch] = batchesOf([invocation(AFTER_MS, { calls: [READ, READ, CHECK, WRITE, SEND] })], 1);
    batch.columns.calls.status[0] = 503;
    feed.step({ type: 'observation', batch });
    assert.deepEqual(feed.told, []);
  });

  it('on failed invocations and on cut or sampled lists', () => {
    quiet([READ], { symbols: { status: 'error' } });
    quiet([READ, WRITE, CHECK, SEND], { flags: FLAG.callsCut });
    quiet([READ, WRITE, CHECK, SEND], { flags: FLAG.sampled });
  });

  it('on a few more of what is made in varying numbers', () => {
    const reads = (at: number) => [...Array.from({ length: 1 + (at % 5) }, () => READ), WRITE];
    quiet([...Array.from({ length: 7 }, () => READ), WRITE], {}, reads);
  });

  it('on steps to and from calls that are new: that is told by flow.new-call', () => {
    quiet([READ, 'sns:Publish news sns/news', CHECK, WRITE, SEND]);
  });
});

describe('flow.order', () => {
  it('does not depend on when the state was saved', () => {
    const rows = [
      ...history((at) => (at % 50 === 0 ? [READ, CHECK, SEND, WRITE] : USUAL)),
      invocation(AFTER_MS, { calls: [SEND, READ] }),
    ];
    const whole = new Feed();
    whole.rows(rows);
    const saved = new Feed();
    for (let from = 0; from < rows.length; from += 37) {
      saved.rows(rows.slice(from, from + 37));
      saved.engine.snapshot();
    }
    assert.deepEqual(saved.engine.snapshot(), whole.engine.snapshot());
    const restored = new Feed({}, Engine.restore(whole.engine.snapshot()));
    assert.deepEqual(restored.engine.snapshot(), whole.engine.snapshot());
  });
});
