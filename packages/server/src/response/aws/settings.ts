import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { ResponseError } from '../errors.ts';
import { BUSY_PAUSE_MS, BUSY_READS_MAX, PAGES_MAX } from '../limits.ts';
import { canonicalJson, type Target, type Value } from '../target.ts';
import type { Connection } from './connection.ts';

/** Reads one setting. Throws `ResponseError`, with `GAIT_RESPONSE_ABSENT` when what has the setting is not there. */
export function getSetting(connection: Connection, target: Target): Promise<Value> {
  switch (target.kind) {
    case 'version':
      return getVersion(connection, target);
    case 'tag':
      return getTag(connection, target);
    case 'concurrency':
      return getConcurrency(connection, target.functionName);
    case 'mapping':
      return getMapping(connection, target.uuid);
    case 'attached-policy':
      return getAttached(connection, target);
    case 'role-policy':
      return getRolePolicy(connection, target);
    case 'description':
      return getDescription(connection, target.functionName);
  }
}

/** Number of the newest published version that holds a code; null when none does. */
export async function versionWith(
  { ask, lambda, lambdaSdk }: Connection,
  { functionName, codeSha256 }: { readonly functionName: string; readonly codeSha256: string },
): Promise<string | null> {
  const asked = { permission: 'lambda:ListVersionsByFunction', resource: `function ${functionName}` };
  let newest: string | null = null;
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const input = { FunctionName: functionName, ...(Marker === undefined ? {} : { Marker }) };
    const answer = await ask(asked, (options) =>
      lambda.send(new lambdaSdk.ListVersionsByFunctionCommand(input), options),
    );
    for (const { Version, CodeSha256 } of answer.Versions ?? []) {
      if (Version !== undefined && Version !== '$LATEST' && CodeSha256 === codeSha256) newest = Version;
    }
    Marker = answer.NextMarker;
    if (Marker === undefined || Marker === '') return newest;
  }
  return newest;
}

/** Reserved concurrency of a function as a number in text; null when none is reserved. */
export async function getConcurrency({ ask, lambda, lambdaSdk }: Connection, FunctionName: string): Promise<Value> {
  const asked = { permission: 'lambda:GetFunctionConcurrency', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetFunctionConcurrencyCommand({ FunctionName });
  const answer = await ask(asked, (options) => lambda.send(command, options));
  return answer.ReservedConcurrentExecutions === undefined ? null : String(answer.ReservedConcurrentExecutions);
}

/** Tags of a function, without those of AWS itself. */
export async function getTags(
  { ask, lambda, lambdaSdk }: Connection,
  functionArn: string,
): Promise<Readonly<Record<string, string>>> {
  const asked = { permission: 'lambda:ListTags', resource: functionArn };
  const command = new lambdaSdk.ListTagsCommand({ Resource: functionArn });
  const { Tags = {} } = await ask(asked, (options) => lambda.send(command, options));
  return Object.fromEntries(Object.entries(Tags).filter(([key]) => !key.startsWith('aws:')));
}

/** ARNs of the managed policies of a role. */
export async function attachedPolicies({ ask, iam, iamSdk }: Connection, RoleName: string): Promise<string[]> {
  const asked = { permission: 'iam:ListAttachedRolePolicies', resource: `role ${RoleName}` };
  const arns: string[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const command = new iamSdk.ListAttachedRolePoliciesCommand({
      RoleName,
      ...(Marker === undefined ? {} : { Marker }),
    });
    const answer = await ask(asked, (options) => iam.send(command, options));
    for (const { PolicyArn } of answer.AttachedPolicies ?? []) if (PolicyArn !== undefined) arns.push(PolicyArn);
    Marker = answer.IsTruncated === true ? answer.Marker : undefined;
    if (Marker === undefined) return arns;
  }
  throw new ResponseError('GAIT_RESPONSE_REFUSED', `The list of policies of role ${RoleName} does not end.`);
}

/** An inline policy of a role in canonical form; null when the role has none of the name. */
export async function getRolePolicy(
  { ask, iam, iamSdk }: Connection,
  { roleName, policyName }: { readonly roleName: string; readonly policyName: string },
): Promise<Value> {
  const asked = { permission: 'iam:GetRolePolicy', resource: `role ${roleName}` };
  const command = new iamSdk.GetRolePolicyCommand({ RoleName: roleName, PolicyName: policyName });
  try {
    const { PolicyDocument } = await ask(asked, (options) => iam.send(command, options));
    return PolicyDocument === undefined ? null : documentOf(PolicyDocument);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    // IAM has the same error for a policy and for a role that is not there; only the words differ.
    const { cause } = error;
    if (cause instanceof Error && /^The role with name/i.test(cause.message)) throw error;
    return null;
  }
}

/** A policy document as IAM answers it: encoded for URLs. */
export function documentOf(encoded: string): string {
  try {
    return canonicalJson(decodeURIComponent(encoded));
  } catch {
    return canonicalJson(encoded);
  }
}

/** Whether a failure says that something is not there. */
export function isAbsent(error: unknown): error is ResponseError {
  return error instanceof ResponseError && error.code === 'GAIT_RESPONSE_ABSENT';
}

/** A function when it is no longer being updated. */
export async function settled(connection: Connection, FunctionName: string): Promise<FunctionConfiguration> {
  const { ask, lambda, lambdaSdk, wait } = connection;
  const asked = { permission: 'lambda:GetFunctionConfiguration', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetFunctionConfigurationCommand({ FunctionName });
  for (let reads = 1; ; reads++) {
    const answer = await ask(asked, (options) => lambda.send(command, options));
    if (answer.LastUpdateStatus !== 'InProgress') return answer;
    if (reads === BUSY_READS_MAX) throw stillBusy(`function ${FunctionName}`);
    await wait(BUSY_PAUSE_MS);
  }
}

async function getDescription(connection: Connection, functionName: string): Promise<Value> {
  return (await settled(connection, functionName)).Description ?? '';
}

async function getVersion(
  connection: Connection,
  target: { readonly functionName: string; readonly codeSha256: string },
): Promise<Value> {
  return (await versionWith(connection, target)) === null ? null : 'published';
}

async function getTag(connection: Connection, target: { functionArn: string; key: string }): Promise<Value> {
  const tags = await getTags(connection, target.functionArn);
  return Object.hasOwn(tags, target.key) ? tags[target.key] : null;
}

/** What a mapping is or is about to be; in states that say neither, waits. */
async function getMapping({ ask, lambda, lambdaSdk, wait }: Connection, UUID: string): Promise<Value> {
  const asked = { permission: 'lambda:GetEventSourceMapping', resource: `event source mapping ${UUID}` };
  const command = new lambdaSdk.GetEventSourceMappingCommand({ UUID });
  for (let reads = 1; ; reads++) {
    const { State } = await ask(asked, (options) => lambda.send(command, options));
    if (State === 'Enabled' || State === 'Enabling') return 'enabled';
    if (State === 'Disabled' || State === 'Disabling') return 'disabled';
    if (reads === BUSY_READS_MAX) throw stillBusy(`event source mapping ${UUID}`);
    await wait(BUSY_PAUSE_MS);
  }
}

async function getAttached(connection: Connection, target: { roleName: string; policyArn: string }): Promise<Value> {
  return (await attachedPolicies(connection, target.roleName)).includes(target.policyArn) ? 'attached' : null;
}

function stillBusy(what: string): ResponseError {
  return new ResponseError('GAIT_RESPONSE_UNREACHABLE', `The ${what} is still being changed.`);
}
