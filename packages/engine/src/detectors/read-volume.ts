import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, RECORD, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { SYMBOL } from '../event/schema.ts';
import { FIELDS, type Observation } from '../features/observation.ts';
import { VERB_CLASS } from '../features/verb-class.ts';
import { addAmount, amountThreshold, placeText } from './amount-claim.ts';
import { readsOf } from './bulk-response.ts';
import { type Detector, SCORE_MIN, type Scores } from './detector.ts';
import { isLater } from './egress-volume.ts';
import { bytesText, fieldText, principalText } from './words.ts';

/** Least excess over the most ever read from a store in one invocation: reading is not yet leaving. */
const BYTES_EXCESS_MIN = 262_144;
/** Least excess over the most reads ever made in one invocation. */
const READS_EXCESS_MIN = 16;
/** Bytes that one principal has read in a day before it is looked at. */
const PRINCIPAL_BYTES_MIN = 1_048_576;

/**
 * Far more read than ever before: from one store in one invocation, in number of reads, or by one principal in a day. Sees
 * bytes where the sensor counts them by call, and numbers of reads from any tracing. Silent for the first twenty invocations that
 * used a store, and for the first twenty days of principals; principals are pseudonyms that hold for one sandbox where no
 * key is configured, and then say little.
 */
export const readVolume: Detector<FunctionBaselines> = {
  id: 'data.read-volume',
  family: 'data',
  title: 'Far more read than before',
  version: '1',
  facets: ['sensor', 'otel', 'xray'],

  score(seen, state, out) {
    if (!state.read.known || !seen.callsKnown || seen.isForeign(FIELDS.calls)) return;
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      if (hash === 0 || isLater(seen, at)) continue;
      const bytes = bytesRead(seen, hash);
      const slot = Number.isNaN(bytes) ? -1 : state.read.find(hash);
      if (slot >= 0) judgeBytes(seen, { state, hash, slot, bytes }, out);
    }
    judgeReads(seen, state, out);
    judgePrincipal(seen, state, out);
  },

  learn(seen, state) {
    if (!seen.callsKnown) return;
    const reads = readsIn(seen);
    if (!state.read.known && reads === 0) return;
    if (!state.grant('read')) return;
    const { read } = state;
    const as = { held: state.held('data'), training: state.lesson.training };
    read.begin(state.lesson, { held: as.held, revised: state.sinceRevision === 0 });
    read.learnFixed(SLOT.second, reads, as);
    let all = 0;
    for (let at = 0; at < seen.callCount; at++) {
      const hash = seen.callDestination[at];
      if (hash === 0 || isLater(seen, at)) continue;
      const bytes = bytesRead(seen, hash);
      if (Number.isNaN(bytes)) continue;
      read.learnPlace(hash, bytes, as);
      all += bytes;
    }
    if (all === 0) return;
    read.learnFixed(SLOT.total, all, as);
    const principal = seen.symbols[SYMBOL.principal];
    if (principal !== 0) read.addToPrincipal(principal, all);
  },
};

function judgeBytes(
  seen: Observation,
  of: { state: FunctionBaselines; hash: number; slot: number; bytes: number },
  out: Scores,
): void {
  const { state, hash, slot, bytes } = of;
  const tail = state.read.tail(slot);
  if (tail.count < RECORD_COUNT_MIN) return;
  out.judged(readVolume.id);
  const score = tail.score(bytes);
  if (score < SCORE_MIN) return;
  const [count, max] = [Math.round(tail.count), tail.max];
  const limit = Math.max(tail.limit(CLAIM_BEYOND), max + BYTES_EXCESS_MIN);
  const place = placeText(state, hash);
  const { shortName: name } = state;
  addAmount(out, {
    detector: readVolume.id,
    ...{ score, count, value: place },
    threshold: amountThreshold(score, count, bytes >= max + BYTES_EXCESS_MIN),
    impact: 0.6,
    techniques: ['T1530'],
    texts: () => ({
      evidence: [
        { parameter: 'bytes_read', observed: bytesText(bytes), expected: `at most ${bytesText(max)}`, count },
        ...readsOf(seen).map((observed) => ({
          parameter: 'call',
          observed,
          expected: `less than ${bytesText(limit)} in all`,
          count,
        })),
      ],
      sentence: `\`${name}\` read ${bytesText(bytes)} from ${place}; in ${count} invocations it read at most ${bytesText(max)} there.`,
      quietIf: `it had read less than ${bytesText(limit)} there`,
    }),
  });
}

