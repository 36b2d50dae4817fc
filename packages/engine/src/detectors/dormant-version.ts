import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { expectedValues, fieldText, oftenNever } from './words.ts';

const BASE = 2;
/** A version is asked for by number only by somebody who means that one. */
const NUMBERED = /^\d+$/;

/**
 * Somebody called the function by an alias or version it was never called by: an old version with a known hole, or one kept aside
 * for the purpose. Silent for the first invocation after a deployment by alias, which keeps its name, and where the source does not
 * tell by what name the function was called.
 */
export const dormantVersion: Detector<FunctionBaselines> = {
  id: 'trigger.dormant-version',
  family: 'trigger',
  title: 'Called by a version never called before',
  version: '1',
  facets: ['sensor', 'platform', 'otel', 'xray'],

  score(seen, state, out) {
    const hash = seen.symbols[SYMBOL.qualifier];
    if (hash === 0) return;
    out.judged(dormantVersion.id);
    const text = fieldText(seen, 'qualifier');
    const entry = state.traits.find(CATEGORY.version, hash);
    if (state.traits.wantsName(entry)) state.names.add(keyOf(CATEGORY.version, hash), text);
    if (state.traits.isKnown(entry)) return;
    const place = { field: CATEGORY.version, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.traits, place, BASE, SCORE_MIN);
    if (novelty === undefined) return;
    const usual = expectedValues({ categories: state.traits, names: state.names }, CATEGORY.version);
    const what = NUMBERED.test(text) ? `version ${text}` : `alias ${text}`;
    const fresh = state.sinceRevision === 0;
    out.add({
      detector: dormantVersion.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: text,
      novelty: { field: CATEGORY.version, hash },
      evidence: [{ parameter: 'version', observed: text, expected: usual, count: novelty.count }],
      sentence: `\`${state.shortName}\` was called by ${what}; ${oftenNever(novelty, 'was called by it')}.`,
      quietIf: 'it had been called by this version or alias before',
      // With a new revision it is most likely a deployment; an old one waking is none.
      impact: fresh ? 0.3 : 0.6,
      techniques: ['T1648'],
    });
  },

  learn(seen, state) {
    const hash = seen.symbols[SYMBOL.qualifier];
    if (hash === 0 || !state.grant('traits')) return;
    state.traits.observe(CATEGORY.version);
    const value = { field: CATEGORY.version, hash, base: BASE, held: state.held('trigger') };
    learnValue(state.traits, value, state.lesson);
  },
};
