import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fastify from 'fastify';
import { ROLES, type Role } from '../access/access.ts';
import { responseDesk } from '../response/desk.ts';
import { Bench, PERMISSIVE } from '../response/responder-bench.contract.ts';
import { sampleIncident } from '../storage/finding-samples.ts';
import { TEST_HOUR_MS } from '../storage/series/series-samples.ts';
import { type ApiUnderTest, apiUnderTest, FINDINGS, PAY } from './api.contract.ts';
import { apiRoutes } from './plugin.ts';
import { API_PREFIX, routeTable } from './table.ts';

const FIRST = '0000000000000001';
const SERIES = `/functions/${encodeURIComponent(PAY)}/series`;

/** A request that succeeds for each route of the table. */
const SOUND: Readonly<Record<string, { readonly path: string; readonly body?: object }>> = {
  listFindings: { path: '/findings?limit=3' },
  getFinding: { path: `/findings/${FIRST}` },
  listIncidents: { path: '/incidents?state=new' },
  getIncident: { path: `/incidents/i${FIRST}` },
  listFunctions: { path: '/functions?sort=invocations' },
  getFunction: { path: `/functions/${encodeURIComponent(PAY)}` },
  getSeries: { path: `${SERIES}?metric=count&from=${TEST_HOUR_MS}&to=${TEST_HOUR_MS + 600_000}` },
  getCoverage: { path: '/coverage' },
  getStanding: { path: '/standing' },
  changeSettings: { path: '/controls/settings', body: { budget: '3' } },
  giveFeedback: { path: '/controls/feedback', body: { finding: FIRST, verdict: 'expected' } },
  setIncidentState: { path: '/controls/incident-state', body: { incident: `i${FIRST}`, state: 'acknowledged' } },
  declareNormal: { path: '/controls/training-span', body: { fromMs: 1000, toMs: 2000 } },
  erasePerson: { path: '/controls/erasure', body: { principal: 'person_0123456789abcdef' } },
  listResponses: { path: '/responses?state=active' },
  getResponse: { path: '/responses/rffffffffffffffff' },
  planResponse: { path: '/responses/plan', body: { function: PAY } },
  startResponse: { path: '/responses', body: { function: PAY, leaseMinutes: 30 } },
  extendResponse: { path: '/responses/rffffffffffffffff/extend', body: { leaseMinutes: 30 } },
  releaseResponse: { path: '/responses/rffffffffffffffff/release', body: {} },
  getHealth: { path: '/health' },
  listTokens: { path: '/tokens' },
  createToken: { path: '/tokens', body: { name: 'made', role: 'ingest', functions: ['aws:*:*:a'] } },
  revokeToken: { path: '/tokens/0123456789ab' },
};
/** Those that name something there is not. */
const ABSENT = ['getResponse', 'extendResponse', 'releaseResponse', 'revokeToken'];
const INCLUDED: Readonly<Record<Role, readonly Role[]>> = {
  ingest: [],
  read: ['read'],
  respond: ['read', 'respond'],
  admin: ['read', 'respond', 'admin'],
};

async function errorOf(response: Response): Promise<[status: number, code: unknown]> {
  const { error } = Object(await response.json());
  assert.deepEqual(Object.keys(error), ['code', 'message']);
  return [response.status, error.code];
}

