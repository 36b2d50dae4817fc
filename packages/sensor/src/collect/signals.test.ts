import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Run, runWatched } from '../sandbox-run.ts';

/** A server on the loopback, connections kept alive, and one handler that does what it is given. */
const WORLD = `
import http from 'node:http';
import net from 'node:net';
import { execFileSync, execSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const server = http.createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(Number(request.headers['x-status'] ?? 200)).end('x'.repeat(Number(request.headers['x-answer'] ?? 2))));
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const send = (path, { method = 'GET', headers = {}, body = '' } = {}) => new Promise((resolve, reject) => {
  const request = http.request({ agent, host: '127.0.0.1', port, path, method, headers }, (response) => {
    response.resume().on('end', resolve);
  });
  request.on('error', reject).end(body);
});
const invoke = (work, event = {}) => watch(async () => work())(event, context());
const close = () => { agent.destroy(); server.close(); server.closeAllConnections(); };
`;

type Call = readonly [string, string?, string?, (number | null)?, (number | null)?, (number | null)?, ...unknown[]];

async function recordsOf(code: string, environment: Record<string, string> = {}): Promise<Run['records']> {
  const { records, status, stderr } = await runWatched(`${WORLD}${code}\nclose();`, { environment });
  assert.equal(status, 0, stderr);
  return records.filter(({ rid }) => rid !== undefined);
}

function callsOf(record: Readonly<Record<string, unknown>> | undefined): readonly Call[] {
  return (record?.c ?? []) as readonly Call[];
}

