import { createHash } from 'node:crypto';
import type { FunctionConfiguration } from '@aws-sdk/client-lambda';
import { ResponseError } from '../errors.ts';
import type { FunctionRef } from '../function-ref.ts';
import { PAGES_MAX } from '../limits.ts';
import type { FunctionState, MappingState } from '../provider.ts';
import { quarantinePolicyArn, quarantinePolicyName } from '../quarantine-policy.ts';
import type { Connection } from './connection.ts';
import {
  attachedPolicies,
  documentOf,
  getConcurrency,
  getRolePolicy,
  getTags,
  isAbsent,
  versionWith,
} from './settings.ts';

const ROLE = /^arn:[a-z0-9-]+:iam::\d{12}:role\/(?:[\w+=,.@/-]*\/)?([\w+=,.@-]{1,64})$/;
const UUID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * Reads a function and everything around it that a plan needs. What cannot be read is named and left out; only the function
 * itself must be readable. Costs a dozen requests, and one for each 50 functions of the region.
 */
export async function readState(connection: Connection, ref: FunctionRef): Promise<FunctionState> {
  const configuration = await getConfiguration(connection, ref.name);
  const own = ownState(configuration, ref);
  const unread: { what: string; why: string }[] = [];
  const parts = await Promise.all(
    partsOf(connection, ref, own).map(async ({ what, read }) => {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        unread.push({ what, why: error.detail });
        return {};
      }
    }),
  );
  // The order in which requests happened to fail says nothing.
  unread.sort((a, b) => (a.what < b.what ? -1 : 1));
  return Object.assign({}, own, ...parts, { unread });
}

interface Part {
  readonly what: string;
  readonly read: () => Promise<Partial<FunctionState>>;
}

type OwnState = Omit<FunctionState, 'unread'>;

function partsOf(connection: Connection, ref: FunctionRef, own: OwnState): Part[] {
  const { name } = ref;
  const { roleName, codeSha256 } = own;
  const policyName = quarantinePolicyName(ref);
  const parts: Part[] = [
    { what: 'aliases', read: () => readAliases(connection, name) },
    { what: 'callers', read: () => readCallers(connection, name) },
    { what: 'destination of failures', read: () => readOnFailure(connection, name) },
    { what: 'event source mappings', read: () => readMappings(connection, name) },
    { what: 'functions on the same role', read: () => readSharers(connection, ref, own.roleArn) },
    { what: 'function URL', read: () => readUrl(connection, name) },
    {
      what: 'published versions',
      read: async () => ({ keptVersion: await versionWith(connection, { functionName: name, codeSha256 }) }),
    },
    { what: 'quarantine policy', read: () => readManaged(connection, quarantinePolicyArn(ref)) },
    { what: 'reserved concurrency', read: async () => ({ concurrency: await getConcurrency(connection, name) }) },
    { what: 'tags', read: async () => ({ tags: await getTags(connection, ref.arn) }) },
  ];
  if (roleName === '') return parts;
  return [
    ...parts,
    {
      what: 'policies of the role',
      read: async () => ({ attachedPolicyArns: await attachedPolicies(connection, roleName) }),
    },
    { what: 'inline policies of the role', read: () => readInline(connection, roleName) },
    {
      what: 'inline quarantine policy',
      read: async () => ({ inlineQuarantine: await getRolePolicy(connection, { roleName, policyName }) }),
    },
  ];
}

function getConfiguration(
  { ask, lambda, lambdaSdk }: Connection,
  FunctionName: string,
): Promise<FunctionConfiguration> {
  const asked = { permission: 'lambda:GetFunctionConfiguration', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetFunctionConfigurationCommand({ FunctionName });
  return ask(asked, (options) => lambda.send(command, options));
}

function ownState(configuration: FunctionConfiguration, ref: FunctionRef): OwnState {
  const { FunctionArn, CodeSha256, Role = '' } = configuration;
  if (FunctionArn === undefined || CodeSha256 === undefined) {
    throw new ResponseError('GAIT_RESPONSE_REFUSED', `The answer about ${ref.name} has no ARN or no hash of its code.`);
  }
  return {
    arn: FunctionArn,
    accountId: ref.accountId,
    region: ref.region,
    name: ref.name,
    revisionId: configuration.RevisionId ?? '',
    codeSha256: CodeSha256,
    runtime: configuration.Runtime ?? '',
    handler: configuration.Handler ?? '',
    description: configuration.Description ?? '',
    timeoutS: configuration.Timeout ?? 0,
    lastModified: configuration.LastModified ?? '',
    roleArn: Role,
    roleName: ROLE.exec(Role)?.[1] ?? '',
    environmentNames: Object.keys(configuration.Environment?.Variables ?? {}).sort(),
    layerArns: (configuration.Layers ?? []).flatMap(({ Arn }) => Arn ?? []),
    deadLetterArn: configuration.DeadLetterConfig?.TargetArn ?? '',
  };
}

async function readAliases(
  { ask, lambda, lambdaSdk }: Connection,
  FunctionName: string,
): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:ListAliases', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.ListAliasesCommand({ FunctionName });
  const { Aliases = [] } = await ask(asked, (options) => lambda.send(command, options));
  return { aliases: Aliases.map(({ Name = '', FunctionVersion = '' }) => ({ name: Name, version: FunctionVersion })) };
}