describe('who may do what', () => {
  it('is decided by the role of the token, for each route and each role', async (test) => {
    const api = await apiUnderTest(test);
    const { secret: expired } = api.access.create({
      name: 'expired',
      role: 'admin',
      functions: [],
      recordsPerSecond: 100,
      expiresMs: Date.now() + 1,
    });
    while ('token' in api.access.check(expired)) await new Promise(setImmediate);
    const { secret: revoked, record } = api.access.create({
      name: 'r',
      role: 'admin',
      functions: [],
      recordsPerSecond: 9,
    });
    api.access.revoke(record.id);
    for (const { id, method, role, status } of routeTable()) {
      const { path, body } = SOUND[id];
      const send = (token: string) => api.send(API_PREFIX + path, { method, body, token });
      for (const token of ['', 'gait_x', expired, revoked, `${api.tokens.admin}x`]) {
        const response = await send(token);
        assert.equal(response.headers.get('www-authenticate'), 'Bearer');
        assert.deepEqual(await errorOf(response), [401, 'unauthorized'], `${id} with ${token}`);
      }
      for (const one of ROLES) {
        const response = await send(api.tokens[one]);
        const allowed = ABSENT.includes(id) ? 404 : status;
        if (INCLUDED[one].includes(role)) assert.equal(response.status, allowed, `${one}: ${await response.text()}`);
        else assert.deepEqual(await errorOf(response), [403, 'forbidden'], `${id} as ${one}`);
      }
    }
  });

  it('says nothing to anybody of why a token is refused, and all of it in one voice', async (test) => {
    const api = await apiUnderTest(test);
    const { secret, record } = api.access.create({ name: 'r', role: 'read', functions: [], recordsPerSecond: 9 });
    api.access.revoke(record.id);
    const bodies = [];
    for (const token of ['', 'x', secret]) bodies.push(await (await api.send('/api/v1/health', { token })).text());
    assert.equal(new Set(bodies).size, 1);
  });

  it('is decided before a body is read', async (test) => {
    const api = await apiUnderTest(test);
    const send = async (body: string, token: string) =>
      errorOf(await api.send('/api/v1/controls/feedback', { method: 'POST', body, token }));
    for (const body of ['{"broken', 'x'.repeat(300_000)]) {
      assert.deepEqual(await send(body, ''), [401, 'unauthorized']);
      assert.deepEqual(await send(body, api.tokens.read), [403, 'forbidden']);
    }
  });

  it('does not take a token from anywhere but the header', async (test) => {
    const api = await apiUnderTest(test);
    for (const path of [
      `/api/v1/health?token=${api.tokens.admin}`,
      `/api/v1/health?access_token=${api.tokens.admin}`,
    ]) {
      assert.equal((await api.send(path, { token: '' })).status, 401);
    }
    const basic = await fetch(`${api.url}/api/v1/health`, {
      headers: { authorization: `Basic ${api.tokens.admin}` },
    });
    assert.equal(basic.status, 401);
  });

  it('lets a token make as many requests as it may, and says when to come back', async (test) => {
    const api = await apiUnderTest(test);
    const { secret } = api.access.create({ name: 'slow', role: 'read', functions: [], recordsPerSecond: 1 });
    const statuses = [];
    for (let at = 0; at < 8; at++) {
      const response = await api.send('/api/v1/health', { token: secret });
      statuses.push(response.status);
      if (response.status === 429) assert.equal(response.headers.get('retry-after'), '1');
    }
    assert.ok(statuses.includes(200) && statuses.includes(429), String(statuses));
  });

  it('leaves life, readiness and the document open, and nothing else', async (test) => {
    const api = await apiUnderTest(test);
    const get = async (path: string) => (await api.send(path, { token: '' })).status;
    assert.equal(await get('/healthz'), 200);
    assert.equal(await get('/readyz'), 200);
    assert.equal((await api.send('/readyz', { token: '', method: 'HEAD' })).status, 200);
    assert.equal(await get('/api/openapi.json'), 200);
    assert.equal(await get('/metrics'), 401);
    assert.equal(await get('/api/v1/events'), 401);
    const metrics = await api.send('/metrics', { token: api.tokens.read });
    assert.equal(metrics.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(await metrics.text(), 'gait_up 1\n');
    assert.equal((await api.send('/metrics', { token: api.tokens.ingest })).status, 403);
  });
});

describe('the document', () => {
  it('describes every answer there is: those of sound requests and those of errors', async (test) => {
    const api = await apiUnderTest(test);
    const document = Object(await (await api.send('/api/openapi.json')).json());
    const ajv = new Ajv2020({ strict: false, formats: { uri: true } });
    ajv.addSchema(document, 'document');
    const validatorOf = (path: string, method: string, status: number): ValidateFunction => {
      const pointer = [
        'paths',
        path,
        method.toLowerCase(),
        'responses',
        String(status),
        'content',
        'application/json',
        'schema',
      ];
      const escaped = pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')));
      return ajv.compile({ $ref: `document#/${escaped.join('/')}` });
    };
    const check = async (response: Response, validate: ValidateFunction, what: string) => {
      const answer = await response.json();
      assert.ok(
        validate(answer),
        `${what}: ${JSON.stringify(validate.errors)} ${JSON.stringify(answer).slice(0, 500)}`,
      );
    };
    for (const { id, method, path } of routeTable()) {
      const { path: sound, body } = SOUND[id];
      const full = API_PREFIX + path;
      const response = await api.send(API_PREFIX + sound, { method, body });
      await check(response, validatorOf(full, method, response.status), id);
      const refused = await api.send(API_PREFIX + sound, { method, body, token: '' });
      await check(refused, validatorOf(full, method, 401), id);
      const wrong = await api.send(`${API_PREFIX}${sound.split('?')[0]}?nonsense=1`, { method, body });
      await check(wrong, validatorOf(full, method, 422), id);
    }
    for (const path of ['/healthz', '/readyz']) await check(await api.send(path), validatorOf(path, 'get', 200), path);
    api.service.current = { ...api.service.current, lagMs: 31_000 };
    await check(await api.send('/readyz'), validatorOf('/readyz', 'get', 503), 'not ready');
  });

  it('is sound OpenAPI 3.1', async (test) => {
    const api = await apiUnderTest(test);
    const document = Object(await (await api.send('/api/openapi.json')).json());
    assert.match(document.openapi, /^3\.1\.\d$/);
    assert.equal(document.info.version, '1.2.3');
    const ids = new Set<string>();
    for (const [path, item] of Object.entries<Record<string, Operation>>(document.paths)) {
      assert.match(path, /^\//);
      for (const [method, operation] of Object.entries(item)) {
        assert.ok(['get', 'post', 'delete'].includes(method));
        assert.ok(!ids.has(operation.operationId), 'an id is of one operation');
        ids.add(operation.operationId);
        assert.ok(operation.summary.length > 5);
        const inPath = (operation.parameters ?? []).filter((one) => one.in === 'path');
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        assert.deepEqual(
          inPath.map(({ name }) => name),
          named,
        );
        assert.ok(inPath.every(({ required }) => required));
        for (const one of operation.parameters ?? [])
          assert.ok(one.schema.type !== undefined || one.schema.enum, one.name);
        const statuses = Object.keys(operation.responses);
        assert.ok(statuses.some((status) => status.startsWith('2')));
        for (const response of Object.values(operation.responses)) assert.ok(response.description.length > 1);
      }
    }
    for (const { id } of routeTable()) assert.ok(ids.has(id), id);
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(document.components.schemas[name] !== undefined, name);
    }
    assert.ok(!JSON.stringify(document).includes('$defs'));
    assert.deepEqual(Object.keys(document.components.schemas).sort().slice(0, 3), ['CoverageRow', 'Erased', 'Error']);
  });
});

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: { readonly type?: string; readonly enum?: unknown };
  }[];
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

