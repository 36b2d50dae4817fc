import { HEAD } from './baselines/functions.ts';
import { RateFleet } from './baselines/rate-priors.ts';
import type { StageOne } from './stage-one.ts';

const DAY_SECONDS = 86_400;

/**
 * Once a day: what the whole fleet shows of rates becomes what each function is judged by beside its own history. All sums are
 * of whole numbers, so that partitions do not matter. 0.1 us a function.
 */
export function fitRates(stages: readonly StageOne[], second: number): void {
  const [first, ...others] = stages;
  const day = Math.floor(second / DAY_SECONDS);
  if (first.stores.rates.fittedDay === day) return;
  const isFirst = first.stores.rates.fittedDay === 0;
  for (const { stores } of stages) stores.rates.fittedDay = day;
  if (isFirst) return;
  const fleet = new RateFleet();
  for (const { functions, stores } of stages) {
    for (const id of functions.ids()) {
      const block = functions.page(id).u32[functions.word(id) + HEAD.rate];
      if (block !== 0) stores.rates.contribute(block, second / 60 - 1, fleet);
    }
  }
  for (const { stores } of others) first.stores.rates.runs.absorb(stores.rates.runs);
  const { runs } = first.stores.rates;
  for (const { stores } of stages) {
    stores.rates.priors.fit(fleet);
    stores.rates.thresholds.fit(runs);
  }
  runs.clear();
}
