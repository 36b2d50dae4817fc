import { CATEGORY, keyOf } from '../baselines/category.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { patienceWith } from './patience.ts';
import { expectedValues, fieldText, oftenNever, principalText } from './words.ts';

/**
 * A principal acts from a network it never acted from: for the role of a function, the sign of credentials used outside.
 * Principals that move around raise their own threshold.
 */
export const newNetwork: Detector<TenantBaselines> = {
  id: 'access.new-network',
  family: 'access',
  title: 'Credentials used from a new network',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    const network = seen.symbols[SYMBOL.network];
    if (principal === 0 || network === 0) return;
    out.judged(newNetwork.id);
    state.focus('principal', principal);
    const entry = state.categories.find(CATEGORY.network, network);
    const place = { field: CATEGORY.network, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.categories, place, patienceWith(seen));
    if (novelty === undefined || novelty.score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const where = fieldText(seen, 'network');
    out.add({
      detector: newNetwork.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: where,
      novelty: undefined,
      evidence: [
        {
          parameter: 'network',
          observed: where,
          expected: expectedValues(state, CATEGORY.network),
          count: novelty.count,
        },
      ],
      sentence: `${who} was used from ${where}; ${oftenNever(novelty, 'came from there', 'recorded API calls')}.`,
      quietIf: 'the principal had acted from this network before, or had moved in the last days',
      impact: 0.8,
      techniques: ['T1078.004'],
    });
  },

  learn(seen, state) {
    const principal = seen.symbols[SYMBOL.principal];
    const network = seen.symbols[SYMBOL.network];
    if (principal === 0 || network === 0) return;
    state.ensure('principal', principal, () => fieldText(seen, 'principal'));
    state.categories.observe(CATEGORY.network);
    const value = { field: CATEGORY.network, hash: network, base: patienceWith(seen), held: state.held };
    learnValue(state.categories, value, state.lesson);
    const entry = state.categories.find(CATEGORY.network, network);
    if (state.categories.wantsName(entry)) {
      state.names.add(keyOf(CATEGORY.network, network), fieldText(seen, 'network'));
    }
  },
};