describe('lists', () => {
  it('are paged so that each finding comes once, in either order', async (test) => {
    const api = await apiUnderTest(test);
    for (const order of ['newest', 'riskiest']) {
      const ids = await pages(api, `/findings?order=${order}&limit=7`, 'id');
      assert.equal(ids.length, FINDINGS - 1, 'without the weak signal');
      assert.equal(new Set(ids).size, ids.length);
    }
    assert.equal((await pages(api, '/incidents?limit=2', 'id')).length, 5);
    const byKey = await pages(api, '/functions?limit=1', 'key');
    assert.equal(byKey.length, 3);
    assert.deepEqual(byKey, byKey.toSorted());
    const busiest = await pages(api, '/functions?limit=1&sort=invocations', 'key');
    assert.ok(busiest[0].includes('nnn') && busiest[2] === PAY, String(busiest));
  });

  it('are filtered by what was asked for', async (test) => {
    const api = await apiUnderTest(test);
    const count = async (query: string) => (await pages(api, `/findings?${query}`, 'id')).length;
    assert.equal(await count('level=watch'), 1);
    assert.equal(await count('riskMin=0.8'), 6);
    assert.equal(await count('detector=egress.new-destination'), FINDINGS - 1);
    assert.equal(await count('detector=none'), 0);
    assert.equal(await count('family=egress'), FINDINGS - 1);
    assert.equal(await count('family=rate'), 0);
    assert.equal(await count(`function=${encodeURIComponent(PAY)}`), FINDINGS - 1);
    assert.equal(await count(`incident=i${FIRST}`), 1);
    assert.equal(await count('since=2025-11-24T16:00:10Z'), FINDINGS - 10);
    assert.equal(await count('until=1764000010000'), 10);
    assert.equal((await pages(api, '/functions?search=PA', 'key')).length, 1);
  });

  it('answer with the only thing an id can mean, or say which it could', async (test) => {
    const api = await apiUnderTest(test);
    assert.deepEqual(await errorOf(await api.send('/api/v1/findings/ffff')), [404, 'not-found']);
    assert.deepEqual(await errorOf(await api.send('/api/v1/findings/00')), [409, 'ambiguous']);
    const one = Object(await (await api.send(`/api/v1/findings/${FIRST}`)).json());
    assert.equal(one.finding.id, FIRST);
    assert.ok(
      one.explanation.some((line: string) => line.includes('files[.]example[.]net')),
      'defanged text',
    );
    const incident = Object(await (await api.send(`/api/v1/incidents/i${FIRST}`)).json());
    assert.deepEqual(incident.findings, [one.finding]);
  });

  it('leave out an incident that became part of another, which is named when it is asked for', async (test) => {
    const api = await apiUnderTest(test);
    const [first, second] = [FIRST, '0000000000000002'].map((id) => sampleIncident({ id: `i${id}`, findings: [id] }));
    const merged = { ...second, findings: [...second.findings, ...first.findings] };
    api.store.commitStep({ findings: [], incidents: [{ ...first, findings: [] }, merged], consumed: FINDINGS + 1 });
    const ids = await pages(api, '/incidents?limit=2', 'id');
    assert.equal(ids.length, 4);
    assert.ok(!ids.includes(first.id));
    const one = Object(await (await api.send(`/api/v1/incidents/${first.id}`)).json());
    assert.deepEqual([one.incident.mergedInto, one.findings], [second.id, []]);
    const finding = Object(await (await api.send(`/api/v1/findings/${FIRST}`)).json());
    assert.equal(finding.incident, second.id);
  });

  it('find functions whose names are long and odd', async (test) => {
    const api = await apiUnderTest(test);
    const [key] = (await pages(api, '/functions?search=odd', 'key')) ?? [];
    const found = Object(await (await api.send(`/api/v1/functions/${encodeURIComponent(key)}`)).json());
    assert.equal(found.profile.key, key);
    assert.deepEqual(await errorOf(await api.send('/api/v1/functions/aws%3A1%3Ax%3Ay')), [404, 'not-found']);
  });

  it('have profiles written anew at most once in a while, however often they are asked for', async (test) => {
    const api = await apiUnderTest(test);
    for (let at = 0; at < 5; at++) await Promise.all([api.send('/api/v1/functions'), api.send('/api/v1/coverage')]);
    assert.equal(api.service.refreshed, 1);
  });
});

