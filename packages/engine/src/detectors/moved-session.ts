import { CATEGORY } from '../baselines/category.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { fieldText, principalText } from './words.ts';

/** Thirty sessions of programs in the account that stayed where they were. */
const THRESHOLD = 1.5;

/**
 * Temporary credentials of a program turn up in a network other than the one they were first used from, and other than the
 * ones the role is known in: the first network is the session's lock. A private endpoint is a network of its own. People
 * move with their laptops and are left to `access.impossible-travel`. Needs a trail with key ids.
 */
export const movedSession: Detector<TenantBaselines> = {
  id: 'access.moved-session',
  family: 'access',
  title: 'Session moved to another network',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    if (!isOfProgram(seen)) return;
    out.judged(movedSession.id);
    if (!hasMoved(seen, state)) return;
    const { locked, moved } = state.sessions;
    const score = Math.log10((locked + 1) / (moved + 0.5));
    if (score < SCORE_MIN) return;
    const network = fieldText(seen, 'network');
    const who = principalText(fieldText(seen, 'principal'));
    out.add({
      detector: movedSession.id,
      score,
      threshold: THRESHOLD,
      count: locked,
      maturity: locked / (locked + 50),
      value: network,
      novelty: undefined,
      evidence: [
        {
          parameter: 'network',
          observed: network,
          expected: 'the network the session was first used from, or another one of the role',
          count: locked,
        },
      ],
      sentence: `One session of ${who} was first used from another network and now from ${network}; of ${locked} sessions ${moved === 0 ? 'none' : `only ${moved}`} did that.`,
      quietIf: 'the role had been used from this network before, or sessions of programs moved often',
      impact: 0.85,
      techniques: ['T1550.001', 'T1078.004'],
    });
  },

  learn(seen, state) {
    if (!isOfProgram(seen)) return;
    const session = seen.symbols[SYMBOL.instance];
    if (hasMoved(seen, state) && !state.held) state.sessions.moved++;
    if (state.sessions.lockOf(session) === 0) state.sessions.lock(session, seen.symbols[SYMBOL.network]);
  },
};

/** A session that a program opened, with a place. */
function isOfProgram(seen: Observation): boolean {
  const { symbols } = seen;
  if (symbols[SYMBOL.instance] === 0 || symbols[SYMBOL.network] === 0 || symbols[SYMBOL.principal] === 0) return false;
  const kind = fieldText(seen, 'principalKind');
  return kind === 'function' || kind === 'role';
}

function hasMoved(seen: Observation, state: TenantBaselines): boolean {
  const network = seen.symbols[SYMBOL.network];
  const lock = state.sessions.lockOf(seen.symbols[SYMBOL.instance]);
  if (lock === 0 || lock === network) return false;
  state.focus('principal', seen.symbols[SYMBOL.principal]);
  const entry = state.categories.find(CATEGORY.network, network);
  return entry < 0 || state.categories.isSuspect(entry);
}
