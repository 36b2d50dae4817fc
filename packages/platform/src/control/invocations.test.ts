import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AddPermissionCommand,
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  RemovePermissionCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda';
import type { InvokeOutcome } from '../contract.ts';
import { startStandIn } from './stand-in.contract.ts';

const ACCOUNT = '123456789012';
const QUEUE = `arn:aws:sqs:eu-west-1:${ACCOUNT}:jobs`;
const DEAD = `arn:aws:sqs:eu-west-1:${ACCOUNT}:dead`;
const BUCKET = 'arn:aws:s3:::photos';
const payload = Buffer.from('{"n":1}');

describe('invocations', () => {
  let site: Awaited<ReturnType<typeof startStandIn>>;

  before(async () => {
    site = await startStandIn(
      [
        { name: 'echo', text: 'export const handler = async (event) => event;', url: true },
        {
          name: 'fails',
          text: 'let runs = 0; export const handler = async (event) => { runs++; if (runs <= event.failures) throw new Error("run " + runs); };',
          deadLetterQueue: 'dead',
        },
      ],
      {
        buckets: [{ name: 'photos', created: [{ prefix: '', function: 'echo' }] }],
        mappings: [{ source: { queue: 'jobs' }, function: 'echo', batchSize: 1 }],
        routes: [{ route: 'GET /echo', function: 'echo' }],
        schedules: [{ name: 'nightly', everyMs: 1_000, function: 'echo' }],
      },
    );
  });
  after(() => site.close());

  const invoke = async (FunctionName: string, more: Partial<ConstructorParameters<typeof InvokeCommand>[0]> = {}) =>
    site.lambda.send(new InvokeCommand({ FunctionName, Payload: payload, ...more }));
  const bodyOf = (outcome: InvokeOutcome) => {
    assert.equal(outcome.kind, 'returned');
    return outcome.kind === 'returned' ? Buffer.from(outcome.payload).toString() : '';
  };
  const by = (principal: string, sourceArn: string) => site.invoker.invoke('echo', { payload, principal, sourceArn });

  test('have the id of the call, and the error of the handler as their answer', async () => {
    const answer = await invoke('echo');
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.ExecutedVersion, '$LATEST');
    assert.equal(site.host.invoked.at(-1)?.request.requestId, answer.$metadata.requestId);
    assert.equal(site.records.at(-1)?.['requestID'], answer.$metadata.requestId);
    const failed = await invoke('fails', { Payload: '{"failures":1}' });
    assert.equal(failed.FunctionError, 'Unhandled');
    assert.equal(JSON.parse(Buffer.from(failed.Payload ?? []).toString()).errorMessage, 'run 1');
  });

  test('without a payload get an empty event, and anything but JSON is refused', async () => {
    const answer = await site.lambda.send(new InvokeCommand({ FunctionName: 'echo' }));
    assert.equal(Buffer.from(answer.Payload ?? []).toString(), '{}');
    await assert.rejects(invoke('echo', { Payload: 'no json' }), { name: 'InvalidRequestContentException' });
    await assert.rejects(invoke('echo', { ClientContext: 'no json' }), { name: 'InvalidRequestContentException' });
  });

  test('are refused when their payload is too large, which is less for those that nobody waits for', async () => {
    const text = JSON.stringify('x'.repeat(2_000_000));
    assert.equal(Buffer.from((await invoke('echo', { Payload: text })).Payload ?? []).length, text.length);
    await assert.rejects(invoke('echo', { Payload: text, InvocationType: 'Event' }), {
      name: 'RequestTooLargeException',
    });
    const larger = JSON.stringify('x'.repeat(6_300_000));
    await assert.rejects(invoke('echo', { Payload: larger }), { name: 'RequestTooLargeException' });
  });

  test('that are a dry run run nothing', async () => {
    const before = site.host.invoked.length;
    assert.equal((await invoke('echo', { InvocationType: 'DryRun' })).StatusCode, 204);
    assert.equal(site.host.invoked.length, before);
  });

  test('that nobody waits for are tried three times with one id and then go to the dead-letter queue', async () => {
    const before = site.host.invoked.length;
    const answer = await invoke('fails', { Payload: '{"failures":99}', InvocationType: 'Event' });
    assert.equal(answer.StatusCode, 202);
    const letter = await site.letters.next();
    assert.equal(letter.queueArn, DEAD);
    assert.equal(letter.body, '{"failures":99}');
    assert.equal(letter.attributes['RequestID'], answer.$metadata.requestId);
    assert.match(letter.attributes['ErrorMessage'] ?? '', /^run \d$/);
    const ids = site.host.invoked.slice(before).map(({ request }) => request.requestId);
    assert.deepEqual(ids, Array(3).fill(answer.$metadata.requestId));
  });

  test('that nobody waits for are not tried at all when the concurrency is zero', async () => {
    const limit = { FunctionName: 'fails', ReservedConcurrentExecutions: 0 };
    await site.lambda.send(new PutFunctionConcurrencyCommand(limit));
    const before = site.host.invoked.length;
    await invoke('fails', { InvocationType: 'Event' });
    assert.equal((await site.letters.next()).attributes['ErrorCode'], '429');
    assert.equal(site.host.invoked.length, before);
    await site.lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'fails' }));
  });

  test('that failed are told to the destination, as often as it was configured', async () => {
    const config = { MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: QUEUE } } };
    await site.lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'fails', ...config }));
    await invoke('fails', { Payload: '{"failures":99}', InvocationType: 'Event' });
    const letters = [await site.letters.next(), await site.letters.next()];
    const told = letters.find((letter) => letter.queueArn === QUEUE);
    const record = JSON.parse(told?.body ?? '');
    assert.equal(record.requestContext.condition, 'RetriesExhausted');
    assert.equal(record.requestContext.approximateInvokeCount, 1);
    assert.deepEqual(record.requestPayload, { failures: 99 });
  });

  test('by services need a permission for their source', async () => {
    assert.equal(bodyOf(await by('s3.amazonaws.com', BUCKET)), '{"n":1}');
    await assert.rejects(by('s3.amazonaws.com', 'arn:aws:s3:::others'), { code: 'AccessDeniedException' });
    await assert.rejects(by('sns.amazonaws.com', BUCKET), { code: 'AccessDeniedException' });
    bodyOf(await by('apigateway.amazonaws.com', `arn:aws:execute-api:eu-west-1:${ACCOUNT}:api1/$default/GET/echo`));
    bodyOf(await by('events.amazonaws.com', `arn:aws:events:eu-west-1:${ACCOUNT}:rule/nightly`));
    const permission = { FunctionName: 'echo', StatementId: 's3-photos' };
    await site.lambda.send(new RemovePermissionCommand(permission));
    await assert.rejects(by('s3.amazonaws.com', BUCKET), { code: 'AccessDeniedException' });
    const refusal = site.records.at(-1);
    assert.equal(refusal?.['errorCode'], 'AccessDenied');
    assert.deepEqual(refusal?.['userIdentity'], { type: 'AWSService', invokedBy: 's3.amazonaws.com' });
    await site.lambda.send(
      new AddPermissionCommand({
        ...permission,
        Action: 'lambda:InvokeFunction',
        Principal: 's3.amazonaws.com',
        SourceArn: BUCKET,
        SourceAccount: ACCOUNT,
      }),
    );
    bodyOf(await by('s3.amazonaws.com', BUCKET));
    await assert.rejects(site.invoker.invoke('none', { payload, principal: 's3.amazonaws.com', sourceArn: BUCKET }), {
      code: 'ResourceNotFoundException',
    });
  });

  test('of an event source mapping end when it is disabled', async () => {
    bodyOf(await by('lambda.amazonaws.com', QUEUE));
    const UUID = site.mappings.all()[0]?.uuid;
    await site.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await assert.rejects(by('lambda.amazonaws.com', QUEUE), { code: 'AccessDeniedException' });
  });

  test('by the URL of a function end when it asks for authorisation', async () => {
    bodyOf(await by('*', ''));
    await site.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'echo', AuthType: 'AWS_IAM' }));
    await assert.rejects(by('*', ''), { code: 'AccessDeniedException' });
    await site.lambda.send(new UpdateFunctionUrlConfigCommand({ FunctionName: 'echo', AuthType: 'NONE' }));
    bodyOf(await by('*', ''));
    const removal = { FunctionName: 'echo', StatementId: 'FunctionURLAllowPublicAccess' };
    await site.lambda.send(new RemovePermissionCommand(removal));
    await assert.rejects(by('*', ''), { code: 'AccessDeniedException' });
  });

  test('of services that do not wait are refused without an error, and counted', () => {
    const before = site.platform.counts().refusedTriggers;
    site.invoker.enqueue('echo', { payload, principal: 'sns.amazonaws.com', sourceArn: BUCKET });
    site.invoker.enqueue('none', { payload, principal: 's3.amazonaws.com', sourceArn: BUCKET });
    assert.equal(site.platform.counts().refusedTriggers, before + 2);
  });
});
