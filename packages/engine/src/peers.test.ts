import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { Feed, type Sample, START_MS } from './engine-feed.ts';
import { profilesOf } from './profile.ts';
import { Draws } from './stats/draws.ts';

const HOUR_MS = 3_600_000;
const KINDS = {
  thumbnail: { duration: 900, memory: 400, trigger: 'object', call: 's3:GetObject' },
  checkout: { duration: 20, memory: 80, trigger: 'http', call: 'dynamodb:PutItem' },
} as const;
type Kind = keyof typeof KINDS;

/** Invocations of `functions` functions of each kind, each with a store of its own; `instance` names the sandbox. */
function estate(functions: number, instance: (at: number) => string = () => 'one'): Sample[] {
  const draws = new Draws(3);
  const names = (Object.keys(KINDS) as Kind[]).flatMap((kind) =>
    Array.from({ length: functions }, (_, at) => ({
      kind,
      fn: `aws:1:eu-west-1:${kind}-${at}`,
      store: `${kind}${at}`,
    })),
  );
  const samples: Sample[] = [];
  for (let at = 0; at < 60; at++) {
    for (const [place, { kind, fn, store }] of names.entries()) {
      const { duration, memory, trigger, call } = KINDS[kind];
      samples.push({
        atMs: START_MS + at * 30_000 + place * 100,
        fn,
        request: `${fn}-${at}`,
        numbers: { durationMs: draws.lognormal(duration, 0.2), memoryMb: draws.lognormal(memory, 0.02) },
        symbols: { status: 'ok', triggerKind: trigger, triggerSource: `source:${store}`, instance: instance(at) },
        calls: [`${call} ${store} store/${store}`],
      });
    }
  }
  return samples;
}

/** An hour after the estate began: groups have been formed. */
function fed(samples: readonly Sample[], partitions = 1): Feed {
  const feed = new Feed({ partitions });
  feed.rows(samples);
  feed.tick(START_MS + 2 * HOUR_MS);
  return feed;
}

const peersOf = ({ engine }: Feed) => profilesOf(engine).map(({ key, peers }) => ({ key, peers }));

describe('C5: functions of the engine that behave alike', () => {
  it('are told by a function of their kind', () => {
    for (const { key, peers } of peersOf(fed(estate(12)))) {
      assert.ok(peers !== null, key);
      assert.equal(peers.medoid.split('-').at(-2), key.split('-').at(-2));
    }
  });

  it('are in no group while there are too few of them', () => {
    assert.ok(peersOf(fed(estate(2))).every(({ peers }) => peers === null));
  });

  it('are the same with one partition and with four', () => {
    assert.deepEqual(peersOf(fed(estate(12), 4)), peersOf(fed(estate(12))));
  });

  it('are known again after a snapshot, with the same groups at the next hour', () => {
    const feed = fed(estate(12));
    const restored = new Feed({}, Engine.restore(feed.engine.snapshot()));
    assert.deepEqual(peersOf(restored), peersOf(feed));
    const later = estate(12).map((one) => ({ ...one, atMs: one.atMs + 3 * HOUR_MS, request: `${one.request}-later` }));
    for (const one of [feed, restored]) {
      one.rows(later);
      one.tick(START_MS + 5 * HOUR_MS);
    }
    assert.deepEqual(restored.engine.snapshot(), feed.engine.snapshot());
  });
});

describe('C18: what is learned follows the function, not its instance', () => {
  it('is the same whether one sandbox served all invocations or each had its own', () => {
    const [one, each] = [fed(estate(8)), fed(estate(8, (at) => `sandbox-${at}`))];
    assert.deepEqual(profilesOf(each.engine), profilesOf(one.engine));
    assert.deepEqual(each.told, one.told);
  });

  it('differs when the function behaves otherwise, so the comparison can fail', () => {
    const slower = estate(8).map((one) => ({ ...one, numbers: { ...one.numbers, durationMs: 5000 } }));
    assert.notDeepEqual(profilesOf(fed(slower).engine), profilesOf(fed(estate(8)).engine));
  });
});