suite('connections and calls', () => {
  test('a call says method, route, destination, status and the bytes of both directions', async () => {
    const [record] = await recordsOf(`
      await invoke(() => send('/orders/4711/lines?token=abc', { method: 'POST', body: 'y'.repeat(5000), headers: { 'x-answer': 9000, 'x-status': 201 } }));
    `);
    const [[verb, route, destination, out, inward, status]] = callsOf(record);
    assert.deepEqual([verb, route, destination, status], ['http:POST', '/orders/{}/lines', '127.0.0.1', 201]);
    assert.ok(Number(out) > 5000 && Number(out) < 5400, `${out} out`);
    assert.ok(Number(inward) > 9000 && Number(inward) < 9400, `${inward} in`);
    assert.deepEqual([record.out, record.inb], [out, inward]);
  });

  test('bytes over a connection that was kept alive are counted with the invocation that sends them', async () => {
    const [first, second] = await recordsOf(`
      await invoke(() => send('/small', { method: 'POST', body: 'y'.repeat(100) }));
      await invoke(() => send('/large', { method: 'POST', body: 'y'.repeat(100000) }));
    `);
    assert.ok(Number(first.out) < 400);
    assert.ok(Number(second.out) > 100_000);
    assert.ok(Number(callsOf(second)[0][3]) > 100_000);
  });

  test('two calls over one connection each have their own bytes', async () => {
    const [record] = await recordsOf(`
      await invoke(async () => {
        await send('/one', { method: 'POST', body: 'y'.repeat(10000) });
        await send('/two', { method: 'POST', body: 'y'.repeat(300) });
      });
    `);
    const [one, two] = callsOf(record);
    assert.ok(Number(one[3]) > 10_000 && Number(two[3]) < 800);
    assert.equal(record.out, Number(one[3]) + Number(two[3]));
  });

  test('fetch is seen like http', async () => {
    const [record] = await recordsOf(`
      await invoke(async () => (await fetch('http://127.0.0.1:' + port + '/things', { method: 'POST', body: 'y'.repeat(4000) })).text());
    `);
    const [[verb, route, destination, out, , status]] = callsOf(record);
    assert.deepEqual([verb, route, destination, status], ['http:POST', '/things', '127.0.0.1', 200]);
    assert.ok(Number(out) > 4000);
  });

  test('a connection without HTTP is a call with its port, and what is sent later one more', async () => {
    const [first, second, third] = await recordsOf(`
      const raw = net.createServer((socket) => socket.on('data', () => socket.write('pong')).on('error', () => {}));
      await new Promise((resolve) => raw.listen(0, '127.0.0.2', resolve));
      let socket;
      const say = (text) => new Promise((resolve) => { socket.once('data', resolve); socket.write(text); });
      await invoke(async () => {
        socket = net.connect(raw.address().port, '127.0.0.2');
        await say('hello');
      });
      await invoke(() => say('z'.repeat(2000)));
      await invoke(() => {});
      socket.destroy();
      raw.close();
    `);
    assert.deepEqual(
      callsOf(first).map(([verb, , destination, out, inward]) => [verb, destination, out, inward]),
      [['tcp:connect', '127.0.0.2', 5, 4]],
    );
    assert.match(String(callsOf(first)[0][1]), /^\d+$/);
    assert.deepEqual(
      callsOf(second).map(([verb, , , out]) => [verb, out]),
      [['tcp:send', 2000]],
    );
    assert.deepEqual([third.out, third.c, third.soc], [0, undefined, 1]);
  });

  test('work that goes on after the response is in the next record, and said to be', async () => {
    const [first, second] = await recordsOf(`
      await invoke(() => {});
      await send('/after', { method: 'POST', body: 'y'.repeat(3000) });
      await invoke(() => {});
    `);
    assert.equal(first.c, undefined);
    assert.equal(second.lft, 1);
    assert.ok(Number(second.out) > 3000);
    assert.equal(callsOf(second)[0][1], '/after');
    // It began before the invocation did, so it has no offset.
    assert.equal(callsOf(second)[0][6], null);
  });

  test('a call that is refused or fails is a call all the same', async () => {
    const [record] = await recordsOf(`
      await invoke(() => new Promise((resolve) => http.get('http://127.0.0.3:1/closed').on('error', resolve)));
    `);
    assert.deepEqual(callsOf(record)[0].slice(0, 3), ['http:GET', '/closed', '127.0.0.3']);
  });

  test('many calls alike are one, however many, and leave room for another', async () => {
    const [record] = await recordsOf(`
      await invoke(async () => {
        for (let turn = 0; turn < 100; turn++) await send('/same');
        await send('/other');
      });
    `);
    const calls = callsOf(record);
    assert.equal(calls.length, 25);
    assert.equal(calls.at(-1)?.[1], '/other');
    assert.equal(Number(record.fl) & 16, 16);
    const bytes = calls.reduce((sum, call) => sum + Number(call[3]), 0);
    assert.equal(bytes, record.out);
  });

  test('the traffic of the runtime itself is no call and not counted', async () => {
    const { records, status, stderr } = await runWatched(
      `
      ${WORLD.replace('server.listen(0,', 'server.listen(Number(process.env.AWS_LAMBDA_RUNTIME_API.split(":")[1]),')}
      await invoke(() => send('/2018-06-01/runtime/invocation/next'));
      await invoke(async () => (await fetch('http://127.0.0.1:' + port + '/2018-06-01/runtime')).text());
      close();
    `,
      { environment: { AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${await freePort()}` } },
    );
    assert.equal(status, 0, stderr);
    for (const { c, out, inb } of records) assert.deepEqual([c, out, inb], [undefined, 0, 0]);
  });
});

suite('processes', () => {
  test('programs are named without their arguments, synchronous or not, and have their exit code', async () => {
    const [record] = await recordsOf(`
      await invoke(async () => {
        execSync('exit 0; echo secret-argument');
        execFileSync('/bin/true', ['secret-argument']);
        spawnSync('true', { shell: true });
        await new Promise((resolve) => spawn('/bin/sh', ['-c', 'exit 3']).on('close', resolve));
        spawnSync('no-such-program-here');
        await new Promise((resolve) => spawn('no-such-program-here').on('error', resolve));
      });
    `);
    const calls = callsOf(record).map(([verb, , , , , status]) => [verb, status ?? undefined]);
    assert.deepEqual(calls, [
      ['exec:sh', 0],
      ['exec:true', 0],
      ['exec:sh', 0],
      ['exec:sh', 3],
      ['exec:no-such-program-here', 127],
      ['exec:no-such-program-here', 127],
    ]);
  });

  test('CPU time of children is counted, whoever started them', async () => {
    const [record] = await recordsOf(`
      await invoke(() => spawnSync('/bin/sh', ['-c', 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done']));
    `);
    assert.ok(Number(record.cch) >= 50, `${record.cch} ms`);
  });

  test('a child that survives the invocation is counted until it ends', async () => {
    const [first, second, third] = await recordsOf(`
      let child;
      await invoke(() => { child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' }); });
      await invoke(() => {});
      child.kill();
      await new Promise((resolve) => child.on('close', resolve));
      await invoke(() => {});
    `);
    assert.deepEqual([first.prc, second.prc, third.prc], [1, 1, 0]);
  });
});

suite('files, memory, CPU', () => {
  test('files below the folder for temporary files are counted', async () => {
    const [before, after] = await recordsOf(`
      await invoke(() => wait(12));
      await invoke(() => { mkdirSync(process.env.TMPDIR + '/deep'); writeFileSync(process.env.TMPDIR + '/deep/file', Buffer.alloc(70000)); return wait(12); });
    `);
    assert.deepEqual([before.tmp, after.tmp], [0, 70_000]);
  });

  test('CPU is what was used since the last record, also after the response', async () => {
    const [, second, third] = await recordsOf(`
      const burn = (ms) => { const until = process.cpuUsage().user + ms * 1000; while (process.cpuUsage().user < until); };
      await invoke(() => {});
      burn(80);
      await invoke(() => {});
      await invoke(() => {});
    `);
    assert.ok(Number(second.cpu) >= 80, `${second.cpu} ms`);
    assert.ok(Number(third.cpu) < 60, `${third.cpu} ms`);
  });

  test('memory, threads, open files and timers left behind are there in the record of a start', async () => {
    const { records } = await runWatched(`await watch(async () => {})({}, context());`);
    const [start] = records;
    assert.equal(start.fl, 2);
    assert.ok(Number(start.mem) > 20 && Number(start.thr) >= 5 && Number(start.fd) > 3);
    assert.equal(start.tim, 0);
  });
});

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
