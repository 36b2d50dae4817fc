import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { LoopbackServer } from './loopback-server.ts';
import { readBody, startLoopbackServer } from './loopback-server.ts';
import { runTraffic } from './traffic.ts';
import type { Session, StepKind, TrafficPlan } from './traffic-plan.ts';

type Answer = (
  request: IncomingMessage,
  body: Buffer,
) => { status: number; body?: unknown; bare?: boolean } | undefined;

/** A front door that answers as a test says; `undefined` breaks the connection. */
function frontDoor(answer: Answer): Promise<LoopbackServer> {
  return startLoopbackServer('127.0.0.1', (request: IncomingMessage, response: ServerResponse) => {
    readBody(request).then((body) => {
      const given = answer(request, body);
      if (given === undefined) return response.destroy();
      response.writeHead(given.status, given.bare ? {} : { 'x-request-id': 'one' });
      response.end(JSON.stringify(given.body ?? {}));
    });
  });
}

function planOf(kinds: readonly StepKind[], change: Partial<Session> = {}, visits = 1): TrafficPlan {
  const steps = kinds.map((kind) => ({ kind, afterMs: 0, print: 'p-001', way: 0.25 }));
  const session = { startMs: 0, address: '192.0.2.7', userAgent: 'Test/1', customer: 3, steps, ...change };
  return { durationMs: 1_000, sessions: Array.from({ length: visits }, () => session), invocations: {} };
}

test('a request says who sends it, in the token that the log-in gave', async () => {
  const seen: (string | undefined)[][] = [];
  const door = await frontDoor(({ method, url, headers }, body) => {
    seen.push([`${method} ${url}`, headers.authorization, String(headers['x-forwarded-for']), headers['user-agent']]);
    if (url === '/login') assert.equal(JSON.parse(body.toString()).email, 'customer4@shop.example');
    return url === '/login' ? { status: 200, body: { token: 'abc' } } : { status: 201, body: { id: 'o-1' } };
  });
  await runTraffic(planOf(['login', 'order', 'follow']), { apiUrl: door.url });
  await door.close();
  assert.deepEqual(seen, [
    ['POST /login', undefined, '192.0.2.7', 'Test/1'],
    ['POST /orders', 'Bearer abc', '192.0.2.7', 'Test/1'],
    ['GET /orders/o-1', 'Bearer abc', '192.0.2.7', 'Test/1'],
  ]);
});

test('a success is counted with all that follows from it, a failure with itself alone', async () => {
  let orders = 0;
  const door = await frontDoor(({ url }) => {
    if (url === '/login') return { status: 200, body: { token: 'abc' } };
    orders += 1;
    return orders === 1 ? { status: 500 } : { status: 201, body: { id: 'o-1' } };
  });
  const { steps, invocations } = await runTraffic(planOf(['login', 'order']), { apiUrl: door.url });
  await door.close();
  assert.deepEqual(steps.order, { sent: 2, good: 1, refused: 0, failed: 1, lost: 0 });
  assert.deepEqual(invocations, { login: 1, order: 2, label: 1, payment: 1, mailer: 1 });
});

test('what the API answers by itself is no invocation', async () => {
  const door = await frontDoor(() => ({ status: 503, bare: true }));
  const { steps, invocations } = await runTraffic(planOf(['browse']), { apiUrl: door.url });
  await door.close();
  assert.deepEqual(steps.browse, { sent: 2, good: 0, refused: 0, failed: 2, lost: 0 });
  assert.deepEqual(invocations, {});
});

test('a request without an answer is tried once more and counted as lost', async () => {
  const door = await frontDoor(() => undefined);
  const { steps, sessions } = await runTraffic(planOf(['view', 'view']), { apiUrl: door.url });
  await door.close();
  assert.equal(sessions, 1);
  assert.deepEqual(steps.view, { sent: 4, good: 0, refused: 0, failed: 0, lost: 4 });
});

test('who cannot log in leaves, and a wrong password that is refused is as hoped', async () => {
  const door = await frontDoor(() => ({ status: 401 }));
  const plan = planOf(['wrong-password', 'login', 'order', 'follow']);
  const { steps, brokenOff } = await runTraffic(plan, { apiUrl: door.url });
  await door.close();
  assert.equal(steps['wrong-password'].good, 1);
  assert.equal(steps.login.refused, 1);
  assert.equal(steps.order.sent, 0);
  assert.equal(brokenOff, 1);
});

test('visitors whom there is no room for are turned away and counted', async () => {
  const held: ServerResponse[] = [];
  const enough = Promise.withResolvers<void>();
  const door = await startLoopbackServer('127.0.0.1', (_request, response) => {
    held.push(response);
    // As many as there are connections: the visits behind them wait.
    if (held.length === 8) enough.resolve();
    if (held.length > 8) response.end('{}');
  });
  const running = runTraffic(planOf(['browse'], {}, 400), { apiUrl: door.url });
  await enough.promise;
  for (const response of held.slice(0, 8)) response.end('{}');
  const { sessions, turnedAway, steps } = await running;
  await door.close();
  assert.deepEqual([sessions, turnedAway, steps.browse.good], [250, 150, 250]);
});

test('a stop signal ends visits after their current request and begins no more', async () => {
  const stop = new AbortController();
  const door = await frontDoor(() => {
    stop.abort();
    return { status: 200 };
  });
  const plan = planOf(['browse', 'browse', 'browse']);
  const later = { ...plan.sessions[0], startMs: 3_600_000 };
  const report = await runTraffic(
    { ...plan, sessions: [...plan.sessions, later] },
    { apiUrl: door.url, signal: stop.signal },
  );
  await door.close();
  assert.deepEqual([report.sessions, report.steps.browse.sent, report.brokenOff], [1, 1, 1]);
});

test('a part of a plan begins at once', async () => {
  const door = await frontDoor(() => ({ status: 200 }));
  const plan = planOf(['browse'], { startMs: 3_600_000 });
  const early = { ...plan.sessions[0], startMs: 0 };
  const both = { ...plan, sessions: [early, ...plan.sessions] };
  const { sessions } = await runTraffic(both, { apiUrl: door.url, fromMs: 3_600_000, toMs: 3_600_001 });
  await door.close();
  assert.equal(sessions, 1);
});
