import { mix32 } from '../base/hash.ts';
import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { FunctionBaselines } from '../baselines/function.ts';
import { learnValue } from '../baselines/learning.ts';
import { scoreNovelty } from '../baselines/novelty.ts';
import { FLAG, NUMBER } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';
import { VERB_CLASS } from '../features/verb-class.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { oftenNever } from './words.ts';

const BASE = 2;
/** CPU time of children without a known child from which somebody else computed, ms: the clock of children steps by 10 ms. */
const CHILD_CPU_MS = 50;
/** Connections and timers below this number belong to pools and clients. */
const POOL_MAX = 8;

/** What may be left behind at the end of an invocation, or be unaccounted for. */
interface Residue {
  /** Part of saved state: only append. */
  readonly code: number;
  readonly parameter: string;
  /** What there is in a row: 0 for nothing. Grouped, so that a little more is not another thing. */
  level(seen: Observation): number;
  readonly observed: (seen: Observation) => string;
  readonly expected: string;
  readonly did: string;
  readonly never: string;
  readonly impact: number;
  readonly techniques: readonly string[];
  /** True when there is always some: then only what was seen of it, not every invocation, says what is usual. */
  readonly everySighting?: true;
}

/** Sightings without which what is always there is not judged. */
const SIGHTINGS_MIN = 20;
/** Levels there can be: those of 16 bits. */
const LEVELS = 16;

const RESIDUES: readonly Residue[] = [
  {
    code: 1,
    parameter: 'processes_left',
    level: (seen) => (isStart(seen) ? 0 : octave(seen.numbers[NUMBER.processes])),
    observed: (seen) => `${seen.numbers[NUMBER.processes]} processes`,
    expected: 'no process beside its own, or fewer',
    did: 'left other processes running at the end of an invocation',
    never: 'left as many',
    impact: 0.85,
    techniques: ['T1543', 'T1059'],
  },
  {
    code: 2,
    parameter: 'child_cpu_ms_unaccounted',
    level: (seen) => (seen.numbers[NUMBER.childCpuMs] >= CHILD_CPU_MS && isChildless(seen) ? 1 : 0),
    observed: (seen) => `${Math.round(seen.numbers[NUMBER.childCpuMs])} ms by nobody known`,
    expected: 'CPU time of children only when it started one',
    did: 'used CPU time of child processes although it was not seen to start any',
    never: 'did that',
    impact: 0.8,
    techniques: ['T1059'],
  },
  {
    code: 3,
    parameter: 'sockets_left',
    level: (seen) => pooled(seen.numbers[NUMBER.sockets]),
    observed: (seen) => `${seen.numbers[NUMBER.sockets]} connections`,
    expected: 'the connections of its pools',
    did: 'left far more connections open than before',
    never: 'left as many',
    impact: 0.5,
    techniques: [],
  },
  {
    code: 4,
    parameter: 'timers_left',
    level: (seen) => pooled(seen.numbers[NUMBER.timers]),
    observed: (seen) => `${seen.numbers[NUMBER.timers]} timers`,
    expected: 'the timers of its clients',
    did: 'left far more timers running than before',
    never: 'left as many',
    impact: 0.4,
    techniques: [],
  },
  {
    code: 5,
    parameter: 'processes_at_start',
    level: (seen) => (isStart(seen) ? octave(seen.numbers[NUMBER.processes]) : 0),
    observed: (seen) => `${seen.numbers[NUMBER.processes]} processes`,
    expected: 'the processes of its runtime and extensions',
    did: 'started in a sandbox with other processes than before',
    never: 'did that',
    impact: 0.6,
    techniques: ['T1543'],
    everySighting: true,
  },
];

/**
 * What an invocation leaves behind: processes, connections and timers that are still there at its end, and CPU time of
 * children that nobody was seen to start; and the processes a sandbox starts with. Sees processes when the sensor looked (a child was started, or CPU of children moved), so
 * an implant that sleeps is seen at the next such look. Files written outside the task root are in no record but /tmp, which
 * `resource.tail` and `egress.staging` judge. Silent for functions that always leave things.
 */
export const leftBehind: Detector<FunctionBaselines> = {
  id: 'process.left-behind',
  family: 'process',
  title: 'Something left behind',
  version: '1',
  facets: ['sensor'],

  score(seen, state, out) {
    out.judged(leftBehind.id);
    for (const residue of RESIDUES) {
      const level = residue.level(seen);
      if (level === 0) continue;
      const hash = hashOf(residue, level);
      const entry = state.traits.find(CATEGORY.residue, hash);
      if (state.traits.wantsName(entry)) state.names.add(keyOf(CATEGORY.residue, hash), residue.observed(seen));
      if (state.traits.isKnown(entry)) continue;
      if (residue.everySighting === true && sightingsOf(residue, state) < SIGHTINGS_MIN) continue;
      const place = { field: CATEGORY.residue, entry, day: state.lesson.day };
      const novelty = scoreNovelty(state.traits, place, BASE, SCORE_MIN);
      if (novelty === undefined) continue;
      const { parameter, expected, impact, techniques } = residue;
      out.add({
        detector: leftBehind.id,
        score: novelty.score,
        threshold: novelty.threshold,
        count: novelty.count,
        maturity: novelty.count / (novelty.count + 50),
        value: `${parameter} ${level}`,
        novelty: { field: CATEGORY.residue, hash },
        evidence: [{ parameter, observed: residue.observed(seen), expected, count: novelty.count }],
        sentence: `\`${state.shortName}\` ${residue.did} (${residue.observed(seen)}); ${oftenNever(novelty, residue.never)}.`,
        quietIf: 'it had left as much before, or such things had been usual in the last days',
        impact,
        techniques,
      });
    }
  },

  learn(seen, state) {
    if (!state.grant('traits')) return;
    state.traits.observe(CATEGORY.residue);
    for (const residue of RESIDUES) {
      const level = residue.level(seen);
      if (level === 0) continue;
      const hash = hashOf(residue, level);
      const value = { field: CATEGORY.residue, hash, base: BASE, held: state.held('process') };
      learnValue(state.traits, value, state.lesson);
    }
  },
};

/** The first record of a sandbox tells the processes that were there before it. */
function isStart(seen: Observation): boolean {
  return (seen.flags & (FLAG.cold | FLAG.init)) !== 0;
}

function sightingsOf(residue: Residue, { traits }: FunctionBaselines): number {
  let count = 0;
  for (let level = 1; level <= LEVELS; level++) {
    const entry = traits.find(CATEGORY.residue, hashOf(residue, level));
    if (entry >= 0) count += traits.countAt(entry);
  }
  return count;
}

function hashOf(residue: Residue, level: number): number {
  return mix32(residue.code * 64 + level) >>> 0 || 1;
}

/** True when every call of the invocation is known, and none is a child. */
function isChildless(seen: Observation): boolean {
  if (!seen.callsKnown || (seen.flags & FLAG.callsCut) !== 0) return false;
  for (let at = 0; at < seen.callCount; at++) if (seen.callClass[at] === VERB_CLASS.child) return false;
  return true;
}

/** 1 for one, 2 for two and three, 3 for four to seven, ...; 0 for none and unknown. */
function octave(count: number): number {
  return count >= 1 ? 32 - Math.clz32(Math.min(count, 65_535)) : 0;
}

function pooled(count: number): number {
  return count > POOL_MAX ? octave(count) : 0;
}
