import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Incident } from '@gait/engine/event/finding';
import type { Role } from '../access/access.ts';
import { type ApiUnderTest, apiUnderTest } from '../api/api.contract.ts';
import { NotTakenError } from '../runtime/service.ts';
import type { Lookup } from '../storage/store.ts';
import { responseDesk } from './desk.ts';
import { PAY } from './memory-cloud.contract.ts';
import { Bench, PERMISSIVE } from './responder-bench.contract.ts';
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

interface Asked {
  readonly role?: Role | 'nobody';
  readonly method?: 'GET' | 'POST';
  readonly body?: object | string;
}

async function open(test: TestContext, bench = new Bench(), policy = PERMISSIVE): Promise<Server> {
  return new Server(await apiUnderTest(test, { responses: responseDesk(bench.open(policy), store) }), bench);
}

class Server {
  readonly api: ApiUnderTest;
  readonly bench: Bench;
  constructor(api: ApiUnderTest, bench: Bench) {
    this.api = api;
    this.bench = bench;
  }

  async ask(path: string, { role = 'respond', method = 'POST', body = {} }: Asked = {}) {
    const token = role === 'nobody' ? 'nobody' : this.api.tokens[role];
    const sent = method === 'GET' ? {} : { body };
    const answer = await this.api.send(`/api/v1/responses${path}`, { token, method, ...sent });
    return { status: answer.status, headers: answer.headers, body: Object(await answer.json()) };
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
    assert.equal(started.status, 200);
    const { id, incident, startedBy, phase } = responseView.parse(started.body);
    assert.deepEqual([incident, startedBy, phase], [INCIDENT.id, 'respond of tests', 'in-force']);
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
      assert.equal(nobody.headers.get('www-authenticate'), 'Bearer');
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
      ['', { function: PAY, leaseMinutes: 1 }, 422, 'invalid'],
      ['', { function: PAY, more: 1 }, 422, 'invalid'],
      ['', '{"function":', 400, 'malformed'],
      ['', { function: 'x'.repeat(200_000) }, 413, 'too-large'],
      ['/r0000000000000009/release', {}, 404, 'GAIT_RESPONSE_ABSENT'],
      ['/r1/release', {}, 422, 'invalid'],
      ['/r0000000000000009/extend', { leaseMinutes: '7' }, 422, 'invalid'],
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
    assert.deepEqual(
      [answer.status, answer.headers.get('retry-after'), answer.body.error.code],
      [503, '5', 'unavailable'],
    );
    assert.equal(bench.provider.cloud.settings(), before);
  });
});
