import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertExplained, EVERY_MS, invocation } from './detector.contract.ts';

const COUNT = 300;
const AFTER_MS = START_MS + COUNT * EVERY_MS + 1000;
const READ = 'dynamodb:GetItem orders dynamodb/orders';
const WRITE = 's3:PutObject invoices s3/invoices';

const times = (call: string, count: number) => Array.from({ length: count }, () => call);

/** Findings of flow.repeats about one more invocation. */
function told(
  calls: readonly string[],
  before: (at: number) => Partial<Sample> = () => ({ calls: [READ, WRITE] }),
  change: Partial<Sample> = {},
) {
  const feed = new Feed();
  feed.rows(Array.from({ length: COUNT }, (_, at) => invocation(START_MS + at * EVERY_MS, before(at))));
  assert.deepEqual(feed.told, [], 'the history is quiet');
  feed.rows([invocation(AFTER_MS, { ...change, calls })]);
  const found = feed.findings.filter(({ detector, level }) => detector === 'flow.repeats' && level === 'finding');
  for (const one of found) assertExplained(one);
  return found;
}

describe('C3: flow.repeats fires', () => {
  it('when a table is read forty times where it was read once', () => {
    const [finding] = told([...times(READ, 40), WRITE]);
    assert.equal(
      finding.sentence,
      '`orders` made the call dynamodb:GetItem orders 40 times in one invocation; in 293 invocations it made it at most 1 time.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'calls_per_invocation',
        observed: '40 x dynamodb:GetItem orders',
        expected: 'at most 1 x dynamodb:GetItem orders',
        count: 293,
      },
    ]);
  });

  it('when a number that varies is far beyond all before', () => {
    assert.equal(
      told([...times(READ, 100), WRITE], (at) => ({ calls: [...times(READ, 1 + (at % 3)), WRITE] })).length,
      1,
    );
  });

  it('when the only call of a function is repeated and its event brought one record, as always', () => {
    const before = () => ({ calls: [READ], numbers: { batchSize: 1 } });
    assert.equal(told(times(READ, 40), before, { numbers: { batchSize: 1 } }).length, 1);
  });

  it('when so many calls are made that their list is cut', () => {
    assert.equal(told(times(READ, 128), undefined, { flags: FLAG.callsCut }).length, 1);
  });
});

describe('C3: flow.repeats stays quiet', () => {
  const quiet = (...of: Parameters<typeof told>) => assert.deepEqual(told(...of), []);

  it('on retries and pages', () => quiet([...times(READ, 4), WRITE]));

  it('on a batch of fifty records where one was usual', () => {
    quiet(Array.from({ length: 100 }, (_, at) => (at % 2 === 0 ? READ : WRITE)));
    const before = () => ({ calls: [READ], numbers: { batchSize: 1 } });
    quiet(times(READ, 50), before, { numbers: { batchSize: 50 } });
  });

  it('on a few more of what comes in varying numbers', () => {
    quiet([...times(READ, 14), WRITE], (at) => ({ calls: [...times(READ, 1 + ((at * 7) % 11)), WRITE] }));
  });

  it('on functions that ran a few times only', () => {
    const feed = new Feed();
    feed.rows(Array.from({ length: 40 }, (_, at) => invocation(START_MS + at * EVERY_MS, { calls: [READ, WRITE] })));
    feed.rows([invocation(AFTER_MS, { calls: [...times(READ, 60), WRITE] })]);
    assert.deepEqual(
      feed.told.filter((one) => one.startsWith('flow.')),
      [],
    );
  });
});

describe('flow.repeats', () => {
  it('does not learn the repeats that it finds strange', () => {
    const feed = new Feed();
    feed.rows(Array.from({ length: COUNT }, (_, at) => invocation(START_MS + at * EVERY_MS, { calls: [READ, WRITE] })));
    const odd = [...times(READ, 60), WRITE];
    feed.rows([invocation(AFTER_MS, { calls: odd })]);
    feed.rows([invocation(AFTER_MS + 2 * 86_400_000, { calls: [...times(READ, 50), WRITE] })]);
    assert.equal(feed.told.filter((one) => one.startsWith('flow.repeats')).length, 2);
  });
});
