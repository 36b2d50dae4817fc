import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { NUMBER, SYMBOL } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { bytesText, fieldText, oftenNever } from './words.ts';

const BASE = 2;
/** An event anybody can send says nothing beyond a weak signal; one from within says a little more. */
const IMPACT_OUTSIDE = 0.15;
const IMPACT_INSIDE = 0.4;
/** Kinds of triggers that strangers reach. */
const OPEN_KINDS: ReadonlySet<string> = new Set(['http', 'edge']);

/**
 * The event that fired the function has a structure (names and types of fields) that none had before. Requests from the open
 * internet that are merely new in content stay weak signals, whatever they are: whoever sends them could otherwise make any
 * function look guilty. Blind for injections, which change values and not the structure: they show in what the function does.
 */
export const newStructure: Detector<FunctionBaselines> = {
  id: 'shape.new-structure',
  family: 'shape',
  title: 'Event of a new structure',
  version: '1',
  facets: ['sensor'],

  score(seen, state, out) {
    const hash = seen.symbols[SYMBOL.shape];
    if (hash === 0) return;
    out.judged(newStructure.id);
    const entry = state.traits.find(CATEGORY.structure, hash);
    if (state.traits.wantsName(entry)) state.names.add(keyOf(CATEGORY.structure, hash), structureText(seen));
    if (state.traits.isKnown(entry)) return;
    const place = { field: CATEGORY.structure, entry, day: state.lesson.day };
    const novelty = scoreNovelty(state.traits, place, BASE, SCORE_MIN);
    if (novelty === undefined) return;
    const known = state.traits.values(CATEGORY.structure).filter(({ doubted }) => !doubted).length;
    const { count } = novelty;
    const size = seen.numbers[NUMBER.requestBytes];
    out.add({
      detector: newStructure.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count,
      maturity: count / (count + 50),
      value: structureText(seen),
      novelty: { field: CATEGORY.structure, hash },
      evidence: [
        {
          parameter: 'event_structure',
          observed: structureText(seen),
          expected: known === 1 ? 'the one structure it knows' : `one of ${known} structures it knows`,
          count,
        },
        ...(size >= 0
          ? [{ parameter: 'event_bytes', observed: bytesText(size), expected: 'a known structure of any size', count }]
          : []),
      ],
      sentence: `\`${state.shortName}\` was fired by an event of a new structure; ${oftenNever(novelty, 'had one like it')}.`,
      quietIf: 'an event with these fields had come before, or new structures had been usual in the last days',
      impact: isOpen(seen) ? IMPACT_OUTSIDE : IMPACT_INSIDE,
      techniques: [],
    });
  },

  learn(seen, state) {
    const hash = seen.symbols[SYMBOL.shape];
    if (hash === 0 || !state.grant('traits')) return;
    state.traits.observe(CATEGORY.structure);
    const value = { field: CATEGORY.structure, hash, base: BASE, held: state.held('shape') };
    learnValue(state.traits, value, state.lesson);
  },
};

/** True for an event that somebody nobody vouches for may have sent. */
function isOpen(seen: Observation): boolean {
  const kind = fieldText(seen, 'triggerKind');
  const principal = fieldText(seen, 'principalKind');
  return OPEN_KINDS.has(kind) || principal === 'anonymous';
}

/** A structure is a hash; eight digits of it tell one from another. */
function structureText(seen: Observation): string {
  return `structure ${(fieldText(seen, 'shape')).slice(0, 8)}`;
}
