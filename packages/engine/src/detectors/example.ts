/**
 * How a detector is made, on a small one that is in use. To add yours:
 *
 * 1. Copy this file to `detectors/<what-it-finds>.ts`, give it an `id` (`family.what`, for ever) and say which facet
 *    kinds it learns from.
 * 2. `score` looks at the observation and at what the function has shown so far, and adds a `Score` when it is strange.
 *    Call `out.judged` for everything you looked at, strange or not: it is the denominator of calibration.
 * 3. `learn` adds the observation to the baselines. It is called after `score`, once for each invocation, also for those
 *    of training spans. Learn through `learnValue`, which keeps the learn gate.
 * 4. Add it to `registry.ts`, and write `<what-it-finds>.test.ts` with at least two cases under "fires" and two under
 *    "stays quiet", one of them benign and close to what it looks for.
 *
 * Both functions must be deterministic: no clock (use `seen.nowMs`), no randomness, no state of their own.
 */
import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { SYMBOL } from '../event/schema.ts';
import { FIELDS } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { expectedValues, oftenNever } from './words.ts';

/**
 * Score from which it is a finding, in decades: an error in 5,000 invocations without one. Below that it is kept at the
 * watch level, because every program fails one day.
 */
const BASE = 4;

/** An invocation failed with an error type the function never showed: probing and broken exploits leave these behind. */
export const newError: Detector<FunctionBaselines> = {
  id: 'flow.new-error',
  family: 'flow',
  title: 'Error never seen before',
  version: '1',
  facets: ['sensor', 'otel', 'xray', 'platform', 'insights'],

  score(seen, state, out) {
    // Another facet may name the same error differently; the baseline knows the names of the best one.
    if (seen.isForeign(FIELDS.error)) return;
    out.judged(newError.id);
    // Symbols are seeded hashes; 0 means that the row has none.
    const error = seen.symbols[SYMBOL.errorType];
    if (error === 0) return;
    const entry = state.categories.find(CATEGORY.error, error);
    const text = seen.batch?.symbolText(seen.row, 'errorType') ?? '';
    // Texts are kept at the second sighting, so that invented ones do not fill the memory.
    if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.error, error), text);
    if (state.categories.isKnown(entry)) return;
    const place = { field: CATEGORY.error, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.categories, place, BASE, SCORE_MIN);
    if (novelty === undefined) return;
    out.add({
      detector: newError.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: text,
      novelty: { field: CATEGORY.error, hash: error },
      evidence: [
        {
          parameter: 'error_type',
          observed: text,
          expected: expectedValues(state, CATEGORY.error),
          count: novelty.count,
        },
      ],
      sentence: `\`${state.shortName}\` failed with ${text}; ${oftenNever(novelty, 'failed like this')}.`,
      quietIf: 'it had failed like this before',
      impact: 0.3,
      techniques: [],
    });
  },

  learn(seen, state) {
    // Every invocation counts, not only failed ones: "never in 600 invocations" is what makes an error strange.
    state.categories.observe(CATEGORY.error);
    const error = seen.symbols[SYMBOL.errorType];
    if (error === 0) return;
    const value = { field: CATEGORY.error, hash: error, base: BASE, held: state.held('flow') };
    learnValue(state.categories, value, state.lesson);
  },
};