describe('charts', () => {
  const points = async (api: ApiUnderTest, query: string) =>
    Object(await (await api.send(`/api/v1${SERIES}?${query}`)).json()).points;

  it('come from minutes, joined into steps as the metric asks for', async (test) => {
    const api = await apiUnderTest(test);
    const time = `from=${TEST_HOUR_MS}&to=${TEST_HOUR_MS + 240_000}`;
    const counts = await points(api, `metric=count&${time}`);
    assert.deepEqual(
      counts,
      [10, 11, 12, 13].map((count, at) => [TEST_HOUR_MS + at * 60_000, count]),
    );
    assert.deepEqual(await points(api, `metric=count&step=120&${time}`), [
      [TEST_HOUR_MS, 21],
      [TEST_HOUR_MS + 120_000, 25],
    ]);
    const [[, mean]] = await points(api, `metric=durationMeanMs&step=120&${time}`);
    assert.equal(mean, (120.25 * 3) / 21);
    assert.deepEqual(await points(api, `metric=maturity&${time}`), []);
  });

  it('come from hours for wide steps, with what was learned', async (test) => {
    const api = await apiUnderTest(test);
    const day = TEST_HOUR_MS - (TEST_HOUR_MS % 86_400_000);
    const time = `from=${day}&to=${day + 86_400_000}&step=3600`;
    const lows = await points(api, `metric=durationLowMs&${time}`);
    assert.deepEqual(
      lows,
      [10, 11, 12].map((low, at) => [TEST_HOUR_MS + at * 3_600_000, low]),
    );
  });

  it('are refused when they would be too wide or fine', async (test) => {
    const api = await apiUnderTest(test);
    for (const query of [
      'metric=count',
      'metric=none&from=1&to=2',
      'metric=count&from=2&to=1',
      'metric=count&from=0&to=1764000000000&step=3600',
      'metric=count&from=0&to=86400000000',
      'metric=count&from=0&to=1000&step=61',
      'metric=count&from=0&to=1000&step=3660',
      'metric=count&from=yesterday&to=now',
    ]) {
      assert.deepEqual(await errorOf(await api.send(`/api/v1${SERIES}?${query}`)), [422, 'invalid'], query);
    }
  });
});

