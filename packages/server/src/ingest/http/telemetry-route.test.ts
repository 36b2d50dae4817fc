import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { TRUST } from '@gait/engine/event/schema';
import { encodeWireRecord, sealWireRecord } from '@gait/sensor/wire';
import { ACCOUNT, answered, ingestServer, NOW_MS, PAY } from './ingest-server.contract.ts';

const REQUEST = '8f507cfc-1234-4697-b07a-ac58fc914c95';
const STREAM = '2026/01/31/[7]0123456789abcdef0123456789abcdef';
const TIME = '2026-01-31T12:00:00.123Z';
const KEY = Buffer.from('the key of the sensors');
const reportOf = (requestId: string) => ({
  time: TIME,
  type: 'platform.report',
  record: {
    requestId,
    status: 'success',
    metrics: { durationMs: 79.67, billedDurationMs: 80, memorySizeMB: 128, maxMemoryUsedMB: 73, initDurationMs: 841.6 },
  },
});
const SENSOR = encodeWireRecord({ timeMs: NOW_MS - 1000, function: 'aws:?:?:pay', requestId: REQUEST, status: 'ok' });
const SEALED = sealWireRecord(SENSOR, createHmac('sha256', KEY).update(SENSOR.slice(0, -1)).digest('hex').slice(0, 16));
const functionLine = (record: unknown) => ({ time: TIME, type: 'function', record });
const FORGED = `REPORT RequestId: ${REQUEST}\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 73 MB\t`;

suite('POST /v1/telemetry', () => {
  test('an array of the Telemetry API becomes rows of the sandbox and function the request names', async (t) => {
    const server = await ingestServer(t);
    const headers = { 'gait-function': 'pay', 'gait-log-stream': STREAM };
    const events = [
      { time: TIME, type: 'platform.start', record: { requestId: REQUEST, version: '7' } },
      functionLine('hello\n'),
      reportOf(REQUEST),
    ];
    const answer = await server.post('/v1/telemetry', JSON.stringify(events), headers);
    assert.deepEqual(await answered(answer), {
      accepted: 1,
      rejected: 0,
      rejects: [],
      notes: { 'platform.start': 1, 'application-line': 1 },
    });
    const [row] = await server.rows();
    assert.equal(row?.['function'], PAY);
    assert.equal(row?.['instance'], STREAM);
    assert.equal(row?.['revision'], '7');
    assert.equal(row?.['requestId'], REQUEST);
    assert.equal(row?.['eventMs'], Date.parse(TIME));
    assert.equal(row?.['trust'], TRUST.platform);
  });

  test('the administrator speaks for every function here too', async (t) => {
    const server = await ingestServer(t);
    const body = JSON.stringify([reportOf(REQUEST)]);
    const answer = await server.post('/v1/telemetry', body, { 'gait-function': 'pay' }, 'administrator');
    assert.equal((await answered(answer)).accepted, 1);
  });

  test('records of a token that a function may hold have the trust of a sensor', async (t) => {
    const server = await ingestServer(t);
    await server.post('/v1/telemetry', JSON.stringify([reportOf(REQUEST)]), {}, 'pay');
    const [row] = await server.rows();
    assert.deepEqual([row?.['kind'], row?.['function'], row?.['trust']], ['platform', PAY, TRUST.sensor]);
  });

  test('function lines that are the sensor’s are read as such, as text and parsed by JSON logging', async (t) => {
    const server = await ingestServer(t, { sensorKey: KEY });
    const events = [functionLine(SEALED), functionLine(`${SEALED}\n`), functionLine(JSON.parse(SEALED))];
    const { accepted, rejected } = await answered(
      await server.post('/v1/telemetry', JSON.stringify(events), {}, 'pay'),
    );
    assert.deepEqual([accepted, rejected], [3, 0]);
    const rows = await server.rows();
    assert.deepEqual(
      rows.map((row) => [row['kind'], row['function'], row['requestId']]),
      Array.from({ length: 3 }, () => ['sensor', PAY, REQUEST]),
    );
  });

  test('with a sensor key, lines without a right seal are refused', async (t) => {
    const server = await ingestServer(t, { sensorKey: KEY });
    const events = [functionLine(SENSOR), functionLine(SEALED.replace('"ok"', '"error"')), functionLine(SEALED)];
    const { accepted, rejects } = await answered(await server.post('/v1/telemetry', JSON.stringify(events), {}, 'pay'));
    assert.equal(accepted, 1);
    assert.deepEqual(
      rejects.map(({ reason }) => reason),
      ['bad-mac', 'bad-mac'],
    );
  });

  test('a function line that looks like a report of the platform is only a line', async (t) => {
    const server = await ingestServer(t);
    const forged = [FORGED, JSON.stringify(reportOf(REQUEST)), reportOf(REQUEST), JSON.stringify([reportOf(REQUEST)])];
    const body = JSON.stringify(forged.map(functionLine));
    const { accepted, notes } = await answered(await server.post('/v1/telemetry', body, {}, 'pay'));
    assert.deepEqual([accepted, notes], [0, { 'application-line': 4 }]);
    assert.deepEqual(await server.rows(), []);
  });

  test('a sensor’s line of another function is refused and told as a false claim', async (t) => {
    const server = await ingestServer(t);
    const ship = encodeWireRecord({ timeMs: NOW_MS, function: `aws:${ACCOUNT}:eu-west-1:ship`, requestId: REQUEST });
    const answer = await server.post('/v1/telemetry', JSON.stringify([functionLine(ship)]), { 'gait-function': PAY });
    assert.equal(answer.status, 400);
    const [claim, ...rest] = await server.rows();
    assert.equal(claim?.['claimed'], `aws:${ACCOUNT}:eu-west-1:ship`);
    assert.equal(claim?.['function'], undefined);
    assert.deepEqual(rest, []);
  });

  test('the function is named by key, ARN or name; a token of several must name one, and one of its own', async (t) => {
    const server = await ingestServer(t);
    const body = JSON.stringify([reportOf(REQUEST)]);
    const arn = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:pay:live`;
    for (const name of ['pay', arn, PAY, 'aws:?:?:pay']) {
      assert.equal((await server.post('/v1/telemetry', body, { 'gait-function': name }, 'two')).status, 200, name);
    }
    const rows = await server.rows();
    assert.deepEqual([...new Set(rows.map((row) => row['function']))], [PAY]);
    assert.equal((await server.post('/v1/telemetry', body, {}, 'two')).status, 400);
    assert.equal((await server.post('/v1/telemetry', body, { 'gait-function': 'a b' }, 'two')).status, 400);
    assert.equal((await server.post('/v1/telemetry', body, { 'gait-function': 'refund' }, 'two')).status, 403);
  });
});
