import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { encodeWireRecord } from '@gait/sensor/wire';
import { AccessError } from '../../access/access.ts';
import { answered, type IngestServer, ingestServer, NOW_MS, PAY } from './ingest-server.contract.ts';

const LINE = encodeWireRecord({ timeMs: NOW_MS - 1000, function: PAY, requestId: 'r-1' });

/** Opens a request whose body the test writes by itself. */
function open(server: IngestServer, headers: Record<string, string | number> = {}, path = '/v1/events') {
  const request = httpRequest({
    host: '127.0.0.1',
    port: server.port,
    path,
    method: 'POST',
    headers: { authorization: 'Bearer account', ...headers },
  });
  request.on('error', () => undefined);
  return request;
}

async function answerTo(request: ReturnType<typeof open>): Promise<IncomingMessage> {
  const [answer]: IncomingMessage[] = await once(request, 'response');
  assert.ok(answer !== undefined);
  answer.resume();
  return answer;
}

/** Writes bytes to a connection and reads what comes until it is closed. */
async function raw(server: IngestServer, text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(parts).toString('latin1');
}

suite('bodies as they come over the line', () => {
  test('a body in chunks of one byte is read like any other', async (t) => {
    const server = await ingestServer(t);
    const request = open(server);
    for (const byte of Buffer.from(LINE)) {
      if (!request.write(Uint8Array.of(byte))) await once(request, 'drain');
    }
    request.end();
    assert.equal((await answerTo(request)).statusCode, 200);
    assert.equal((await server.rows()).length, 1);
  });

  test('a body that does not arrive in time is 408 and the connection is closed', async (t) => {
    const server = await ingestServer(t, { limits: { bodyMs: 50 } });
    const request = open(server, { 'content-length': 1000 });
    request.write(LINE.slice(0, 20));
    const answer = await answerTo(request);
    assert.deepEqual([answer.statusCode, answer.headers.connection], [408, 'close']);
    assert.deepEqual(await server.rows(), []);
    assert.equal((await server.post('/v1/events', LINE)).status, 200);
  });

  test('a sender that goes away before the end leaves nothing, and the server takes the next', async (t) => {
    const server = await ingestServer(t);
    const request = open(server, { 'content-length': 10_000 });
    request.write(`${LINE}\n`);
    await once(request, 'socket');
    await new Promise<void>((resolve) => request.write(LINE, () => resolve()));
    request.destroy();
    assert.equal((await server.post('/v1/events', LINE)).status, 200);
    assert.equal((await server.rows()).length, 1);
    assert.deepEqual(server.failures, []);
  });

  test('more bytes than declared, or a broken chunk, are never appended', async (t) => {
    const server = await ingestServer(t);
    const head = 'POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer account\r\nConnection: close\r\n';
    const short = await raw(server, `${head}Content-Length: 5\r\n\r\n${LINE}`);
    assert.match(short, /^HTTP\/1\.1 400 /);
    await raw(server, `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n${LINE}`);
    assert.deepEqual(await server.rows(), []);
  });

  test('the limit counts bytes after inflation, and a bomb is 413', async (t) => {
    const server = await ingestServer(t, { limits: { bodyBytes: 100_000 } });
    const zeros = Buffer.alloc(8_000_000);
    for (const [encoding, body] of [
      ['gzip', gzipSync(zeros)],
      ['zstd', zstdCompressSync(zeros)],
    ] as const) {
      const answer = await server.post('/v1/events', new Uint8Array(body), { 'content-encoding': encoding });
      assert.equal(answer.status, 413);
    }
    assert.equal((await server.post('/v1/events', LINE)).status, 200);
  });

  test('a plain body over the limit is 413, declared or not', async (t) => {
    const server = await ingestServer(t, { limits: { bodyBytes: 10_000 } });
    assert.equal((await server.post('/v1/events', ' '.repeat(10_001))).status, 413);
    const request = open(server, { 'transfer-encoding': 'chunked' });
    request.end(' '.repeat(20_000));
    assert.equal((await answerTo(request)).statusCode, 413);
  });

  test('a gzip body cut at any byte is 400 and nothing of it is appended', async (t) => {
    const server = await ingestServer(t);
    const whole = gzipSync(LINE);
    for (let end = 1; end < whole.length; end += 7) {
      const answer = await server.post('/v1/events', new Uint8Array(whole.subarray(0, end)), {
        'content-encoding': 'gzip',
      });
      assert.equal(answer.status, 400, `${end} bytes`);
    }
    const plain = await server.post('/v1/events', LINE, { 'content-encoding': 'gzip' });
    assert.equal(plain.status, 400);
    assert.deepEqual(await server.rows(), []);
  });

  test('bodies held at once are bounded: who comes too much is told to come again', async (t) => {
    const server = await ingestServer(t, { limits: { bodiesHeldBytes: 10_000 } });
    const first = open(server, { 'content-length': 9000 });
    await new Promise<void>((resolve) => first.write(' '.repeat(8000), () => resolve()));
    let second = await server.post('/v1/events', ' '.repeat(9000));
    // The first may still be on its way to the server.
    while (second.status === 200) second = await server.post('/v1/events', ' '.repeat(9000));
    assert.equal(second.status, 503);
    assert.equal(second.headers.get('retry-after'), '1');
    first.end(' '.repeat(1000));
    assert.equal((await answerTo(first)).statusCode, 200);
    assert.equal((await server.post('/v1/events', LINE)).status, 200);
  });

  test('a refused body is read to its end, so that the connection serves the next request', async (t) => {
    const server = await ingestServer(t);
    const body = ' '.repeat(500_000);
    for (let round = 0; round < 3; round++)
      assert.equal((await server.post('/v1/events', body, {}, 'nobody')).status, 401);
    assert.equal((await server.post('/v1/events', LINE)).status, 200);
  });

  test('many senders at once all get their answer', async (t) => {
    const server = await ingestServer(t);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const line = encodeWireRecord({ timeMs: NOW_MS - 1000, function: PAY, requestId: `r-${at}` });
        return answered(await server.post('/v1/events', line));
      }),
    );
    assert.ok(answers.every(({ accepted }) => accepted === 1));
    const ids = (await server.rows()).map((row) => String(row['requestId']));
    assert.deepEqual(new Set(ids).size, 50);
    assert.equal(server.counters.sum('gait_ingest_requests_total', { route: 'events', status: '200' }), 50);
  });

  test('only POST is there', async (t) => {
    const server = await ingestServer(t);
    assert.equal((await fetch(`${server.url}/v1/events`)).status, 404);
  });

  test('senders are told to come again when tokens cannot be looked up just now', async (t) => {
    const busy = new AccessError('GAIT_ACCESS_BUSY');
    const access = {
      check: () => {
        throw busy;
      },
    };
    const server = await ingestServer(t, { access });
    const answer = await server.post('/v1/events', '');
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
    assert.deepEqual(server.failures, [busy]);
  });
});
