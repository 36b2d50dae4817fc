import type { BudgetStanding, CalibrationRow } from '@gait/engine/standing';
import { grouped } from './words.ts';

/** Exceedances that must be expected for a ratio to say something. */
const EXPECTED_MIN = 10;
/** How far claimed and true rarity may be apart. */
const FACTOR_MAX = 2;

/** One line on how the alert budget is kept; unreviewed pages count against it. */
export function budgetText({ perWeek, lastWeek, ...pages }: BudgetStanding): string {
  const beside = [
    lastWeek.impact > 0 ? `${grouped(lastWeek.impact)} grave and certain` : '',
    lastWeek.young > 0 ? `${grouped(lastWeek.young)} of young functions` : '',
  ].filter((text) => text !== '');
  const apart = beside.length === 0 ? '' : `, beside it ${beside.join(' and ')}`;
  const reviewed = `${grouped(pages.confirmedTrue)} true, ${grouped(pages.confirmedFalse)} false, ${grouped(pages.unreviewed)} not reviewed`;
  const verdicts = pages.paged === 0 ? '' : ` Of ${grouped(pages.paged)} ever: ${reviewed}.`;
  return `Paged in seven days: ${grouped(lastWeek.budget)} of a budget of ${grouped(perWeek)}${apart}.${verdicts}`;
}

/**
 * How honest the rarities are: for each detector how often a rarity was claimed against how often it should have been.
 * Levels at which fewer than ten are expected say nothing and are left out.
 */
export function calibrationText(rows: readonly CalibrationRow[]): string {
  const told = rows.filter(({ expected }) => expected >= EXPECTED_MIN);
  if (told.length === 0) return '';
  const width = Math.max(...told.map(({ detector }) => detector.length));
  const head = `${'Rarities'.padEnd(width)}  ${'one in'.padStart(9)}  ${'expected'.padStart(10)}  ${'claimed'.padStart(10)}\n`;
  const lines = told.map(({ detector, level, expected, observed }) => {
    const cells = [Math.round(1 / level), expected, observed].map((value) => grouped(Math.round(value)));
    const [oneIn, due, claimed] = cells;
    const note = observed > FACTOR_MAX * expected ? '   claims too much' : '';
    return `${detector.padEnd(width)}  ${oneIn.padStart(9)}  ${due.padStart(10)}  ${claimed.padStart(10)}${note}\n`;
  });
  return `${head}${lines.join('')}`;
}
