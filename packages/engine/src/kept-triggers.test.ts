import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS, steady } from './engine-feed.ts';
import { FACET } from './event/schema.ts';
import { profilesOf } from './profile.ts';
import { CAPABILITIES, litBy } from './scoring/coverage.ts';

const FN = 'aws:1:eu-west-1:orders';
const EVERY_MS = 10_000;

/** `count` kept events of `FN` from one queue, without request ids, each with an id of its own. */
function kept(count: number, change: Partial<Sample> = {}): Sample[] {
  return Array.from({ length: count }, (_, at) => ({
    kind: 'trigger' as const,
    atMs: START_MS + at * EVERY_MS + 5,
    fn: FN,
    event: `message-${at}`,
    symbols: { triggerKind: 'queue', triggerSource: 'sqs/orders' },
    ...change,
  }));
}

/** `count` reports of the platform, which do not know the trigger. */
function reports(count: number): Sample[] {
  return steady(FN, START_MS, count, EVERY_MS).map((one) => ({
    ...one,
    kind: 'platform' as const,
    symbols: { status: 'ok' },
    calls: [],
  }));
}

function fed(...samples: readonly (readonly Sample[])[]): Feed {
  const feed = new Feed();
  feed.rows(samples.flat().sort((a, b) => a.atMs - b.atMs));
  feed.tick(START_MS + 86_400_000);
  return feed;
}

const invocationsOf = ({ engine }: Feed) => profilesOf(engine).find(({ key }) => key === FN)?.invocations ?? 0;
const minutesOf = ({ outputs }: Feed) =>
  outputs
    .flatMap(({ minutes }) => minutes)
    .reduce((sum, { rows }) => sum + rows.reduce((all, row) => all + row.count, 0), 0);

describe('kept trigger events', () => {
  it('are the invocations of a function of which nothing else is known', () => {
    assert.equal(invocationsOf(fed(kept(50))), 50);
  });

  it('do not count again what another source tells of', () => {
    const logs = reports(50);
    const both = fed(logs, kept(50));
    assert.equal(invocationsOf(both), 50);
    assert.equal(minutesOf(both), minutesOf(fed(logs)));
  });

  it('join the other facets of their invocation where they know its request id', () => {
    const logs = reports(50);
    const events = kept(50).map((one, at) => ({ ...one, request: logs[at].request ?? '' }));
    assert.equal(invocationsOf(fed(logs, events)), 50);
  });

  it('count once when they were read twice, and a copied id does not hide another source', () => {
    const again = kept(50).map((one) => ({ ...one, atMs: one.atMs + 600_000 }));
    const twice = fed(kept(50), again);
    assert.equal(invocationsOf(twice), 50);
    assert.equal(
      twice.engine.stageOne.reduce((sum, { counts }) => sum + counts.duplicates, 0),
      50,
    );
    const other = {
      ...kept(1)[0],
      atMs: START_MS + 990_000,
      symbols: { triggerKind: 'queue', triggerSource: 'sqs/other' },
    };
    assert.deepEqual(fed(kept(90), [other]).told, [`trigger.new-source ${FN}`]);
  });

  it('make a finding of a source that never fired the function, beside other sources too', () => {
    const logs = reports(200);
    const odd = {
      ...kept(1)[0],
      event: 'odd',
      atMs: START_MS + 201 * EVERY_MS,
      symbols: { triggerKind: 'topic', triggerSource: 'sns/news' },
    };
    assert.deepEqual(fed(kept(200), [odd]).told, [`trigger.new-source ${FN}`]);
    assert.deepEqual(fed(logs, kept(200), [odd]).told, [`trigger.new-source ${FN}`]);
  });

  it('light nothing but the trigger, and that in part', () => {
    const lit = CAPABILITIES.filter((one) => litBy(one, 1 << FACET.trigger) !== 'dark');
    assert.deepEqual(
      lit.map(({ name }) => [name, litBy(lit[0], 1 << FACET.trigger)]),
      [['trigger source and caller', 'partial']],
    );
  });
});
