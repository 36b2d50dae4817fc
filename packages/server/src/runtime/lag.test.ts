import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Lag } from './lag.ts';

describe('the lag of a reader', () => {
  it('is nothing when everything is consumed', () => {
    const lag = new Lag();
    assert.equal(lag.ms(0, 5_000), 0);
    lag.appended(10, 1_000);
    assert.equal(lag.ms(10, 5_000), 0);
  });

  it('is the age of the oldest record that is not consumed', () => {
    const lag = new Lag();
    lag.appended(10, 1_000);
    lag.appended(20, 2_000);
    lag.appended(30, 3_000);
    assert.equal(lag.ms(0, 10_000), 9_000);
    assert.equal(lag.ms(10, 10_000), 8_000);
    assert.equal(lag.ms(29, 10_000), 7_000);
    assert.equal(lag.ms(30, 10_000), 0);
  });

  it('is never said to be less than it is, however much waits', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { minLength: 1, maxLength: 5_000 }), fc.nat(5_000), (gaps, done) => {
        const lag = new Lag();
        let nowMs = 0;
        const times = gaps.map((gap, at) => {
          nowMs += gap;
          lag.appended(at + 1, nowMs);
          return nowMs;
        });
        const said = lag.ms(done, nowMs);
        const truth = done >= times.length ? 0 : nowMs - times[done];
        assert.ok(said >= truth, `${said} for ${truth}`);
      }),
    );
  });
});
