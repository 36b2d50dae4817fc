import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { SegmentLog } from '../log/segments/segment-log.ts';
import { awsProviders } from '../response/aws/provider.ts';
import type { ResponsePolicy } from '../response/planner.ts';
import { Responder } from '../response/responder.ts';
import { Responses } from '../response/responses.ts';
import type { AppendControl } from '../response/transitions.ts';

/** What a responder works on, and within which bounds. */
export interface ResponderSite {
  readonly log: Pick<SegmentLog, 'first' | 'controls'>;
  readonly append: AppendControl;
  /** How AWS is reached; as every AWS tool does it where nothing is said. */
  readonly reach: { readonly endpoint?: string | undefined; readonly profile?: string | undefined };
  readonly policy: ResponsePolicy;
  /** Version of Gait, for audit trails. */
  readonly version: string;
}

/** A responder that acts on AWS. What was in force before is read from the log, which is its only memory: one pass. */
export async function openAwsResponder({ log, append, reach, policy, version }: ResponderSite): Promise<Responder> {
  const responses = new Responses();
  for await (const { record } of log.controls(log.first)) {
    if (record.type === 'control' && record.control.kind === 'response') responses.apply(record.control);
  }
  const wait = (ms: number): Promise<void> => pause(ms);
  const { endpoint, profile } = reach;
  return new Responder({
    responses,
    append,
    providerFor: awsProviders({
      ...{ version, wait },
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(profile === undefined ? {} : { profile }),
    }),
    policy,
    now: Date.now,
    wait,
    newId: () => `r${randomBytes(8).toString('hex')}`,
  });
}
