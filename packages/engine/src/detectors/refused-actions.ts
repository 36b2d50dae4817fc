import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { fieldText, principalText } from './words.ts';

/** One active hour in ten thousand. */
const THRESHOLD = 4;
/** One or two refusals are a missing permission. */
const ACTIONS_MIN = 3;

/**
 * A principal is refused many different actions within an hour: somebody finds out what the credentials are good for. A
 * program that lacks one permission is refused the same action again and again, and stays quiet. Gamma-Poisson of different
 * refused actions an active hour; 64 classes of actions, so that more than 40 are counted low.
 */
export const refusedActions: Detector<TenantBaselines> = {
  id: 'access.refused-actions',
  family: 'access',
  title: 'Refused many different actions',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    const action = seen.symbols[SYMBOL.action];
    if (principal === 0 || action === 0 || (seen.flags & FLAG.denied) === 0) return;
    state.focus('principal', principal);
    const { principals } = state;
    if (!principals.isFreshRefusal(seen.eventMs, action)) return;
    out.judged(refusedActions.id);
    const refused = principals.refusedWith(seen.eventMs, action);
    if (refused < ACTIONS_MIN) return;
    const { p, mean } = principals.refusedTail(refused);
    const score = -Math.log10(Math.max(p, Number.MIN_VALUE));
    if (score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const last = fieldText(seen, 'action');
    const hours = Math.round(principals.activeHours);
    out.add({
      detector: refusedActions.id,
      score,
      threshold: THRESHOLD,
      count: Math.max(1, hours),
      maturity: hours / (hours + 20),
      value: 'refused',
      novelty: undefined,
      evidence: [
        {
          parameter: 'refused_actions_in_hour',
          observed: `${refused}, the last ${last}`,
          expected: `about ${Number(mean.toPrecision(2))}`,
          count: Math.max(1, hours),
        },
      ],
      sentence: `${who} was refused ${refused} different actions within an hour, the last ${last}; in ${hours} active hours before that was rare.`,
      quietIf: 'fewer different actions had been refused, or the principal was often refused many',
      impact: 0.7,
      techniques: ['T1580'],
    });
  },

  learn() {
    // Refusals are counted with the calls, see `unusual-rate.ts`.
  },
};
