import { ablationSuite } from './ablation/suite.ts';
import { auditSuite } from './audit/suite.ts';
import { costSuite } from './cost/suite.ts';
import { driftSuite } from './drift/suite.ts';
import { exfiltrationSuite } from './exfiltration/suite.ts';
import { flowSuite } from './flow/suite.ts';
import { nabSuite } from './nab/suite.ts';
import { poisoningSuite } from './poisoning/suite.ts';
import { replaySuite } from './replay/suite.ts';
import { sequencesSuite } from './sequences/suite.ts';
import type { Suite } from './suite.ts';
import { workloadSuite } from './workload/suite.ts';

/** All suites, in the order of the report of `all`. */
export const SUITES: readonly Suite[] = [
  replaySuite,
  flowSuite,
  sequencesSuite,
  auditSuite,
  exfiltrationSuite,
  nabSuite,
  poisoningSuite,
  driftSuite,
  costSuite,
  workloadSuite,
  ablationSuite(() => SUITES),
];
