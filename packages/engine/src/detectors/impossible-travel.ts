import { CATEGORY, keyOf } from '../baselines/category.ts';
import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL } from '../event/schema.ts';
import { certainKm } from '../features/countries.ts';
import type { Observation } from '../features/observation.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { countChance, learnOccasion, scoreOccasion } from './occasion.ts';
import { fieldText, principalText } from './words.ts';

/** Speed of an airliner, km/h: nobody is faster. */
const KMH_MAX = 900;
/** Thirty hours of people's work in the account without such a journey: tunnels and proxies make some accounts jump. */
const BASE = 1.5;
const SECONDS_PER_HOUR = 3600;

/**
 * A person acts from a country that they cannot have reached since they last acted. Only the distance that is certain counts
 * (`certainKm`), so neighbours and two ends of a large country never do. How telling it is follows from how often it happens
 * in the account. People only: programs are in many places at once. Silent without a database of places.
 */
export const impossibleTravel: Detector<TenantBaselines> = {
  id: 'access.impossible-travel',
  family: 'access',
  title: 'A person in two places',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    if (!isPersonSomewhere(seen, state)) return;
    state.focus('principal', seen.symbols[SYMBOL.principal]);
    if (state.principals.beginsHour(seen.eventMs)) out.judged(impossibleTravel.id);
    const journey = journeyOf(seen, state);
    if (journey === undefined) return;
    const novelty = scoreOccasion(state, 'travel', BASE);
    if (novelty.score < SCORE_MIN) return;
    const { from, to, km, hours } = journey;
    const who = principalText(fieldText(seen, 'principal'));
    const count = Math.round(novelty.count);
    const took = hours < 1 ? `${Math.round(hours * 60)} minutes` : `${hours.toFixed(1)} hours`;
    out.add({
      detector: impossibleTravel.id,
      score: novelty.score,
      threshold: novelty.threshold,
      count,
      maturity: count / (count + 50),
      value: `${from} ${to}`,
      novelty: undefined,
      evidence: [
        {
          parameter: 'journey',
          observed: `${from} to ${to}, at least ${km} km in ${took}`,
          expected: `at most ${Math.round(KMH_MAX * hours)} km`,
          count,
        },
      ],
      sentence: `${who} acted from ${from} and ${took} later from ${to}, at least ${km} km away; in ${count} hours of people's work such a thing was rare.`,
      quietIf: `there had been time for the journey at ${KMH_MAX} km/h, or people of the account jumped often`,
      impact: 0.8,
      techniques: ['T1078.004'],
    });
  },

  learn(seen, state) {
    if (!isPersonSomewhere(seen, state)) return;
    const principal = seen.symbols[SYMBOL.principal];
    const country = seen.symbols[SYMBOL.country];
    state.focus('principal', principal);
    const begins = state.principals.beginsHour(seen.eventMs);
    const journey = journeyOf(seen, state);
    const moves = state.principals.lastPlace.country !== country;
    if (begins) countChance(state, 'travel');
    if (journey !== undefined) learnOccasion(state, 'travel', { hash: principal, base: BASE });
    if (moves) state.names.add(keyOf(CATEGORY.country, country), fieldText(seen, 'country'));
    state.ensure('principal', principal, () => fieldText(seen, 'principal'));
    const second = Math.floor(seen.eventMs / 1000);
    // A record that comes late says nothing about where somebody is now.
    if (second >= state.principals.lastPlace.second) state.principals.setPlace(country, second);
  },
};

interface Journey {
  readonly from: string;
  readonly to: string;
  readonly km: number;
  readonly hours: number;
}

/** The journey that nobody can have made, of the principal in focus. */
function journeyOf(seen: Observation, state: TenantBaselines): Journey | undefined {
  const { country, second } = state.principals.lastPlace;
  if (country === 0 || country === seen.symbols[SYMBOL.country]) return undefined;
  const from = state.names.get(keyOf(CATEGORY.country, country));
  const to = fieldText(seen, 'country');
  const km = certainKm(from, to);
  const hours = Math.abs(seen.eventMs / 1000 - second) / SECONDS_PER_HOUR;
  return km > KMH_MAX * hours ? { from, to, km, hours } : undefined;
}

function isPersonSomewhere(seen: Observation, state: TenantBaselines): boolean {
  const { symbols } = seen;
  if (symbols[SYMBOL.principal] === 0 || symbols[SYMBOL.country] === 0) return false;
  return symbols[SYMBOL.principalKind] === state.person;
}
