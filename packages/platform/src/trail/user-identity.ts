import type { Caller } from '../contract.ts';
import type { Directory } from '../identity/directory.ts';

/**
 * `userIdentity` of a caller. Sessions name the role they come from and, when their credentials were given to a function,
 * that function in `inScopeOf`, wherever they are used.
 */
export function callerIdentity(caller: Caller, directory: Directory): Readonly<Record<string, unknown>> {
  const { accountId, arn, accessKeyId } = caller;
  if (caller.roleName === undefined) {
    const userName = arn.slice(arn.lastIndexOf('/') + 1);
    const principalId = directory.users.get(userName)?.id ?? userName;
    return { type: 'IAMUser', principalId, arn, accountId, accessKeyId, userName };
  }
  const roleId = directory.roles.get(caller.roleName)?.id ?? '';
  return {
    type: 'AssumedRole',
    principalId: `${roleId}:${caller.sessionName ?? ''}`,
    arn,
    accountId,
    accessKeyId,
    sessionContext: {
      sessionIssuer: {
        type: 'Role',
        principalId: roleId,
        arn: caller.roleArn,
        accountId,
        userName: caller.roleName,
      },
      attributes: {
        creationDate: `${new Date(caller.issuedMs ?? 0).toISOString().slice(0, 19)}Z`,
        mfaAuthenticated: 'false',
      },
    },
    ...(caller.sourceFunctionArn === undefined
      ? {}
      : { inScopeOf: { issuerType: 'AWS::Lambda::Function', credentialsIssuedTo: caller.sourceFunctionArn } }),
  };
}

/** `userIdentity` of a service that acts for itself. */
export function serviceIdentity(principal: string): Readonly<Record<string, unknown>> {
  return { type: 'AWSService', invokedBy: principal };
}
