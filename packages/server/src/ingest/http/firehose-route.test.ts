import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodeWireRecord, sealWireRecord } from '@gait/sensor/wire';
import { NotTakenError } from '../../runtime/service.ts';
import { ACCOUNT, answered, type IngestServer, ingestServer, NOW_MS, PAY } from './ingest-server.contract.ts';

const ID = 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f';
const REQUEST = '8f507cfc-1234-4697-b07a-ac58fc914c95';
const STREAM = '2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef';
const REPORT = `REPORT RequestId: ${REQUEST}\tDuration: 79.67 ms\tBilled Duration: 80 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t\n`;
const KEY = Buffer.from('the key of the sensors');

/** What CloudWatch Logs sends to a subscription. */
function subscription(messages: readonly string[], fields: Record<string, unknown> = {}): string {
  const logEvents = messages.map((message, at) => ({ id: `3625${at}`, timestamp: NOW_MS - 1000, message }));
  const of = { logGroup: '/aws/lambda/pay', logStream: STREAM, owner: ACCOUNT, subscriptionFilters: ['gait'] };
  return JSON.stringify({ messageType: 'DATA_MESSAGE', ...of, logEvents, ...fields });
}

const packed = (text: string) => gzipSync(text).toString('base64');
const deliveryOf = (data: readonly unknown[], requestId = ID) =>
  JSON.stringify({ requestId, timestamp: NOW_MS, records: data.map((each) => ({ data: each })) });

function deliver(server: IngestServer, body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) {
  const headers = {
    'content-type': 'application/json',
    'x-amz-firehose-protocol-version': '1.0',
    'x-amz-firehose-request-id': ID,
    'x-amz-firehose-source-arn': `arn:aws:firehose:eu-central-1:${ACCOUNT}:deliverystream/gait`,
    'x-amz-firehose-access-key': 'account',
    authorization: '',
    ...more,
  };
  return server.post('/v1/firehose', body, headers);
}

