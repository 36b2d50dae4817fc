import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ResponseError } from '@gait/server/response/errors';
import type { Responder } from '@gait/server/response/responder';
import { Bench, PERMISSIVE } from '@gait/server/response/responder-bench.contract';
import { isComplete } from '@gait/server/response/transitions';
import { eventually, openPrintShop, type PrintShop } from './print-shop.contract.ts';

const IDLE = 'exports.handler = async () => {};';
/** Asks for the queues with the role of the function; waits before for whatever it is told to wait for. */
const ASKS = `
const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
exports.handler = async ({ after }) => {
  if (after !== undefined) await (await fetch(after)).text();
  try {
    const { QueueUrls = [] } = await new SQSClient({ maxAttempts: 1 }).send(new ListQueuesCommand({}));
    return { queues: QueueUrls.length };
  } catch (error) {
    return { failed: error.name };
  }
};`;
/** Works off messages by writing their bodies. */
const WRITES = 'exports.handler = async ({ Records }) => { for (const { body } of Records) console.log(body); };';
/** Says what it finds of an implant, which it can be made to leave in memory, in files, in timers and in other processes. */
const IMPLANTED = `
const { existsSync, writeFileSync } = require('node:fs');
const { connect } = require('node:net');
const { spawn } = require('node:child_process');
exports.handler = async ({ port }) => {
  if (port !== undefined) {
    globalThis.implant = 'in memory';
    writeFileSync('/tmp/implant', 'in a file');
    globalThis.ticks = 0;
    setInterval(() => { globalThis.ticks++; }, 1);
    await new Promise((resolve) => connect(port, '127.0.0.1', resolve).on('error', () => {}));
    const code = 'require("node:net").connect(' + port + ', "127.0.0.1"); setInterval(() => {}, 1000)';
    spawn(process.execPath, ['-e', code], { detached: true, stdio: 'ignore' }).unref();
  }
  const ticks = globalThis.ticks;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    memory: globalThis.implant ?? null,
    file: existsSync('/tmp/implant'),
    timer: ticks !== undefined && globalThis.ticks > ticks,
  };
};`;

async function responderOn(shop: PrintShop): Promise<Responder> {
  return new Bench().open(PERMISSIVE, await shop.provider());
}

async function quarantine(responder: Responder, shop: PrintShop): Promise<string> {
  const response = await responder.start({ function: shop.pay.key, incident: '', by: 'ann' });
  assert.ok(isComplete(response), JSON.stringify(response.steps));
  return response.id;
}

async function invoke(shop: PrintShop, name: string, event: unknown = {}): Promise<unknown> {
  const command = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) });
  const { Payload, FunctionError } = await shop.lambda.send(command);
  assert.equal(FunctionError, undefined, Payload?.transformToString());
  return JSON.parse(Payload?.transformToString() || 'null');
}

/** All settings of the function that anybody can see, but for what every change moves on: its revision and times. */
async function settings(test: TestContext, { lambda, pay, clientOptions }: PrintShop): Promise<unknown> {
  const iam = new IAMClient(clientOptions);
  test.after(() => iam.destroy());
  const FunctionName = 'pay';
  const { Configuration, Tags, Concurrency } = await lambda.send(new GetFunctionCommand({ FunctionName }));
  const { RevisionId, LastModified, ...configuration } = Configuration ?? {};
  const reserved = await lambda.send(new GetFunctionConcurrencyCommand({ FunctionName }));
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName }));
  const RoleName = 'shop-role';
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const policies = PolicyNames.map((PolicyName) => iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })));
  return {
    ...{ configuration, Tags, Concurrency, reserved: reserved.ReservedConcurrentExecutions },
    tags: (await lambda.send(new ListTagsCommand({ Resource: pay.arn }))).Tags,
    mappings: EventSourceMappings.map(({ LastModified: _, StateTransitionReason: __, ...mapping }) => mapping),
    policies: (await Promise.all(policies)).map(({ PolicyName, PolicyDocument }) => [PolicyName, PolicyDocument]),
    attached: (await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies,
  };
}

/** Gives everything that a quarantine touches a value of its own beforehand. */
async function makeItsOwn(test: TestContext, { lambda, pay, clientOptions }: PrintShop): Promise<void> {
  const iam = new IAMClient(clientOptions);
  test.after(() => iam.destroy());
  await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'pay', ReservedConcurrentExecutions: 3 }));
  await lambda.send(new TagResourceCommand({ Resource: pay.arn, Tags: { 'gait:quarantine': 'last year' } }));
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID: await mappingOf(lambda), Enabled: false }));
  const statement = { Effect: 'Deny', Action: 's3:DeleteBucket', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'shop-role', PolicyName: 'gait-quarantine-pay', PolicyDocument }),
  );
}

async function mappingOf(lambda: PrintShop['lambda']): Promise<string> {
  const { EventSourceMappings } = await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: 'pay' }));
  return EventSourceMappings?.[0]?.UUID ?? assert.fail('the mapping is there');
}

/** A server that takes connections of implants. */
async function implantHost(test: TestContext): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  test.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { sockets, port: typeof address === 'object' && address !== null ? address.port : assert.fail() };
}