async function readOnFailure(
  { ask, lambda, lambdaSdk }: Connection,
  FunctionName: string,
): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:GetFunctionEventInvokeConfig', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetFunctionEventInvokeConfigCommand({ FunctionName });
  const answer = await orAbsent(ask(asked, (options) => lambda.send(command, options)));
  return { onFailureArn: answer?.DestinationConfig?.OnFailure?.Destination ?? '' };
}

async function readUrl({ ask, lambda, lambdaSdk }: Connection, FunctionName: string): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:GetFunctionUrlConfig', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetFunctionUrlConfigCommand({ FunctionName });
  const answer = await orAbsent(ask(asked, (options) => lambda.send(command, options)));
  return { urlAuthType: answer?.AuthType ?? '' };
}

async function readCallers(
  { ask, lambda, lambdaSdk }: Connection,
  FunctionName: string,
): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:GetPolicy', resource: `function ${FunctionName}` };
  const command = new lambdaSdk.GetPolicyCommand({ FunctionName });
  const policy = (await orAbsent(ask(asked, (options) => lambda.send(command, options))))?.Policy;
  if (policy === undefined) return { callers: [], policySha256: '' };
  const policySha256 = createHash('sha256').update(policy).digest('hex');
  return { callers: callersOf(policy), policySha256 };
}

/** Who the statements of a policy let in. A document that cannot be read names nobody. */
function callersOf(policy: string): { sid: string; principal: string }[] {
  const document = objectOf(policy);
  const statements = document !== undefined && 'Statement' in document ? document.Statement : [];
  return (Array.isArray(statements) ? statements : []).flatMap((statement: unknown) => {
    if (typeof statement !== 'object' || statement === null || !('Principal' in statement)) return [];
    const sid = 'Sid' in statement && typeof statement.Sid === 'string' ? statement.Sid : '';
    return principalsOf(statement.Principal).map((principal) => ({ sid, principal }));
  });
}

function principalsOf(principal: unknown): string[] {
  if (typeof principal === 'string') return [principal];
  if (typeof principal !== 'object' || principal === null) return [];
  return Object.values(principal)
    .flat()
    .filter((one): one is string => typeof one === 'string');
}

function objectOf(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

async function readMappings(
  { ask, lambda, lambdaSdk }: Connection,
  FunctionName: string,
): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:ListEventSourceMappings', resource: `function ${FunctionName}` };
  const mappings: MappingState[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const input = { FunctionName, ...(Marker === undefined ? {} : { Marker }) };
    const answer = await ask(asked, (options) =>
      lambda.send(new lambdaSdk.ListEventSourceMappingsCommand(input), options),
    );
    for (const one of answer.EventSourceMappings ?? []) {
      if (one.UUID === undefined || !UUID.test(one.UUID) || one.State === 'Deleting') continue;
      mappings.push({
        uuid: one.UUID,
        sourceArn: one.EventSourceArn ?? '',
        // While it is being changed, the truth is read again just before anything is done.
        enabled: one.State !== 'Disabled' && one.State !== 'Disabling',
        recordAgeMaxS: Math.max(0, one.MaximumRecordAgeInSeconds ?? 0),
      });
    }
    Marker = answer.NextMarker;
    if (Marker === undefined || Marker === '') return { mappings };
  }
  throw new ResponseError('GAIT_RESPONSE_REFUSED', 'The list does not end.');
}

async function readSharers(
  { ask, lambda, lambdaSdk }: Connection,
  ref: FunctionRef,
  roleArn: string,
): Promise<Partial<FunctionState>> {
  const asked = { permission: 'lambda:ListFunctions', resource: `region ${ref.region}` };
  const roleSharers: string[] = [];
  let Marker: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const command = new lambdaSdk.ListFunctionsCommand(Marker === undefined ? {} : { Marker });
    const answer = await ask(asked, (options) => lambda.send(command, options));
    for (const { FunctionName, Role } of answer.Functions ?? []) {
      if (FunctionName !== undefined && FunctionName !== ref.name && Role === roleArn) roleSharers.push(FunctionName);
    }
    Marker = answer.NextMarker;
    if (Marker === undefined || Marker === '') return { roleSharers: roleSharers.sort() };
  }
  throw new ResponseError('GAIT_RESPONSE_REFUSED', `There are more functions than ${PAGES_MAX} readings list.`);
}

async function readInline({ ask, iam, iamSdk }: Connection, RoleName: string): Promise<Partial<FunctionState>> {
  const asked = { permission: 'iam:ListRolePolicies', resource: `role ${RoleName}` };
  const command = new iamSdk.ListRolePoliciesCommand({ RoleName });
  const { PolicyNames = [] } = await ask(asked, (options) => iam.send(command, options));
  return { inlinePolicyNames: PolicyNames };
}

/** The policy that somebody made beforehand, with what it says now: somebody else may have changed that. */
async function readManaged({ ask, iam, iamSdk }: Connection, arn: string): Promise<Partial<FunctionState>> {
  const get = new iamSdk.GetPolicyCommand({ PolicyArn: arn });
  const policy = await orAbsent(
    ask({ permission: 'iam:GetPolicy', resource: arn }, (options) => iam.send(get, options)),
  );
  const VersionId = policy?.Policy?.DefaultVersionId;
  if (VersionId === undefined) return { managedQuarantine: null };
  const getVersion = new iamSdk.GetPolicyVersionCommand({ PolicyArn: arn, VersionId });
  const asked = { permission: 'iam:GetPolicyVersion', resource: arn };
  const version = await ask(asked, (options) => iam.send(getVersion, options));
  return { managedQuarantine: { arn, document: documentOf(version.PolicyVersion?.Document ?? '') } };
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
