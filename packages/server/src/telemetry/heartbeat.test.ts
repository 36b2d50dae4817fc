import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import type { ServiceStatus } from '../runtime/service.ts';
import { startHeartbeat } from './heartbeat.ts';

const NOW_MS = 1_764_000_000_000;
const STATUS: ServiceStatus = {
  startedMs: 0,
  state: 'running',
  appended: 12,
  consumed: 11,
  lagMs: 40,
  steppedMs: NOW_MS - 900,
  diskFreeBytes: 0,
  logBytes: 0,
  functions: 0,
  findings: 0,
  incidents: 0,
  engineBytes: 0,
  engineRestarts: 0,
  checkpointOrdinal: 0,
  checkpointMs: 0,
  seriesDropped: {},
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const ok: Answer = (_, response) => response.writeHead(204).end();

/** A receiver; `requests` gives the body of one heartbeat after the other. */
async function receiver(test: TestContext, answer: Answer = ok) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    text(request).then((body) => {
      bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
      answer(request, response);
      server.emit('heartbeat');
    }, assert.ifError);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const next = async (count: number) => {
    while (bodies.length < count) await once(server, 'heartbeat');
    return bodies;
  };
  return { url: `http://127.0.0.1:${address.port}/ping`, next, bodies };
}

function started(test: TestContext, url: string, options: { status?: () => ServiceStatus; answerMsMax?: number } = {}) {
  const heartbeat = startHeartbeat({
    url,
    everyMs: 2,
    retryMs: 1,
    nowMs: () => NOW_MS,
    status: () => STATUS,
    ...options,
  });
  test.after(() => heartbeat.close());
  return heartbeat;
}

/** When a test gives up waiting, ms: so late only if what it waits for does not come. */
const GIVE_UP_MS = 20_000;

/** Waits, with the process kept alive, for something that an event loop full of timers brings about. */
async function until(condition: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!condition()) {
    assert.ok(performance.now() - startMs < GIVE_UP_MS, `never came: ${condition}`);
    await new Promise(setImmediate);
  }
}

describe('a heartbeat', { timeout: 3 * GIVE_UP_MS }, () => {
  it('tells again and again where the log and the engine are', async (test) => {
    const { url, next } = await receiver(test);
    const heartbeat = started(test, url);
    const body = JSON.stringify({
      time: new Date(NOW_MS).toISOString(),
      ...{ state: 'running', lagMs: 40, appended: 12, consumed: 11 },
    });
    assert.deepEqual(new Set(await next(3)), new Set([`POST /ping application/json ${body}`]));
    await until(() => heartbeat.counters.sent >= 3);
    assert.deepEqual(heartbeat.counters.failed, { network: 0, timeout: 0, redirect: 0, status: 0 });
  });

  it('falls silent when the engine does not move, and begins again when it does', async (test) => {
    const { url, next, bodies } = await receiver(test);
    let status: ServiceStatus = STATUS;
    const heartbeat = started(test, url, { status: () => status });
    await next(1);
    for (const still of [
      { ...STATUS, steppedMs: NOW_MS - 15_001 },
      { ...STATUS, state: 'failed' },
      { ...STATUS, state: 'closing' },
    ] as const) {
      status = still;
      const { withheld } = heartbeat.counters;
      await until(() => heartbeat.counters.withheld > withheld);
      const before = bodies.length;
      await until(() => heartbeat.counters.withheld > withheld + 3);
      assert.equal(bodies.length, before, still.state);
    }
    status = { ...STATUS, state: 'catching-up' };
    await next(bodies.length + 1);
  });

  it('counts what went wrong, by reason, and tries again', async (test) => {
    const answers: Readonly<Record<string, Answer>> = {
      status: (_, response) => response.writeHead(500).end('no'),
      network: (request) => request.socket.destroy(),
      timeout: () => undefined,
    };
    for (const reason of ['status', 'network', 'timeout'] as const) {
      const { url, next } = await receiver(test, answers[reason]);
      const heartbeat = started(test, url, { answerMsMax: 20 });
      await next(2);
      await until(() => heartbeat.counters.failed[reason] >= 2);
      assert.equal(heartbeat.counters.sent, 0);
      await heartbeat.close();
    }
  });

  it('does not go where an answer points', async (test) => {
    const elsewhere = await receiver(test);
    const { url, next } = await receiver(test, (_, response) =>
      response.writeHead(307, { location: elsewhere.url }).end(),
    );
    const heartbeat = started(test, url);
    await next(2);
    await until(() => heartbeat.counters.failed.redirect >= 1);
    assert.deepEqual(elsewhere.bodies, []);
  });

  it('ends what is under way when it is closed, and stays silent', async (test) => {
    const { url, next, bodies } = await receiver(test, () => undefined);
    const heartbeat = started(test, url, { answerMsMax: 3_600_000 });
    await next(1);
    await heartbeat.close();
    await heartbeat.close();
    assert.equal(bodies.length, 1);
    assert.deepEqual([heartbeat.counters.sent, heartbeat.counters.failed.network], [0, 0]);
  });
});
