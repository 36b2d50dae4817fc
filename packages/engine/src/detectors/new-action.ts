import { CATEGORY, keyOf } from '../baselines/category.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { patienceWith } from './patience.ts';
import { expectedValues, fieldText, oftenNever, principalText, thingText } from './words.ts';

/**
 * A principal (role of a function, robot, person) uses an API action it never used. The role of a function does the same
 * few things for ever, so this speaks early for roles and stays quiet for people who try things.
 */
export const newAction: Detector<TenantBaselines> = {
  id: 'access.new-action',
  family: 'access',
  title: 'API action never used before',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    const action = seen.symbols[SYMBOL.action];
    if (principal === 0 || action === 0) return;
    out.judged(newAction.id);
    state.focus('principal', principal);
    const entry = state.categories.find(CATEGORY.action, action);
    const place = { field: CATEGORY.action, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.categories, place, patienceWith(seen));
    if (novelty === undefined || novelty.score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const what = fieldText(seen, 'action');
    const denied = (seen.flags & FLAG.denied) !== 0;
    const target = thingText(fieldText(seen, 'resource'));
    out.add({
      detector: newAction.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: what,
      novelty: { field: CATEGORY.action, hash: action },
      evidence: [
        {
          parameter: 'api_action',
          observed: denied ? `${what} (denied)` : what,
          expected: expectedValues(state, CATEGORY.action),
          count: novelty.count,
        },
      ],
      sentence: `${who} ${denied ? 'tried' : 'used'} ${what}${target === '' ? '' : ` on ${target}`}; ${oftenNever(novelty, 'used this action', 'recorded API calls')}.`,
      quietIf: 'the principal had used this action before, or had tried new ones in the last days',
      impact: (seen.flags & FLAG.readOnly) !== 0 ? 0.55 : 0.8,
      techniques: ['T1078.004'],
    });
  },

  learn(seen, state) {
    const principal = seen.symbols[SYMBOL.principal];
    const action = seen.symbols[SYMBOL.action];
    if (principal === 0 || action === 0) return;
    state.ensure('principal', principal, () => fieldText(seen, 'principal'));
    state.categories.observe(CATEGORY.action);
    const value = { field: CATEGORY.action, hash: action, base: patienceWith(seen), held: state.held };
    learnValue(state.categories, value, state.lesson);
    const entry = state.categories.find(CATEGORY.action, action);
    if (state.categories.wantsName(entry)) {
      state.names.add(keyOf(CATEGORY.action, action), fieldText(seen, 'action'));
    }
  },
};
