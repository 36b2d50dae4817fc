import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { encodeWireRecord, sealWireRecord, type WireRecord } from '@gait/sensor/wire';
import { NotTakenError } from '../../runtime/service.ts';
import { ACCOUNT, answered, ingestServer, NOW_MS, PAY } from './ingest-server.contract.ts';

const SHIP = `aws:${ACCOUNT}:eu-west-1:ship`;
const lineOf = (fields: Partial<WireRecord> = {}) =>
  encodeWireRecord({ timeMs: NOW_MS - 1000, function: PAY, requestId: 'r-1', status: 'ok', durationMs: 4, ...fields });
const sealed = (line: string, key: Uint8Array) =>
  sealWireRecord(line, createHmac('sha256', key).update(line.slice(0, -1)).digest('hex').slice(0, 16));

suite('POST /v1/events', () => {
  test('records are appended in order before the answer, whatever the content type', async (t) => {
    const server = await ingestServer(t);
    const lines = Array.from({ length: 5000 }, (_, at) => lineOf({ requestId: `r-${at}` }));
    const answer = await server.post('/v1/events', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answered(answer), { accepted: 5000, rejected: 0, rejects: [], notes: {} });
    const rows = await server.rows();
    assert.equal(rows.length, 5000);
    assert.equal(rows[4999]?.['requestId'], 'r-4999');
    assert.equal((await server.post('/v1/events', new Uint8Array(Buffer.from(lineOf())))).status, 200);
  });

  test('broken lines are told with their place, and cost only themselves', async (t) => {
    const server = await ingestServer(t);
    const answer = await server.post(
      '/v1/events',
      `${lineOf()}\n{"gait":1}\n\nnonsense\n${lineOf({ requestId: 'r-2' })}\n`,
    );
    assert.equal(answer.status, 200);
    const { accepted, rejected, rejects } = await answered(answer);
    assert.deepEqual([accepted, rejected], [2, 2]);
    assert.deepEqual(
      rejects.map((each) => [each.line, each.reason]),
      [
        [2, 'missing-field'],
        [4, 'bad-json'],
      ],
    );
    assert.equal(server.counters.sum('gait_ingest_rejects_total', { reason: 'bad-json' }), 1);
  });

  test('400 when nothing was understood, 200 when nothing was sent', async (t) => {
    const server = await ingestServer(t);
    assert.equal((await server.post('/v1/events', 'nonsense')).status, 400);
    assert.equal((await server.post('/v1/events', undefined)).status, 200);
  });

  test('records that do not name their function are of the only one the token speaks for', async (t) => {
    const server = await ingestServer(t);
    const unnamed = `{"gait":1,"t":${NOW_MS},"rid":"r-1"}`;
    assert.equal((await server.post('/v1/events', unnamed, {}, 'pay')).status, 200);
    assert.equal((await server.post('/v1/events', unnamed, {}, 'two')).status, 400);
    assert.deepEqual(
      (await server.rows()).map((row) => row['function']),
      [PAY],
    );
  });

  test('a record of another function is dropped, counted, and one health row says who claimed what', async (t) => {
    const server = await ingestServer(t);
    const body = [lineOf(), lineOf({ function: SHIP }), lineOf({ function: SHIP, requestId: 'r-2' })].join('\n');
    const answer = await server.post('/v1/events', body, {}, 'pay');
    const { accepted, rejected, rejects } = await answered(answer);
    assert.deepEqual([accepted, rejected, rejects[0]?.reason], [1, 2, 'identity-mismatch']);
    await server.post('/v1/events', body, {}, 'pay');
    const rows = await server.rows();
    assert.deepEqual(
      rows.map((row) => row['kind']),
      ['sensor', 'health', 'sensor'],
    );
    const [, claim] = rows;
    assert.equal(claim?.['claimed'], SHIP);
    assert.equal(claim?.['function'], PAY);
    assert.equal(claim?.['principal'], 'pay token');
    assert.equal(claim?.['principalKind'], 'service');
    assert.equal(claim?.['trust'], TRUST.platform);
    assert.equal(server.counters.sum('gait_ingest_records_total', { outcome: 'foreign' }), 4);
  });

  test('a claim that holds a person’s address reaches the log only as a token', async (t) => {
    const server = await ingestServer(t);
    await server.post('/v1/events', lineOf({ function: 'aws:1:eu:alice@example.com' }), {}, 'pay');
    const text = JSON.stringify(await server.rows());
    assert.match(text, /identityMismatch/);
    assert.doesNotMatch(text, /alice/);
  });

  test('times older than a week or in the future become the time of arrival', async (t) => {
    const server = await ingestServer(t);
    const times = [NOW_MS - 8 * 86_400_000, NOW_MS + 3_600_000, NOW_MS - 86_400_000];
    const lines = times.map((timeMs, at) => lineOf({ timeMs, requestId: `r-${at}` }));
    await server.post('/v1/events', lines.join('\n'));
    const rows = await server.rows();
    assert.deepEqual(
      rows.map((row) => [row['eventMs'], Number(row['flags']) & FLAG.clamped]),
      [
        [NOW_MS, FLAG.clamped],
        [NOW_MS, FLAG.clamped],
        [NOW_MS - 86_400_000, 0],
      ],
    );
    assert.equal(server.counters.sum('gait_ingest_clamped_records_total'), 2);
  });

  test('with a sensor key, a wrong seal is refused, and none is needed with a token', async (t) => {
    const sensorKey = Buffer.from('the key of the sensors');
    const server = await ingestServer(t, { sensorKey });
    const wrong = sealed(lineOf({ requestId: 'r-2' }), Buffer.from('another'));
    const moved = `{"gait":1,"mac":"0123456789abcdef","t":${NOW_MS},"fn":"${PAY}"}`;
    const escaped = sealed(lineOf({ requestId: 'r-4', triggerSource: 'GET "/x"' }), sensorKey);
    const body = [lineOf(), sealed(lineOf({ requestId: 'r-1' }), sensorKey), wrong, moved, escaped].join('\n');
    const { accepted, rejects } = await answered(await server.post('/v1/events', body));
    assert.equal(accepted, 3);
    assert.deepEqual(
      rejects.map((each) => [each.line, each.reason]),
      [
        [3, 'bad-mac'],
        [4, 'bad-mac'],
      ],
    );
  });
});

