import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { REPEATED } from '../baselines/located-calls.ts';
import { type Novelty, scoreNovelty } from '../baselines/novelty.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { newAccessOf } from './new-access.ts';
import { callText, expectedValues, oftenNever } from './words.ts';

/** From 1 % on: a function with no change in 50 invocations shows something new. */
const BASE = 2;

/**
 * A call or child process the function never made: verb and resource together. Silent for calls to a destination that is
 * new as a whole: `egress.new-destination` speaks there, and tells the calls. It goes on being silent for further routes of a
 * new host, but not for further actions on a resource of a cloud service that was new before: who looked at a function
 * first and then invokes it does another thing. Silent in functions whose calls change all the time.
 */
export const newCall: Detector<FunctionBaselines> = {
  id: 'flow.new-call',
  family: 'flow',
  title: 'Call never made before',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    const day = state.lesson.day;
    out.judged(newCall.id, seen.callCount);
    if (seen.habitual) return;
    for (let at = 0; at < seen.callCount; at++) {
      const token = seen.callToken[at];
      const entry = seen.callEntry[at];
      if (entry === REPEATED) continue;
      if (state.categories.wantsName(entry)) state.names.add(keyOf(CATEGORY.call, token), callText(seen, at));
      if (state.categories.isKnown(entry)) continue;
      const novelty = scoreNovelty(state.categories, { field: CATEGORY.call, entry, day }, BASE, SCORE_MIN);
      if (novelty === undefined) continue;
      if (isCovered(seen, state, at)) continue;
      report(seen, state, { at, novelty }, out);
    }
  },

  learn(seen, state) {
    if (!seen.callsKnown || seen.habitual) return;
    state.categories.observe(CATEGORY.call);
    const heldAside = state.held('egress');
    for (let at = 0; at < seen.callCount; at++) {
      const entry = seen.callEntry[at];
      if (entry === REPEATED) continue;
      const token = seen.callToken[at];
      const key = keyOf(CATEGORY.call, token);
      const known = state.categories.isKnown(entry);
      if (known && !heldAside && state.categories.learnAt(entry, key, state.lesson)) continue;
      const covered = isCovered(seen, state, at);
      // While an incident about the destination is open, calls to it are not learned either.
      if (known && heldAside && covered && !state.lesson.training) continue;
      const value = { field: CATEGORY.call, hash: token, base: BASE, held: state.held('flow'), covered };
      learnValue(state.categories, value, state.lesson);
    }
  },
};

/** Whether what is new about a call is its destination. */
function isCovered(seen: Observation, state: FunctionBaselines, at: number): boolean {
  const destination = seen.callDestination[at];
  if (destination === 0) return false;
  if (state.categories.isKnown(state.categories.find(CATEGORY.destination, destination))) return false;
  // As it stood before this row: learning the row has added what was unseen.
  const wasSeen = firstEntry(seen, at) >= 0;
  return !wasSeen || !isAction(callText(seen, at));
}

/** Where the destination of a call was found: the first call to it in the row says so. */
function firstEntry(seen: Observation, at: number): number {
  const destination = seen.callDestination[at];
  for (let before = 0; before < at; before++) {
    if (seen.callDestination[before] === destination) return seen.destinationEntry[before];
  }
  return seen.destinationEntry[at];
}

/** `service:Operation`: an action on a cloud service, whose names are few; not a route of a host, of which there are any number. */
function isAction(text: string): boolean {
  return /^[a-z][a-z0-9-]*:[A-Z][A-Za-z]+ /.test(text) && !text.startsWith('http:');
}

function report(
  seen: Observation,
  state: FunctionBaselines,
  found: { at: number; novelty: Novelty },
  out: Scores,
): void {
  const { at, novelty } = found;
  const text = callText(seen, at);
  const child = text.startsWith('exec:');
  const usual = expectedValues(state, CATEGORY.call, (value) => value.startsWith('exec:') === child);
  const access = child ? undefined : newAccessOf(seen, state, at);
  out.add({
    detector: newCall.id,
    score: novelty.score,
    threshold: novelty.threshold,
    count: novelty.count,
    maturity: novelty.count / (novelty.count + 50),
    value: text,
    novelty: { field: CATEGORY.call, hash: seen.callToken[at] },
    evidence: [
      { parameter: child ? 'child_process' : 'call', observed: text, expected: usual, count: novelty.count },
      ...(access === undefined
        ? []
        : [{ parameter: 'data_access', observed: access.text, expected: 'never', count: novelty.count }]),
    ],
    sentence: child
      ? `\`${state.shortName}\` started \`${text.slice(5)}\`; ${oftenNever(novelty, 'started this program')}.`
      : `\`${state.shortName}\` called ${text}; ${oftenNever(novelty, 'made this call')}.`,
    quietIf: `it had made this call before, or had shown new calls in the last days`,
    impact: child ? 0.9 : Math.max(0.6, access?.impact ?? 0),
    techniques: child ? ['T1059'] : (access?.techniques ?? []),
  });
}
