import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from './base/errors.ts';
import { StateReader, StateWriter } from './base/state.ts';
import { FAMILY_BIT } from './baselines/function.ts';
import { Feed, ODD_CALLS, START_MS, steady } from './engine-feed.ts';
import { parseControl } from './event/control.ts';
import { Settings } from './settings.ts';

/** Detectors of the findings about a host never seen, with some families off. */
function foundWith(off: string): string[] {
  const feed = new Feed();
  feed.control({ kind: 'settings', set: { off }, by: 'test' }, START_MS);
  feed.rows(steady('aws:1:r:shop', START_MS, 400));
  const [last] = steady('aws:1:r:shop', START_MS + 4_010_000, 1);
  feed.rows([{ ...last, calls: ODD_CALLS }]);
  return feed.told.map((told) => told.split(' ')[0]);
}

describe('settings', () => {
  it('switch the judging of families off', () => {
    assert.ok(foundWith('').includes('egress.new-destination'));
    assert.ok(!foundWith('egress').includes('egress.new-destination'));
  });

  it('are checked before they reach a log', () => {
    const change = (set: unknown) => parseControl({ kind: 'settings', set, by: 'test' });
    assert.deepEqual(change({ off: 'egress,flow' }), { kind: 'settings', set: { off: 'egress,flow' }, by: 'test' });
    for (const set of [{ off: 'egres' }, { of: '' }, { off: 1 }, [], null, 'off', { off: 'egress, flow' }]) {
      assert.throws(() => change(set), EngineError, JSON.stringify(set));
    }
  });

  it('stay as they are where nothing else is said, and are saved', () => {
    const settings = new Settings();
    settings.apply({ off: 'flow,rate' });
    settings.apply({});
    const out = new StateWriter();
    settings.save(out);
    const loaded = new Settings();
    loaded.load(new StateReader(out.finish()));
    assert.equal(loaded.off, FAMILY_BIT.flow | FAMILY_BIT.rate);
    loaded.apply({ off: '' });
    assert.equal(loaded.off, 0);
  });
});
