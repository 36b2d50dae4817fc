import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from '../engine.ts';
import { batchesOf, Feed, type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { Draws } from '../stats/draws.ts';
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
    assert.match(finding.evidence[0].observed, /GetItem orders -> \[s3:PutObject invoices\] -> dynamodb:Query/);
    assert.match(finding.evidence[0].expected, /^dynamodb:GetItem orders -> dynamodb:Query limits -> s3:PutObject/);
  });

  it('when the work ends in the middle, with a call made twice in place of the last', () => {
    const [finding] = told([READ, CHECK, WRITE, READ], {}, (at) => (at % 3 === 0 ? [READ, CHECK, WRITE] : USUAL));
    assert.match(
      finding.sentence,
      /ended after dynamodb:GetItem orders, which is not how it worked in \d+ invocations\.$/,
    );
  });

  it('when every step is one it sometimes takes, but never all in one invocation', () => {
    // Five routes of five steps; a stranger's invocation mixes the steps of all of them.
    const step = (route: number, at: number) => `dynamodb:Get${at} t${route} dynamodb/t`;
    const route = (at: number) => Array.from({ length: 5 }, (_, place) => step(at % 5, place));
    const mixed = Array.from({ length: 5 }, (_, place) => step((place * 2 + 1) % 5, place));
    assert.equal(told(mixed, {}, route).length, 1);
  });
});

describe('C3: flow.order stays quiet', () => {
  const quiet = (...of: Parameters<typeof told>) => assert.deepEqual(told(...of), []);

  it('on the usual order', () => quiet(USUAL));

  it('on an early return, of a request that was refused', () => {
    const either = (at: number) => (at % 2 === 0 ? [READ, WRITE] : [CHECK, SEND]);
    quiet([], {}, either);
  });

  it('on a call made again, as clients do when they retry or fetch the next page', () => {
    quiet([READ, READ, CHECK, WRITE, SEND]);
    quiet([READ, CHECK, CHECK, CHECK, WRITE, SEND]);
  });

  it('on the first batch of more records than one', () => {
    quiet([...USUAL, ...USUAL, ...USUAL]);
    quiet([READ, CHECK, READ, CHECK, WRITE, SEND], {}, (at) =>
      at % 2 === 0 ? [READ, CHECK, WRITE, SEND] : [READ, CHECK],
    );
  });

  it('on calls that ran side by side', () => {
    const feed = new Feed();
    feed.rows(history(() => USUAL));
    const [batch] = batchesOf([invocation(AFTER_MS, { calls: [READ, WRITE, CHECK, SEND] })], 1);
    for (const [at, offset] of [0, 10, 10, 40].entries()) {
      batch.columns.calls.offsetMs[at] = offset;
      batch.columns.calls.durationMs[at] = at === 0 || at === 3 ? 5 : 20;
    }
    // The write began before the check had ended, and the check after the write: nobody waits for the other.
    batch.columns.calls.offsetMs[1] = 1;
    feed.step({ type: 'observation', batch });
    assert.deepEqual(feed.told, []);
  });

  it('on functions whose order varies by itself', () => {
    const parallel = (at: number) =>
      ((at * 7919) >> 3) % 2 === 0 ? [READ, CHECK, WRITE, SEND] : [CHECK, READ, WRITE, SEND];
    quiet([CHECK, READ, WRITE, SEND], {}, parallel);
  });

  it('on one more way of a function that shows new ways all the time', () => {
    // Every 25 invocations an order of six calls that was never there before.
    const draws = new Draws(11);
    const orders = Array.from({ length: 25 }, () => {
      const order = Array.from({ length: 6 }, (_, at) => ({
        call: `dynamodb:Get${at} t${at} dynamodb/t`,
        at: draws.uniform(),
      }));
      return order.sort((a, b) => a.at - b.at).map(({ call }) => call);
    });
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: START_MS, toMs: AFTER_MS - 1, by: 'test' }, START_MS);
    feed.rows(history((at) => orders[Math.floor(at / 25)]));
    feed.rows([invocation(AFTER_MS, { calls: orders[24] })]);
    assert.deepEqual(feed.told, []);
  });

  it('in a function with more ways than fit into its memory', () => {
    const step = (route: number, at: number) => `dynamodb:Get${at} t${route} dynamodb/t`;
    quiet([step(0, 1), step(3, 0), step(5, 4)], {}, (at) =>
      Array.from({ length: 6 }, (_, place) => step(at % 12, place)),
    );
  });

  it('in the first fifty invocations', () => {
    const feed = new Feed();
    feed.rows(history(() => USUAL).slice(0, 45));
    feed.rows([invocation(AFTER_MS, { calls: [SEND, WRITE, CHECK, READ] })]);
    assert.deepEqual(feed.told, []);
  });

  it('on failed invocations and on cut or sampled lists', () => {
    quiet([READ], { symbols: { status: 'error' } });
    quiet([READ, WRITE, CHECK, SEND], { flags: FLAG.callsCut });
    quiet([READ, WRITE, CHECK, SEND], { flags: FLAG.sampled });
  });

  it('on steps to and from calls that are new: that is told by flow.new-call', () => {
    quiet([READ, 'sns:Publish news sns/news', CHECK, WRITE, SEND]);
  });

  it('on a usual call that is missing: that is told by flow.missing-call', () => {
    quiet([READ, WRITE, SEND]);
  });
});

describe('flow.order learns', () => {
  it('nothing from what is strange, until it came on three days', () => {
    const odd = [READ, WRITE, CHECK, SEND];
    const toldOn = (days: readonly number[]) => {
      const feed = new Feed();
      feed.rows(history(() => USUAL));
      for (const day of days) {
        const dayMs = AFTER_MS + day * 86_400_000;
        feed.rows(
          Array.from({ length: 20 }, (_, at) => invocation(dayMs + at * EVERY_MS, { calls: at < 10 ? odd : USUAL })),
        );
      }
      return feed.findings.filter(({ detector, level }) => detector === 'flow.order' && level === 'finding').length;
    };
    assert.equal(toldOn([0]), 1);
    assert.equal(toldOn([0, 3]), 2, 'it is told again when the incident is over');
    assert.ok(toldOn([0, 3, 6, 9, 12, 15]) <= 3, 'what comes day after day is no longer strange');
  });

  it('a new way of working soon after a deployment, and says when it was deployed', () => {
    const feed = new Feed();
    feed.rows(history(() => USUAL).map((one) => ({ ...one, symbols: { ...one.symbols, revision: 'a' } })));
    const after = { symbols: { revision: 'b' } };
    feed.rows([invocation(AFTER_MS, { ...after, calls: USUAL, request: 'deployed' })]);
    feed.rows([invocation(AFTER_MS + EVERY_MS, { ...after, calls: [READ, WRITE, CHECK, SEND] })]);
    const [finding] = feed.findings.filter(({ detector }) => detector === 'flow.order');
    const [plain] = told([READ, WRITE, CHECK, SEND]);
    assert.ok(finding.maturity < plain.maturity && finding.score < plain.score, `${finding.score} < ${plain.score}`);
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
