import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProfile, profileObject } from './profile.ts';

describe('a profile for programs', () => {
  it('counts the values whose name was not kept instead of inventing names for them', () => {
    const value = (text: string) => ({ text, count: 1, share: 0.01, doubted: false });
    const calls = [value('s3:GetObject a'), value('#0a1bc5cf'), value('#ffffffff')];
    const destinations = [value('s3/a')];
    const written = profileObject(parseProfile({ key: 'f', calls, destinations }));
    assert.deepEqual([written.calls, written.destinations], [[calls[0]], destinations]);
    assert.deepEqual(written.nameless, { calls: 2 });
  });
});
