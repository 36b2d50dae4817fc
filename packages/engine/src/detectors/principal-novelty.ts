import { keyOf } from '../baselines/category.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL, type SymbolField } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { patienceWith } from './patience.ts';
import { expectedValues, fieldText, oftenNever, principalText } from './words.ts';

/** What differs between detectors of something a principal has never shown. */
export interface PrincipalNovelty {
  readonly id: string;
  readonly title: string;
  /** Column of the value, and where it is learned. */
  readonly symbol: Extract<SymbolField, 'country' | 'client'>;
  readonly field: number;
  readonly parameter: string;
  readonly impact: number;
  readonly techniques: readonly string[];
  /** "acted from DE" */
  readonly did: (value: string) => string;
  /** "acted from there" */
  readonly before: string;
  readonly quietIf: string;
}

/**
 * A detector of a value that a principal shows for the first time: predictive probability of a new value by the principal's
 * own record, with more patience for people and for who changes often. Silent where the source does not say the value.
 */
export function principalNovelty(of: PrincipalNovelty): Detector<TenantBaselines> {
  return {
    id: of.id,
    family: 'access',
    title: of.title,
    version: '1',
    facets: ['audit', 'change'],
    score: (seen, state, out) => score(of, { seen, state, out }),
    learn: (seen, state) => learn(of, seen, state),
  };
}

function score(
  of: PrincipalNovelty,
  { seen, state, out }: { seen: Observation; state: TenantBaselines; out: Scores },
): void {
  const principal = seen.symbols[SYMBOL.principal];
  const hash = seen.symbols[SYMBOL[of.symbol]];
  if (principal === 0 || hash === 0) return;
  out.judged(of.id);
  state.focus('principal', principal);
  const place = { field: of.field, entry: state.categories.find(of.field, hash), day: state.lesson.day };
  const novelty = scoreNovelty(state.categories, place, patienceWith(seen), SCORE_MIN);
  if (novelty === undefined) return;
  const value = fieldText(seen, of.symbol);
  const { count } = novelty;
  out.add({
    detector: of.id,
    score: novelty.score,
    threshold: novelty.threshold,
    count,
    maturity: count / (count + 50),
    value,
    novelty: undefined,
    evidence: [{ parameter: of.parameter, observed: value, expected: expectedValues(state, of.field), count }],
    sentence: `${principalText(fieldText(seen, 'principal'))} ${of.did(value)}; ${oftenNever(novelty, of.before, 'recorded API calls')}.`,
    quietIf: of.quietIf,
    impact: of.impact,
    techniques: of.techniques,
  });
}

function learn(of: PrincipalNovelty, seen: Observation, state: TenantBaselines): void {
  const principal = seen.symbols[SYMBOL.principal];
  const hash = seen.symbols[SYMBOL[of.symbol]];
  if (principal === 0 || hash === 0) return;
  state.ensure('principal', principal, () => fieldText(seen, 'principal'));
  state.categories.observe(of.field);
  const value = { field: of.field, hash, base: patienceWith(seen), held: state.held };
  learnValue(state.categories, value, state.lesson);
  const entry = state.categories.find(of.field, hash);
  if (state.categories.wantsName(entry)) state.names.add(keyOf(of.field, hash), fieldText(seen, of.symbol));
}
