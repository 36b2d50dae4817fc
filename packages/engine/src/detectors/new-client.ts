import { CATEGORY } from '../baselines/category.ts';
import { principalNovelty } from './principal-novelty.ts';

/**
 * A principal acts with a class of software it never used: a role of programs with a command line, a person's browser
 * session with a script. The client says itself what it is, so this convicts the careless and clears nobody.
 */
export const newClient = principalNovelty({
  id: 'access.new-client',
  title: 'Credentials used with new software',
  symbol: 'client',
  field: CATEGORY.client,
  parameter: 'client',
  impact: 0.6,
  techniques: ['T1078.004'],
  did: (value) => `was used with software of the class "${value}"`,
  before: 'used such',
  quietIf: 'the principal had used such software before, or had changed software in the last days',
});
