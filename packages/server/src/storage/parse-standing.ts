import { PAGE_REASONS } from '@gait/engine/event/finding';
import type { Standing } from '@gait/engine/standing';
import { Fields } from './parse.ts';
import type { Projection } from './store.ts';

/** What the store holds of how the promises stand. Throws `StoreError` when it is damaged. */
export function parseStanding({ content }: Projection): Standing {
  const standing = Fields.of(content, 'standing');
  const budget = standing.fields('budget');
  const lastWeek = budget.fields('lastWeek');
  const [inBudget, grave, young] = PAGE_REASONS.map((reason) => lastWeek.number(reason));
  return {
    budget: {
      perWeek: budget.number('perWeek'),
      lastWeek: { budget: inBudget, impact: grave, young },
      threshold: budget.number('threshold'),
      paged: budget.number('paged'),
      confirmedTrue: budget.number('confirmedTrue'),
      confirmedFalse: budget.number('confirmedFalse'),
      unreviewed: budget.number('unreviewed'),
    },
    calibration: standing.list('calibration').map((one) => {
      const row = Fields.of(one, 'standing.calibration');
      return {
        detector: row.text('detector'),
        level: row.number('level'),
        expected: row.number('expected'),
        observed: row.number('observed'),
      };
    }),
    ledgers: standing.number('ledgers'),
    ledgersEvicted: standing.number('ledgersEvicted'),
    suppressed: standing.number('suppressed'),
  };
}
