import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { countChance, learnOccasion, scoreOccasion } from './occasion.ts';
import { fieldText, principalText, thingText } from './words.ts';

/** About fifty hours of somebody's work without anybody new. Every newcomer of the last days asks for more. */
const BASE = 1.7;
/** Even one who only looks around is worth watching; one who acts is worth more. */
const IMPACT_READ = 0.45;
const IMPACT_WRITE = 0.7;

/**
 * A principal that the account's trail has never shown. How rare that is follows from the account: newcomers among the
 * active hours of all principals, so that a busy robot does not make everybody else look rare. Accounts that always meet new
 * principals stay quiet.
 */
export const firstUse: Detector<TenantBaselines> = {
  id: 'access.first-use',
  family: 'access',
  title: 'First use of a principal',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    if (principal === 0) return;
    state.focus('principal', principal);
    if (!state.principals.beginsHour(seen.eventMs)) return;
    out.judged(firstUse.id);
    if (state.knows('principal', principal)) return;
    const novelty = scoreOccasion(state, 'newPrincipal', BASE);
    if (novelty.score < SCORE_MIN) return;
    const who = fieldText(seen, 'principal');
    const isRead = (seen.flags & FLAG.readOnly) !== 0;
    const refused = (seen.flags & FLAG.denied) !== 0 ? ' (denied)' : '';
    const count = Math.round(novelty.count);
    const target = thingText(fieldText(seen, 'resource'));
    out.add({
      detector: firstUse.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count,
      maturity: count / (count + 50),
      value: who,
      novelty: undefined,
      evidence: [
        {
          parameter: 'principal',
          observed: `${principalText(who)}: ${fieldText(seen, 'action')}${refused}`,
          expected: `one that acted before; ${novelty.novelties.toFixed(1)} new ones lately`,
          count,
        },
      ],
      sentence: `${principalText(who)} was never seen before and used ${fieldText(seen, 'action')}${target === '' ? '' : ` on ${target}`}${refused}; in ${count} hours of work of all principals ${novelty.novelties < 0.5 ? 'nobody new came lately' : 'few new ones came'}.`,
      quietIf: 'the principal had acted before, or new principals had come in the last days',
      impact: isRead ? IMPACT_READ : IMPACT_WRITE,
      techniques: ['T1078.004'],
    });
  },

  learn(seen, state) {
    const principal = seen.symbols[SYMBOL.principal];
    if (principal === 0) return;
    state.focus('principal', principal);
    const begins = state.principals.beginsHour(seen.eventMs);
    const isNew = !state.knows('principal', principal);
    if (begins) countChance(state, 'newPrincipal');
    if (isNew) learnOccasion(state, 'newPrincipal', { hash: principal, base: BASE });
    state.ensure('principal', principal, () => fieldText(seen, 'principal'));
  },
};
