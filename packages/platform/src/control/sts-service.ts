import type { AwsService, Caller } from '../contract.ts';
import { decide } from '../identity/decide.ts';
import type { Directory, Role } from '../identity/directory.ts';
import type { PlatformGate } from '../identity/gate.ts';
import { createQueryService, field, type QueryCall, QueryError, type QueryOperation } from './query-protocol.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const ROLE_ARN = /^arn:aws:iam::\d{12}:role\/[\w+=,.@-]{1,64}$/;
const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const DEFAULT_SECONDS = 3_600;
const SECONDS_MIN = 900;
const SECONDS_MAX = 43_200;

/**
 * The part of STS that says who one is and gives sessions of roles. A role is assumed when its trust policy names the
 * caller, or names the account and the caller's own policies allow it. There are no external ids, session policies, tags
 * or factors: a call that brings one is refused, so that nobody believes it was checked.
 */
export function createStsService(directory: Directory, gate: PlatformGate): AwsService {
  const operations: QueryOperation[] = [
    {
      name: 'GetCallerIdentity',
      readOnly: true,
      isFree: true,
      resource: () => '*',
      run: ({ request: { caller } }) => ({
        answer: { Arn: caller.arn, UserId: userId(caller, directory), Account: caller.accountId },
      }),
    },
    {
      name: 'AssumeRole',
      readOnly: true,
      resource: (call) => field(call, 'RoleArn', ROLE_ARN),
      resourcePolicy: (call) => directory.roleOfArn(call.form.get('RoleArn') ?? '')?.trust.text,
      run: (call) => assumeRole(directory, call),
    },
  ];
  return createQueryService({ service: 'sts', namespace: NAMESPACE, operations, gate });
}

function assumeRole(directory: Directory, call: QueryCall): ReturnType<QueryOperation['run']> {
  const arn = field(call, 'RoleArn', ROLE_ARN);
  const sessionName = field(call, 'RoleSessionName', SESSION_NAME);
  const seconds = Number(call.form.get('DurationSeconds') ?? DEFAULT_SECONDS);
  if (!Number.isInteger(seconds) || seconds < SECONDS_MIN || seconds > SECONDS_MAX) {
    throw new QueryError('ValidationError', `DurationSeconds is between ${SECONDS_MIN} and ${SECONDS_MAX}.`);
  }
  const extra = [...call.form.keys()].find((name) =>
    /^(ExternalId|Policy|PolicyArns|Tags|SerialNumber|TokenCode)\b/.test(name),
  );
  if (extra !== undefined) throw new QueryError('ValidationError', `${extra} is not supported here.`);
  const role = directory.roleOfArn(arn);
  if (role === undefined || !trusts(role, call.request.caller)) {
    const message = `User: ${call.request.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
    throw new QueryError('AccessDenied', message);
  }
  const session = directory.session(role, { sessionName, durationMs: seconds * 1000 });
  const expiration = new Date(session.expiresMs).toISOString();
  const user = {
    AssumedRoleId: `${role.id}:${sessionName}`,
    Arn: `arn:aws:sts::${directory.accountId}:assumed-role/${role.name}/${sessionName}`,
  };
  return {
    answer: {
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: session.secretAccessKey,
        SessionToken: session.sessionToken,
        Expiration: expiration,
      },
      AssumedRoleUser: user,
    },
    trail: {
      credentials: { accessKeyId: session.accessKeyId, expiration },
      assumedRoleUser: { assumedRoleId: user.AssumedRoleId, arn: user.Arn },
    },
  };
}

/** Whether the trust policy speaks of the caller at all. Whether the caller's own policies allow it, the gate has asked. */
function trusts(role: Role, caller: Caller): boolean {
  const arns = caller.roleArn === undefined ? [caller.arn] : [caller.arn, caller.roleArn];
  const asker = { accountId: caller.accountId, arns, isDelegated: true };
  const question = { action: 'sts:AssumeRole', resource: role.arn, context: new Map(), asker };
  return decide([role.trust.policy], question).kind === 'allow';
}

function userId(caller: Caller, directory: Directory): string {
  if (caller.roleName !== undefined) {
    return `${directory.roles.get(caller.roleName)?.id ?? ''}:${caller.sessionName ?? ''}`;
  }
  return directory.users.get(caller.arn.slice(caller.arn.lastIndexOf('/') + 1))?.id ?? caller.accessKeyId;
}
