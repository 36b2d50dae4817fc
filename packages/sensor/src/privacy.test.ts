import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { runWatched } from './sandbox-run.ts';

/** Every secret has this word in it, in whatever spelling it could come out. */
const CANARY = /canary|c2FuYXJ5|Y2FuYXJ5|63616e617279/i;

const HOSTILE = `
import http from 'node:http';
import net from 'node:net';
import { spawnSync, spawn } from 'node:child_process';
const server = http.createServer((request, response) => request.resume().on('end', () => response.end('canary-answer')));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:' + port;
process.env.SECRET = 'canary-environment';
const ask = (path, headers, body) => new Promise((resolve) => http.request({ host: '127.0.0.1', port, path, method: 'POST', headers },
  (response) => response.resume().on('end', resolve)).end(body));
const aws = (service, target) => ({
  authorization: 'AWS4-HMAC-SHA256 Credential=CANARYKEY/20261125/eu-west-1/' + service + '/aws4_request, Signature=canary',
  'x-amz-security-token': 'canary-token', 'x-amz-target': target });
const handler = watch(async (event) => {
  await ask('/users/canary/orders/canary-123?token=canary#canary', { authorization: 'Bearer canary', cookie: 'canary=1' }, 'canary-body');
  await ask('/Canary/c2FuYXJ5', {}, '');
  await ask('/', aws('dynamodb', 'DynamoDB_20120810.PutItem'), JSON.stringify({ Item: { id: { S: 'canary' } }, TableName: 'orders' }));
  await ask('/', aws('ssm', 'AmazonSSM.GetParameter'), JSON.stringify({ Name: 'canary@example.com' }));
  await ask('/', aws('iam', ''), 'Action=GetUser&UserName=canary');
  await ask('/photos/canary.png?x=canary', aws('s3', ''), 'canary');
  await fetch('http://127.0.0.1:' + port + '/people/canary', { method: 'POST', headers: { 'x-key': 'canary' }, body: 'canary' });
  spawnSync('sh', ['-c', 'true canary'], { env: { KEY: 'canary' } });
  spawn('/bin/true', ['canary']);
  await new Promise((resolve) => net.connect(port, '127.0.0.1').on('close', resolve).on('error', () => {}).resume().end('canary'));
  if (event.fail) throw Object.assign(new Error('canary message'), { name: 'canary name with spaces', canary: 'canary' });
  return { statusCode: 200, headers: { canary: 'canary' }, body: 'canary' };
});
const events = [
  { version: '2.0', routeKey: 'POST /pay/{id}', rawPath: '/pay/canary', rawQueryString: 'canary=canary', cookies: ['canary'],
    headers: { 'user-agent': 'canary/1.0', authorization: 'canary', 'x-canary': 'canary' },
    requestContext: { domainName: 'canary.example.com', http: { method: 'POST', path: '/canary', sourceIp: '203.0.113.77', userAgent: 'canary/1.0' },
      authorizer: { jwt: { claims: { sub: 'canary@example.com', email: 'canary@example.com' } } } }, body: 'canary' },
  { httpMethod: 'canary', resource: '/canary 12/x', path: '/canary', requestContext: { identity: { sourceIp: 'canary', userArn: 'arn:aws:iam::123456789012:user/canary' } }, headers: { 'User-Agent': 'canary' }, body: 'canary' },
  { Records: [{ eventSource: 'aws:sqs', eventSourceARN: 'arn:aws:iam::123456789012:user/canary', body: 'canary', attributes: { SenderId: 'AROAXXXXXXXXXXXX:canary@example.com' }, messageAttributes: { canary: 'canary' } }] },
  { Records: [{ eventSource: 'aws:s3', s3: { bucket: { name: 'photos' }, object: { key: 'canary' } }, userIdentity: { principalId: 'AWS:AIDACANARY:canary' }, requestParameters: { sourceIPAddress: 'canary' } }] },
  { 'detail-type': 'canary@example.com', source: 'canary@example.com', detail: { canary: 'canary' } },
  { userPoolId: 'eu_1', triggerSource: 'canary canary', userName: 'canary', request: { userAttributes: { email: 'canary@example.com' } } },
  { canary: 'canary', fail: true }, 'canary', ['canary'], null,
];
for (const event of events) await handler(event, context({ awsRequestId: 'canary request', clientContext: { canary: 'canary' } })).catch(() => {});
server.close();
server.closeAllConnections();
`;

suite('what leaves the function', () => {
  test('holds no value, token, header, name, address or argument, however the function is called', async () => {
    const { stdout, records, status, stderr } = await runWatched(HOSTILE, {
      environment: { GAIT_KEY: 'canary-key', _X_AMZN_TRACE_ID: 'Root=canary', AWS_SECRET_ACCESS_KEY: 'canary' },
    });
    assert.equal(status, 0, stderr);
    assert.equal(records.length, 11);
    assert.equal(CANARY.exec(stdout)?.[0], undefined, stdout);
    assert.equal(stdout.includes('203.0.113.77'), false);
    // It was looked at all the same.
    assert.equal(records[1].net, '203.0.113.0');
    assert.equal(records[1].ts, 'POST /pay/{id}');
    assert.equal(records[1].pk, 'person');
    assert.ok((records[1].c as unknown[]).length >= 10);
  });

  test('is sealed with the key, names people by it, and the environment no longer shows the key', async () => {
    const event = { requestContext: { http: { method: 'GET' }, authorizer: { jwt: { claims: { sub: 'User-1' } } } } };
    const { stdout, records, told } = await runWatched(
      `await watch(async () => 1)(${JSON.stringify(event)}, context()); tell(process.env.GAIT_KEY ?? 'gone');`,
      { environment: { GAIT_KEY: 'the-key' } },
    );
    assert.equal(told, 'gone');
    for (const line of stdout.trim().split('\n')) {
      const [before, mac] = line.split(',"mac":');
      const expected = createHmac('sha256', 'the-key').update(before).digest('hex').slice(0, 16);
      assert.equal(mac, `"${expected}"}`);
    }
    assert.equal(records[1].p, createHmac('sha256', 'the-key').update('person:user-1').digest('hex').slice(0, 16));
  });

  test('without a key has no MAC and pseudonyms of this sandbox only', async () => {
    const event = { requestContext: { http: { method: 'GET' }, authorizer: { jwt: { claims: { sub: 'User-1' } } } } };
    const code = `const handler = watch(async () => 1);
      await handler(${JSON.stringify(event)}, context()); await handler(${JSON.stringify(event)}, context());`;
    const [one, other] = await Promise.all([runWatched(code), runWatched(code)]);
    assert.equal(one.stdout.includes('"mac"'), false);
    assert.equal(one.records[1].p, one.records[2].p);
    assert.notEqual(one.records[1].p, other.records[1].p);
    assert.notEqual(one.records[1].in, other.records[1].in);
  });
});
