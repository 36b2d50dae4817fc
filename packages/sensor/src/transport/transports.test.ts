import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage } from 'node:http';
import { suite, test } from 'node:test';
import { recordsIn, runWatched, SENSOR_URL } from '../sandbox-run.ts';

const CONTEXT = `{ awsRequestId: 'r', invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:pay' }`;

suite('the standard output', () => {
  test('that nobody reads stops nothing: records are dropped, and counted in the first that fits again', async () => {
    const child = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { watch } from '${SENSOR_URL}';
         const handler = watch(async () => 1);
         for (let turn = 0; turn < 3000; turn++) await handler({}, ${CONTEXT});
         process.stderr.write('done');
         process.stdin.on('data', async () => { await handler({}, ${CONTEXT}); process.stderr.write('again'); });
         process.stdin.once('end', () => process.exit());`,
      ],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    // Nothing is read from the pipe until all invocations have run.
    await new Promise((resolve) => child.stderr.once('data', resolve));
    let stdout = '';
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString();
    });
    // What is read first may come from a buffer on this side: there is room in the pipe when a record comes through again.
    const isThrough = () => Number(recordsIn(stdout.slice(0, stdout.lastIndexOf('\n') + 1)).at(-1)?.seq) > 3001;
    while (!isThrough()) {
      child.stdin.write('go');
      await new Promise((resolve) => child.stderr.once('data', resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
    const records = recordsIn(stdout);
    const last = records.at(-1);
    assert.ok(Number(last?.seq) > 3001);
    assert.equal(last?.drp, Number(last?.seq) - records.length);
    assert.ok(records.length > 50 && records.length < 1000);
    for (const line of stdout.trim().split('\n')) assert.doesNotThrow(() => JSON.parse(line));
  });

  test('that is closed stops nothing', async () => {
    const { told, status } = await runWatched(`
      import { closeSync } from 'node:fs';
      closeSync(1);
      tell(await watch(async () => 'fine')({}, context()));
    `);
    assert.deepEqual([told, status], ['fine', 0]);
  });

  test('a record with a very long list of long names still is one line that a pipe takes whole', async () => {
    const { records, stdout } = await runWatched(`
      import { spawn } from 'node:child_process';
      const handler = watch(async () => {
        for (let turn = 0; turn < 64; turn++) spawn('program-' + turn + '-' + 'n'.repeat(50)).on('error', () => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
      });
      await handler({}, context());
    `);
    for (const line of stdout.split('\n')) assert.ok(Buffer.byteLength(line) < 4096);
    assert.equal(Number(records[1].fl) & 16, 16);
    assert.ok((records[1].c as unknown[]).length > 20);
  });
});

/** A collector that notes what it is sent; `answer` decides how it answers. */
async function collector(answer: (turn: number) => number | 'never') {
  const bodies: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => {
      const status = answer(requests.length);
      requests.push(request);
      bodies.push(body);
      if (status !== 'never') response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}/base`, bodies, requests, close };
}

suite('a collector', () => {
  test('has the record before the response goes out, with the token, and nothing on the standard output', async () => {
    const server = await collector(() => 200);
    const { stdout, told } = await runWatched(
      `
      const handler = watch(async () => 1);
      await handler({}, context());
      await handler({}, context());
      tell('GAIT_TOKEN' in process.env);
    `,
      { environment: { GAIT_ENDPOINT: server.url, GAIT_TOKEN: 'the-token', GAIT_FLUSH_MS: '2000' } },
    );
    server.close();
    assert.equal(stdout, '');
    assert.equal(told, false);
    const [request] = server.requests;
    assert.equal(request.url, '/base/v1/events');
    assert.equal(request.headers.authorization, 'Bearer the-token');
    assert.equal(request.headers['content-type'], 'application/x-ndjson');
    const records = recordsIn(server.bodies.join(''));
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [1, 2, 3],
    );
    // Its own traffic is not the function's.
    for (const { c, out } of records) assert.deepEqual([c, out], [undefined, 0]);
  });

  test('that never answers costs a response its budget once, and then nothing for a while', async () => {
    const server = await collector(() => 'never');
    const { told, status } = await runWatched(
      `
      const handler = watch(async () => 1);
      const results = [];
      for (let turn = 0; turn < 5; turn++) results.push(await handler({}, context()));
      tell(results);
      process.exit();
    `,
      { environment: { GAIT_ENDPOINT: server.url, GAIT_FLUSH_MS: '30' } },
    );
    server.close();
    assert.deepEqual([told, status], [[1, 1, 1, 1, 1], 0]);
    assert.equal(server.requests.length, 1);
  });

  test('that is in trouble gets the same records again', async () => {
    const server = await collector((turn) => (turn === 0 ? 503 : 200));
    await runWatched(
      `
      const handler = watch(async () => 1);
      await handler({}, context());
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await handler({}, context());
    `,
      { environment: { GAIT_ENDPOINT: server.url, GAIT_FLUSH_MS: '2000' } },
    );
    server.close();
    assert.deepEqual(
      server.bodies.map((body) => recordsIn(body).map(({ seq }) => seq)),
      [
        [1, 2],
        [1, 2, 3],
      ],
    );
  });

  test('that refuses records does not get them again: they are counted as lost', async () => {
    const server = await collector((turn) => (turn === 0 ? 401 : 200));
    await runWatched(
      `
      const handler = watch(async () => 1);
      await handler({}, context());
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await handler({}, context());
    `,
      { environment: { GAIT_ENDPOINT: server.url, GAIT_FLUSH_MS: '2000' } },
    );
    server.close();
    const [, second] = server.bodies.map((body) => recordsIn(body));
    assert.deepEqual(
      second.map(({ seq, drp }) => [seq, drp]),
      [[3, 2]],
    );
  });

  test('at an address that is none changes nothing for the function', async () => {
    for (const endpoint of ['not a URL', 'ftp://127.0.0.1/x', 'http://127.0.0.1:1']) {
      const { told, status } = await runWatched(`tell(await watch(async () => 'fine')({}, context()));`, {
        environment: { GAIT_ENDPOINT: endpoint },
      });
      assert.deepEqual([told, status], ['fine', 0], endpoint);
    }
  });
});
