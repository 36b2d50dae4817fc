import type { Finding } from '@gait/engine/event/finding';
import type { OcsfContext } from '../render/ocsf.ts';
import { VERSION } from './version.ts';

/** Where findings belong whose function does not say. */
export function ocsfContext(finding: Finding): OcsfContext {
  const provider = finding.facet === 'audit' || finding.facet === 'change' ? 'aws' : '';
  return { version: VERSION, home: { provider, account: '', region: '' } };
}
