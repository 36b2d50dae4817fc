import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dayShift, daySpread, SHIFT_DAYS, slowShift } from './slow-shift.ts';

/** A repeatable normal deviate. */
function noise(seed: number): () => number {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  return () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

function days(change: (day: number) => number, count = SHIFT_DAYS): Float64Array {
  return Float64Array.from({ length: count }, (_, day) => change(day));
}

function judged(
  values: Float64Array,
  of: { readonly anchor?: number; readonly record?: number; readonly alone?: boolean } = {},
) {
  const count = values.length;
  const spread = daySpread(values, count, 0);
  return slowShift({ days: values, count, phase: 0, anchor: 10, record: 0, alone: true, ...of }, spread);
}

describe('how days differ', () => {
  it('does not count steady growth, nor what a weekend does', () => {
    const plain = daySpread(
      days(() => 10),
      SHIFT_DAYS,
      0,
    );
    assert.ok(
      daySpread(
        days((day) => 10 + 0.02 * day),
        SHIFT_DAYS,
        0,
      ).variance <
        1.5 * plain.variance,
    );
    const weekly = daySpread(
      days((day) => (day % 7 >= 5 ? 9.6 : 10)),
      SHIFT_DAYS,
      0,
    );
    // Days whose weekends are not told apart have a variance of 0.033.
    assert.ok(weekly.variance < 0.004);
    assert.ok(weekly.phases[6] < -0.25 && weekly.phases[2] > 0.08);
  });

  it('does not hear the newest week, in which somebody may be growing', () => {
    const before = daySpread(
      days(() => 10),
      SHIFT_DAYS,
      0,
    ).variance;
    assert.ok(
      daySpread(
        days((day) => (day < 21 ? 10 : 10 + 0.3 * (day - 20))),
        SHIFT_DAYS,
        0,
      ).variance <= before,
    );
  });

  it('measures what a day keeps of the one before it', () => {
    let level = 0;
    const one = noise(5);
    const alike = days(() => {
      level = 0.9 * level + 0.05 * one();
      return 10 + level;
    });
    const apart = days(() => 10 + 0.05 * one());
    assert.ok(daySpread(alike, SHIFT_DAYS, 0).memory > daySpread(apart, SHIFT_DAYS, 0).memory);
  });
});

describe('a shift', () => {
  it('is seen from one day to four weeks', () => {
    const one = noise(3);
    const flat = days(() => 10 + 0.03 * one());
    const from = (first: number, gap: number) => flat.map((value, day) => value + (day >= first ? gap : 0));
    assert.ok(judged(from(27, 0.6)).strength >= 1);
    assert.equal(judged(from(27, 0.6)).days, 1);
    assert.ok(judged(from(25, 0.6)).strength >= 1);
    assert.ok(judged(from(21, 0.5)).strength >= 1);
    assert.ok(judged(from(0, 0.25)).strength >= 1);
  });

  it('is none while days only differ as they do', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const one = noise(seed);
      assert.ok(judged(days(() => 10 + 0.1 * one())).strength < 1, `seed ${seed}`);
    }
  });

  it('is none downwards, nor when it is too small to matter', () => {
    assert.equal(judged(days(() => 9)).strength, 0);
    assert.ok(judged(days((day) => (day < 20 ? 10 : 10.15))).strength < 1);
  });

  it('is none for one day among days of which one in ten is like that', () => {
    const spiky = days((day) => (day % 10 === 7 ? 11 : 10));
    assert.ok(judged(spiky, { record: 1 }).strength < 1);
    assert.ok(
      judged(
        spiky.map((value, day) => (day === 27 ? 11.1 : value)),
        { record: 1 },
      ).strength < 1,
    );
  });

  it('is not told by a single day of few invocations', () => {
    const jump = days((day) => (day < 27 ? 10 : 11));
    assert.ok(judged(jump).strength >= 1);
    assert.ok(judged(jump, { alone: false }).strength < 1);
  });

  it('is the same for a day that is not over, with the part of the week it falls into', () => {
    const weekly = days((day) => (day % 7 >= 5 ? 10.5 : 10));
    const spread = daySpread(weekly, SHIFT_DAYS, 0);
    const of = { value: 10.5, anchor: 10.14, record: 0 };
    assert.ok(dayShift({ ...of, phase: 6, share: 0.75 }, spread).strength < 0.3);
    assert.ok(dayShift({ ...of, value: 11.2, phase: 2, share: 0.75 }, spread).strength >= 1);
  });
});
