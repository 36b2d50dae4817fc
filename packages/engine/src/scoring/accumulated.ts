import { shortNameOf } from '../baselines/function.ts';
import type { Entity, Finding } from '../event/finding.ts';
import { impactAt, type Sensitivity } from '../event/sensitivity.ts';
import type { Place } from './draft.ts';
import type { Accumulated } from './ledgers.ts';
import { riskOf } from './risk.ts';

/** What is fixed about findings of the ledgers. */
export const ACCUMULATED = {
  id: 'pattern.accumulated',
  family: 'pattern',
  title: 'Weak signals that add up',
  version: '1',
} as const;

/** What it would mean: somebody who takes his time. */
const IMPACT = 0.6;
const CONFIDENCE = 0.7;
/** Signals named in the sentence. */
const NAMED_MAX = 4;
const DAY_MS = 86_400_000;

/** The finding of a ledger that crossed its limit, at the place of the signal that made it cross. */
export function accumulatedFinding(
  place: Place,
  crossed: Accumulated,
  as: { readonly id: string; readonly entity: Entity; readonly template: Finding; readonly sensitivity: Sensitivity },
): Finding {
  const { contributors, decades, limit, halfLifeDays } = crossed;
  const first = contributors.reduce((least, { timeMs }) => Math.min(least, timeMs), place.eventMs);
  const days = Math.max(1, Math.ceil((place.eventMs - first) / DAY_MS));
  const kinds = [...new Set(contributors.map(({ detector }) => detector))];
  const named =
    kinds.slice(0, NAMED_MAX).join(', ') + (kinds.length > NAMED_MAX ? ` and ${kinds.length - NAMED_MAX} more` : '');
  const name = as.entity.kind === 'function' ? shortNameOf(as.entity.key) : as.entity.key;
  const count = contributors.length;
  const impact = impactAt(IMPACT, as.sensitivity);
  return {
    ...as.template,
    id: as.id,
    level: 'finding',
    detector: ACCUMULATED.id,
    detectorVersion: ACCUMULATED.version,
    family: ACCUMULATED.family,
    title: ACCUMULATED.title,
    sentence: `\`${name}\` showed ${count} weak signals within ${days === 1 ? 'a day' : `${days} days`} that together are too many for chance: ${named}.`,
    entity: as.entity,
    score: decades,
    rarity: Math.exp(-Math.LN10 * Math.min(12, decades)),
    confidence: CONFIDENCE,
    impact,
    risk: riskOf(impact, CONFIDENCE),
    evidence: [
      {
        parameter: 'weak_signals_decades',
        observed: decades.toFixed(1),
        expected: `below ${limit} with a half-life of ${halfLifeDays === 1 ? 'a day' : `${halfLifeDays} days`}`,
        count,
      },
      {
        parameter: 'weak_signals',
        observed: contributors.map(({ finding }) => finding).join(' '),
        expected: 'none',
        count,
      },
    ],
    quietIf: 'fewer different signals had come, or over a longer time',
    techniques: [],
    notes: [],
  };
}
