import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DescribeTableCommand, DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateEventSourceMappingCommand,
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Application, LogDelivery, Platform } from './contract.ts';
import { startPlatform } from './start.ts';

/** Writes what it was given, by trigger, into a table: seen from outside by everybody. */
const NOTE = `
const { DynamoDBClient, PutItemCommand } = require('@aws-sdk/client-dynamodb');
const client = new DynamoDBClient({});
exports.keys = async (event) => { for (const { dynamodb } of event.Records) console.log('keys:' + dynamodb.Keys.id.S); };
exports.handler = async (event, context) => {
  const what = event.Records?.[0]?.eventSource ?? event['detail-type'] ?? event.routeKey ?? 'invoke';
  try {
    await client.send(new PutItemCommand({ TableName: 'notes', Item: { id: { S: what } } }));
    return { statusCode: 200, body: what };
  } catch (error) {
    return { statusCode: 403, body: error.name };
  }
};`;

describe('a local functions platform', () => {
  let folder = '';
  let platform: Platform;
  const logs: LogDelivery[] = [];
  const trail: Readonly<Record<string, unknown>>[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'platform-test-'));
    await mkdir(join(folder, 'note'));
    await writeFile(join(folder, 'note', 'index.js'), NOTE);
    platform = await startPlatform({
      onLogs: (delivery) => logs.push(delivery),
      onTrail: (records) => trail.push(...records),
      runtimeModulesFolder: resolve(import.meta.dirname, '../../../node_modules'),
      onFailure: (error) => {
        throw error;
      },
    });
    await platform.deploy(application(folder));
  });
  after(async () => {
    await platform.close();
    await rm(folder, { recursive: true });
  });

  it('calls functions for requests, messages, objects, changes of tables, schedules and their URL', async () => {
    const response = await fetch(`${platform.apiUrl}/notes/7`);
    assert.deepEqual([response.status, await response.text()], [200, 'GET /notes/{id}']);
    const url = await fetch(platform.functionUrl('note') ?? '');
    assert.deepEqual([url.status, await url.text()], [200, '$default']);
    const queueUrl = `${platform.endpointUrl}/${platform.accountId}/work`;
    await new SQSClient(sdk()).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' }));
    await new S3Client({ ...sdk(), forcePathStyle: true }).send(
      new PutObjectCommand({ Bucket: 'files', Key: 'in/a b.txt', Body: 'x' }),
    );
    await new DynamoDBClient(sdk()).send(new PutItemCommand({ TableName: 'source', Item: { id: { S: '1' } } }));
    const wanted = ['$default', 'GET /notes/{id}', 'Scheduled Event', 'aws:dynamodb', 'aws:s3', 'aws:sqs'];
    await until(async () => {
      const seen = await notes();
      return wanted.every((one) => seen.includes(one));
    });
  });

  it('refuses calls when the concurrency is 0, and takes them again without a limit', async () => {
    const lambda = new LambdaClient({ ...sdk(), maxAttempts: 1 });
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'note', ReservedConcurrentExecutions: 0 }));
    await assert.rejects(lambda.send(new InvokeCommand({ FunctionName: 'note' })), {
      name: 'TooManyRequestsException',
    });
    assert.equal((await fetch(`${platform.apiUrl}/notes/7`)).status, 503);
    assert.equal((await fetch(`${platform.apiUrl}/other`)).status, 200, 'other functions are served');
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'note' }));
    assert.equal((await lambda.send(new InvokeCommand({ FunctionName: 'note' }))).StatusCode, 200);
  });

  it('really denies what a role is denied, and allows it again', async () => {
    const iam = new IAMClient(sdk());
    const document = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          NotAction: ['logs:PutLogEvents'],
          Resource: '*',
          Condition: {
            ArnLike: {
              'lambda:SourceFunctionArn': `arn:aws:lambda:${platform.region}:${platform.accountId}:function:note`,
            },
          },
        },
      ],
    };
    const policy = { RoleName: 'shared-role', PolicyName: 'quarantine' };
    await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: JSON.stringify(document) }));
    assert.equal((await fetch(`${platform.apiUrl}/notes/7`)).status, 403);
    assert.equal((await fetch(`${platform.apiUrl}/other`)).status, 200, 'another function of the same role is not hit');
    await iam.send(new DeleteRolePolicyCommand(policy));
    assert.equal((await fetch(`${platform.apiUrl}/notes/7`)).status, 200);
  });

  it('leaves messages where they are while their mapping is off', async () => {
    const lambda = new LambdaClient(sdk());
    const { EventSourceMappings = [] } = await lambda.send(
      new ListEventSourceMappingsCommand({ FunctionName: 'other' }),
    );
    const [{ UUID }] = EventSourceMappings;
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    const queueUrl = `${platform.endpointUrl}/${platform.accountId}/later`;
    await new SQSClient(sdk()).send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' }));
    const before = invocations('other');
    assert.equal((await fetch(`${platform.apiUrl}/other`)).status, 200);
    assert.equal(invocations('other') - before <= 1, true, 'only the request was served');
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
    await until(async () => invocations('other') >= before + 2);
  });

  it('maps only sources that are there, and a stream from its latest change on where that was asked', async () => {
    const lambda = new LambdaClient(sdk());
    const table = new DynamoDBClient(sdk());
    const put = (id: string) => table.send(new PutItemCommand({ TableName: 'history', Item: { id: { S: id } } }));
    const streamArn = (await table.send(new DescribeTableCommand({ TableName: 'history' }))).Table?.LatestStreamArn;
    const map = (EventSourceArn: string | undefined) =>
      lambda.send(
        new CreateEventSourceMappingCommand({ FunctionName: 'keys', EventSourceArn, StartingPosition: 'LATEST' }),
      );
    await assert.rejects(map(streamArn?.replace('history', 'absent')), { name: 'InvalidParameterValueException' });
    await put('before');
    await map(streamArn);
    await put('after');
    const seen = () =>
      logs.flatMap(({ events }) => events).flatMap(({ record }) => /keys:(\S+)/.exec(String(record)) ?? []);
    await until(async () => seen().length > 0);
    assert.equal(seen()[1], 'after');
  });

  it('gives an asynchronous event one id in the answer, the trail and the logs', async () => {
    const call = new InvokeCommand({ FunctionName: 'note', InvocationType: 'Event' });
    const { requestId = '' } = (await new LambdaClient(sdk()).send(call)).$metadata;
    assert.ok(trail.some((record) => record['eventName'] === 'Invoke' && record['requestID'] === requestId));
    const isOfCall = (record: unknown) => JSON.stringify(record).includes(requestId);
    await until(async () =>
      logs.some(({ events }) => events.some(({ type, record }) => type === 'platform.report' && isOfCall(record))),
    );
  });

  it('writes what functions and the platform say, and who called what', async () => {
    await until(async () => logs.some(({ functionName }) => functionName === 'note'));
    const types = new Set(logs.flatMap(({ events }) => events.map(({ type }) => type)));
    for (const type of ['platform.initStart', 'platform.start', 'platform.runtimeDone', 'platform.report']) {
      assert.ok(types.has(type), type);
    }
    const names = new Set(trail.map((record) => record['eventName']));
    for (const name of ['PutItem', 'PutFunctionConcurrency20171031', 'PutRolePolicy']) assert.ok(names.has(name), name);
    assert.ok(
      trail.some((record) => record['errorCode'] === 'AccessDenied' || record['errorCode'] === 'AccessDeniedException'),
    );
  });

  function sdk() {
    return {
      endpoint: platform.endpointUrl,
      region: platform.region,
      credentials: platform.user('tester', [{ Effect: 'Allow', Action: '*', Resource: '*' }]),
    };
  }

  async function notes(): Promise<string[]> {
    const { Items = [] } = await new DynamoDBClient(sdk()).send(new ScanCommand({ TableName: 'notes' }));
    return Items.flatMap((item) => item['id']?.S ?? []);
  }

  function invocations(name: string): number {
    const of = logs.filter(({ functionName }) => functionName === name).flatMap(({ events }) => events);
    return of.filter(({ type }) => type === 'platform.report').length;
  }
});

