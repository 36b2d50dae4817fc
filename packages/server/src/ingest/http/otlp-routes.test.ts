import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { FLAG } from '@gait/engine/event/schema';
import { ownArray } from '../json-document.ts';
import { encodeRequest, logsRequest, START_MS, traceRequest } from '../otlp/otlp.contract.ts';
import { RECORDED_LOGS, RECORDED_METRICS, RECORDED_SPANS } from '../otlp/otlp-recorded.contract.ts';
import { answered, ingestServer, PAY } from './ingest-server.contract.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const LAMBDA = { 'faas.name': 'pay', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1' };
const spansOf = (resource: Record<string, string>) =>
  traceRequest([resource, [{ id: '01', kind: 'server', attributes: { 'faas.trigger': 'http' } }]]);
const SPANS = spansOf(LAMBDA);
const now = () => START_MS + 1000;
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());
const json = JSON.stringify;

suite('OTLP/HTTP', () => {
  test('spans as the SDK writes them are appended, and the answer is an empty message in protobuf', async (t) => {
    const server = await ingestServer(t, { now });
    const answer = await server.post('/v1/traces', new Uint8Array(RECORDED_SPANS), PROTOBUF);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'application/x-protobuf');
    assert.equal((await bytesOf(answer)).length, 0);
    const rows = await server.rows();
    assert.deepEqual(
      rows.map((row) => row['function']),
      ['aws:123456789012:eu-west-1:orders'],
    );
    assert.equal(server.counters.sum('gait_ingest_records_total', { format: 'otlp-protobuf', outcome: 'accepted' }), 1);
  });

  test('metrics and logs as the SDK writes them are taken on their own paths', async (t) => {
    const server = await ingestServer(t, { now });
    assert.equal((await server.post('/v1/metrics', new Uint8Array(RECORDED_METRICS), PROTOBUF)).status, 200);
    assert.equal((await server.post('/v1/logs', new Uint8Array(RECORDED_LOGS), PROTOBUF)).status, 200);
    assert.ok((await server.rows()).length > 0);
  });

  test('JSON is answered in JSON', async (t) => {
    const server = await ingestServer(t, { now });
    const answer = await server.post('/v1/traces', json(SPANS), { 'content-type': 'application/json; charset=utf-8' });
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.deepEqual(await answered(answer), {});
    const [row] = await server.rows();
    assert.equal(row?.['function'], PAY);
    assert.equal(Number(row?.['flags']) & FLAG.clamped, 0);
  });

  test('an empty request is success in both types', async (t) => {
    const server = await ingestServer(t);
    for (const signal of ['traces', 'metrics', 'logs']) {
      assert.equal((await server.post(`/v1/${signal}`, undefined, PROTOBUF)).status, 200);
      assert.deepEqual(await answered(await server.post(`/v1/${signal}`, '{}', JSON_TYPE)), {});
    }
    assert.deepEqual(await server.rows(), []);
  });

  test('gzip and zstd bodies are inflated, in one piece or several', async (t) => {
    const server = await ingestServer(t, { now });
    const text = Buffer.from(json(SPANS));
    const bodies = [
      ['gzip', gzipSync(text)],
      ['gzip', Buffer.concat([gzipSync(text.subarray(0, 100)), gzipSync(text.subarray(100))])],
      ['zstd', zstdCompressSync(text)],
      ['identity', text],
    ] as const;
    for (const [encoding, body] of bodies) {
      const headers = { ...JSON_TYPE, 'content-encoding': encoding };
      assert.equal((await server.post('/v1/traces', new Uint8Array(body), headers)).status, 200);
    }
    assert.equal((await server.rows()).length, bodies.length);
  });

  test('items that cannot be used are told as partial success, under the name of the signal', async (t) => {
    const server = await ingestServer(t, { now });
    const [mixed] = ownArray(traceRequest([LAMBDA, [{ id: '01', kind: 'server' }]]), 'resourceSpans');
    const scope = { spans: [{ traceId: 'zz', spanId: 'zz', name: 'broken' }] };
    const broken = { resourceSpans: [mixed, { scopeSpans: [scope] }] };
    const answer = await server.post('/v1/traces', json(broken), JSON_TYPE);
    assert.equal(answer.status, 200);
    const { partialSuccess } = await answered(answer);
    assert.equal(partialSuccess.rejectedSpans, '1');
    assert.match(partialSuccess.errorMessage, /^[a-z-]+: ./);
    assert.equal((await server.rows()).length, 1);
    const binary = await server.post('/v1/traces', new Uint8Array(encodeRequest(broken)), PROTOBUF);
    const bytes = await bytesOf(binary);
    assert.deepEqual([...bytes.subarray(0, 1), ...bytes.subarray(2, 4)], [0x0a, 0x08, 1]);
    assert.match(bytes.subarray(4).toString(), /: ./);
  });

  test('bytes that are no request are 400 with a Status in the type of the request', async (t) => {
    const server = await ingestServer(t);
    const text = await server.post('/v1/traces', '{"resourceSpans":[', JSON_TYPE);
    assert.equal(text.status, 400);
    const status = await answered(text);
    assert.equal(status.code, 3);
    assert.match(status.message, /^truncated/);
    const binary = await server.post('/v1/logs', Uint8Array.of(0x0a, 0xff, 0xff), PROTOBUF);
    assert.equal(binary.status, 400);
    assert.equal(binary.headers.get('content-type'), 'application/x-protobuf');
    assert.deepEqual([...(await bytesOf(binary)).subarray(0, 3)], [0x08, 3, 0x12]);
  });

  test('a signal on the path of another is 400 and appends nothing', async (t) => {
    const server = await ingestServer(t, { now });
    assert.equal((await server.post('/v1/logs', json(SPANS), JSON_TYPE)).status, 400);
    assert.equal((await server.post('/v1/metrics', new Uint8Array(RECORDED_SPANS), PROTOBUF)).status, 400);
    assert.equal((await server.post('/v1/traces', json(logsRequest(LAMBDA, [{ body: {} }])), JSON_TYPE)).status, 400);
    assert.deepEqual(await server.rows(), []);
  });

  test('other content types and encodings are 415', async (t) => {
    const server = await ingestServer(t);
    assert.equal((await server.post('/v1/traces', '{}', { 'content-type': 'text/plain' })).status, 415);
    const encoded = await server.post('/v1/traces', '{}', { ...JSON_TYPE, 'content-encoding': 'br' });
    assert.equal(encoded.status, 415);
    assert.equal(encoded.headers.get('accept-encoding'), 'gzip, zstd');
  });

  test('a token of one function completes and limits what its spans say', async (t) => {
    const server = await ingestServer(t, { now });
    const own = await server.post('/v1/traces', json(spansOf({ ...LAMBDA, 'cloud.region': '' })), JSON_TYPE, 'pay');
    assert.deepEqual(await answered(own), {});
    const other = await server.post('/v1/traces', json(spansOf({ ...LAMBDA, 'faas.name': 'ship' })), JSON_TYPE, 'pay');
    assert.equal((await answered(other)).partialSuccess.rejectedSpans, '1');
    const [invocation, claim, ...rest] = await server.rows();
    assert.equal(invocation?.['function'], PAY);
    assert.equal(claim?.['action'], 'ingest:identityMismatch');
    assert.equal(claim?.['claimed'], 'aws:123456789012:eu-west-1:ship');
    assert.deepEqual(rest, []);
  });
});
