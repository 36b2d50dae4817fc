import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { ApplicationFunction, LogDelivery, Platform } from '@gait/platform/contract';
import { startPlatform } from '@gait/platform/start';
import { ensureSensorBuilt } from '@gait/sensor/built';

const KEY = 'key-of-the-test';

/** Does what it is told, and nothing else. */
const CODE = `
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const ended = (emitter, name) => new Promise((resolve) => emitter.once(name, resolve));
const steps = {
  http: async ({ http, bytes }) => {
    const asked = request({ host: '127.0.0.1', port: http, path: '/cards/42?cvc=1', method: 'POST', agent });
    asked.end(Buffer.alloc(bytes));
    const response = await ended(asked, 'response');
    response.resume();
    await ended(response, 'end');
  },
  fetch: async ({ http, bytes }) => (await fetch('http://127.0.0.1:' + http + '/x', { method: 'PUT', body: Buffer.alloc(bytes) })).text(),
  tcp: async ({ tcp, bytes }) => {
    const socket = connect(tcp, '127.0.0.1').resume();
    socket.end(Buffer.alloc(bytes));
    await ended(socket, 'close');
  },
  aws: async () => {
    await new DynamoDBClient({}).send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: 'secret-id' } } }));
    await new S3Client({ forcePathStyle: true }).send(new PutObjectCommand({ Bucket: 'prints', Key: 'secret-key', Body: 'x' }));
    const QueueUrl = process.env.AWS_ENDPOINT_URL + '/123456789012/jobs';
    await new SQSClient({}).send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
  },
  child: () => spawnSync('/bin/sh', ['-c', 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 3']),
  daemon: () => ended(spawn('/bin/sleep', ['600'], { detached: true, stdio: 'ignore' }), 'spawn'),
  tmp: () => writeFileSync('/tmp/loot', Buffer.alloc(3_000_000)),
  burn: () => { const until = performance.now() + 50; while (performance.now() < until); },
  hang: () => new Promise((resolve) => setTimeout(resolve, 60_000)),
  spin: () => { for (;;); },
  hoard: () => { for (const all = []; ; ) all.push(Buffer.alloc(1_000_000, 1)); },
};
export const handler = async (event) => { await steps[event.step]?.(event); return { statusCode: 200 }; };
`;

type Fields = Readonly<Record<string, unknown>>;

