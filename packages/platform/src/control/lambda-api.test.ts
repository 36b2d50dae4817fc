import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  CreateAliasCommand,
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionUrlConfigCommand,
  GetAccountSettingsCommand,
  GetAliasCommand,
  GetEventSourceMappingCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionUrlConfigCommand,
  GetLayerVersionCommand,
  InvokeCommand,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  ListLayerVersionsCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  TagResourceCommand,
  TooManyRequestsException,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import { startStandIn } from './stand-in.contract.ts';

const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:pay';
const QUEUE = 'arn:aws:sqs:eu-west-1:123456789012:jobs';

describe('Lambda API', () => {
  let site: Awaited<ReturnType<typeof startStandIn>>;

  before(async () => {
    site = await startStandIn([
      { name: 'pay', text: 'export const handler = async (event) => ({ paid: event.amount, by: 1 });' },
      { name: 'mail', text: 'export const handler = async () => "sent";' },
    ]);
  });
  after(() => site.close());

  const invoke = async (FunctionName: string, Qualifier?: string) => {
    const answer = await site.lambda.send(new InvokeCommand({ FunctionName, Qualifier, Payload: '{"amount":3}' }));
    return JSON.parse(Buffer.from(answer.Payload ?? []).toString());
  };

  test('shows functions with a link from which their package can be downloaded', async () => {
    const shown = await site.lambda.send(new GetFunctionCommand({ FunctionName: 'pay' }));
    assert.equal(shown.Configuration?.FunctionArn, ARN);
    assert.equal(shown.Configuration?.Role, 'arn:aws:iam::123456789012:role/pay-role');
    const location = shown.Code?.Location ?? '';
    const bytes = Buffer.from(await (await fetch(location)).arrayBuffer());
    assert.equal(bytes.length, shown.Configuration?.CodeSize);
    assert.ok(bytes.includes('index.mjs'));
    assert.equal((await fetch(location.replace(/token=./, 'token=!'))).status, 403);
    const byArn = await site.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: ARN }));
    assert.equal(byArn.CodeSha256, shown.Configuration?.CodeSha256);
  });

  test('lists functions page by page', async () => {
    const first = await site.lambda.send(new ListFunctionsCommand({ MaxItems: 1 }));
    assert.deepEqual(
      first.Functions?.map((one) => one.FunctionName),
      ['mail'],
    );
    const second = await site.lambda.send(new ListFunctionsCommand({ MaxItems: 1, Marker: first.NextMarker }));
    assert.deepEqual(
      second.Functions?.map((one) => one.FunctionName),
      ['pay'],
    );
    assert.equal(second.NextMarker, undefined);
  });

  test('names what does not exist and what is no name', async () => {
    await assert.rejects(site.lambda.send(new GetFunctionCommand({ FunctionName: 'none' })), {
      name: 'ResourceNotFoundException',
      Type: 'User',
      message: `Function not found: ${ARN.replace('pay', 'none')}`,
    });
    await assert.rejects(site.lambda.send(new GetFunctionCommand({ FunctionName: 'a b' })), {
      name: 'InvalidParameterValueException',
    });
    await assert.rejects(
      site.lambda.send(new GetFunctionCommand({ FunctionName: ARN.replace('eu-west-1', 'us-east-1') })),
      {
        name: 'ResourceNotFoundException',
      },
    );
  });

  test('runs new code from the next call on, and only from the revision the caller saw', async () => {
    const before = await site.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'pay' }));
    const ZipFile = await site.zip('export const handler = async (event) => ({ paid: event.amount, by: 2 });');
    const dry = await site.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'pay', ZipFile, DryRun: true }));
    assert.equal((await invoke('pay')).by, 1);
    const after = await site.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'pay', ZipFile, RevisionId: before.RevisionId }),
    );
    assert.equal(after.CodeSha256, dry.CodeSha256);
    assert.notEqual(after.CodeSha256, before.CodeSha256);
    assert.notEqual(after.RevisionId, before.RevisionId);
    assert.equal((await invoke('pay')).by, 2);
    assert.deepEqual(site.host.recycled, ['pay']);
    await assert.rejects(
      site.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'pay', ZipFile, RevisionId: before.RevisionId })),
      { name: 'PreconditionFailedException' },
    );
    await assert.rejects(
      site.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'pay', ZipFile: Buffer.from('no zip') })),
      { name: 'InvalidParameterValueException' },
    );
  });

  test('changes the configuration and leaves alone what the call does not speak of', async () => {
    const changed = await site.lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'mail',
        Timeout: 7,
        Environment: { Variables: { KEY: 'v' } },
      }),
    );
    assert.equal(changed.Timeout, 7);
    assert.equal(changed.MemorySize, 256);
    assert.deepEqual(changed.Environment?.Variables, { KEY: 'v' });
    await site.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mail', MemorySize: 512 }));
    await invoke('mail');
    assert.deepEqual(site.host.invoked.at(-1)?.revision.environment, { KEY: 'v' });
    for (const wrong of [
      { Timeout: 901 },
      { MemorySize: 1 },
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      { Role: 'arn:aws:iam::123456789012:role/none' },
      { Layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:none:1'] },
      { VpcConfig: { SecurityGroupIds: ['sg-1'] } },
    ]) {
      await assert.rejects(
        site.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mail', ...wrong })),
        {
          name: 'InvalidParameterValueException',
        },
      );
    }
  });

  test('publishes versions that stay as they were, and none when nothing changed', async () => {
    const first = await site.lambda.send(new PublishVersionCommand({ FunctionName: 'pay', Description: 'one' }));
    assert.equal(first.Version, '1');
    assert.equal(first.FunctionArn, `${ARN}:1`);
    const again = await site.lambda.send(
      new PublishVersionCommand({ FunctionName: 'pay', CodeSha256: first.CodeSha256 }),
    );
    assert.equal(again.Version, '1');
    await assert.rejects(site.lambda.send(new PublishVersionCommand({ FunctionName: 'pay', CodeSha256: 'other' })), {
      name: 'InvalidParameterValueException',
    });
    await assert.rejects(site.lambda.send(new PublishVersionCommand({ FunctionName: 'pay', RevisionId: 'other' })), {
      name: 'PreconditionFailedException',
    });
    const ZipFile = await site.zip('export const handler = async () => ({ by: 3 });');
    await site.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'pay', ZipFile, Publish: true }));
    assert.equal((await invoke('pay', '1')).by, 2);
    assert.equal((await invoke(`${ARN}:2`)).by, 3);
    const listed = await site.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'pay' }));
    assert.deepEqual(
      listed.Versions?.map((one) => one.Version),
      ['$LATEST', '1', '2'],
    );
  });

  test('sends the calls of an alias to its version', async () => {
    const name = { FunctionName: 'pay', Name: 'live' };
    const made = await site.lambda.send(new CreateAliasCommand({ ...name, FunctionVersion: '1' }));
    assert.equal(made.AliasArn, `${ARN}:live`);
    assert.equal((await invoke('pay', 'live')).by, 2);
    assert.equal(site.host.invoked.at(-1)?.request.qualifier, 'live');
    const wrong = new UpdateAliasCommand({ ...name, FunctionVersion: '2', RevisionId: 'x' });
    await assert.rejects(site.lambda.send(wrong), { name: 'PreconditionFailedException' });
    await site.lambda.send(new UpdateAliasCommand({ ...name, FunctionVersion: '2', RevisionId: made.RevisionId }));
    assert.equal((await invoke('pay:live')).by, 3);
    assert.equal((await site.lambda.send(new GetAliasCommand(name))).FunctionVersion, '2');
    await assert.rejects(site.lambda.send(new CreateAliasCommand({ ...name, FunctionVersion: '1' })), {
      name: 'ResourceConflictException',
    });
    await assert.rejects(site.lambda.send(new CreateAliasCommand({ ...name, Name: 'x', FunctionVersion: '9' })), {
      name: 'ResourceNotFoundException',
    });
    await assert.rejects(site.lambda.send(new DeleteFunctionCommand({ FunctionName: 'pay', Qualifier: '2' })), {
      name: 'ResourceConflictException',
    });
    const listed = await site.lambda.send(new ListAliasesCommand({ FunctionName: 'pay' }));
    assert.deepEqual(
      listed.Aliases?.map((alias) => alias.Name),
      ['live'],
    );
    await site.lambda.send(new DeleteAliasCommand(name));
    await assert.rejects(site.lambda.send(new GetAliasCommand(name)), { name: 'ResourceNotFoundException' });
  });

  test('refuses every call of a function whose concurrency is zero until the limit is taken away', async () => {
    const limit = { FunctionName: 'mail', ReservedConcurrentExecutions: 0 };
    await site.lambda.send(new PutFunctionConcurrencyCommand(limit));
    assert.equal(site.host.limits.get('mail'), 0);
    await assert.rejects(invoke('mail'), (error) => {
      assert.ok(error instanceof TooManyRequestsException);
      assert.equal(error.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
      return true;
    });
    const shown = await site.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: 'mail' }));
    assert.equal(shown.ReservedConcurrentExecutions, 0);
    await site.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'mail' }));
    assert.equal(await invoke('mail'), 'sent');
    const none = await site.lambda.send(new GetFunctionConcurrencyCommand({ FunctionName: 'mail' }));
    assert.equal(none.ReservedConcurrentExecutions, undefined);
    await site.lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'pay', ReservedConcurrentExecutions: 40 }),
    );
    const account = await site.lambda.send(new GetAccountSettingsCommand({}));
    assert.equal(account.AccountLimit?.UnreservedConcurrentExecutions, 960);
    await site.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'pay' }));
    const many = new PutFunctionConcurrencyCommand({ FunctionName: 'mail', ReservedConcurrentExecutions: 901 });
    await assert.rejects(site.lambda.send(many), { name: 'InvalidParameterValueException' });
  });

  test('disables and enables event source mappings and tells who follows them', async () => {
    let told = 0;
    const stop = site.mappings.onChange(() => told++);
    const made = await site.lambda.send(
      new CreateEventSourceMappingCommand({ EventSourceArn: QUEUE, FunctionName: 'pay', BatchSize: 5 }),
    );
    const UUID = made.UUID ?? '';
    assert.equal(made.State, 'Enabled');
    assert.equal(site.mappings.feeds(QUEUE, 'pay'), true);
    await site.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    assert.equal(site.mappings.feeds(QUEUE, 'pay'), false);
    const shown = await site.lambda.send(new GetEventSourceMappingCommand({ UUID }));
    assert.deepEqual([shown.State, shown.BatchSize, shown.FunctionArn], ['Disabled', 5, ARN]);
    assert.ok(shown.LastModified instanceof Date);
    const listed = await site.lambda.send(new ListEventSourceMappingsCommand({ FunctionName: ARN }));
    assert.deepEqual(
      listed.EventSourceMappings?.map((one) => one.UUID),
      [UUID],
    );
    const twin = new CreateEventSourceMappingCommand({ EventSourceArn: QUEUE, FunctionName: 'pay' });
    await assert.rejects(site.lambda.send(twin), { name: 'ResourceConflictException' });
    await site.lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
    await assert.rejects(site.lambda.send(new GetEventSourceMappingCommand({ UUID })), {
      name: 'ResourceNotFoundException',
    });
    assert.equal(told, 3);
    stop();
  });

  test('keeps the URL of a function while its authorisation changes', async () => {
    const name = { FunctionName: 'pay' };
    await assert.rejects(site.lambda.send(new GetFunctionUrlConfigCommand(name)), {
      name: 'ResourceNotFoundException',
    });
    const made = await site.lambda.send(new CreateFunctionUrlConfigCommand({ ...name, AuthType: 'NONE' }));
    await site.lambda.send(new UpdateFunctionUrlConfigCommand({ ...name, AuthType: 'AWS_IAM' }));
    const shown = await site.lambda.send(new GetFunctionUrlConfigCommand(name));
    assert.equal(shown.AuthType, 'AWS_IAM');
    assert.equal(shown.FunctionUrl, made.FunctionUrl);
    assert.equal(site.platform.functionUrl('pay'), made.FunctionUrl);
    await site.lambda.send(new DeleteFunctionUrlConfigCommand(name));
    assert.equal(site.platform.functionUrl('pay'), undefined);
  });

  test('keeps tags', async () => {
    await site.lambda.send(new TagResourceCommand({ Resource: ARN, Tags: { 'gait:quarantine': 'f-1', team: 'x' } }));
    await site.lambda.send(new UntagResourceCommand({ Resource: ARN, TagKeys: ['team'] }));
    const listed = await site.lambda.send(new ListTagsCommand({ Resource: ARN }));
    assert.deepEqual(listed.Tags, { 'gait:quarantine': 'f-1' });
    const shown = await site.lambda.send(new GetFunctionCommand({ FunctionName: 'pay' }));
    assert.deepEqual(shown.Tags, { 'gait:quarantine': 'f-1' });
  });

  test('keeps how asynchronous events are retried', async () => {
    const name = { FunctionName: 'pay' };
    await assert.rejects(site.lambda.send(new GetFunctionEventInvokeConfigCommand(name)), {
      name: 'ResourceNotFoundException',
    });
    const config = { ...name, MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: QUEUE } } };
    await site.lambda.send(new PutFunctionEventInvokeConfigCommand(config));
    const shown = await site.lambda.send(new GetFunctionEventInvokeConfigCommand(name));
    assert.equal(shown.MaximumRetryAttempts, 0);
    assert.equal(shown.DestinationConfig?.OnFailure?.Destination, QUEUE);
  });

  test('makes and deletes functions', async () => {
    const ZipFile = await site.zip('export const handler = async (event, context) => context.environment.WHO;');
    const made = await site.lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'new',
        Role: 'arn:aws:iam::123456789012:role/pay-role',
        Handler: 'index.handler',
        Runtime: 'nodejs24.x',
        Code: { ZipFile },
        Environment: { Variables: { WHO: 'me' } },
        Tags: { a: 'b' },
      }),
    );
    assert.equal(made.State, 'Active');
    assert.equal(await invoke('new'), 'me');
    await site.lambda.send(new DeleteFunctionCommand({ FunctionName: 'new' }));
    await assert.rejects(invoke('new'), { name: 'ResourceNotFoundException' });
  });

  test('publishes layers, which functions then run with', async () => {
    const ZipFile = await site.zip('export const layer = 1;');
    const made = await site.lambda.send(new PublishLayerVersionCommand({ LayerName: 'shim', Content: { ZipFile } }));
    const arn = made.LayerVersionArn ?? '';
    assert.match(arn, /:layer:shim:1$/);
    const again = await site.lambda.send(new PublishLayerVersionCommand({ LayerName: 'shim', Content: { ZipFile } }));
    assert.equal(again.Version, 2);
    await site.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'mail', Layers: [arn] }));
    await invoke('mail');
    const [folder = ''] = site.host.invoked.at(-1)?.revision.layerFolders ?? [];
    assert.equal(await readFile(join(folder, 'index.mjs'), 'utf8'), 'export const layer = 1;');
    const shown = await site.lambda.send(new GetLayerVersionCommand({ LayerName: 'shim', VersionNumber: 1 }));
    assert.equal((await fetch(shown.Content?.Location ?? '')).status, 200);
    const listed = await site.lambda.send(new ListLayerVersionsCommand({ LayerName: 'shim' }));
    assert.deepEqual(
      listed.LayerVersions?.map((one) => one.Version),
      [2, 1],
    );
  });

  test('keeps code, environments and payloads out of the trail', async () => {
    await site.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: 'mail', Environment: { Variables: { KEY: 'sesame' } } }),
    );
    const text = JSON.stringify(site.records);
    assert.ok(!text.includes('sesame') && !text.includes('zipFile') && !text.includes('amount'));
    const last = site.records.at(-1);
    assert.equal(last?.['eventName'], 'UpdateFunctionConfiguration20150331v2');
    assert.deepEqual(last?.['requestParameters'], { functionName: 'mail', environment: {} });
  });
});