/** A URL whose answer can be held back. */
async function gate(test: TestContext): Promise<{ url: string; arrived: Promise<ServerResponse> }> {
  const { promise: arrived, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createHttpServer((_, response) => resolve(response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  test.after(() => server.close());
  const address = server.address();
  return { arrived, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/` };
}

describe('quarantine and release on the local platform', { timeout: 120_000 }, () => {
  for (const own of [false, true]) {
    it(`restores every setting exactly${own ? ', those too that somebody had given a value before' : ''}`, async (test) => {
      const shop = await openPrintShop(test, { pay: IDLE, mail: IDLE });
      if (own) await makeItsOwn(test, shop);
      const before = await settings(test, shop);
      const responder = await responderOn(shop);
      const id = await quarantine(responder, shop);
      assert.notDeepEqual(await settings(test, shop), before);
      await assert.rejects(invoke(shop, 'pay'), { name: 'TooManyRequestsException' });
      await responder.release({ response: id, by: 'ann' });
      assert.deepEqual(await settings(test, shop), before);
      await invoke(shop, 'pay');
    });
  }

  it('leaves nothing of an implant: memory, files, timers, other processes', async (test) => {
    const shop = await openPrintShop(test, { pay: IMPLANTED, mail: IDLE });
    const host = await implantHost(test);
    await invoke(shop, 'pay', { port: host.port });
    assert.deepEqual(await invoke(shop, 'pay'), { memory: 'in memory', file: true, timer: true });
    // A sandbox stands still between invocations, and with it the other process that is to connect.
    await eventually('both implants connect', async () => {
      await invoke(shop, 'pay');
      return host.sockets.length === 2;
    });
    const responder = await responderOn(shop);
    const id = await quarantine(responder, shop);
    const gone = host.sockets.map((socket) => (socket.resume().closed ? undefined : once(socket, 'close')));
    await responder.release({ response: id, by: 'ann' });
    await Promise.all(gone);
    assert.deepEqual(await invoke(shop, 'pay'), { memory: null, file: false, timer: false });
  });

  it('loses no message of a queue, and works off none while the quarantine lasts', async (test) => {
    const shop = await openPrintShop(test, { pay: WRITES, mail: IDLE });
    const queues = new SQSClient(shop.clientOptions);
    test.after(() => queues.destroy());
    const { QueueUrl = '' } = await queues.send(new GetQueueUrlCommand({ QueueName: 'orders' }));
    const sent: string[] = [];
    const send = async (): Promise<void> => {
      const MessageBody = `order-${sent.length}`;
      sent.push(MessageBody);
      await queues.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    };
    const written = (): string[] => shop.lines.flatMap((line) => /order-\d+$/.exec(line) ?? []).sort();
    for (let at = 0; at < 5; at++) await send();
    await eventually('messages are worked off', () => written().length === 5);
    const responder = await responderOn(shop);
    const [id] = await Promise.all([quarantine(responder, shop), ...Array.from({ length: 20 }, send)]);
    const attributes = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] });
    const inFlight = async () => (await queues.send(attributes)).Attributes?.['ApproximateNumberOfMessagesNotVisible'];
    await eventually('what was under way ends', async () => (await inFlight()) === '0');
    const during = written().length;
    for (let at = 0; at < 5; at++) await send();
    const { Attributes } = await queues.send(attributes);
    assert.equal(Number(Attributes?.['ApproximateNumberOfMessages']), sent.length - during);
    await responder.release({ response: id, by: 'ann' });
    await eventually('the rest is worked off', () => written().length >= sent.length);
    assert.deepEqual(written(), sent.toSorted());
  });

  it('denies the calls of the function only: another one on the same role goes on', async (test) => {
    const shop = await openPrintShop(test, { pay: ASKS, mail: ASKS });
    const { url, arrived } = await gate(test);
    const running = invoke(shop, 'pay', { after: url });
    const held = await arrived;
    const responder = await responderOn(shop);
    const id = await quarantine(responder, shop);
    held.end();
    assert.deepEqual(await running, { failed: 'AccessDenied' });
    assert.deepEqual(await invoke(shop, 'mail'), { queues: 1 });
    await responder.release({ response: id, by: 'ann' });
    assert.deepEqual(await invoke(shop, 'pay'), { queues: 1 });
  });

  it('notices what somebody else changed in between, and then does nothing', async (test) => {
    const shop = await openPrintShop(test, { pay: IDLE, mail: IDLE });
    const before = await settings(test, shop);
    const responder = await responderOn(shop);
    const id = await quarantine(responder, shop);
    await shop.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'pay', ReservedConcurrentExecutions: 5 }));
    const changed = await settings(test, shop);
    assert.deepEqual(
      (await responder.deviations(id)).map(({ step, expected, found }) => [step, expected, found]),
      [['throttle', '0', '5']],
    );
    await assert.rejects(responder.release({ response: id, by: 'ann' }), (error) => {
      assert.ok(error instanceof ResponseError && error.code === 'GAIT_RESPONSE_FOREIGN', String(error));
      assert.match(error.message, /throttle: it is '5' now, Gait had set '0'/);
      return true;
    });
    assert.deepEqual(await settings(test, shop), changed);
    await responder.release({ response: id, by: 'ann', force: true });
    assert.deepEqual(await settings(test, shop), before);
  });
});