const trailEvent = (fields: Record<string, unknown> = {}) =>
  JSON.stringify({
    eventVersion: '1.11',
    userIdentity: { type: 'IAMUser', userName: 'alice', accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/alice` },
    eventTime: '2026-01-31T12:00:00Z',
    eventSource: 'lambda.amazonaws.com',
    eventName: 'UpdateFunctionCode20150331v2',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.9',
    userAgent: 'aws-cli/2.15.0',
    requestParameters: { functionName: 'pay' },
    recipientAccountId: ACCOUNT,
    eventID: '66666666-7777-8888-9999-000000000000',
    ...fields,
  });
const TRAIL = { logGroup: 'aws-cloudtrail-logs', logStream: `${ACCOUNT}_CloudTrail_eu-central-1` };

suite('POST /v1/firehose', () => {
  test('log subscriptions, gzip in base64 in gzip, are appended; the reply has the id of the request', async (t) => {
    const server = await ingestServer(t);
    const control = packed(JSON.stringify({ messageType: 'CONTROL_MESSAGE', owner: 'CloudwatchLogs', logEvents: [] }));
    const body = deliveryOf([
      packed(subscription([`START RequestId: ${REQUEST} Version: $LATEST\n`, REPORT])),
      control,
    ]);
    const answer = await deliver(server, new Uint8Array(gzipSync(body)), { 'content-encoding': 'gzip' });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answered(answer), { requestId: ID, timestamp: NOW_MS });
    const [row, ...rest] = await server.rows();
    assert.deepEqual(rest, []);
    assert.equal(row?.['function'], `aws:${ACCOUNT}:eu-central-1:pay`);
    assert.equal(row?.['instance'], STREAM);
    assert.equal(row?.['durationMs'], 79.67);
    assert.equal(server.counters.sum('gait_ingest_notes_total', { note: 'control-message' }), 1);
  });

  test('a delivery that comes again is acknowledged without being appended twice, also while it is under way', async (t) => {
    const server = await ingestServer(t);
    const body = deliveryOf([packed(subscription([REPORT]))]);
    const answers = await Promise.all([deliver(server, body), deliver(server, body)]);
    answers.push(await deliver(server, body));
    for (const answer of answers) assert.equal((await answered(answer)).requestId, ID);
    assert.equal((await server.rows()).length, 1);
    assert.equal(server.counters.sum('gait_ingest_repeated_deliveries_total'), 2);
  });

  test('a delivery that failed is taken when it comes again', async (t) => {
    const rows: number[] = [];
    let isBusy = true;
    const append = async (batch: { readonly rows: number }) => {
      if (isBusy) throw new NotTakenError('busy');
      rows.push(batch.rows);
    };
    const server = await ingestServer(t, { append });
    const body = deliveryOf([packed(subscription([REPORT]))]);
    const refused = await deliver(server, body);
    assert.equal(refused.status, 503);
    const { requestId, errorMessage } = await answered(refused);
    assert.deepEqual([requestId, errorMessage], [ID, 'not-taken: busy']);
    isBusy = false;
    assert.equal((await deliver(server, body)).status, 200);
    assert.deepEqual(rows, [1]);
  });

  test('the access key is the token', async (t) => {
    const server = await ingestServer(t);
    const body = deliveryOf([packed(subscription([REPORT]))]);
    const answer = await deliver(server, body, {
      'x-amz-firehose-access-key': 'nobody',
      authorization: 'Bearer account',
    });
    assert.equal(answer.status, 401);
    assert.match((await answered(answer)).errorMessage, /token/);
    assert.deepEqual(await server.rows(), []);
  });

  test('log groups of other functions and accounts are dropped, and the delivery is acknowledged', async (t) => {
    const server = await ingestServer(t);
    const data = [
      packed(subscription([REPORT], { owner: '999999999999' })),
      packed(subscription([REPORT])),
      packed(subscription([REPORT], { logGroup: '/aws/lambda/ship' })),
    ];
    assert.equal((await deliver(server, deliveryOf(data))).status, 200);
    const rows = await server.rows();
    assert.deepEqual(
      rows.map((row) => row['function'] ?? row['claimed']),
      ['pay', 'ship', 'pay'].map((name, at) => `aws:${at === 2 ? '999999999999' : ACCOUNT}:eu-central-1:${name}`),
    );
    assert.equal(server.counters.sum('gait_ingest_records_total', { outcome: 'foreign' }), 1);
  });

  test('plain lines of known formats are read, those of the sensor only with their seal', async (t) => {
    const server = await ingestServer(t, { sensorKey: KEY });
    const line = encodeWireRecord({ timeMs: NOW_MS - 1000, function: PAY, requestId: REQUEST });
    const mac = createHmac('sha256', KEY).update(line.slice(0, -1)).digest('hex').slice(0, 16);
    const plain = Buffer.from(`${line}\n${sealWireRecord(line, mac)}\n`).toString('base64');
    const inLog = packed(subscription([line, sealWireRecord(line, mac)]));
    const answer = await deliver(server, deliveryOf([plain]), { 'x-amz-firehose-source-arn': '' });
    assert.equal(answer.status, 200);
    const other = '11111111-034f-9f42-bba1-f29aea6d7d8f';
    const more = { 'x-amz-firehose-request-id': other, 'x-amz-firehose-source-arn': '' };
    assert.equal((await deliver(server, deliveryOf([inLog], other), more)).status, 200);
    assert.equal((await server.rows()).length, 2);
    assert.equal(server.counters.sum('gait_ingest_rejects_total', { reason: 'bad-mac' }), 2);
  });

  test('events of a trail in its log group are audit rows of the account that owns it', async (t) => {
    const server = await ingestServer(t);
    const foreign = trailEvent({ recipientAccountId: '999999999999' });
    const data = [packed(subscription([trailEvent(), foreign, 'no event'], TRAIL))];
    assert.equal((await deliver(server, deliveryOf(data))).status, 200);
    const [change, claim, ...rest] = await server.rows();
    assert.deepEqual(rest, []);
    assert.deepEqual(
      [change?.['kind'], change?.['action'], change?.['account']],
      ['change', 'lambda:UpdateFunctionCode', ACCOUNT],
    );
    assert.equal(claim?.['claimed'], 'aws:999999999999:?:?');
    assert.doesNotMatch(JSON.stringify(change), /alice|203\.0\.113/);
  });

  test('audit rows need a token for the whole account', async (t) => {
    const server = await ingestServer(t);
    const data = [packed(subscription([trailEvent()], TRAIL))];
    assert.equal((await deliver(server, deliveryOf(data), { 'x-amz-firehose-access-key': 'two' })).status, 200);
    assert.deepEqual(await server.rows(), []);
    assert.equal(server.counters.sum('gait_ingest_records_total', { outcome: 'nobody' }), 1);
  });

  test('what looks like a trail event in a function’s own log is only a line', async (t) => {
    const server = await ingestServer(t);
    const body = deliveryOf([
      packed(subscription([trailEvent()])),
      packed(subscription([trailEvent()], { logGroup: 'app' })),
    ]);
    assert.equal((await deliver(server, body)).status, 200);
    assert.deepEqual(await server.rows(), []);
  });

  test('one damaged record costs only itself', async (t) => {
    const server = await ingestServer(t);
    const cut = gzipSync(subscription([REPORT]))
      .subarray(0, 60)
      .toString('base64');
    const data = [cut, 7, '***', Buffer.from('??').toString('base64'), packed(subscription([REPORT]))];
    assert.equal((await deliver(server, deliveryOf(data))).status, 200);
    assert.equal((await server.rows()).length, 1);
    assert.equal(server.counters.sum('gait_ingest_rejects_total'), 4);
  });

  test('a record that inflates too far is 413, whatever layer it stands in', async (t) => {
    const server = await ingestServer(t, { limits: { bodyBytes: 1_000_000 } });
    const bomb = gzipSync(Buffer.alloc(4_000_000)).toString('base64');
    assert.equal((await deliver(server, deliveryOf([bomb]))).status, 413);
    const outer = new Uint8Array(gzipSync(deliveryOf(['A'.repeat(4_000_000)])));
    assert.equal((await deliver(server, outer, { 'content-encoding': 'gzip' })).status, 413);
  });

  test('requests that are no delivery are 400 with the id they have', async (t) => {
    const server = await ingestServer(t);
    const body = deliveryOf([]);
    const bad = [
      await deliver(server, 'nonsense'),
      await deliver(server, '{}'),
      await deliver(server, deliveryOf([], 'another')),
      await deliver(server, JSON.stringify({ requestId: ID, timestamp: NOW_MS })),
      await deliver(server, body, { 'x-amz-firehose-protocol-version': '2.0' }),
    ];
    for (const answer of bad) {
      assert.equal(answer.status, 400);
      const { requestId, errorMessage } = await answered(answer);
      assert.equal(requestId, ID);
      assert.match(errorMessage, /^bad-request: /);
    }
    assert.equal((await deliver(server, body, { 'x-amz-firehose-request-id': 'a b' })).status, 400);
  });
});
