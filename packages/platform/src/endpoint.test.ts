import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsRequest, Credentials } from './contract.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { Directory } from './identity/directory.ts';
import { Sha256 } from './identity/sha256.contract.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';
const ALL = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] });

/** Keeps what reaches it and answers so that every SDK client is content. */
class Listener {
  readonly signingNames = ['lambda', 'dynamodb', 's3', 'iam', 'sqs'];
  readonly taken: AwsRequest[] = [];

  async handle(request: AwsRequest) {
    this.taken.push(request);
    const isXml = request.service === 'iam' || request.service === 's3';
    const role =
      '<GetRoleResponse><GetRoleResult><Role><RoleName>r</RoleName></Role></GetRoleResult></GetRoleResponse>';
    return { status: 200, headers: {}, body: isXml ? role : '{}' };
  }
}

describe('endpoint', () => {
  let nowMs = Date.now();
  const directory = new Directory(ACCOUNT, () => nowMs);
  const listener = new Listener();
  let endpoint: Endpoint;
  let user: Credentials;

  before(async () => {
    endpoint = await startEndpoint({ address: '127.0.0.1', directory, now: () => nowMs });
    endpoint.serve(listener);
    user = directory.user('tool', ALL);
  });
  after(() => endpoint.close());

  const config = (credentials: Credentials) => ({
    endpoint: endpoint.url,
    region: REGION,
    maxAttempts: 1,
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken === '' ? {} : { sessionToken: credentials.sessionToken }),
    },
  });
  const last = (): AwsRequest => {
    const taken = listener.taken.at(-1);
    assert.ok(taken);
    return taken;
  };

  test('takes signed requests of every protocol from the SDK', async () => {
    await new LambdaClient(config(user)).send(
      new InvokeCommand({ FunctionName: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:pay`, Payload: '{"a":1}' }),
    );
    assert.equal(last().service, 'lambda');
    assert.equal(last().region, REGION);
    assert.equal(last().body.toString(), '{"a":1}');
    await new LambdaClient(config(user)).send(new GetFunctionCommand({ FunctionName: 'pay', Qualifier: '$LATEST' }));
    assert.equal(last().query.get('Qualifier'), '$LATEST');
    await new DynamoDBClient(config(user)).send(new GetItemCommand({ TableName: 't', Key: { id: { S: 'ä' } } }));
    assert.equal(last().headers['x-amz-target'], 'DynamoDB_20120810.GetItem');
    await new IAMClient(config(user)).send(new GetRoleCommand({ RoleName: 'r' }));
    assert.match(last().body.toString(), /Action=GetRole/);
    await new SQSClient(config(user)).send(new ReceiveMessageCommand({ QueueUrl: `${endpoint.url}/${ACCOUNT}/q` }));
    assert.equal(last().service, 'sqs');
  });

  test('takes object keys of any spelling and bodies that are streamed', async () => {
    const s3 = new S3Client({ ...config(user), forcePathStyle: true });
    for (const key of ['plain', 'a b+c', 'ä/ö//ü', "it's(1)*!", '%41', 'x/../y', 'q?a=b&c']) {
      await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: key, Body: 'x' }));
      assert.equal(decodeURIComponent(last().path), `/photos/${key}`);
    }
    await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'p', Body: Buffer.alloc(70_000, 1) }));
    assert.equal(last().body.length, 70_000);
    const Body = Readable.from([Buffer.alloc(40_000, 1), Buffer.alloc(30_000, 2)]);
    await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 's', Body, ContentLength: 70_000 }));
    assert.match(last().headers['x-amz-content-sha256'] ?? '', /^(STREAMING-|UNSIGNED-PAYLOAD)/);
  });

  test('takes links that were signed before, as they are and until they expire', async () => {
    const signer = new SignatureV4({
      service: 's3',
      region: REGION,
      credentials: user,
      sha256: Sha256,
      uriEscapePath: false,
    });
    const { hostname, port, host } = new URL(endpoint.url);
    const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const signed = await signer.presign(
      { method: 'GET', protocol: 'http:', hostname, port: Number(port), path: '/photos/a%20b', headers },
      { expiresIn: 60, signingDate: new Date(nowMs) },
    );
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(signed.query ?? {})) query.append(name, String(value));
    const link = `${endpoint.url}${signed.path}?${query}`;
    assert.equal((await fetch(link)).status, 200);
    assert.equal(last().caller.arn, `arn:aws:iam::${ACCOUNT}:user/tool`);
    assert.equal((await fetch(link.replace('a%20b', 'other'))).status, 403);
    nowMs += 61_000;
    assert.match(await (await fetch(link)).text(), /<Message>Request has expired<\/Message>/);
    nowMs -= 61_000;
  });

  test('knows the session that signed, and the function its credentials were given to', async () => {
    const role = directory.role('pay-role');
    const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:pay`;
    const session = directory.session(role, { sessionName: 'pay', durationMs: 60_000, sourceFunctionArn: arn });
    await new LambdaClient(config(session)).send(new GetFunctionCommand({ FunctionName: 'pay' }));
    assert.equal(last().caller.arn, `arn:aws:sts::${ACCOUNT}:assumed-role/pay-role/pay`);
    assert.equal(last().caller.sourceFunctionArn, arn);
    assert.equal(last().sourceIp, '127.0.0.1');
  });

  test('refuses wrong secrets, unknown keys, foreign tokens and expired sessions as each protocol says it', async () => {
    const mismatches = endpoint.refused['mismatch'] ?? 0;
    const other = { ...user, secretAccessKey: 'x'.repeat(40) };
    const lambda = (credentials: Credentials) =>
      new LambdaClient(config(credentials)).send(new GetFunctionCommand({ FunctionName: 'pay' }));
    await assert.rejects(lambda(other), { name: 'InvalidSignatureException' });
    await assert.rejects(lambda({ ...user, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }), {
      name: 'UnrecognizedClientException',
    });
    const session = directory.session(directory.role('pay-role'), { sessionName: 'pay', durationMs: 60_000 });
    await assert.rejects(lambda({ ...session, sessionToken: 'stolen' }), { name: 'UnrecognizedClientException' });
    await assert.rejects(lambda({ ...session, sessionToken: '' }), { name: 'UnrecognizedClientException' });
    nowMs += 61_000;
    await assert.rejects(lambda(session), { name: 'ExpiredTokenException' });
    const get = new GetItemCommand({ TableName: 't', Key: { id: { S: '1' } } });
    await assert.rejects(new DynamoDBClient(config(other)).send(get), { name: 'InvalidSignatureException' });
    const role = new GetRoleCommand({ RoleName: 'r' });
    await assert.rejects(new IAMClient(config(other)).send(role), { name: 'SignatureDoesNotMatch' });
    const object = new GetObjectCommand({ Bucket: 'photos', Key: 'x' });
    await assert.rejects(new S3Client({ ...config(other), forcePathStyle: true }).send(object), {
      name: 'SignatureDoesNotMatch',
    });
    assert.equal((endpoint.refused['mismatch'] ?? 0) - mismatches, 4);
    assert.equal(endpoint.refused['expired-token'], 1);
  });

  test('refuses requests that are a quarter of an hour old', async () => {
    const taken = listener.taken.length;
    const before = nowMs;
    nowMs = Date.now() + 16 * 60_000;
    await assert.rejects(new IAMClient(config(user)).send(new GetRoleCommand({ RoleName: 'r' })), {
      name: 'SignatureDoesNotMatch',
    });
    nowMs = before;
    assert.equal(listener.taken.length, taken);
  });

  test('answers requests without a signature with 403 and does not hand them on', async () => {
    const taken = listener.taken.length;
    const answer = await fetch(`${endpoint.url}/2015-03-31/functions/`);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
    assert.equal(listener.taken.length, taken);
  });

  test('says in the words of the protocol that there is no such service', async () => {
    const empty = await startEndpoint({ address: '127.0.0.1', directory, now: () => nowMs });
    try {
      const client = new LambdaClient({ ...config(user), endpoint: empty.url });
      await assert.rejects(client.send(new GetFunctionCommand({ FunctionName: 'pay' })), {
        name: 'UnknownOperationException',
      });
    } finally {
      await empty.close();
    }
  });

  test('refuses bodies beyond the limit of one and of all, and takes further ones after that', async () => {
    const bodies = { oneMax: 1_000, allMax: 1_500 };
    const small = await startEndpoint({ address: '127.0.0.1', directory, bodies, now: () => nowMs });
    let open = (): void => {};
    const isOpen = new Promise<void>((resolve) => {
      open = resolve;
    });
    let arrived = (): void => {};
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    small.serve({
      signingNames: ['lambda'],
      async handle() {
        arrived();
        await isOpen;
        return { status: 200, headers: {}, body: '{}' };
      },
    });
    try {
      const client = new LambdaClient({ ...config(user), endpoint: small.url });
      const invoke = (bytes: number) =>
        client.send(new InvokeCommand({ FunctionName: 'pay', Payload: JSON.stringify('x'.repeat(bytes - 2)) }));
      await assert.rejects(invoke(1_001), { name: 'RequestEntityTooLargeException' });
      const first = invoke(900);
      await hasArrived;
      await assert.rejects(invoke(900), { name: 'ServiceUnavailableException' });
      open();
      await first;
      await invoke(900);
    } finally {
      await small.close();
    }
  });

  test('stays up when a caller leaves in the middle of a body', async () => {
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${endpoint.url}/x`, { method: 'PUT', headers: { 'content-length': '100' } });
      request.on('error', () => resolve());
      request.write('half', () => request.destroy());
      request.on('close', () => resolve());
    });
    await new LambdaClient(config(user)).send(new GetFunctionCommand({ FunctionName: 'pay' }));
  });
});
