import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { REPEATED } from '../baselines/located-calls.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { sentTo } from './egress-volume.ts';
import { bytesText, callText, expectedValues, oftenNever, thingText } from './words.ts';

const BASE = 2;
/** Bytes from which what was sent matters by its size, and from which it is a bulk of things whatever the function usually sends. */
const LARGE_BYTES = 65_536;
const BULK_BYTES = 10_000_000;
/** Decades that size adds to novelty at most. */
const BEYOND_MAX = 2;
/** Calls to the new destination that are shown: the first ones say what it is about. */
const CALLS_SHOWN_MAX = 4;

/**
 * A destination the function never talked to: registrable domain, cloud service with its resource, or a bare address.
 * With the bytes sent there, where a source counts them, and what was called there.
 */
export const newDestination: Detector<FunctionBaselines> = {
  id: 'egress.new-destination',
  family: 'egress',
  title: 'Destination never seen before',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    out.judged(newDestination.id, seen.callCount);
    if (seen.habitual) return;
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      const entry = seen.destinationEntry[at];
      if (hash === 0 || entry === REPEATED) continue;
      if (state.categories.wantsName(entry)) {
        state.names.add(keyOf(CATEGORY.destination, hash), destinationText(seen, at));
      }
      if (state.categories.isKnown(entry)) continue;
      const place = { field: CATEGORY.destination, entry, day: state.lesson.day };
      const novelty = scoreNovelty(state.categories, place, BASE, SCORE_MIN);
      if (novelty === undefined) continue;
      const text = destinationText(seen, at);
      const bytes = sentTo(seen, hash);
      const sent = Number.isNaN(bytes) ? 0 : bytes;
      const bare = text.startsWith('address:');
      const beyond = decadesBeyond(state, sent);
      out.add({
        detector: newDestination.id,
        score: novelty.score + beyond,
        threshold: novelty.threshold,
        count: novelty.count,
        maturity: novelty.count / (novelty.count + 50),
        value: text,
        novelty: { field: CATEGORY.destination, hash },
        evidence: [
          {
            parameter: 'destination',
            observed: text,
            expected: expectedValues(state, CATEGORY.destination),
            count: novelty.count,
          },
          ...(sent > 0
            ? [{ parameter: 'bytes_to_destination', observed: String(sent), expected: '0', count: novelty.count }]
            : []),
          ...callsTo(seen, hash).map((call) => ({
            parameter: 'call',
            observed: call,
            expected: 'none to this destination',
            count: novelty.count,
          })),
        ],
        sentence: `\`${state.shortName}\` ${sent > 0 ? `sent ${bytesText(sent)} to` : 'contacted'} ${thingText(text)}; ${oftenNever(novelty, 'talked to it')}.`,
        quietIf: 'the destination had been used before, or new destinations had been usual in the last days',
        impact: impactOf(bare, { sent, beyond }),
        techniques: sent > 100_000 ? ['T1567'] : [],
      });
    }
  },

  learn(seen, state) {
    if (!seen.callsKnown || seen.habitual) return;
    state.categories.observe(CATEGORY.destination);
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      const entry = seen.destinationEntry[at];
      if (hash === 0 || entry === REPEATED) continue;
      const key = keyOf(CATEGORY.destination, hash);
      if (state.categories.isKnown(entry) && state.categories.learnAt(entry, key, state.lesson)) continue;
      const held = state.held('egress');
      learnValue(state.categories, { field: CATEGORY.destination, hash, base: BASE, held }, state.lesson);
    }
  },
};

function destinationText(seen: Observation, at: number): string {
  if (seen.batch === undefined) return '';
  const { calls } = seen.batch.columns;
  return seen.batch.text(calls.destination[calls.start[seen.row] + at]);
}

/** What was called there in this invocation, in order, each once. */
function callsTo(seen: Observation, hash: number): string[] {
  const texts = new Set<string>();
  for (let at = 0; at < seen.callCount && texts.size < CALLS_SHOWN_MAX; at++) {
    const text = seen.callDestination[at] === hash ? callText(seen, at) : '';
    if (text !== '') texts.add(text);
  }
  return [...texts];
}

/**
 * Decades by which what went to a new destination lies beyond all that the function ever sent in one invocation: a new place
 * and a new size together are rarer than either. Two at most, so that size alone does not outweigh what is known of the place.
 */
function decadesBeyond(state: FunctionBaselines, sent: number): number {
  if (!state.sent.known || sent < LARGE_BYTES) return 0;
  const tail = state.sent.tail(SLOT.total);
  return tail.count < RECORD_COUNT_MIN ? 0 : Math.min(BEYOND_MAX, Math.max(0, tail.beyond(sent)));
}

/** The same new place is another thing with forty megabytes than with three hundred bytes. */
function impactOf(bare: boolean, { sent, beyond }: { sent: number; beyond: number }): number {
  const plain = bare ? 0.85 : 0.75;
  if (sent < LARGE_BYTES) return plain;
  return beyond > 0 || sent >= BULK_BYTES ? 0.95 : 0.9;
}
