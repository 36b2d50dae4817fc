import { CATEGORY } from '../baselines/category.ts';
import { principalNovelty } from './principal-novelty.ts';

/** A principal acts from a country it never acted from. Silent without a database of places, see `gait coverage`. */
export const newCountry = principalNovelty({
  id: 'access.new-country',
  title: 'Credentials used from a new country',
  symbol: 'country',
  field: CATEGORY.country,
  parameter: 'country',
  impact: 0.8,
  techniques: ['T1078.004'],
  did: (value) => `was used from ${value}`,
  before: 'came from there',
  quietIf: 'the principal had acted from this country before, or had moved between countries in the last days',
});
