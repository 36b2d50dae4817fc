import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certainKm } from './countries.ts';

describe('the certain distance of two countries', () => {
  it('is below the distance of their nearest cities, and the same both ways', () => {
    // Berlin-Sydney 16,100 km, Hamburg-Perth 13,400 km.
    assert.ok(certainKm('DE', 'AU') > 9000 && certainKm('DE', 'AU') < 13_400, String(certainKm('DE', 'AU')));
    assert.ok(certainKm('GB', 'SG') > 9000 && certainKm('GB', 'SG') < 10_900, String(certainKm('GB', 'SG')));
    assert.equal(certainKm('SG', 'GB'), certainKm('GB', 'SG'));
  });

  it('is nothing for neighbours, the same country, and what is not known', () => {
    for (const [from, to] of [
      ['DE', 'FR'],
      ['US', 'CA'],
      ['US', 'MX'],
      ['SG', 'SG'],
      ['DE', 'XX'],
      ['', 'DE'],
    ]) {
      assert.equal(certainKm(from, to), 0, `${from} ${to}`);
    }
  });
});