describe('decisions', () => {
  it('are in the log, under the name of the token, before they are answered', async (test) => {
    const api = await apiUnderTest(test);
    const token = api.tokens.respond;
    for (const id of ['giveFeedback', 'setIncidentState', 'declareNormal']) {
      const { path, body } = SOUND[id];
      const answer = await api.send(API_PREFIX + path, { method: 'POST', body, token });
      assert.equal(answer.status, 201);
      const controls = await api.service.controls();
      assert.equal(Object(await answer.json()).ordinal, controls.length - 1);
    }
    const by = 'respond of tests';
    assert.deepEqual(await api.service.controls(), [
      { kind: 'feedback', finding: FIRST, verdict: 'expected', scope: 'function', by },
      { kind: 'incident-state', incident: `i${FIRST}`, state: 'acknowledged', by },
      { kind: 'training-span', fromMs: 1000, toMs: 2000, by },
    ]);
  });

  it('forget a person in the table and in the engine', async (test) => {
    const api = await apiUnderTest(test);
    const { path, body } = SOUND['erasePerson'];
    const answer = await api.send(API_PREFIX + path, { method: 'POST', body });
    assert.deepEqual(await answer.json(), { ordinal: 0, known: true });
    assert.deepEqual(api.forgotten, ['person_0123456789abcdef']);
    const [control] = await api.service.controls();
    assert.deepEqual(control, { kind: 'erasure', principal: 'person_0123456789abcdef', by: 'admin of tests' });
  });

  it('are refused about what is not there, and leave nothing in the log', async (test) => {
    const api = await apiUnderTest(test);
    const post = async (path: string, body: unknown) =>
      errorOf(await api.send(`/api/v1/controls/${path}`, { method: 'POST', body }));
    assert.deepEqual(await post('feedback', { finding: 'ffff', verdict: 'expected' }), [404, 'not-found']);
    assert.deepEqual(await post('feedback', { finding: '0', verdict: 'expected' }), [409, 'ambiguous']);
    assert.deepEqual(await post('feedback', { finding: FIRST, verdict: 'fine' }), [422, 'invalid']);
    assert.deepEqual(await post('feedback', { finding: FIRST, verdict: 'undo', by: 'x' }), [422, 'invalid']);
    assert.deepEqual(await post('incident-state', { incident: `i${FIRST}`, state: 'new' }), [422, 'invalid']);
    assert.deepEqual(await post('training-span', { fromMs: 2, toMs: 1 }), [422, 'invalid']);
    assert.deepEqual(await post('training-span', '{"fromMs":'), [400, 'malformed']);
    assert.deepEqual(await post('training-span', '[]'), [422, 'invalid']);
    assert.deepEqual(await post('training-span', `"${'x'.repeat(300_000)}"`), [413, 'too-large']);
    assert.deepEqual(await api.service.controls(), []);
    api.service.closing = true;
    assert.deepEqual(await post('feedback', { finding: FIRST, verdict: 'undo' }), [503, 'unavailable']);
  });
});

