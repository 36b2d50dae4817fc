import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FACET, type FacetKind } from '../event/schema.ts';
import { CAPABILITIES, litBy, unseenWith } from './coverage.ts';

const bits = (...kinds: FacetKind[]) => kinds.reduce((all, kind) => all | (1 << FACET[kind]), 0);

function capability(name: string) {
  const found = CAPABILITIES.find((one) => one.name === name);
  assert.ok(found);
  return found;
}

describe('coverage', () => {
  it('of a capability is full, partial or dark, and full wins', () => {
    const memory = capability('memory');
    assert.equal(litBy(memory, bits('platform')), 'partial');
    assert.equal(litBy(memory, bits('platform', 'sensor')), 'full');
    assert.equal(litBy(memory, bits('xray', 'edge')), 'dark');
    assert.equal(litBy(memory, 0), 'dark');
  });

  it('of nothing leaves every capability unseen', () => {
    assert.deepEqual(
      unseenWith(0),
      CAPABILITIES.map(({ name }) => name),
    );
  });

  it('names what logs of the platform alone cannot show', () => {
    const unseen = unseenWith(bits('platform'));
    for (const name of ['destinations', 'CPU and /tmp', 'order of calls, missing calls', 'child processes and files']) {
      assert.ok(unseen.includes(name), name);
    }
    assert.ok(!unseen.includes('duration and cold starts') && !unseen.includes('memory'));
  });

  it('of sensor and audit trail leaves nothing unseen', () => {
    assert.deepEqual(unseenWith(bits('sensor', 'audit')), []);
  });

  it('never shrinks when a source is added', () => {
    for (const kind of ['sensor', 'platform', 'otel', 'xray', 'audit', 'edge', 'insights'] as const) {
      for (const before of [0, bits('xray'), bits('platform', 'audit')]) {
        const after = unseenWith(before | bits(kind));
        assert.ok(after.every((name) => unseenWith(before).includes(name)));
      }
    }
  });

  it('lists each capability once, each with a source that lights it', () => {
    assert.equal(new Set(CAPABILITIES.map(({ name }) => name)).size, CAPABILITIES.length);
    for (const { full, partial } of CAPABILITIES) {
      assert.ok(full.length > 0);
      assert.ok(!partial.some((kind) => full.includes(kind)));
    }
  });
});
