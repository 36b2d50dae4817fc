import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Incident } from '@gait/engine/event/finding';
import fastify, { type FastifyInstance } from 'fastify';
import type { Access, Role } from '../access/access.ts';
import { NotTakenError } from '../runtime/service.ts';
import type { Lookup } from '../storage/store.ts';
import { PAY } from './memory-cloud.contract.ts';
import { Bench, PERMISSIVE } from './responder-bench.contract.ts';
import { responseRoutes } from './routes.ts';
import { planView, responsesView, responseView } from './views.ts';

const INCIDENT: Incident = {
  id: 'i00ff00ff00ff00ff',
  openedMs: 1,
  lastMs: 2,
  findings: ['00ff00ff00ff00ff'],
  entities: [PAY, 'arn:aws:iam::123456789012:role/shop-role', `${PAY} -> dynamodb`],
  state: 'new',
  risk: 0.8,
  summary: 'calls home',
};
const WIDE: Incident = { ...INCIDENT, id: 'i1', entities: [PAY, 'aws:123456789012:eu-west-1:refund'] };

const store = {
  incident(id: string): Lookup<Incident> {
    if (id === 'i') return { kind: 'ambiguous', ids: [INCIDENT.id, WIDE.id] };
    const value = [INCIDENT, WIDE].find((one) => one.id.startsWith(id));
    return value === undefined ? { kind: 'none' } : { kind: 'found', value };
  },
};

/** Tokens are named like their role. */
const access: Pick<Access, 'check'> = {
  check(presented) {
    if (presented === undefined) return { refused: 'absent' };
    const role = (['ingest', 'read', 'respond', 'admin'] as const).find((one) => one === presented);
    if (role === undefined) return { refused: 'unknown' };
    const token = { id: role, name: `token of ${role}`, role, functions: [], recordsPerSecond: 1, createdMs: 1 };
    return { token, speaksFor: () => false, onlyFunction: undefined, take: () => ({ ok: true }) };
  },
};

interface Asked {
  readonly role?: Role | 'nobody';
  readonly method?: 'GET' | 'POST';
  readonly body?: object | string;
}

async function open(test: TestContext, bench = new Bench(), policy = PERMISSIVE): Promise<Server> {
  const app = fastify();
  test.after(() => app.close());
  await app.register(responseRoutes, { responder: bench.open(policy), store, access });
  return new Server(app, bench);
}

class Server {
  readonly app: FastifyInstance;
  readonly bench: Bench;
  constructor(app: FastifyInstance, bench: Bench) {
    this.app = app;
    this.bench = bench;
  }

  async ask(path: string, { role = 'respond', method = 'POST', body = {} }: Asked = {}) {
    const headers = { authorization: `Bearer ${role}`, 'content-type': 'application/json' };
    const payload = method === 'GET' ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    const answer = await this.app.inject({ method, url: `/api/v1/responses${path}`, headers, ...payload });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
  }
}

