import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FlowOf, OrderVerdict } from '../baselines/flows.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { FLAG, NUMBER, SYMBOL } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Reading, worstOf } from '../sequences/reading.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { lacksUsual } from './missing-call.ts';
import { callText } from './words.ts';

/** Invocations without memory for the order of calls: a function that runs a few times shows no order. */
const FLOW_FROM = 8;
/** Steps shown on each side of the strange one. */
const SHOWN = 3;

/**
 * A function makes the calls it always makes, in an order in which it never made them: what runs is no longer what was deployed, or
 * somebody steers it. Judges the strangest step of an invocation, and the average of all steps, by those of earlier invocations.
 * Repeats of one call and of the work as a whole are no other order: see `flow.repeats`. Silent about calls that are new or
 * usual and missing, which other detectors tell; about calls that ran side by side; where the invocation failed, its list of calls
 * was cut or its source samples; for the first fifty invocations; and in functions with
 * more ways than fit into their memory.
 */
export const callOrder: Detector<FunctionBaselines> = {
  id: 'flow.order',
  family: 'flow',
  title: 'Calls in another order',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!isJudged(seen, state)) return;
    out.judged(callOrder.id);
    const { flows } = state;
    if (flows.repeats(seen.shape)) return;
    const reading = flows.read(flowOf(seen));
    if (reading === undefined) return;
    const first = flows.judge(reading);
    if (first.score < SCORE_MIN) return;
    const excused = withoutParallel(seen, state, reading);
    const verdict = flows.judge(excused);
    if (verdict.score < SCORE_MIN) return;
    // No call at all is an early return, of a request that was refused; what is absent is told by `flow.missing-call`.
    if (seen.callCount === 0) return;
    if (!seen.habitual && lacksUsual(seen, state)) return;
    out.add(report(seen, state, { reading: excused, verdict }));
  },

  learn(seen, state) {
    if (!isJudged(seen, state)) return;
    if (!state.flows.ready && seen.callCount > 0 && state.invocations >= FLOW_FROM) state.makeFlows();
    const { flows } = state;
    if (state.sinceRevision === 0) flows.redeployed();
    flows.learn(flowOf(seen), state.lesson, state.held('flow'));
  },
};

/** What the flow of an observation is. */
export function flowOf(seen: Observation): FlowOf {
  return {
    tokens: seen.callToken,
    count: seen.callCount,
    shape: seen.shape,
    batchSize: seen.numbers[NUMBER.batchSize],
  };
}

function isJudged(seen: Observation, state: FunctionBaselines): boolean {
  if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return false;
  if ((seen.flags & (FLAG.callsCut | FLAG.sampled | FLAG.init)) !== 0) return false;
  const status = seen.symbols[SYMBOL.status];
  return status === 0 || status === state.ok;
}

/**
 * The reading without steps whose call began before the one before it had ended, and without those right after: their order is
 * chance.
 */
function withoutParallel(seen: Observation, { flows }: FunctionBaselines, reading: Reading): Reading {
  const calls = seen.batch?.columns.calls;
  if (calls === undefined) return reading;
  const { steps } = flows;
  const from = calls.start[seen.row];
  let before = false;
  for (let step = 1; step <= steps.count; step++) {
    const at = from + steps.calls[step];
    const parallel = step < steps.count && calls.offsetMs[at] < calls.offsetMs[at - 1] + calls.durationMs[at - 1];
    if (parallel || before) steps.surprise[step] = 0;
    before = parallel;
  }
  let sum = 0;
  for (let step = 0; step < reading.steps; step++) sum += steps.surprise[step];
  return { ...reading, ...worstOf(steps), mean: sum / reading.steps };
}

function report(seen: Observation, state: FunctionBaselines, of: { reading: Reading; verdict: OrderVerdict }) {
  const { steps } = state.flows;
  const { at } = of.reading;
  const texts = Array.from({ length: steps.count }, (_, step) => callText(seen, steps.calls[step]));
  const isEnd = at === steps.count;
  const before = at === 0 ? 'at its beginning' : `after ${texts[at - 1]}`;
  const did = isEnd ? `ended ${before}` : `called ${texts[at]} ${before}`;
  const { count, score, threshold } = of.verdict;
  const known = Math.round(count);
  return {
    detector: callOrder.id,
    score,
    threshold,
    count: known,
    maturity: count / (count + 50),
    value: `${at === 0 ? 'start' : texts[at - 1]} -> ${isEnd ? 'end' : texts[at]}`,
    novelty: undefined,
    evidence: [
      { parameter: 'call_order', observed: marked(texts, at), expected: usualText(state), count: known },
      {
        parameter: 'step_chance',
        observed: chanceText(steps.surprise[at]),
        expected: 'steps it often takes',
        count: known,
      },
    ],
    sentence: `\`${state.shortName}\` ${did}, which is not how it worked in ${known} invocations.`,
    quietIf: 'it had made these calls in this order before, or had changed its order now and then',
    impact: 0.5,
    techniques: [],
  };
}

/** The steps around a strange one, which is marked: `a -> b -> [c] -> d`; the end is marked as `[end]`. */
function marked(texts: readonly string[], at: number): string {
  const from = Math.max(0, at - SHOWN);
  const to = Math.min(texts.length, at + SHOWN + 1);
  const shown = texts.slice(from, to).map((text, index) => (from + index === at ? `[${text}]` : text));
  const head = from > 0 ? [`${from} earlier`] : [];
  const tail = to < texts.length ? [`${texts.length - to} more`] : at === texts.length ? ['[end]'] : ['end'];
  return [...head, ...shown, ...tail].join(' -> ');
}

/** The sequence that came last, as an example of the usual ones. */
function usualText(state: FunctionBaselines): string {
  const { latest } = state.flows;
  const texts: string[] = [];
  for (const token of latest) {
    const text = state.names.get(keyOf(CATEGORY.call, token));
    if (texts[texts.length - 1] !== text) texts.push(text);
  }
  if (texts.length === 0) return 'an order seen before';
  const shown = texts.slice(0, 2 * SHOWN + 1);
  const tail = texts.length > shown.length ? `${texts.length - shown.length} more` : 'end';
  return [...shown, tail].join(' -> ');
}

function chanceText(surprise: number): string {
  return `1 in ${Math.round(Math.exp(surprise * Math.LN10))}`;
}
