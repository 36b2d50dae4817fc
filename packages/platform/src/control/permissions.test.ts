import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand as GetManagedPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
  ListRolePoliciesCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Credentials, PolicyStatement } from '../contract.ts';
import { Sha256 } from '../identity/sha256.contract.ts';
import { ALLOW_ALL, startStandIn } from './stand-in.contract.ts';

const ACCOUNT = '123456789012';
const PAY = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:pay`;
const MAIL = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:mail`;
const SHARED = { roleName: 'shared', text: 'export const handler = async (event, { credentials }) => credentials;' };

function policy(...statements: readonly PolicyStatement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

describe('permissions', () => {
  let site: Awaited<ReturnType<typeof startStandIn>>;

  before(async () => {
    site = await startStandIn([
      { ...SHARED, name: 'pay' },
      { ...SHARED, name: 'mail' },
      { name: 'lonely', text: SHARED.text },
      { ...SHARED, name: 'poor', roleName: 'poor', statements: [] },
    ]);
  });
  after(() => site.close());

  /** Credentials that a function has, as its sandbox is given them. */
  const sessionOf = async (FunctionName: string): Promise<Credentials> => {
    const { Payload } = await site.lambda.send(new InvokeCommand({ FunctionName }));
    return JSON.parse(Buffer.from(Payload ?? []).toString());
  };
  const call = (credentials: Credentials, FunctionName = 'pay') =>
    new LambdaClient(site.configOf(credentials)).send(new GetFunctionCommand({ FunctionName }));
  const denied = { name: 'AccessDeniedException' };

  test('are asked for on every call, and nothing is done without them', async () => {
    const poor = await sessionOf('poor');
    await assert.rejects(call(poor), {
      ...denied,
      message:
        `User: arn:aws:sts::${ACCOUNT}:assumed-role/poor/poor is not authorized to perform: lambda:GetFunction ` +
        `on resource: ${PAY} because no identity-based policy allows the lambda:GetFunction action`,
    });
    const limit = new PutFunctionConcurrencyCommand({ FunctionName: 'pay', ReservedConcurrentExecutions: 0 });
    await assert.rejects(new LambdaClient(site.configOf(poor)).send(limit), denied);
    assert.equal(site.host.limits.has('pay'), false);
  });

  test('of one function of a shared role are taken away by an attached policy and come back when it is detached', async () => {
    const [pay, mail] = [await sessionOf('pay'), await sessionOf('mail')];
    const made = await site.iam.send(
      new CreatePolicyCommand({
        PolicyName: 'gait-quarantine-pay',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'GaitQuarantine',
              Effect: 'Deny',
              NotAction: ['logs:CreateLogGroup', 'logs:PutLogEvents'],
              Resource: '*',
              Condition: { ArnLike: { 'lambda:SourceFunctionArn': PAY } },
            },
          ],
        }),
      }),
    );
    const attachment = { RoleName: 'shared', PolicyArn: made.Policy?.Arn };
    await call(pay);
    await site.iam.send(new AttachRolePolicyCommand(attachment));
    await assert.rejects(call(pay), { ...denied, message: /with an explicit deny in an identity-based policy$/ });
    await call(mail);
    const listed = await site.iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'shared' }));
    assert.deepEqual(
      listed.AttachedPolicies?.map((one) => one.PolicyName),
      ['gait-quarantine-pay'],
    );
    await assert.rejects(site.iam.send(new DeletePolicyCommand({ PolicyArn: made.Policy?.Arn })), {
      name: 'DeleteConflictException',
    });
    await site.iam.send(new DetachRolePolicyCommand(attachment));
    await call(pay);
    await site.iam.send(new DeletePolicyCommand({ PolicyArn: made.Policy?.Arn }));
  });

  test('of sessions that were issued before are revoked, and new sessions have them', async () => {
    const before = await sessionOf('pay');
    const revokedMs = Date.now() + 1;
    const revoke = policy({
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: { DateLessThan: { 'aws:TokenIssueTime': new Date(revokedMs).toISOString() } },
    });
    const name = { RoleName: 'shared', PolicyName: 'AWSRevokeOlderSessions' };
    await site.iam.send(new PutRolePolicyCommand({ ...name, PolicyDocument: revoke }));
    await assert.rejects(call(before), denied);
    const shown = await site.iam.send(new GetRolePolicyCommand(name));
    assert.equal(decodeURIComponent(shown.PolicyDocument ?? ''), revoke);
    while (Date.now() <= revokedMs) await sessionOf('mail');
    await call(await sessionOf('pay'));
    const names = await site.iam.send(new ListRolePoliciesCommand({ RoleName: 'shared' }));
    assert.deepEqual(names.PolicyNames, ['pay', 'mail', 'AWSRevokeOlderSessions']);
    await site.iam.send(new DeleteRolePolicyCommand(name));
    await call(before);
  });

  test('refuse what is no policy and name what is not there', async () => {
    const name = { RoleName: 'shared', PolicyName: 'x' };
    await assert.rejects(site.iam.send(new PutRolePolicyCommand({ ...name, PolicyDocument: '{}' })), {
      name: 'MalformedPolicyDocumentException',
    });
    const long = policy({ ...ALLOW_ALL, Sid: 'x'.repeat(11_000) });
    await assert.rejects(site.iam.send(new PutRolePolicyCommand({ ...name, PolicyDocument: long })), {
      name: 'LimitExceededException',
    });
    await assert.rejects(site.iam.send(new GetRolePolicyCommand(name)), { name: 'NoSuchEntityException' });
    await assert.rejects(site.iam.send(new GetRoleCommand({ RoleName: 'none' })), { name: 'NoSuchEntityException' });
    const role = await site.iam.send(new GetRoleCommand({ RoleName: 'shared' }));
    assert.equal(role.Role?.Arn, `arn:aws:iam::${ACCOUNT}:role/shared`);
    const provided = await site.iam.send(new ListPoliciesCommand({ Scope: 'AWS' }));
    const denyAll = provided.Policies?.find((one) => one.PolicyName === 'AWSDenyAll')?.Arn;
    await site.iam.send(new GetManagedPolicyCommand({ PolicyArn: denyAll }));
    const version = await site.iam.send(new GetPolicyVersionCommand({ PolicyArn: denyAll, VersionId: 'v1' }));
    assert.match(decodeURIComponent(version.PolicyVersion?.Document ?? ''), /"Deny"/);
  });

  test('are gone with the role of a function, which still runs', async () => {
    const session = await sessionOf('lonely');
    await call(session);
    await site.iam.send(new DeleteRolePolicyCommand({ RoleName: 'lonely-role', PolicyName: 'lonely' }));
    await site.iam.send(new DeleteRoleCommand({ RoleName: 'lonely-role' }));
    await assert.rejects(call(session), denied);
    await assert.rejects(call(await sessionOf('lonely')), denied);
  });

  test('to give a function another role are asked for as well', async () => {
    const noPass = site.platform.user('deployer', [
      ALLOW_ALL,
      { Effect: 'Deny', Action: 'iam:PassRole', Resource: '*' },
    ]);
    const change = { FunctionName: 'mail', Role: `arn:aws:iam::${ACCOUNT}:role/poor` };
    const client = new LambdaClient(site.configOf(noPass));
    await assert.rejects(client.send(new UpdateFunctionConfigurationCommand(change)), denied);
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mail', Timeout: 5 }));
  });

  test('of others are in the policy of the function, to be put back as they were', async () => {
    const poor = await sessionOf('poor');
    const invoke = (FunctionName: string) =>
      new LambdaClient(site.configOf(poor)).send(new InvokeCommand({ FunctionName }));
    await assert.rejects(invoke('mail'), denied);
    const permission = { FunctionName: 'mail', StatementId: 'poor-may', Action: 'lambda:InvokeFunction' };
    const principal = { Principal: `arn:aws:iam::${ACCOUNT}:role/poor` };
    await site.lambda.send(new AddPermissionCommand({ ...permission, ...principal }));
    await invoke('mail');
    await assert.rejects(invoke('pay'), denied);
    const shown = await site.lambda.send(new GetPolicyCommand({ FunctionName: 'mail' }));
    const [statement] = JSON.parse(shown.Policy ?? '').Statement;
    assert.deepEqual(statement.Principal, { AWS: principal.Principal });
    assert.equal(statement.Resource, MAIL);
    await assert.rejects(site.lambda.send(new AddPermissionCommand({ ...permission, ...principal })), {
      name: 'ResourceConflictException',
    });
    const removal = { FunctionName: 'mail', StatementId: 'poor-may', RevisionId: 'other' };
    await assert.rejects(site.lambda.send(new RemovePermissionCommand(removal)), {
      name: 'PreconditionFailedException',
    });
    await site.lambda.send(new RemovePermissionCommand({ ...removal, RevisionId: shown.RevisionId }));
    await assert.rejects(invoke('mail'), denied);
    await assert.rejects(site.lambda.send(new GetPolicyCommand({ FunctionName: 'mail' })), {
      name: 'ResourceNotFoundException',
    });
  });

  test('of a user that somebody made come with its policies, and end with its key', async () => {
    const UserName = 'backdoor';
    await site.iam.send(new CreateUserCommand({ UserName }));
    const { AccessKey } = await site.iam.send(new CreateAccessKeyCommand({ UserName }));
    const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
    const made = { accessKeyId, secretAccessKey, sessionToken: '', expiresMs: 0 };
    assert.ok(!JSON.stringify(site.records).includes(secretAccessKey));
    await assert.rejects(call(made), denied);
    const all = { UserName, PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' };
    await site.iam.send(new AttachUserPolicyCommand(all));
    await call(made);
    await assert.rejects(site.iam.send(new DeleteUserCommand({ UserName })), { name: 'DeleteConflictException' });
    const keys = await site.iam.send(new ListAccessKeysCommand({ UserName }));
    assert.deepEqual(
      keys.AccessKeyMetadata?.map((key) => key.AccessKeyId),
      [accessKeyId],
    );
    await site.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: accessKeyId }));
    await assert.rejects(call(made), { name: 'UnrecognizedClientException' });
    await site.iam.send(new DetachUserPolicyCommand(all));
    await site.iam.send(new DeleteUserCommand({ UserName }));
    const users = await site.iam.send(new ListUsersCommand({}));
    assert.ok(users.Users?.every((user) => user.UserName !== UserName));
  });

  /** STS has no client here: its calls are signed by the SDK's signer. */
  const sts = async (credentials: Credentials, form: Readonly<Record<string, string>>): Promise<string> => {
    const { endpoint, region, credentials: given } = site.configOf(credentials);
    const url = new URL(endpoint);
    const signer = new SignatureV4({ service: 'sts', region, credentials: given, sha256: Sha256 });
    const body = new URLSearchParams({ Version: '2011-06-15', ...form }).toString();
    const headers = { host: url.host, 'content-type': 'application/x-www-form-urlencoded' };
    const signed = await signer.sign({
      method: 'POST',
      protocol: 'http:',
      hostname: url.hostname,
      path: '/',
      headers,
      body,
    });
    return (await fetch(url, { method: 'POST', headers: signed.headers, body })).text();
  };

  test('do not keep anybody from asking who they are', async () => {
    const poor = await sessionOf('poor');
    const answer = await sts(poor, { Action: 'GetCallerIdentity' });
    assert.match(answer, new RegExp(`<Arn>arn:aws:sts::${ACCOUNT}:assumed-role/poor/poor</Arn>`));
  });

  test('to assume a role need the trust of the role', async () => {
    const admin = site.platform.user('boss', [ALLOW_ALL]);
    const assume = { Action: 'AssumeRole', RoleArn: `arn:aws:iam::${ACCOUNT}:role/shared`, RoleSessionName: 'me-2' };
    assert.match(await sts(admin, assume), /<Code>AccessDenied<\/Code>/);
    assert.match(await sts(admin, { ...assume, ExternalId: 'x' }), /<Code>ValidationError<\/Code>/);
    const trust = { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' } as const;
    await site.iam.send(new CreateRoleCommand({ RoleName: 'ops', AssumeRolePolicyDocument: policy(trust) }));
    const permissions = { RoleName: 'ops', PolicyName: 'all', PolicyDocument: policy(ALLOW_ALL) };
    await site.iam.send(new PutRolePolicyCommand(permissions));
    const ops = { ...assume, RoleArn: `arn:aws:iam::${ACCOUNT}:role/ops` };
    assert.match(await sts(await sessionOf('poor'), ops), /<Code>AccessDenied<\/Code>/);
    const answer = await sts(admin, ops);
    const part = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(answer)?.[1] ?? '';
    await call({
      accessKeyId: part('AccessKeyId'),
      secretAccessKey: part('SecretAccessKey'),
      sessionToken: part('SessionToken'),
      expiresMs: Date.parse(part('Expiration')),
    });
  });
});
