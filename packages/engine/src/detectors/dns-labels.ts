import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { addAmount, amountThreshold } from './amount-claim.ts';
import { type Detector, SCORE_MIN } from './detector.ts';

/** Characters beyond the record below which nothing worth stealing fits. */
const EXCESS_MIN = 32;
/** Bits a character from which names look made up: words and numbered hosts stay below, hexadecimal and base32 are above. */
const ENTROPY_MIN = 3;
/** Destinations that are shown. */
const SHOWN_MAX = 4;

/**
 * Something carried out in the names of hosts: many more characters below registrable domains than ever before, and of high
 * entropy. Names are in the record as lengths and entropy only, so that stolen pieces do not get into logs and chat. Sees the
 * last four labels of hosts that HTTP calls went to; look-ups that no call follows are not reported by any source today.
 */
export const dnsLabels: Detector<FunctionBaselines> = {
  id: 'egress.dns-labels',
  family: 'egress',
  title: 'Names of hosts that carry something',
  version: '1',
  facets: ['sensor'],

  score(seen, state, out) {
    const { sent } = state;
    if (!sent.known || !seen.callsKnown) return;
    const tail = sent.tail(SLOT.names);
    if (tail.count < RECORD_COUNT_MIN) return;
    const characters = charactersOf(seen);
    out.judged(dnsLabels.id);
    if (characters === 0) return;
    const score = tail.score(characters);
    if (score < SCORE_MIN) return;
    const [count, max] = [Math.round(tail.count), tail.max];
    const entropy = seen.numbers[NUMBER.nameEntropy];
    const limit = Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN);
    const matters = characters >= max + EXCESS_MIN && entropy >= ENTROPY_MIN;
    const { shortName: name } = state;
    const expected = max < 1 ? 'none' : `at most ${Math.round(max)}`;
    addAmount(out, {
      detector: dnsLabels.id,
      ...{ score, count, value: 'names' },
      threshold: amountThreshold(score, count, matters),
      impact: 0.75,
      techniques: ['T1071.004'],
      texts: () => ({
        evidence: [
          { parameter: 'name_characters', observed: String(characters), expected, count },
          {
            parameter: 'name_entropy_bits',
            observed: entropy >= 0 ? entropy.toFixed(2) : 'unknown',
            expected: `below ${ENTROPY_MIN} a character`,
            count,
          },
          ...destinationsOf(seen).map((observed) => ({
            parameter: 'destination',
            observed,
            expected: 'short names',
            count,
          })),
        ],
        sentence: `\`${name}\` called hosts with ${characters} characters below their domains, as when something is carried out in names; in ${count} invocations it was ${expected}.`,
        quietIf: `names of hosts had had fewer than ${Math.round(limit)} characters in all, or had been words`,
      }),
    });
  },

  learn(seen, state) {
    if (!seen.callsKnown || !state.grant('sent')) return;
    const as = { held: state.held('egress'), training: state.lesson.training };
    state.sent.learnFixed(SLOT.names, charactersOf(seen), as);
  },
};

function charactersOf(seen: Observation): number {
  const characters = seen.numbers[NUMBER.nameBytes];
  return Number.isNaN(characters) ? 0 : characters;
}

function destinationsOf(seen: Observation): string[] {
  if (seen.batch === undefined) return [];
  const { calls } = seen.batch.columns;
  const texts = new Set<string>();
  for (let at = calls.start[seen.row]; at < calls.start[seen.row + 1] && texts.size < SHOWN_MAX; at++) {
    const text = seen.batch.text(calls.destination[at]);
    if (text.includes('.')) texts.add(text);
  }
  return [...texts];
}