describe('responses over HTTP', () => {
  it('are planned, started, listed, extended and released', async (test) => {
    const server = await open(test);
    const before = server.bench.provider.cloud.settings();
    const plan = await server.ask('/plan', { body: { incident: 'i00ff' } });
    assert.equal(plan.status, 200);
    assert.equal(planView.parse(plan.body).function, PAY);
    assert.equal(server.bench.provider.cloud.settings(), before);

    const started = await server.ask('', { body: { incident: 'i00ff', leaseMinutes: 30 } });
    assert.equal(started.status, 201);
    const { id, incident, startedBy, phase } = responseView.parse(started.body);
    assert.deepEqual([incident, startedBy, phase], [INCIDENT.id, 'token of respond', 'in-force']);
    assert.equal((await server.ask('', { body: { function: PAY } })).status, 200);

    const listed = await server.ask('?state=active', { role: 'read', method: 'GET' });
    assert.deepEqual(
      responsesView.parse(listed.body).responses.map((one) => one.id),
      [id],
    );
    assert.equal((await server.ask(`/${id}`, { role: 'read', method: 'GET' })).body.id, id);
    const extended = await server.ask(`/${id}/extend`, { body: { leaseMinutes: 90 } });
    assert.equal(extended.body.untilMs, server.bench.nowMs + 90 * 60_000);

    const released = await server.ask(`/${id}/release`, { role: 'admin' });
    assert.deepEqual([released.status, released.body.phase], [200, 'released']);
    assert.equal(server.bench.provider.cloud.settings(), before);
    assert.deepEqual((await server.ask('?state=active', { role: 'read', method: 'GET' })).body, { responses: [] });
  });

  it('need a token with the right role, and say nothing about wrong ones', async (test) => {
    const server = await open(test);
    const routes = [
      ['', 'GET', 'read'],
      ['/r0000000000000001', 'GET', 'read'],
      ['/plan', 'POST', 'respond'],
      ['', 'POST', 'respond'],
      ['/r0000000000000001/release', 'POST', 'respond'],
      ['/r0000000000000001/extend', 'POST', 'respond'],
    ] as const;
    for (const [path, method, needed] of routes) {
      const nobody = await server.ask(path, { method, role: 'nobody' });
      assert.equal(nobody.status, 401, path);
      assert.equal(nobody.headers['www-authenticate'], 'Bearer');
      assert.doesNotMatch(JSON.stringify(nobody.body), /unknown|nobody/);
      assert.equal((await server.ask(path, { method, role: 'ingest' })).status, 403, path);
      if (needed === 'respond') assert.equal((await server.ask(path, { method, role: 'read' })).status, 403, path);
    }
    assert.deepEqual(server.bench.log, []);
  });

  it('answer what is not possible with a code and a sentence', async (test) => {
    const server = await open(test, new Bench(), { ...PERMISSIVE, protectedFunctions: ['aws:*:*:refund'] });
    const cases: readonly (readonly [string, object | string, number, string])[] = [
      ['', {}, 404, 'GAIT_RESPONSE_ABSENT'],
      ['', { incident: 'i-none' }, 404, 'GAIT_RESPONSE_ABSENT'],
      ['', { incident: 'i' }, 404, 'GAIT_RESPONSE_ABSENT'],
      ['', { incident: 'i1' }, 400, 'GAIT_RESPONSE_FUNCTION'],
      ['', { incident: 'i1', function: 'aws:123456789012:eu-west-1:refund' }, 403, 'GAIT_RESPONSE_PROTECTED'],
      ['', { function: 'aws:?:eu-west-1:pay' }, 400, 'GAIT_RESPONSE_FUNCTION'],
      ['', { function: PAY, leaseMinutes: 1 }, 400, 'bad-request'],
      ['', { function: PAY, more: 1 }, 400, 'bad-request'],
      ['', '{"function":', 400, 'bad-request'],
      ['', { function: 'x'.repeat(10_000) }, 413, 'bad-request'],
      ['/r0000000000000009/release', {}, 404, 'GAIT_RESPONSE_ABSENT'],
      ['/r1/release', {}, 400, 'bad-request'],
      ['/r0000000000000009/extend', { leaseMinutes: '7' }, 400, 'bad-request'],
    ];
    for (const [path, body, status, code] of cases) {
      const answer = await server.ask(path, { body });
      assert.deepEqual([answer.status, answer.body.error.code], [status, code], JSON.stringify(body).slice(0, 60));
      assert.ok(answer.body.error.message.length > 10);
    }
    assert.deepEqual(server.bench.log, []);
  });

  it('tell of a change by somebody else, and force it only when asked', async (test) => {
    const server = await open(test);
    const { cloud } = server.bench.provider;
    const { body } = await server.ask('', { body: { function: PAY } });
    cloud.set({ kind: 'concurrency', functionName: 'pay' }, '5');
    const refused = await server.ask(`/${body.id}/release`);
    assert.deepEqual([refused.status, refused.body.error.code], [409, 'GAIT_RESPONSE_FOREIGN']);
    assert.equal((await server.ask(`/${body.id}/release`, { body: { force: true } })).status, 200);
  });

  it('do nothing when nothing can be recorded', async (test) => {
    const bench = new Bench();
    bench.refuse = new NotTakenError('closing');
    const server = await open(test, bench);
    const before = bench.provider.cloud.settings();
    const answer = await server.ask('', { body: { function: PAY } });
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '5']);
    assert.equal(bench.provider.cloud.settings(), before);
  });
});
