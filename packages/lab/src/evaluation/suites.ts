import { costSuite } from './cost/suite.ts';
import { driftSuite } from './drift/suite.ts';
import { exfiltrationSuite } from './exfiltration/suite.ts';
import { nabSuite } from './nab/suite.ts';
import { poisoningSuite } from './poisoning/suite.ts';
import { replaySuite } from './replay/suite.ts';
import type { Suite } from './suite.ts';

/** All suites, in the order of the report of `all`. */
export const SUITES: readonly Suite[] = [
  replaySuite,
  exfiltrationSuite,
  nabSuite,
  poisoningSuite,
  driftSuite,
  costSuite,
];
