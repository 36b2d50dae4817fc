import { CATEGORY, keyOf } from '../baselines/category.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { countChance, learnOccasion, scoreOccasion } from './occasion.ts';
import { IMPACT_OF_CHANGE, TECHNIQUES_OF_CHANGE } from './unusual-change.ts';
import { fieldText, principalText, thingText } from './words.ts';

/** One call in a thousand: of everything principals do, this is new to them and to everybody. */
const THRESHOLD = 3;
/** Principals that use an action from which it belongs to the account, and its newness is the principal's own affair. */
const USED_BY_MIN = 3;
const IMPACT_READ = 0.45;
const IMPACT_WRITE = 0.65;

/**
 * A principal uses an action that hardly anybody in the account ever used: for stolen credentials of people, who may do and
 * do try everything, what they try still differs from what is tried here. Predictive probability with back-off: the chance
 * that the principal does something new to it, times the chance that this is new to the account as well (or known to one or
 * two principals only). Krichevsky and Trofimov's estimate in both places.
 */
export const unheardAction: Detector<TenantBaselines> = {
  id: 'access.unheard-action',
  family: 'access',
  title: 'API action nobody here uses',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const action = seen.symbols[SYMBOL.action];
    if (seen.symbols[SYMBOL.principal] === 0 || action === 0) return;
    out.judged(unheardAction.id);
    const own = ownNovelty(seen, state);
    if (own === undefined) return;
    const usedBy = state.functionsWith(CATEGORY.action, action);
    if (usedBy >= USED_BY_MIN) return;
    const occasion = scoreOccasion(state, 'newAction', THRESHOLD);
    // An action that one or two use is less telling than one that nobody uses, by half a decade each.
    const account = Math.max(0, occasion.score - usedBy / 2);
    const score = Math.max(0, own.score) + account;
    if (score < SCORE_MIN || occasion.count < 1) return;
    const what = fieldText(seen, 'action');
    const kind = fieldText(seen, 'changeKind');
    const refused = (seen.flags & FLAG.denied) !== 0;
    const target = thingText(fieldText(seen, 'resource'));
    const count = Math.max(1, Math.round(own.count));
    const others = usedBy === 0 ? 'nobody in the account ever did' : `only ${usedBy} in the account ever did`;
    out.add({
      detector: unheardAction.id,
      score,
      threshold: THRESHOLD,
      count,
      maturity: count / (count + 50),
      value: what,
      novelty: undefined,
      evidence: [
        {
          parameter: 'api_action',
          observed: refused ? `${what} (denied)` : what,
          expected: `an action of the account; used by ${usedBy} so far`,
          count,
        },
      ],
      sentence: `${principalText(fieldText(seen, 'principal'))} ${refused ? 'tried' : 'used'} ${what}${target === '' ? '' : ` on ${target}`}; in ${count} recorded API calls it never did, and ${others}.`,
      quietIf: `${USED_BY_MIN} principals of the account used this action, or new actions were often tried`,
      impact: impactOf(seen, kind),
      techniques: TECHNIQUES_OF_CHANGE[kind] ?? ['T1078.004'],
    });
  },

  learn(seen, state) {
    const principal = seen.symbols[SYMBOL.principal];
    const action = seen.symbols[SYMBOL.action];
    if (principal === 0 || action === 0) return;
    state.focus('principal', principal);
    // The principal itself learns the action with `new-action.ts`, after this.
    if (state.categories.find(CATEGORY.action, action) >= 0) return;
    const known = state.functionsWith(CATEGORY.action, action) > 0;
    countChance(state, 'newAction');
    if (!known) learnOccasion(state, 'newAction', { hash: action, base: THRESHOLD });
    if (!state.held || seen.training) state.shownBy(keyOf(CATEGORY.action, action));
  },
};

function ownNovelty(seen: Observation, state: TenantBaselines) {
  const action = seen.symbols[SYMBOL.action];
  state.focus('principal', seen.symbols[SYMBOL.principal]);
  const entry = state.categories.find(CATEGORY.action, action);
  return scoreNovelty(state.categories, { field: CATEGORY.action, entry, day: state.lesson.day }, THRESHOLD);
}

function impactOf(seen: Observation, kind: string): number {
  const known = IMPACT_OF_CHANGE[kind];
  if (known !== undefined) return known;
  return (seen.flags & FLAG.readOnly) === 0 ? IMPACT_WRITE : IMPACT_READ;
}
