import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnUnseen, learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { SYMBOL } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { expectedValues, fieldText, oftenNever } from './words.ts';

/** For functions, roles and services, which do not change by themselves. */
const BASE = 2;
/** For people, who come and go: one more user of a function that had few. */
const BASE_PERSON = 3;

/**
 * Somebody who never invoked the function does. Functions with many users stay quiet by themselves: every new user
 * raises the threshold.
 */
export const newCallerPrincipal: Detector<FunctionBaselines> = {
  id: 'access.new-principal',
  family: 'access',
  title: 'Invoked by someone new',
  version: '1',
  facets: ['sensor', 'otel', 'xray', 'trigger'],

  score(seen, state, out) {
    const hash = seen.symbols[SYMBOL.principal];
    if (hash === 0 || seen.isForeign(FIELDS.principal)) return;
    out.judged(newCallerPrincipal.id);
    const entry = seen.principalEntry;
    if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.principal, hash), principalText(seen));
    if (state.categories.isKnown(entry)) return;
    const place = { field: CATEGORY.principal, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.categories, place, baseOf(seen, state), SCORE_MIN);
    if (novelty === undefined) return;
    const text = principalText(seen);
    out.add({
      detector: newCallerPrincipal.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: text,
      novelty: { field: CATEGORY.principal, hash },
      evidence: [
        {
          parameter: 'principal',
          observed: text,
          expected: expectedValues(state, CATEGORY.principal),
          count: novelty.count,
        },
      ],
      sentence: `${text} invoked \`${state.shortName}\`; ${oftenNever(novelty, 'had this caller')}.`,
      quietIf: 'this principal had invoked the function before, or new ones had come in the last days',
      impact: 0.5,
      techniques: ['T1648'],
    });
  },

  learn(seen, state) {
    const hash = seen.symbols[SYMBOL.principal];
    if (hash === 0) return;
    state.categories.observe(CATEGORY.principal);
    const value = { field: CATEGORY.principal, hash, base: baseOf(seen, state), held: state.held('access') };
    // Functions that serve people meet somebody new all the time.
    if (seen.principalEntry < 0) learnUnseen(state.categories, value, state.lesson);
    else learnValue(state.categories, value, state.lesson);
  },
};

function baseOf(seen: Observation, state: FunctionBaselines): number {
  return seen.symbols[SYMBOL.principalKind] === state.person ? BASE_PERSON : BASE;
}

function principalText(seen: Observation): string {
  return fieldText(seen, 'principal');
}
