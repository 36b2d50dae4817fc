import type { Admission, ApiCall, AwsRequest, Caller, Gate } from '../contract.ts';
import type { Trail } from '../trail/trail.ts';
import type { ConditionContext } from './conditions.ts';
import { decide, type Verdict } from './decide.ts';
import type { Directory } from './directory.ts';
import { type Policy, parsePolicy } from './policy.ts';

/** A gate that can also be asked about further permissions of one call, such as `iam:PassRole`. */
export interface PlatformGate extends Gate {
  /** Whether the caller may do this too; writes nothing. `keys` are condition keys of the action. */
  permits(
    request: AwsRequest,
    permission: {
      readonly action: string;
      readonly resourceArn: string;
      readonly keys?: Readonly<Record<string, string>>;
    },
  ): Admission;
}

/** The gate of a platform: policies of the directory as they are at that moment, and the trail. */
export function createGate(directory: Directory, trail: Trail, now: () => number = Date.now): PlatformGate {
  const ask = (request: AwsRequest, asked: Asked): Admission => {
    const { caller } = request;
    const question = {
      action: asked.action,
      resource: asked.resourceArn,
      context: contextOf(request, asked.keys ?? {}, now()),
      asker: { accountId: caller.accountId, arns: arnsOf(caller) },
    };
    const identity = decide(directory.policiesOf(caller), question);
    const resource = decide(resourcePolicies(asked.resourcePolicy), question);
    return admission(caller, asked, { identity, resource });
  };
  return {
    admit: (request, call) => ask(request, call),
    permits: (request, permission) => ask(request, permission),
    record: (request, call, outcome) => trail.record(request, call, outcome),
  };
}

interface Asked extends Pick<ApiCall, 'action' | 'resourceArn' | 'resourcePolicy'> {
  readonly keys?: Readonly<Record<string, string>>;
}

/** Within one account either kind of policy is enough, and a denial in one of them decides. Worded as AWS does. */
function admission(
  caller: Caller,
  asked: Asked,
  verdicts: { readonly identity: Verdict; readonly resource: Verdict },
): Admission {
  const refused = `User: ${caller.arn} is not authorized to perform: ${asked.action} on resource: ${asked.resourceArn}`;
  for (const [kind, verdict] of Object.entries(verdicts)) {
    if (verdict.kind !== 'explicit-deny') continue;
    return { allowed: false, message: `${refused} with an explicit deny in ${article(kind)} ${kind}-based policy` };
  }
  if (verdicts.identity.kind === 'allow' || verdicts.resource.kind === 'allow') return { allowed: true };
  return { allowed: false, message: `${refused} because no identity-based policy allows the ${asked.action} action` };
}

function article(kind: string): string {
  return kind === 'identity' ? 'an' : 'a';
}

/** A policy of a resource was checked when it was made. */
function resourcePolicies(text: string | undefined): readonly Policy[] {
  return text === undefined || text === '' ? [] : [parsePolicy(text, 'resource')];
}

/** ARNs by which a policy can mean a caller. */
function arnsOf(caller: Caller): readonly string[] {
  return caller.roleArn === undefined ? [caller.arn] : [caller.arn, caller.roleArn];
}

/** Condition keys of a call. Those that do not apply are absent, as they are at AWS. */
function contextOf(request: AwsRequest, keys: Readonly<Record<string, string>>, nowMs: number): ConditionContext {
  const { caller } = request;
  const isRole = caller.roleArn !== undefined;
  const stated: Record<string, string | undefined> = {
    'aws:PrincipalArn': caller.roleArn ?? caller.arn,
    'aws:PrincipalAccount': caller.accountId,
    'aws:PrincipalType': isRole ? 'AssumedRole' : 'User',
    'aws:ResourceAccount': caller.accountId,
    'aws:username': isRole ? undefined : caller.arn.slice(caller.arn.lastIndexOf('/') + 1),
    'aws:TokenIssueTime': caller.issuedMs === undefined ? undefined : new Date(caller.issuedMs).toISOString(),
    'lambda:SourceFunctionArn': caller.sourceFunctionArn,
    'aws:SourceIp': request.sourceIp,
    'aws:UserAgent': request.headers['user-agent'],
    'aws:RequestedRegion': request.region,
    'aws:CurrentTime': new Date(nowMs).toISOString(),
    'aws:EpochTime': String(Math.floor(nowMs / 1000)),
    'aws:SecureTransport': 'false',
    'aws:ViaAWSService': 'false',
    ...keys,
  };
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(stated)) if (value !== undefined) context.set(key.toLowerCase(), [value]);
  return context;
}
