import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

/** How a statistic is put to the check list that every one of them goes through. `S` is the statistic. */
export interface StatisticUnderTest<S> {
  readonly name: string;
  /** A fresh one. */
  make(): S;
  learn(to: S, value: number): void;
  /** What it says of a value; must not change it. */
  judge(by: S, value: number): unknown;
  save(of: S): Uint8Array;
  load(bytes: Uint8Array): S;
  /** `into` learns what `from` knows; absent where merging makes no sense. */
  merge?(into: S, from: S): void;
  /** An ordinary stream of values, and some to ask about. */
  readonly values: readonly number[];
  readonly asked: readonly number[];
  /** True when a value that is no measure was refused: by an exception, or counted aside. */
  refuses(by: S, value: number): boolean;
}

/** Registers the check list for one statistic. */
export function statisticContract<S>(of: StatisticUnderTest<S>): void {
  const fed = (values: readonly number[]): S => {
    const made = of.make();
    for (const value of values) of.learn(made, value);
    return made;
  };
  const judgements = (by: S): unknown[] => of.asked.map((value) => of.judge(by, value));

  describe(`${of.name} as a statistic`, () => {
    it('gives the same bytes and judgements for the same values', () => {
      const first = fed(of.values);
      const second = fed(of.values);
      assert.deepEqual(of.save(first), of.save(second));
      assert.deepEqual(judgements(first), judgements(second));
    });

    it('is not changed by judging', () => {
      const one = fed(of.values);
      const before = of.save(one);
      judgements(one);
      assert.deepEqual(of.save(one), before);
    });

    it('goes on after save and load as if nothing had happened', () => {
      const half = Math.floor(of.values.length / 2);
      const loaded = of.load(of.save(fed(of.values.slice(0, half))));
      for (const value of of.values.slice(half)) of.learn(loaded, value);
      const whole = fed(of.values);
      assert.deepEqual(judgements(loaded), judgements(whole));
      assert.deepEqual(of.save(loaded), of.save(whole));
    });

    it('refuses NaN and infinities, and stays as it was', () => {
      const one = fed(of.values);
      const before = judgements(one);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        assert.ok(of.refuses(one, value), `${value} is refused`);
      }
      assert.deepEqual(judgements(one), before);
    });

    const { merge } = of;
    if (merge === undefined) return;
    it('knows after a merge what feeding both parts would have taught it', () => {
      const half = Math.floor(of.values.length / 2);
      const merged = fed(of.values.slice(0, half));
      merge(merged, fed(of.values.slice(half)));
      assert.deepEqual(judgements(merged), judgements(fed(of.values)));
      assert.deepEqual(of.save(merged), of.save(fed(of.values)));
    });

    it('does not care in which order parts are merged', () => {
      const half = Math.floor(of.values.length / 2);
      const forth = fed(of.values.slice(0, half));
      merge(forth, fed(of.values.slice(half)));
      const back = fed(of.values.slice(half));
      merge(back, fed(of.values.slice(0, half)));
      assert.deepEqual(of.save(forth), of.save(back));
    });
  });
}
