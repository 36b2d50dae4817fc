import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, ODD_CALLS, START_MS, steady } from '../engine-feed.ts';
import { profilesOf } from '../profile.ts';

const HERE = 'aws:1:eu-west-1:orders';
const THERE = 'aws:2:eu-west-1:orders';
const LATER = START_MS + 5_000_000;

describe('a function whose name is known from another account', () => {
  it('is judged at its first invocation by what the other one learned, and the finding says so', () => {
    for (const partitions of [1, 4]) {
      const feed = new Feed({ partitions });
      feed.rows(steady(HERE, START_MS, 200));
      feed.rows([{ ...steady(THERE, LATER, 1)[0], calls: ODD_CALLS }]);
      assert.deepEqual(feed.told, [`egress.new-destination ${THERE}`]);
      assert.match(feed.findings[0].notes.join(), /judged in part by aws:1:eu-west-1:orders/);
    }
  });

  it('stays quiet about what the other one does', () => {
    const feed = new Feed();
    feed.rows(steady(HERE, START_MS, 200));
    feed.rows(steady(THERE, LATER, 100));
    assert.deepEqual(feed.findings, []);
  });

  it('no longer borrows when it has experience of its own', () => {
    const feed = new Feed();
    feed.rows(steady(HERE, START_MS, 200));
    feed.rows(steady(THERE, LATER, 100));
    feed.rows([{ ...steady(THERE, LATER + 1_500_000, 1)[0], calls: ODD_CALLS }]);
    assert.equal(feed.told.length, 1);
    assert.deepEqual(feed.findings[0].notes, []);
  });

  it('borrows nothing from one that is hardly known itself', () => {
    const feed = new Feed();
    feed.rows(steady(HERE, START_MS, 10));
    feed.rows([{ ...steady(THERE, LATER, 1)[0], calls: ODD_CALLS }]);
    assert.deepEqual(feed.findings, []);
  });
});

describe('a key with unknown parts', () => {
  const keysAfter = (...keys: string[]) => {
    const feed = new Feed();
    for (const [at, key] of keys.entries()) feed.rows(steady(key, START_MS + at * 100_000, 5));
    feed.tick(START_MS + 2_000_000);
    return profilesOf(feed.engine).map((one) => `${one.key} ${one.invocations}`);
  };

  it('means the only function of that name whose other parts agree', () => {
    assert.deepEqual(keysAfter(HERE, 'aws:?:?:orders', 'aws:1:?:orders'), [`${HERE} 15`]);
  });

  it('means none of two', () => {
    const keys = keysAfter(HERE, THERE, 'aws:?:?:orders');
    assert.deepEqual(keys, [`${HERE} 5`, `${THERE} 5`, 'aws:?:?:orders 5'].sort());
  });

  it('does not mean a function of another account', () => {
    assert.deepEqual(keysAfter(HERE, 'aws:2:?:orders'), [`${HERE} 5`, 'aws:2:?:orders 5']);
  });
});