/** Waits until something holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20);
}

function application(folder: string): Application {
  const statements = [{ Effect: 'Allow', Action: ['dynamodb:*', 'sqs:*'], Resource: '*' }] as const;
  const code = { codeFolder: join(folder, 'note'), handler: 'index.handler', roleName: 'shared-role', statements };
  return {
    functions: [
      { name: 'note', ...code, url: true },
      { name: 'other', ...code },
      { name: 'keys', ...code, handler: 'index.keys' },
    ],
    tables: [
      { name: 'notes', key: 'id' },
      { name: 'source', key: 'id', stream: true },
      { name: 'history', key: 'id', stream: true },
    ],
    buckets: [{ name: 'files', created: [{ prefix: 'in/', function: 'note' }] }],
    queues: [
      { name: 'work', visibilityMs: 30_000 },
      { name: 'later', visibilityMs: 30_000 },
    ],
    mappings: [
      { source: { queue: 'work' }, function: 'note', batchSize: 1 },
      { source: { table: 'source' }, function: 'note', batchSize: 10 },
      { source: { queue: 'later' }, function: 'other', batchSize: 1 },
    ],
    routes: [
      { route: 'GET /notes/{id}', function: 'note' },
      { route: 'GET /other', function: 'other' },
    ],
    schedules: [{ name: 'often', everyMs: 500, function: 'note' }],
  };
}
