import { CATEGORY, keyOf } from '../baselines/category.ts';
import { type FunctionBaselines, shortNameOf } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { triggerOf } from '../features/shape.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { expectedValues, fieldText, oftenNever } from './words.ts';

const BASE = 2;

/** The function was fired by a kind of trigger or a source (queue, bucket, route, rule) that never fired it. */
export const newTrigger: Detector<FunctionBaselines> = {
  id: 'trigger.new-source',
  family: 'trigger',
  title: 'Trigger never seen before',
  version: '1',
  facets: ['sensor', 'otel', 'xray', 'platform', 'insights', 'trigger'],

  score(seen, state, out) {
    const hash = triggerOf(seen);
    if (hash === 0 || seen.isForeign(FIELDS.trigger)) return;
    out.judged(newTrigger.id);
    if (seen.habitual) return;
    const entry = state.categories.find(CATEGORY.trigger, hash);
    if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.trigger, hash), triggerText(seen));
    if (state.categories.isKnown(entry)) return;
    const place = { field: CATEGORY.trigger, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.categories, place, BASE, SCORE_MIN);
    if (novelty === undefined) return;
    const text = triggerText(seen);
    out.add({
      detector: newTrigger.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count: novelty.count,
      maturity: novelty.count / (novelty.count + 50),
      value: text,
      novelty: { field: CATEGORY.trigger, hash },
      evidence: [
        {
          parameter: 'trigger',
          observed: text,
          expected: expectedValues(state, CATEGORY.trigger),
          count: novelty.count,
        },
      ],
      sentence: `\`${state.shortName}\` was invoked ${byWhom(seen)}; ${oftenNever(novelty, 'had this trigger')}.`,
      quietIf: 'this source had fired the function before',
      impact: 0.6,
      techniques: ['T1648'],
    });
  },

  learn(seen, state) {
    if (seen.habitual) return;
    const hash = triggerOf(seen);
    if (hash === 0) return;
    state.categories.observe(CATEGORY.trigger);
    const value = { field: CATEGORY.trigger, hash, base: BASE, held: state.held('trigger') };
    learnValue(state.categories, value, state.lesson);
  },
};

function triggerText(seen: Observation): string {
  if (seen.batch === undefined) return '';
  const kind = seen.batch.symbolText(seen.row, 'triggerKind');
  const source = seen.batch.symbolText(seen.row, 'triggerSource');
  return [kind, source].filter((part) => part !== '').join(' ');
}

/** "directly by `webhook`" for a function, "by queue sqs/jobs" for anything else. */
function byWhom(seen: Observation): string {
  const source = fieldText(seen, 'triggerSource');
  const direct = seen.batch?.symbolText(seen.row, 'triggerKind') === 'invoke' && source !== '';
  return direct ? `directly by \`${shortNameOf(source)}\`` : `by ${triggerText(seen)}`;
}
