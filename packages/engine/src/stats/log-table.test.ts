import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { log2Steps, OCTAVE_STEPS } from './log-table.ts';

describe('the logarithm by table', () => {
  it('is within two steps below the true one', () => {
    for (let magnitude = 0.004; magnitude < 1e9; magnitude *= 1.0137) {
      const error = Math.log2(magnitude) * OCTAVE_STEPS - log2Steps(magnitude);
      assert.ok(error > -1e-6 && error < 3, `${magnitude} is off by ${error}`);
    }
  });

  it('never falls while the magnitude grows, the end of the table included', () => {
    let before = log2Steps(0);
    for (let magnitude = 0.001; magnitude < 1e6; magnitude *= 1.00113) {
      const now = log2Steps(magnitude);
      assert.ok(now >= before, `falls at ${magnitude}`);
      before = now;
    }
  });

  it('is a whole number everywhere, and the lowest for nothing at all', () => {
    for (const magnitude of [0, 1e-300, Number.NaN]) assert.equal(log2Steps(magnitude), -8 * OCTAVE_STEPS);
    for (const magnitude of [1, 2.5, 1e15, 1e300]) assert.ok(Number.isInteger(log2Steps(magnitude)));
  });
});
