import { mix32 } from '../base/hash.ts';
import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { VERB_CLASS, VERB_CLASS_TEXTS } from '../features/verb-class.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { callText, expectedValues, oftenNever } from './words.ts';

const BASE = 2;
/** What it means when a function begins to do it to a store it knew: what is lost cannot be read again. */
const IMPACT = [0, 0.55, 0.6, 0.55, 0.8] as const;
const TECHNIQUES: readonly (readonly string[])[] = [[], ['T1530'], ['T1619'], ['T1565.001'], ['T1485']];

/**
 * A data dependency of another class: a store the function knows, and a thing it never did there (reads what it only wrote,
 * lists, deletes). Operations are put into classes first, so that another API call to the same end is nothing new. The store
 * is the bucket, table or database; keys and their prefixes are in no record. Speaks where `flow.new-call` does not, whose finding
 * tells the class otherwise: in functions whose calls vary, but not what they do to which store. Silent for stores that are new as a
 * whole, of which `egress.new-destination` speaks, and in functions whose stores change all the time.
 */
export const newAccess: Detector<FunctionBaselines> = {
  id: 'data.new-access',
  family: 'data',
  title: 'A store used in a new way',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    out.judged(newAccess.id, seen.callCount);
    for (let at = 0; at < seen.callCount; at++) {
      const hash = accessOf(seen, at);
      if (hash === 0 || isRepeated(seen, at, hash)) continue;
      const entry = state.traits.find(CATEGORY.access, hash);
      if (state.traits.wantsName(entry)) state.names.add(keyOf(CATEGORY.access, hash), accessText(seen, at));
      if (state.traits.isKnown(entry) || !isKnownStore(seen, state, at) || isToldByCall(seen, state, at)) continue;
      const place = { field: CATEGORY.access, entry, day: state.lesson.day };
      const novelty = scoreNovelty(state.traits, place, BASE, SCORE_MIN);
      if (novelty === undefined) continue;
      const [text, kind] = [accessText(seen, at), seen.callClass[at]];
      const usual = expectedValues({ categories: state.traits, names: state.names }, CATEGORY.access);
      out.add({
        detector: newAccess.id,
        score: novelty.score,
        threshold: novelty.threshold,
        count: novelty.count,
        maturity: novelty.count / (novelty.count + 50),
        value: text,
        novelty: { field: CATEGORY.access, hash },
        evidence: [
          { parameter: 'data_access', observed: text, expected: usual, count: novelty.count },
          { parameter: 'call', observed: callText(seen, at), expected: 'no call of this class', count: novelty.count },
        ],
        sentence: `\`${state.shortName}\` did something new to a store it knows: ${text}; ${oftenNever(novelty, 'did that')}.`,
        quietIf: 'it had done this to the store before, or had shown new accesses in the last days',
        impact: IMPACT[kind],
        techniques: TECHNIQUES[kind],
      });
    }
  },

  learn(seen, state) {
    if (!seen.callsKnown || !state.grant('traits')) return;
    const { traits } = state;
    traits.observe(CATEGORY.access);
    for (let at = 0; at < seen.callCount; at++) {
      const hash = accessOf(seen, at);
      if (hash === 0 || isRepeated(seen, at, hash)) continue;
      // Of a store that is new as a whole the first access is part of that, not one more change of ways.
      const covered = !isKnownStore(seen, state, at);
      const value = { field: CATEGORY.access, hash, base: BASE, held: state.held('data'), covered };
      learnValue(traits, value, state.lesson);
    }
  },
};

/** A new way to use a known store. */
export interface NewAccess {
  /** `delete s3/invoices`. */
  readonly text: string;
  readonly impact: number;
  readonly techniques: readonly string[];
}

/** Class and store together, 0 for a call that is no access. */
function accessOf(seen: Observation, at: number): number {
  const kind = seen.callClass[at];
  const store = seen.callDestination[at];
  if (kind === VERB_CLASS.none || kind === VERB_CLASS.child || store === 0) return 0;
  return mix32(store ^ Math.imul(kind, 0x9e3779b1)) >>> 0 || 1;
}

/** True when `flow.new-call` speaks of this call: it tells the class, too, and one thing is told once. */
function isToldByCall(seen: Observation, state: FunctionBaselines, at: number): boolean {
  if (seen.habitual) return false;
  const entry = state.categories.find(CATEGORY.call, seen.callToken[at]);
  const place = { field: CATEGORY.call, entry, day: state.lesson.day };
  const novelty = scoreNovelty(state.categories, place, BASE);
  return novelty !== undefined && novelty.score >= novelty.threshold;
}

function isRepeated(seen: Observation, at: number, hash: number): boolean {
  for (let before = 0; before < at; before++) if (accessOf(seen, before) === hash) return true;
  return false;
}

function isKnownStore(seen: Observation, state: FunctionBaselines, at: number): boolean {
  return state.categories.isKnown(state.categories.find(CATEGORY.destination, seen.callDestination[at]));
}

/** What is new about a call to a store the function knows, undefined when that is nothing: for other detectors' findings. */
export function newAccessOf(seen: Observation, state: FunctionBaselines, at: number): NewAccess | undefined {
  const hash = accessOf(seen, at);
  if (hash === 0 || !isKnownStore(seen, state, at)) return undefined;
  if (state.traits.isKnown(state.traits.find(CATEGORY.access, hash))) return undefined;
  const kind = seen.callClass[at];
  return { text: accessText(seen, at), impact: IMPACT[kind], techniques: TECHNIQUES[kind] };
}

function accessText(seen: Observation, at: number): string {
  if (seen.batch === undefined) return '';
  const { calls } = seen.batch.columns;
  return `${VERB_CLASS_TEXTS[seen.callClass[at]]} ${seen.batch.text(calls.destination[calls.start[seen.row] + at])}`;
}
