import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { RECORDED_SPANS } from '../otlp/otlp-recorded.contract.ts';
import { ingestServer, NOW_MS } from './ingest-server.contract.ts';

const PATHS = ['/v1/traces', '/v1/metrics', '/v1/logs', '/v1/events', '/v1/telemetry', '/v1/firehose'];
const ID = 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f';
const SEEDS = [
  Buffer.from(
    '{"gait":1,"t":1767225600123,"fn":"aws:123456789012:eu-west-1:pay","rid":"r","c":[["s3:GetObject","b","s3/b"]]}\n',
  ),
  Buffer.from(
    '[{"time":"2026-01-31T12:00:00Z","type":"platform.report","record":{"requestId":"8f507cfc-1234-4697-b07a-ac58fc914c95","metrics":{"durationMs":1}}},{"type":"function","record":{"gait":1}}]',
  ),
  Buffer.from('{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[{"traceId":"00","spanId":"0"}]}]}]}'),
  Buffer.from(`{"requestId":"${ID}","timestamp":${NOW_MS},"records":[{"data":"eyJnYWl0IjoxfQ=="},{"data":7},null]}`),
  Buffer.from(RECORDED_SPANS),
];

/** Arbitrary bytes, or a real request with a few bytes changed. */
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .tuple(fc.constantFrom(...SEEDS), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
    .map(([seed, changes]) => {
      const bytes = Uint8Array.from(seed);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return bytes;
    }),
  fc.json().map((text) => new TextEncoder().encode(text)),
);

const headers = fc.record({
  'content-type': fc.constantFrom('application/json', 'application/x-protobuf', 'text/plain', 'a', ''),
  'content-encoding': fc.constantFrom('', 'identity', 'gzip', 'zstd', 'br'),
  'gait-function': fc.constantFrom('', 'pay', 'aws:?:?:pay', 'arn:aws:lambda:::', '::::'),
  'gait-log-stream': fc.constantFrom('', 'x', '2026/01/31/ship[1]ab'),
});

test('no body and no header makes the server fail', { timeout: 120_000 }, async (t) => {
  const server = await ingestServer(t);
  let runs = 0;
  const property = fc.asyncProperty(
    fc.record({
      path: fc.constantFrom(...PATHS),
      body: bodies,
      given: headers,
      token: fc.constantFrom('account', 'pay', 'all'),
      isPacked: fc.boolean(),
    }),
    async ({ path, body, given, token, isPacked }) => {
      // Each delivery has an id of its own: one that comes again would not be looked at.
      const id = String(runs++).padStart(ID.length, '0');
      const own = Buffer.from(Buffer.from(body).toString('latin1').replace(ID, id), 'latin1');
      const sent = new Uint8Array(isPacked ? gzipSync(own) : own);
      const delivery = {
        'x-amz-firehose-protocol-version': '1.0',
        'x-amz-firehose-request-id': id,
        'x-amz-firehose-access-key': token,
      };
      const answer = await server.post(path, sent, { ...given, ...delivery }, token);
      await answer.arrayBuffer();
      assert.ok(answer.status < 500, `${path} ${answer.status}`);
      assert.deepEqual(server.failures, []);
    },
  );
  await fc.assert(property, { numRuns: 800 });
});