function judgeReads(seen: Observation, state: FunctionBaselines, out: Scores): void {
  const tail = state.read.tail(SLOT.second);
  const reads = readsIn(seen);
  if (tail.count < RECORD_COUNT_MIN || reads === 0) return;
  out.judged(readVolume.id);
  const score = tail.score(reads);
  if (score < SCORE_MIN) return;
  const [count, max] = [Math.round(tail.count), Math.round(tail.max)];
  const limit = Math.ceil(Math.max(tail.limit(CLAIM_BEYOND), max + READS_EXCESS_MIN));
  const { shortName: name } = state;
  addAmount(out, {
    detector: readVolume.id,
    ...{ score, count, value: 'reads' },
    threshold: amountThreshold(score, count, reads >= max + READS_EXCESS_MIN),
    impact: 0.55,
    techniques: ['T1530'],
    texts: () => ({
      evidence: [
        { parameter: 'reads', observed: String(reads), expected: `at most ${max}`, count },
        ...readsOf(seen).map((observed) => ({
          parameter: 'call',
          observed,
          expected: `one of at most ${max} reads`,
          count,
        })),
      ],
      sentence: `\`${name}\` read ${reads} times in one invocation; in ${count} invocations it read at most ${max} times.`,
      quietIf: `it had read fewer than ${limit} times`,
    }),
  });
}

function judgePrincipal(seen: Observation, state: FunctionBaselines, out: Scores): void {
  const principal = seen.symbols[SYMBOL.principal];
  const { read } = state;
  if (principal === 0 || seen.isForeign(FIELDS.principal)) return;
  const tail = read.record(RECORD.principal);
  if (tail.count < RECORD_COUNT_MIN) return;
  const own = allRead(seen);
  const bytes = read.ofPrincipal(principal, state.lesson.day) + own;
  if (own === 0 || bytes <= tail.max || bytes < PRINCIPAL_BYTES_MIN) return;
  out.judged(readVolume.id);
  const [score, count, max] = [tail.score(bytes), Math.round(tail.count), tail.max];
  const who = principalText(fieldText(seen, 'principal'));
  const { shortName: name } = state;
  const limit = Math.max(tail.limit(CLAIM_BEYOND), PRINCIPAL_BYTES_MIN);
  addAmount(out, {
    detector: readVolume.id,
    ...{ score, count, value: `principal ${who}` },
    threshold: Math.log10(count + 1) + CLAIM_BEYOND,
    impact: 0.6,
    techniques: ['T1530'],
    texts: () => ({
      evidence: [
        {
          parameter: 'bytes_read_for_principal',
          observed: `${bytesText(bytes)} today for ${who}`,
          expected: `at most ${bytesText(max)} in a day for anybody`,
          count,
        },
      ],
      sentence: `\`${name}\` read ${bytesText(bytes)} for ${who} today; on ${count} days of principals nobody had more than ${bytesText(max)} read.`,
      quietIf: `it had stayed below ${bytesText(limit)} in a day`,
    }),
  });
}

function isRead(seen: Observation, at: number): boolean {
  return seen.callClass[at] === VERB_CLASS.read || seen.callClass[at] === VERB_CLASS.list;
}

function readsIn(seen: Observation): number {
  let count = 0;
  for (let at = 0; at < seen.callCount; at++) if (isRead(seen, at)) count++;
  return count;
}

/** Bytes read from a store in this invocation, NaN when no source counted them or nothing was read there. */
function bytesRead(seen: Observation, hash: number): number {
  let sum = Number.NaN;
  for (let at = 0; at < seen.callCount; at++) {
    const bytes = seen.callBytesIn[at];
    if (seen.callDestination[at] === hash && bytes >= 0 && isRead(seen, at))
      sum = Number.isNaN(sum) ? bytes : sum + bytes;
  }
  return sum;
}

function allRead(seen: Observation): number {
  let sum = 0;
  for (let at = 0; at < seen.callCount; at++) {
    if (seen.callBytesIn[at] >= 0 && isRead(seen, at)) sum += seen.callBytesIn[at];
  }
  return sum;
}
