import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { FLAG, SYMBOL } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { callText } from './words.ts';

/** Invocations before a function gets memory for the order of its calls: invented names rarely come so far. */
const INVOCATIONS_MIN = 2;
/** Invocations learned before an order can be strange. */
const COUNT_MIN = 60;
/** A step less surprising than this, in decades, is an ordinary choice of the program. */
const SURPRISE_MIN = 1.5;
/** Score of a finding: a record broken once in 600 invocations, and by some way. */
const THRESHOLD = 4;
/** Mean of how far benign breaks of the record go: decades of surprise, and logarithm of the number of calls. */
const SURPRISE_BREAK = 0.25;
const LENGTH_BREAK = 0.5;
/** Calls that must be added before their number alone is strange. */
const LENGTH_EFFECT = 3;
/** Of invocations that are like the one before, one in so many is learned, as so many. */
const ALIKE_STRIDE = 16;
/** Status of a call from which clients try again: throttled, or the server's fault. */
const RETRIED_STATUS = 429;
/** Steps shown of a sequence. */
const STEPS_SHOWN = 8;

/** The least usual step of an invocation: decades of surprise and place; place = number of calls is its end. */
interface Step {
  readonly surprise: number;
  readonly at: number;
}

/**
 * The calls of an invocation come in an order the function never showed, or far more of them come. Judged by the function's own
 * record of surprises, so that functions whose order varies are not strange for it. Steps from and to calls that are new are told by
 * `flow.new-call`. Silent for the first sixty invocations, on failed ones, and where the list of calls was cut.
 */
export const callOrder: Detector<FunctionBaselines> = {
  id: 'flow.order',
  family: 'flow',
  title: 'Calls in an unusual order or number',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!isWhole(seen, state) || seen.batch === undefined) return;
    const { flows } = state;
    if (flows.count < COUNT_MIN) return;
    out.judged(callOrder.id);
    if (flows.isAlike(seen.shape) || !hasUsual(seen, state)) return;
    const step = strangest(seen, state, true);
    const calls = knownCalls(seen, state);
    const rarity = flows.rarity(step.surprise, calls);
    const beyond = Math.max(0, step.surprise - flows.highestSurprise) / (SURPRISE_BREAK * Math.LN10);
    const order = step.surprise < SURPRISE_MIN ? 0 : rarity.surprise + beyond;
    const more = Math.log(Math.max(1, calls) / Math.max(1, flows.mostCalls)) / (LENGTH_BREAK * Math.LN10);
    const many = calls < flows.mostCalls + LENGTH_EFFECT ? 0 : rarity.length + Math.max(0, more);
    if (Math.max(order, many) < SCORE_MIN) return;
    const { count } = flows;
    const byOrder = order >= many;
    const sequence = sequenceText(seen, byOrder ? step.at : -1);
    const usual = usualText(state);
    out.add({
      detector: callOrder.id,
      score: Math.max(order, many),
      threshold: THRESHOLD,
      count,
      maturity: count / (count + 200),
      value: byOrder ? 'order' : 'number',
      novelty: undefined,
      evidence: byOrder
        ? [{ parameter: 'call_sequence', observed: sequence, expected: usual, count }]
        : [
            { parameter: 'calls', observed: String(calls), expected: `at most ${flows.mostCalls}`, count },
            { parameter: 'call_sequence', observed: sequence, expected: usual, count },
          ],
      sentence: byOrder
        ? `\`${state.shortName}\` made its calls in an order it never showed: ${sequence}; usually ${usual}.`
        : `\`${state.shortName}\` made ${calls} calls; in ${count} invocations at most ${flows.mostCalls}.`,
      quietIf: byOrder ? 'it had made this step before' : 'it had made nearly as many calls before',
      impact: 0.5,
      techniques: [],
    });
  },

  learn(seen, state) {
    if (!isWhole(seen, state) || state.held('flow')) return;
    const { flows } = state;
    if (!flows.ready) {
      if (state.invocations < INVOCATIONS_MIN) return;
      state.makeFlows();
    }
    const alike = flows.isAlike(seen.shape);
    if (alike && !flows.turn(ALIKE_STRIDE)) return;
    const { surprise } = strangest(seen, state, false);
    flows.learn({ surprise, calls: seen.callCount, times: alike ? ALIKE_STRIDE : 1, shape: seen.shape });
  },
};