describe('the sensor in a sandbox of the platform', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gait-sensor-sandbox-'));
  const deliveries: LogDelivery[] = [];
  const web = createServer((asked, answer) => asked.resume().on('end', () => answer.end('fine')));
  const tcp = createTcpServer((socket) => socket.resume().on('end', () => socket.end('bye')));
  let platform: Platform;
  let lambda: LambdaClient;

  before(async () => {
    mkdirSync(join(folder, 'code'));
    writeFileSync(join(folder, 'code', 'index.mjs'), CODE);
    cpSync(ensureSensorBuilt().folder, join(folder, 'layer', 'gait'), { recursive: true });
    for (const server of [web, tcp]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    platform = await startPlatform({
      onLogs: (delivery) => deliveries.push(delivery),
      runtimeModulesFolder: resolve(import.meta.dirname, '../../../node_modules'),
    });
    await platform.deploy({
      functions: [
        { ...functionOf('wrapped', folder, { AWS_LAMBDA_EXEC_WRAPPER: '/opt/gait/gait-exec' }), url: true },
        functionOf('preloaded', folder, { NODE_OPTIONS: '--require /opt/gait/register.cjs' }),
      ],
      tables: [{ name: 'orders', key: 'id' }],
      buckets: [{ name: 'prints' }],
      queues: [{ name: 'jobs', visibilityMs: 1000 }],
      routes: [{ route: 'POST /orders/{id}', function: 'wrapped' }],
    });
    const { endpointUrl: endpoint, region } = platform;
    const credentials = platform.user('tester', [{ Effect: 'Allow', Action: '*', Resource: '*' }]);
    lambda = new LambdaClient({ endpoint, region, credentials, maxAttempts: 1 });
  });
  after(async () => {
    lambda.destroy();
    await platform.close();
    web.close();
    tcp.close();
    rmSync(folder, { recursive: true });
  });

  test('is started by a wrapper and by options of Node, and seals its records with the key of the layer', async () => {
    for (const name of ['wrapped', 'preloaded']) {
      const { load, record } = await cold(name);
      assert.deepEqual([load['fl'], load['seq'], record['fl'], record['seq']], [2, 1, 1, 2], name);
      assert.equal(record['fn'], `aws:123456789012:eu-west-1:${name}`);
      assert.match(String(record['mac']), /^[0-9a-f]{16}$/);
      assert.equal(record['in'], load['in']);
    }
  });

  test('counts bytes by destination over connections that stay open: http, fetch, TCP', async () => {
    for (const bytes of [1_000, 40_000]) {
      const { c, out } = await call({ step: 'http', bytes });
      assert.deepEqual(named(c), [['http:POST', '/cards/{}', '127.0.0.1']]);
      assert.ok(between(sent(c), bytes, bytes + 400) && out === sent(c), `${bytes} became ${sent(c)} and ${out}`);
      const fetched = await call({ step: 'fetch', bytes });
      assert.deepEqual(named(fetched['c']), [['http:PUT', '/x', '127.0.0.1']]);
      assert.ok(between(sent(fetched['c']), bytes, bytes + 400));
      const raw = await call({ step: 'tcp', bytes });
      assert.equal(sent(raw['c']), bytes);
    }
  });

  test('names AWS calls by service, action and resource, and nothing that was in them', async () => {
    const record = await call({ step: 'aws' });
    assert.deepEqual(named(record['c']), [
      ['dynamodb:PutItem', 'orders', 'dynamodb/orders'],
      ['s3:PutObject', 'prints', 's3/prints'],
      ['sqs:SendMessage', 'jobs', 'sqs/jobs'],
    ]);
    assert.doesNotMatch(JSON.stringify(record), /secret/);
  });

  test('sees programs with their CPU and exit code, what survives the invocation, and growth of /tmp', async () => {
    const child = await call({ step: 'child' });
    assert.deepEqual(named(child['c']), [['exec:sh', '', '']]);
    assert.equal(list(child['c'])[0]?.[5], 3);
    assert.ok(Number(child['cch']) >= 20 && child['prc'] === 0, JSON.stringify(child));
    const daemon = await call({ step: 'daemon' });
    assert.deepEqual([named(daemon['c']), daemon['prc']], [[['exec:sleep', '', '']], 1]);
    const next = await call({});
    assert.deepEqual([next['c'], next['prc']], [undefined, 1], 'it is still there in the next invocation');
    const idle = await call({ step: 'burn' });
    const full = await call({ step: 'tmp' });
    assert.ok(between(Number(full['tmp']) - Number(idle['tmp']), 3_000_000, 3_100_000), JSON.stringify(full));
  });

  test('measures duration, CPU and memory, and what asks for the invocation', async () => {
    const { dur, cpu, mem, msz } = await call({ step: 'burn' });
    assert.ok(Number(dur) >= 50 && Number(cpu) > 20 && Number(mem) > 40 && msz === 512);
    const before = records('wrapped').length;
    await fetch(`${platform.apiUrl}/orders/77?token=secret`, { method: 'POST', body: '{}' });
    await fetch(platform.functionUrl('wrapped') ?? '');
    const [routed, direct] = (await recordsAfter('wrapped', before, 2)).map((one) => [
      one['tk'],
      one['ts'],
      one['net'],
    ]);
    assert.deepEqual(routed, ['http', 'POST /orders/{id}', '127.0.0.0']);
    assert.equal(direct?.[0], 'http');
    assert.match(String(direct?.[1]), /^GET lambda-url\//);
  });

  test('says shortly before its deadline that an invocation times out', async () => {
    const record = await call({ step: 'hang' });
    assert.equal(record['st'], 'timeout');
    const { load, record: after } = await cold('wrapped');
    assert.notEqual(after['in'], record['in'], 'the sandbox was killed');
    assert.equal(load['seq'], 1);
  });

  test('leaves killed invocations to the records of the platform', async () => {
    for (const [step, status] of [
      ['spin', 'timeout'],
      ['hoard', 'failure'],
    ]) {
      const before = records('wrapped').length;
      const { requestId = '' } = await invoke('wrapped', { step });
      await until(() => reportOf(requestId) !== undefined);
      assert.equal(reportOf(requestId)?.['status'], status);
      await call({});
      const seen = records('wrapped').slice(before);
      assert.ok(!seen.some((one) => one['rid'] === requestId), 'the sensor could not say anything of it');
      assert.ok(
        seen.some((one) => one['fl'] === 2),
        'and starts anew',
      );
    }
  });

  /** What the sensor says of one invocation of a function. */
  async function call(event: Fields, name = 'wrapped'): Promise<Fields> {
    const { requestId } = await invoke(name, event);
    await until(() => records(name).some((one) => one['rid'] === requestId));
    return records(name).find((one) => one['rid'] === requestId) ?? assert.fail();
  }

  /** The records of a load and of the invocation that follows it. */
  async function cold(name: string): Promise<{ readonly load: Fields; readonly record: Fields }> {
    const record = await call({}, name);
    const load = records(name).find((one) => one['in'] === record['in']);
    return { load: load ?? assert.fail(), record };
  }

  async function invoke(name: string, event: Fields) {
    const ports = { http: portOf(web.address()), tcp: portOf(tcp.address()) };
    const Payload = JSON.stringify({ ...ports, ...event });
    return (await lambda.send(new InvokeCommand({ FunctionName: name, Payload }))).$metadata;
  }

  function records(name: string): Fields[] {
    const events = deliveries.filter((one) => one.functionName === name).flatMap((one) => one.events);
    const lines = events.filter(({ type }) => type === 'function').map(({ record }) => String(record));
    return lines.filter((line) => line.startsWith('{"gait":')).map((line): Fields => JSON.parse(line));
  }

  async function recordsAfter(name: string, before: number, count: number): Promise<readonly Fields[]> {
    await until(() => records(name).length >= before + count);
    return records(name).slice(before);
  }

  function reportOf(requestId: string): Fields | undefined {
    for (const { type, record } of deliveries.flatMap(({ events }) => events)) {
      if (type === 'platform.report' && isFields(record) && record['requestId'] === requestId) return record;
    }
    return undefined;
  }
});

function functionOf(name: string, folder: string, environment: Readonly<Record<string, string>>): ApplicationFunction {
  return {
    name,
    codeFolder: join(folder, 'code'),
    layerFolders: [join(folder, 'layer')],
    handler: 'index.handler',
    statements: [{ Effect: 'Allow', Action: ['dynamodb:*', 's3:*', 'sqs:*'], Resource: '*' }],
    timeoutMs: 2_000,
    memorySizeMb: 512,
    environment: { ...environment, GAIT_KEY: KEY },
  };
}

/** Logs come soon after the answer. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 10));
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function list(calls: unknown): readonly (readonly unknown[])[] {
  return Array.isArray(calls) ? calls : [];
}

function named(calls: unknown): readonly (readonly unknown[])[] {
  return list(calls).map((words) => words.slice(0, 3));
}

function sent(calls: unknown): number {
  return list(calls).reduce((sum, words) => sum + Number(words[3] ?? 0), 0);
}

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
