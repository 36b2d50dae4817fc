import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import type { RollupRow } from '../event/rollup.ts';
import { HourSums } from './hour-sums.ts';

const HOUR_MS = 1_700_003_600_000;

function row(name: string, scale: number): RollupRow {
  return {
    function: name,
    count: scale,
    errors: scale + 1,
    cold: scale + 2,
    durationSumMs: scale * 10,
    durationMaxMs: scale * 5,
    bytesOutSum: scale * 100,
    memoryMaxMb: 100 - scale,
    calls: scale * 3,
  };
}

const learned = (name: string) => ({ durationBandMs: [1, name.length, 9] as const, maturity: 0.5 });

function savedOf(sums: HourSums): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  sums.save(out);
  return out.finish();
}

describe('the sums of an hour', () => {
  it('add counts up and keep maxima, per function, in order of the name', () => {
    const sums = new HourSums();
    sums.add([row('b', 1), row('a', 7)]);
    sums.add([row('b', 4)]);
    const { hourMs, rows } = sums.take(HOUR_MS, learned);
    assert.equal(hourMs, HOUR_MS);
    assert.deepEqual(rows, [
      { ...row('a', 7), durationBandMs: [1, 1, 9], maturity: 0.5 },
      {
        function: 'b',
        count: 5,
        errors: 7,
        cold: 9,
        durationSumMs: 50,
        durationMaxMs: 20,
        bytesOutSum: 500,
        memoryMaxMb: 99,
        calls: 15,
        durationBandMs: [1, 1, 9],
        maturity: 0.5,
      },
    ]);
  });

  it('begin anew after they were taken', () => {
    const sums = new HourSums();
    assert.ok(!sums.active);
    sums.add([row('a', 1)]);
    assert.ok(sums.active);
    sums.take(HOUR_MS, learned);
    assert.ok(!sums.active);
    assert.deepEqual(sums.take(HOUR_MS, learned).rows, []);
  });

  it('do not change the rows they were given', () => {
    const sums = new HourSums();
    const first = row('a', 1);
    sums.add([first]);
    sums.add([row('a', 2)]);
    assert.deepEqual(first, row('a', 1));
  });

  it('are saved alike whatever order the functions came in, and go on', () => {
    const [forth, back] = [new HourSums(), new HourSums()];
    forth.add([row('a', 1), row('b', 2)]);
    back.add([row('b', 2), row('a', 1)]);
    assert.deepEqual(savedOf(back), savedOf(forth));
    const loaded = new HourSums();
    loaded.load(new StateReader(savedOf(forth)));
    for (const sums of [loaded, forth]) sums.add([row('b', 3)]);
    assert.deepEqual(loaded.take(HOUR_MS, learned), forth.take(HOUR_MS, learned));
  });
});
