import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { countChance, learnOccasion, OCCASION, scoreOccasion } from './occasion.ts';
import { expectedValues, fieldText, principalText } from './words.ts';

/** Twenty calls of functions anywhere in the account: software that functions never use is that telling. */
const BASE = 1.3;
/** Software that people and pipelines use. A function has neither a command line nor a browser. */
const OUTSIDE: ReadonlySet<string> = new Set([
  'browser',
  'cli',
  'console',
  'terraform',
  'pulumi',
  'cdk',
  'sam',
  'serverless',
  'ansible',
]);

/**
 * Credentials issued to a function are used with software that runs outside functions. Speaks from the first calls of a
 * function on, by what the account's functions do; quiet once functions of the account are known to use it. Needs a trail
 * that says whom credentials were issued to. The client names itself: one that pretends to be an SDK is left to the network.
 */
export const outsideFunction: Detector<TenantBaselines> = {
  id: 'access.outside-function',
  family: 'access',
  title: "A function's credentials used outside it",
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    if (!isOfFunction(seen)) return;
    out.judged(outsideFunction.id);
    const client = fieldText(seen, 'client');
    if (!OUTSIDE.has(client) || isUsual(seen, state)) return;
    const novelty = scoreOccasion(state, 'outside', BASE);
    if (novelty.score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const count = Math.round(novelty.count);
    const network = fieldText(seen, 'network');
    const from = network === '' ? '' : ` from ${network}`;
    out.add({
      detector: outsideFunction.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count,
      maturity: count / (count + 20),
      value: client,
      novelty: undefined,
      evidence: [{ parameter: 'client', observed: client, expected: expectedValues(state, CATEGORY.client), count }],
      sentence: `Credentials that were issued to a function (${who}) were used with ${client} for ${fieldText(seen, 'action')}${from}; in ${count} calls no function of the account did that.`,
      quietIf: 'functions of the account had used such software before',
      impact: 0.9,
      techniques: ['T1552.005', 'T1078.004'],
    });
  },

  learn(seen, state) {
    if (!isOfFunction(seen)) return;
    const client = seen.symbols[SYMBOL.client];
    const usual = isUsual(seen, state);
    countChance(state, 'outside');
    state.categories.observe(CATEGORY.client);
    if (OUTSIDE.has(fieldText(seen, 'client')) && !usual) {
      learnOccasion(state, 'outside', { hash: seen.symbols[SYMBOL.principal], base: BASE });
      if (!seen.training) return;
    }
    state.categories.learn(CATEGORY.client, client, state.lesson);
    const entry = state.categories.find(CATEGORY.client, client);
    if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.client, client), fieldText(seen, 'client'));
  },
};

function isOfFunction(seen: Observation): boolean {
  return seen.symbols[SYMBOL.client] !== 0 && fieldText(seen, 'principalKind') === 'function';
}

/** Whether functions of the account are known to use the client, or this principal is. */
function isUsual(seen: Observation, state: TenantBaselines): boolean {
  const client = seen.symbols[SYMBOL.client];
  state.focus('principal', seen.symbols[SYMBOL.principal]);
  const own = state.categories.find(CATEGORY.client, client);
  if (own >= 0 && !state.categories.isSuspect(own) && state.categories.countAt(own) > OWN_COUNT_MIN) return true;
  state.focus('account', OCCASION.outside);
  return state.categories.find(CATEGORY.client, client) >= 0;
}

/** Calls with the client after which it is the principal's own way. */
const OWN_COUNT_MIN = 50;
