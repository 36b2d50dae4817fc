import type { TenantBaselines } from '../baselines/tenant.ts';
import { SYMBOL } from '../event/schema.ts';
import { type Detector, SCORE_MIN } from './detector.ts';
import { fieldText, principalText } from './words.ts';

/** One active hour in two hundred: five weeks of working days without such an hour. */
const THRESHOLD = 2.3;
const HOUR_MS = 3_600_000;
const HOURS = 24;

/**
 * A principal acts at an hour of the day at which it hardly ever acts: chance of all hours that are no more usual, by a
 * histogram of its active hours with smoothed edges and a uniform prior. Programs that run around the clock are never
 * strange by it. Hours are UTC: a person who travels moves their day, which this sees.
 */
export const unusualHour: Detector<TenantBaselines> = {
  id: 'access.unusual-hour',
  family: 'access',
  title: 'Credentials used at an unusual hour',
  version: '1',
  facets: ['audit', 'change'],

  score(seen, state, out) {
    const principal = seen.symbols[SYMBOL.principal];
    if (principal === 0) return;
    state.focus('principal', principal);
    const { principals } = state;
    if (!principals.beginsHour(seen.eventMs) || principals.activeHours === 0) return;
    out.judged(unusualHour.id);
    const score = -Math.log10(principals.hourTail(seen.eventMs));
    if (score < SCORE_MIN) return;
    const who = principalText(fieldText(seen, 'principal'));
    const hour = Math.floor(seen.eventMs / HOUR_MS) % HOURS;
    const count = Math.round(principals.activeHours);
    const usual = rangesOf(principals.hoursActed);
    out.add({
      detector: unusualHour.id,
      score,
      threshold: THRESHOLD,
      count,
      maturity: count / (count + 50),
      value: clock(hour),
      novelty: undefined,
      evidence: [{ parameter: 'hour_utc', observed: clock(hour), expected: usual, count }],
      sentence: `${who} acted between ${clock(hour)} and ${clock((hour + 1) % HOURS)} UTC; of its ${count} active hours before nearly all lay elsewhere (${usual}).`,
      quietIf: 'the principal had acted at about this hour before, or at all hours',
      impact: 0.45,
      techniques: ['T1078.004'],
    });
  },

  learn() {
    // What hours a principal acts in is counted with its rate, see `unusual-rate.ts`.
  },
};

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`;
}

/** `08:00-18:00, 20:00-21:00` for the hours 8 to 17 and 20. */
function rangesOf(hours: readonly number[]): string {
  const ranges: string[] = [];
  for (let at = 0; at < hours.length; ) {
    let end = at;
    while (end + 1 < hours.length && hours[end + 1] === hours[end] + 1) end++;
    ranges.push(`${clock(hours[at])}-${clock((hours[end] + 1) % HOURS)}`);
    at = end + 1;
  }
  return ranges.length === 0 ? 'none' : ranges.join(', ');
}
