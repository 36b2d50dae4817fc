import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sample, START_MS } from '../engine-feed.ts';
import { assertQuiet, claims, fed, onlyClaim } from './detector.contract.ts';

const ID = 'access.new-network';
const EVERY_MS = 60_000;
const ROLE = 'arn:aws:iam::111122223333:role/orders';
const HISTORY = 60;
const AFTER_MS = START_MS + 1000 * EVERY_MS;

function act(atMs: number, network: string, who: { principal?: string; principalKind?: string } = {}): Sample {
  const { principal = ROLE, principalKind = 'role' } = who;
  return { kind: 'audit', atMs, symbols: { principal, principalKind, action: 's3:GetObject', network } };
}

function acts(count: number, network: (at: number) => string, who = {}): Sample[] {
  return Array.from({ length: count }, (_, at) => act(START_MS + at * EVERY_MS, network(at), who));
}

describe('access.new-network fires', () => {
  it('when the credentials of a function are used from outside', () => {
    const finding = onlyClaim(
      fed(
        acts(HISTORY, () => 'net_vpc'),
        [act(AFTER_MS, 'net_outside')],
      ),
      ID,
    );
    assert.deepEqual(finding.entity, { kind: 'principal', key: ROLE });
    assert.equal(
      finding.sentence,
      'orders was used from net_outside; in 60 recorded API calls it never came from there.',
    );
    assert.deepEqual(finding.evidence, [
      { parameter: 'network', observed: 'net_outside', expected: 'net_vpc (100 %)', count: 60 },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.8, ['T1078.004']]);
  });

  it('from the sixth hour on for a role that makes ten calls an hour', () => {
    for (const [count, expected] of [
      [15, 0],
      [25, 1],
    ]) {
      const feed = fed(
        acts(count, () => 'net_vpc'),
        [act(AFTER_MS, 'net_outside')],
      );
      assert.equal(claims(feed, ID).length, expected, `after ${count} calls`);
    }
  });

  it('when a person who always came from one place comes from another', () => {
    const who = { principal: 'person_a', principalKind: 'person' };
    const feed = fed(
      acts(200, () => 'net_home', who),
      [act(AFTER_MS, 'net_far', who)],
    );
    assert.equal(
      onlyClaim(feed, ID).sentence,
      'person_a was used from net_far; in 200 recorded API calls it never came from there.',
    );
  });
});

describe('access.new-network stays quiet', () => {
  it('about a principal that moves around', () => {
    assertQuiet(
      fed(
        acts(300, (at) => `net_${at % 60}`),
        [act(AFTER_MS, 'net_new')],
      ),
    );
  });

  it('about the second home of a person who is hardly known', () => {
    const who = { principal: 'person_a', principalKind: 'person' };
    assertQuiet(
      fed(
        acts(100, () => 'net_home', who),
        [act(AFTER_MS, 'net_office', who)],
      ),
    );
  });

  it('when the trail does not say from where', () => {
    assertQuiet(
      fed(
        acts(HISTORY, () => 'net_vpc'),
        [act(AFTER_MS, '')],
      ),
    );
  });

  it('about a network that another principal uses every day, by that principal', () => {
    const others = acts(HISTORY, () => 'net_b', { principal: 'role/b', principalKind: 'role' });
    assertQuiet(
      fed(
        acts(HISTORY, () => 'net_a'),
        others,
        [act(AFTER_MS, 'net_b', { principal: 'role/b' })],
      ),
    );
  });
});
