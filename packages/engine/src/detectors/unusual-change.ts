import { CATEGORY, keyOf } from '../baselines/category.ts';
import { learnValue } from '../baselines/learning.ts';
import { type Novelty, scoreNovelty } from '../baselines/novelty.ts';
import type { Hands } from '../baselines/robots.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { expectedValues, fieldText, principalText, thingText } from './words.ts';

/** Changes are rare and weighty: ten by the same hands make another hand worth a look. */
const BASE = 1.3;

/** Changes of one kind from which that kind is judged by itself. */
const KIND_COUNT_MIN = 10;
/** What a deploy robot deploys is half as surprising: its breadth never erases surprise. */
const ROBOT_FACTOR = 0.5;
/** Entity that holds all changes of the account; hashes of kinds are never 0. */
const ANY_KIND = 0;

/** What a kind of change would mean, 0..1. */
export const IMPACT_OF_CHANGE: { readonly [kind: string]: number } = {
  code: 0.85,
  configuration: 0.7,
  permission: 0.85,
  trigger: 0.75,
  policy: 0.85,
  trail: 0.95,
  identity: 0.9,
};
/** What it would be an attempt at. */
export const TECHNIQUES_OF_CHANGE: { readonly [kind: string]: readonly string[] } = {
  code: ['T1648'],
  permission: ['T1098'],
  trigger: ['T1546'],
  policy: ['T1098.003'],
  trail: ['T1562.008'],
  identity: ['T1098'],
};

/**
 * Code, configuration, permissions, triggers, policies, trails or identities changed by a principal that never made this
 * kind of change: on this target if it has a history of changes, else in this account. Code that a deploy robot deploys is half as
 * surprising, as long as it does so from its network and with its client; whatever else it changes is not.
 */
export const unusualChange: Detector<TenantBaselines> = {
  id: 'change.unusual-principal',
  family: 'change',
  title: 'Change by an unusual principal',
  version: '1',
  facets: ['change'],

  score(seen, state, out) {
    const who = seen.symbols[SYMBOL.principal];
    const kind = seen.symbols[SYMBOL.changeKind];
    if (who === 0 || kind === 0) return;
    out.judged(unusualChange.id);
    const target = seen.symbols[SYMBOL.resource];
    state.focus('touched', target);
    const onTarget = target === 0 ? undefined : judge(state, who);
    const targetExpected = onTarget === undefined ? '' : expectedValues(state, CATEGORY.changer);
    // A kind of change that hardly ever happens is judged with all the others.
    state.focus('account', kind);
    const rareKind = state.categories.observations(CATEGORY.changer) < KIND_COUNT_MIN;
    if (rareKind) state.focus('account', ANY_KIND);
    const inAccount = judge(state, who);
    const accountExpected = inAccount === undefined ? '' : expectedValues(state, CATEGORY.changer);
    const robot = isRobotsDeployment(seen, state);
    const byTarget = onTarget !== undefined && onTarget.score >= onTarget.threshold;
    const speaks = byTarget ? onTarget : inAccount;
    if (speaks === undefined) return;
    const score = robot ? speaks.score * ROBOT_FACTOR : speaks.score;
    if (score < SCORE_MIN) return;
    const words = {
      principal: fieldText(seen, 'principal'),
      kind: fieldText(seen, 'changeKind'),
      action: fieldText(seen, 'action'),
    };
    const targetText = fieldText(seen, 'resource');
    const failed = (seen.flags & FLAG.denied) !== 0;
    const unit = byTarget ? 'changes of it' : rareKind ? 'changes seen' : `${words.kind} changes seen`;
    out.add({
      detector: unusualChange.id,
      score,
      threshold: speaks.threshold,
      count: speaks.count,
      maturity: speaks.count / (speaks.count + 10),
      value: `${words.principal} ${words.kind}`,
      novelty: undefined,
      evidence: [
        {
          parameter: 'changed_by',
          observed: `${principalText(words.principal)}: ${words.action}${failed ? ' (denied)' : ''}`,
          expected: byTarget ? targetExpected : accountExpected,
          count: speaks.count,
        },
      ],
      sentence: sentenceOf(words, {
        target: thingText(targetText),
        failed,
        often: noneBefore(speaks, unit),
      }),
      quietIf: 'this principal had made such changes before, or many different ones make them',
      impact: IMPACT_OF_CHANGE[words.kind] ?? 0.7,
      techniques: TECHNIQUES_OF_CHANGE[words.kind] ?? [],
    });
  },

  learn(seen, state) {
    const who = seen.symbols[SYMBOL.principal];
    const kind = seen.symbols[SYMBOL.changeKind];
    if (who === 0 || kind === 0) return;
    const name = () => fieldText(seen, 'principal');
    const target = seen.symbols[SYMBOL.resource];
    const counts = !state.held && (seen.flags & FLAG.denied) === 0;
    if (counts && !isPerson(seen, state)) state.robots.learn(handsOf(seen), target, state.lesson);
    if (target !== 0) {
      state.ensure('touched', target, () => fieldText(seen, 'resource'));
      learnChanger(state, who, name);
    }
    state.ensure('account', kind, () => fieldText(seen, 'changeKind'));
    learnChanger(state, who, name);
    state.ensure('account', ANY_KIND, () => 'all changes');
    learnChanger(state, who, name);
  },
};

/** New code of something, by hands that deploy many things on many days. Roles, policies and URLs are other kinds of change. */
function isRobotsDeployment(seen: Observation, state: TenantBaselines): boolean {
  return fieldText(seen, 'changeKind') === 'code' && !isPerson(seen, state) && state.robots.knows(handsOf(seen));
}

function isPerson({ symbols }: Observation, state: TenantBaselines): boolean {
  return symbols[SYMBOL.principalKind] === state.person;
}

function handsOf({ symbols }: Observation): Hands {
  return { principal: symbols[SYMBOL.principal], network: symbols[SYMBOL.network], client: symbols[SYMBOL.client] };
}

/** "none of the 15 code changes in the account before was theirs". */
function noneBefore(of: Novelty, unit: string): string {
  const none = `none of the ${Math.round(of.before)} ${unit} before`;
  return of.suspect ? `they began only lately: ${none} was theirs` : `${none} was theirs`;
}

function sentenceOf(
  words: { principal: string; kind: string; action: string },
  of: { target: string; failed: boolean; often: string },
): string {
  const did = of.failed ? 'tried to change' : 'changed';
  const what = of.target === '' ? 'something' : of.target;
  return `${principalText(words.principal)} ${did} the ${words.kind} of ${what} (${words.action}); ${of.often}.`;
}

function judge(state: TenantBaselines, who: number): Novelty | undefined {
  const entry = state.categories.find(CATEGORY.changer, who);
  return scoreNovelty(state.categories, { field: CATEGORY.changer, entry, day: state.lesson.day }, BASE);
}

function learnChanger(state: TenantBaselines, who: number, name: () => string): void {
  state.categories.observe(CATEGORY.changer);
  const value = { field: CATEGORY.changer, hash: who, base: BASE, held: state.held };
  learnValue(state.categories, value, state.lesson);
  const entry = state.categories.find(CATEGORY.changer, who);
  if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.changer, who), name());
}