describe('tokens over the API', () => {
  it('are made, work, and are revoked', async (test) => {
    const api = await apiUnderTest(test);
    const body = { name: 'eyes', role: 'read', recordsPerSecond: 10 };
    const made = Object(await (await api.send('/api/v1/tokens', { method: 'POST', body })).json());
    const health = () => api.send('/api/v1/health', { token: made.secret });
    assert.equal((await health()).status, 200);
    const again = await api.send('/api/v1/tokens', { method: 'POST', body });
    assert.deepEqual(await errorOf(again), [409, 'conflict']);
    const bad = await api.send('/api/v1/tokens', { method: 'POST', body: { ...body, name: '' } });
    assert.deepEqual(await errorOf(bad), [422, 'invalid']);
    const listed = Object(await (await api.send('/api/v1/tokens')).json()).items;
    assert.deepEqual(listed.at(-1), made.token);
    assert.ok(!JSON.stringify(listed).includes(made.secret));
    assert.equal((await api.send(`/api/v1/tokens/${made.token.id}`, { method: 'DELETE' })).status, 200);
    assert.equal((await health()).status, 401);
  });
});

describe('the server', () => {
  it('is ready only while it runs and keeps up', async (test) => {
    const api = await apiUnderTest(test);
    const { service } = api;
    const ready = async () => {
      const response = await api.send('/readyz', { token: '' });
      return [response.status, await response.json()];
    };
    assert.deepEqual(await ready(), [200, { ready: true, lagMs: 12 }]);
    service.current = { ...service.current, lagMs: 30_001 };
    assert.deepEqual(await ready(), [503, { ready: false, reason: 'lagging', lagMs: 30_001 }]);
    for (const state of ['catching-up', 'closing', 'failed'] as const) {
      service.current = { ...service.current, state };
      assert.deepEqual(await ready(), [503, { ready: false, reason: state, lagMs: 30_001 }]);
      assert.equal((await api.send('/healthz', { token: '' })).status, 200);
    }
  });

  it('answers what is not there in the shape of all errors', async (test) => {
    const api = await apiUnderTest(test);
    for (const path of ['/api/v1/nothing', '/api/', '/api/v2/findings']) {
      assert.deepEqual(await errorOf(await api.send(path)), [404, 'not-found'], path);
    }
    assert.deepEqual(await errorOf(await api.send('/api/v1/findings', { method: 'POST', body: {} })), [
      404,
      'not-found',
    ]);
    assert.deepEqual(await errorOf(await api.send('/api/v1/findings/%zz')), [400, 'malformed']);
  });

  it('answers 503 and not a secret of the inside when the store cannot be read', async (test) => {
    const api = await apiUnderTest(test);
    api.store.close();
    assert.deepEqual(await errorOf(await api.send('/api/v1/findings')), [503, 'unavailable']);
  });

  it('lets no browser make a page of it, keep it or read it from elsewhere', async (test) => {
    const api = await apiUnderTest(test);
    for (const path of ['/healthz', '/api/v1/findings', '/api/v1/nothing', '/api/openapi.json']) {
      const { headers } = await api.send(path);
      assert.equal(headers.get('cache-control'), 'no-store', path);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  it('leaves other parts of the same server their own errors and headers', async (test) => {
    const api = await apiUnderTest(test, {
      beside: async (app) => {
        app.get('/other', async () => ({ fine: true }));
        app.get('/other/broken', async () => {
          throw new Error('theirs');
        });
      },
    });
    const other = await api.send('/other', { token: '' });
    assert.deepEqual([await other.json(), other.headers.get('cache-control')], [{ fine: true }, null]);
    const broken = await api.send('/other/broken', { token: '' });
    assert.equal(Object(await broken.json()).message, 'theirs');
    assert.ok(![...api.counters.requests.keys()].some((key) => key.includes('other')));
  });

  it('refuses a server that could not find functions with long names', async (test) => {
    const api = await apiUnderTest(test);
    const { service, store, access, counters } = api;
    const responses = responseDesk(new Bench().open(PERMISSIVE), store);
    const never = () => assert.fail('not asked');
    const options = {
      service,
      store,
      access,
      counters,
      responses,
      version: '1',
      explain: never,
      forget: never,
      metrics: never,
    };
    const app = fastify();
    const ready = async () => {
      await app.register(apiRoutes({ ...options, series: { minutes: never, hours: never } }));
    };
    await assert.rejects(ready, /API_SERVER_OPTIONS/);
    await app.close();
  });

  it('tells the server of a failure that is a bug, and the client only that there was one', async (test) => {
    const failures: unknown[] = [];
    const secret = new Error('select * from secrets');
    const responses = {
      ...responseDesk(new Bench().open(PERMISSIVE), { incident: () => ({ kind: 'none' }) }),
      list: () => {
        throw secret;
      },
    };
    const api = await apiUnderTest(test, { responses, onFailure: (error) => failures.push(error) });
    const response = await api.send('/api/v1/responses');
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.deepEqual(Object.keys(JSON.parse(text)), ['error']);
    assert.doesNotMatch(text, /secrets/);
    assert.deepEqual(failures, [secret]);
    api.service.closing = true;
    assert.equal(
      (await api.send('/api/v1/controls/training-span', { method: 'POST', body: { fromMs: 1, toMs: 2 } })).status,
      503,
    );
    assert.equal(failures.length, 1);
  });

  it('answers in the same shape what is no request at all', async (test) => {
    const api = await apiUnderTest(test);
    for (const text of ['GARBAGE\r\n\r\n', `GET / HTTP/1.1\r\nhost: a\r\nlong: ${'x'.repeat(40_000)}\r\n\r\n`]) {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.end(text);
      const answer = Buffer.concat(await socket.toArray()).toString();
      assert.match(answer, /^HTTP\/1\.1 400 /);
      assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]).error.code, 'malformed');
    }
  });

  it('answers everywhere that there is nothing in the shape of all errors', async (test) => {
    const api = await apiUnderTest(test);
    for (const path of ['/nothing', '/v1/trace', '/api/nothing', '/api/v1/nothing']) {
      const response = await api.send(path);
      assert.equal(response.status, 404, path);
      assert.equal(Object(await response.json()).error?.code, 'not-found', path);
    }
  });

  it('counts requests by route, never by what was asked for', async (test) => {
    const api = await apiUnderTest(test);
    for (let at = 0; at < 20; at++) await api.send(`/api/v1/findings/${at}${at}`);
    for (let at = 0; at < 20; at++) await api.send(`/api/v1/invented-${at}`);
    assert.equal(api.counters.requests.get('GET /api/v1/findings/{id} 4xx'), 20);
    assert.equal(api.counters.requests.get('none 4xx'), 20);
    assert.ok(api.counters.requests.size <= 3, [...api.counters.requests.keys()].join());
  });
});

/** One field of every row, page after page. */
async function pages(api: ApiUnderTest, path: string, field: string): Promise<string[]> {
  const values: string[] = [];
  for (let cursor = ''; ; ) {
    const response = await api.send(`/api/v1${path}${cursor}`);
    const { items, next } = Object(await response.json());
    assert.equal(response.status, 200);
    values.push(...items.map((item: Record<string, string>) => item[field]));
    if (next === undefined) return values;
    cursor = `&cursor=${next}`;
  }
}