/** True when the list of calls is the invocation's whole list, as far as anybody can say. */
function isWhole(seen: Observation, state: FunctionBaselines): boolean {
  if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return false;
  if ((seen.flags & (FLAG.callsCut | FLAG.sampled | FLAG.init)) !== 0) return false;
  const status = seen.symbols[SYMBOL.status];
  return status === 0 || status === state.ok;
}

/** True for a call that only repeats the one before it, which failed or was throttled. */
function isRetry(seen: Observation, at: number): boolean {
  if (seen.batch === undefined || at < 1 || at >= seen.callCount) return false;
  if (seen.callToken[at] !== seen.callToken[at - 1]) return false;
  const { calls } = seen.batch.columns;
  return calls.status[calls.start[seen.row] + at - 1] >= RETRIED_STATUS;
}

/** True unless a usual call is absent, which is told by `flow.missing-call`. */
function hasUsual(seen: Observation, state: FunctionBaselines): boolean {
  let present = 0;
  const { categories } = state;
  for (let at = 0; at < seen.callCount; at++) {
    if (seen.callToken.indexOf(seen.callToken[at]) < at) continue;
    const entry = categories.find(CATEGORY.call, seen.callToken[at]);
    if (entry >= 0 && categories.isUsual(entry)) present++;
  }
  return present >= categories.usualCount;
}

/** Calls the function has made before. */
function knownCalls(seen: Observation, state: FunctionBaselines): number {
  let count = 0;
  for (let at = 0; at < seen.callCount; at++) if (isKnown(seen, state, at)) count++;
  return count;
}

/** The least usual step; with `known`, of those between calls the function has shown before. */
function strangest(seen: Observation, state: FunctionBaselines, known: boolean): Step {
  const count = seen.callCount;
  const { flows } = state;
  for (let at = 0; at < count; at++) flows.tokens[at] = keyOf(CATEGORY.call, seen.callToken[at]);
  const surprises = flows.surprises(count);
  let worst: Step = { surprise: 0, at: 0 };
  for (let at = 0; at <= count; at++) {
    if (known && (isRetry(seen, at) || !(isKnown(seen, state, at) && isKnown(seen, state, at - 1)))) continue;
    if (surprises[at] > worst.surprise) worst = { surprise: surprises[at], at };
  }
  return worst;
}

function isKnown(seen: Observation, state: FunctionBaselines, at: number): boolean {
  if (at < 0 || at >= seen.callCount) return true;
  return state.categories.isKnown(state.categories.find(CATEGORY.call, seen.callToken[at]));
}

/** The calls around a step, with the step marked; from the beginning where it is -1. */
function sequenceText(seen: Observation, step: number): string {
  const from = Math.max(0, Math.min(step, seen.callCount) - STEPS_SHOWN / 2);
  const to = Math.min(seen.callCount, from + STEPS_SHOWN);
  const parts = from > 0 ? ['…'] : [];
  for (let at = from; at < to; at++) parts.push(at === step ? `[${callText(seen, at)}]` : callText(seen, at));
  if (step === seen.callCount) parts.push('[end]');
  else if (to < seen.callCount) parts.push(`… ${seen.callCount - to} more`);
  return parts.length === 0 ? 'no calls' : parts.join(', ');
}

/** What the function does most often, step by step. */
function usualText(state: FunctionBaselines): string {
  const { model } = state.flows;
  const calls = state.categories.values(CATEGORY.call).map(({ key }) => ({ key, text: state.names.get(key) }));
  const parts: string[] = [];
  let before: number | undefined;
  while (parts.length < STEPS_SHOWN) {
    let best = { chance: before === undefined ? 0 : model.follows(before, undefined), key: 0, text: '' };
    for (const { key, text } of calls) {
      const chance = model.follows(before, key);
      if (chance > best.chance) best = { chance, key, text };
    }
    if (best.key === 0) break;
    parts.push(best.text);
    before = best.key;
  }
  return parts.length === 0 ? 'no calls' : parts.join(', ');
}