suite('who may send', () => {
  test('no token, an unknown one and one in another scheme are 401 in the same words', async (t) => {
    const server = await ingestServer(t);
    const answers = await Promise.all([
      server.post('/v1/events', lineOf(), { authorization: '' }),
      server.post('/v1/events', lineOf(), {}, 'nobody'),
      server.post('/v1/events', lineOf(), { authorization: 'Basic YTpi' }),
    ]);
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    for (const answer of answers) {
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    assert.equal(new Set(texts).size, 1);
    assert.deepEqual(await server.rows(), []);
  });

  test('a token that may only read is 403', async (t) => {
    const server = await ingestServer(t);
    assert.equal((await server.post('/v1/events', lineOf(), {}, 'reader')).status, 403);
    const otlp = await server.post('/v1/traces', '{}', { 'content-type': 'application/json' }, 'reader');
    assert.deepEqual([otlp.status, (await answered(otlp)).code], [403, 7]);
  });

  test('more records than the rate allows are 429 with Retry-After, and none of them is appended', async (t) => {
    const server = await ingestServer(t);
    const lines = Array.from({ length: 4 }, (_, at) => lineOf({ requestId: `r-${at}` }));
    const answer = await server.post('/v1/events', lines.join('\n'), {}, 'slow');
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get('retry-after'), '2');
    assert.deepEqual(await server.rows(), []);
  });

  test('what the service does not take now is 503 with the time to come again', async (t) => {
    let reason: 'closing' | 'disk-full' | 'busy' = 'closing';
    const server = await ingestServer(t, { append: () => Promise.reject(new NotTakenError(reason)) });
    for (const [why, seconds] of [
      ['closing', '5'],
      ['disk-full', '60'],
      ['busy', '1'],
    ] as const) {
      reason = why;
      const answer = await server.post('/v1/events', lineOf());
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('retry-after'), seconds);
    }
  });

  test('a failure of the server is 500 without a word about it', async (t) => {
    const server = await ingestServer(t, { append: () => Promise.reject(new Error('secret path')) });
    const answer = await server.post('/v1/events', lineOf());
    assert.equal(answer.status, 500);
    assert.doesNotMatch(await answer.text(), /secret/);
    assert.equal(server.failures.length, 1);
  });
});
