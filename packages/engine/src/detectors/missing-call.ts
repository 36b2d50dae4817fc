import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { percent } from './words.ts';

const BASE = 2;
const THRESHOLD_PER_ABSENCE = 0.5;

/**
 * A call that is part of nearly every invocation (98 % of at least 50) is absent from one that reports success. Attacked
 * invocations often lack their usual calls. Silent when the invocation failed, when the call list was cut, and when the
 * source samples, because absence then proves nothing.
 */
export const missingCall: Detector<FunctionBaselines> = {
  id: 'flow.missing-call',
  family: 'flow',
  title: 'Usual call missing',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    if ((seen.flags & (FLAG.callsCut | FLAG.sampled | FLAG.init)) !== 0) return;
    const status = seen.symbols[SYMBOL.status];
    // What failed, or ended in a way nobody knows, proves nothing.
    if (seen.batch === undefined || (status !== 0 && status !== state.ok)) return;
    out.judged(missingCall.id);
    if (seen.habitual) return;
    const usual = state.categories.usualCount;
    if (usual === 0 || usual === presentUsual(seen, state)) return;
    const present = new Set<number>();
    for (let at = 0; at < seen.callCount; at++) present.add(keyOf(CATEGORY.call, seen.callToken[at]));
    for (const value of state.categories.values(CATEGORY.call)) {
      if (!value.usual || present.has(value.key)) continue;
      const { since } = value;
      const absences = Math.max(0, since - value.count);
      const share = Math.min(1, value.count / since);
      const score = Math.log10((since + 1) / (absences + 0.5));
      if (score < SCORE_MIN) continue;
      const text = state.names.get(value.key);
      out.add({
        detector: missingCall.id,
        score,
        threshold: BASE + THRESHOLD_PER_ABSENCE * absences,
        count: since,
        maturity: since / (since + 50),
        value: text,
        novelty: undefined,
        evidence: [
          {
            parameter: 'call',
            observed: callsWithout(seen.callCount, text),
            expected: `${text} in ${percent(share)} of invocations`,
            count: since,
          },
        ],
        sentence: `\`${state.shortName}\` finished without ${text}, which was part of ${share === 1 ? 'all' : `${percent(share)} of`} ${Math.round(since)} invocations.`,
        quietIf: 'the invocation had failed, or the call had been absent now and then before',
        impact: 0.5,
        techniques: [],
      });
    }
  },

  /** Presence of calls is learned by `flow.new-call`, which shares the field. */
  learn() {},
};

function callsWithout(count: number, text: string): string {
  if (count === 0) return 'no calls';
  return `${count} ${count === 1 ? 'call' : 'calls'} without ${text}`;
}

/** True when a call is absent that nearly every invocation makes. The observation must not be `habitual`. */
export function lacksUsual(seen: Observation, state: FunctionBaselines): boolean {
  return state.categories.usualCount !== presentUsual(seen, state);
}

/** Usual calls that are present. */
function presentUsual(seen: Observation, state: FunctionBaselines): number {
  let present = 0;
  for (let at = 0; at < seen.callCount; at++) {
    const entry = seen.callEntry[at];
    if (entry >= 0 && state.categories.isUsual(entry)) present++;
  }
  return present;
}
