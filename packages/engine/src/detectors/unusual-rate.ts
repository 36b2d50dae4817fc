import { POOL } from '../baselines/principals.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { fieldText, principalText } from './words.ts';

/** One active hour in ten thousand. */
const THRESHOLD = 4;
/** Active hours from which a principal has a record of its own that a burst can break. */
const HOURS_MIN = 10;
/** A burst is at least this many times the busiest hour before: work varies more than any law says. */
const RECORD_FACTOR = 2;

/**
 * A principal makes many more calls in an hour than it ever did. Judged as the hour fills, at 1, 2, 3, 4, 6, 8, 12 ... calls:
 * an hour that holds so many already holds at least so many. Chance by a negative binomial whose mean and dispersion are
 * the principal's own, shrunk towards all of its sort. Learns the hours of day, too.
 */
export const unusualRate: Detector<TenantBaselines> = {
  id: 'access.unusual-rate',
  family: 'access',
  title: 'Many more API calls than ever',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    if (principal === 0) return;
    state.focus('principal', principal);
    const { principals } = state;
    if (principals.activeHours < HOURS_MIN) return;
    const calls = principals.callsWith(seen.eventMs);
    if (calls === 1) out.judged(unusualRate.id);
    if (!isStep(calls) || calls <= RECORD_FACTOR * principals.mostCalls) return;
    const person = seen.symbols[SYMBOL.principalKind] === state.person;
    const { p, mean } = principals.rateTail(calls, person ? POOL.person : POOL.program);
    const score = -Math.log10(Math.max(p, Number.MIN_VALUE));
    if (score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const count = Math.round(principals.activeHours);
    const most = Math.round(principals.mostCalls);
    out.add({
      detector: unusualRate.id,
      score,
      threshold: THRESHOLD,
      count,
      maturity: count / (count + 20),
      value: 'calls',
      novelty: undefined,
      evidence: [
        {
          parameter: 'calls_in_hour',
          observed: String(calls),
          expected: `about ${Number(mean.toPrecision(2))}, at most ${most}`,
          count,
        },
      ],
      sentence: `${who} made ${calls} API calls within an hour; in ${count} active hours before it never made more than ${most}.`,
      quietIf: `the principal had been as busy before: fewer than ${RECORD_FACTOR} times its busiest hour`,
      impact: 0.6,
      techniques: ['T1078.004'],
    });
  },

  learn(seen, state) {
    const principal = seen.symbols[SYMBOL.principal];
    if (principal === 0) return;
    state.ensure('principal', principal, () => fieldText(seen, 'principal'));
    const person = seen.symbols[SYMBOL.principalKind] === state.person;
    state.principals.observe({
      eventMs: seen.eventMs,
      refused: (seen.flags & FLAG.denied) === 0 ? 0 : seen.symbols[SYMBOL.action],
      pool: person ? POOL.person : POOL.program,
      held: state.held && !seen.training,
    });
  },
};

/** True for powers of two and three times powers of two: a growing count is told a few times, not each time. */
function isStep(count: number): boolean {
  const odd = count / (count & -count);
  return odd === 1 || odd === 3;
}
