import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { numberedFinding, sampleIncident } from '../storage/finding-samples.ts';
import { type ApiUnderTest, apiUnderTest, FINDINGS } from './api.contract.ts';
import { CLIENTS_MAX } from './limits.ts';

const NEVER = 3_600_000;
/** Status and comments only where a test is about them. */
const QUIET = { statusEveryMs: NEVER, commentEveryMs: NEVER };

/** When all of it is given up, ms: so late only if an event does not come. */
const GIVE_UP_MS = 120_000;

/** Follows the stream as a program would. */
class Client {
  readonly response: Response;
  readonly #abort: AbortController;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = '';

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    assert.ok(response.body !== null);
    this.#reader = response.body.getReader();
  }

  static async open(test: TestContext, api: ApiUnderTest, options: { lastEventId?: string; token?: string } = {}) {
    const { lastEventId = '', token = api.tokens.read } = options;
    const abort = new AbortController();
    test.after(() => abort.abort());
    const headers = { authorization: `Bearer ${token}`, 'last-event-id': lastEventId };
    return new Client(await fetch(`${api.url}/api/v1/events`, { signal: abort.signal, headers }), abort);
  }

  /** The next block of lines; undefined at the end. */
  async block(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += Buffer.from(value).toString('utf8');
    }
  }

  /** The next event that is not about the state of the service. */
  async next(): Promise<{ event: string; id: string; data: Record<string, unknown> }> {
    for (;;) {
      const block = (await this.block()) ?? assert.fail('the stream ended');
      const field = (name: string) => new RegExp(`^${name}: ([^\n]*)$`, 'm').exec(block)?.[1] ?? '';
      const event = field('event');
      if (event !== '' && event !== 'status') return { event, id: field('id'), data: JSON.parse(field('data')) };
    }
  }

  close(): void {
    this.#abort.abort();
  }
}

/** Commits to the store and then tells of it, as the service does. */
function commit(api: ApiUnderTest, numbers: readonly number[]): void {
  const findings = numbers.map((at) => numberedFinding(at));
  api.store.commitStep({ findings, incidents: [], consumed: FINDINGS });
  api.service.tell({ findings, incidents: [] });
}

const idOf = (at: number) => numberedFinding(at).id;

/** A connection that asks for the stream and then reads nothing. */
async function mute(test: TestContext, api: ApiUnderTest): Promise<Socket> {
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port) });
  test.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(`GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tokens.read}\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

describe('the stream of events', { timeout: GIVE_UP_MS }, () => {
  it('greets, tells how the service is, and then what is found as it comes', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    const client = await Client.open(test, api);
    assert.equal(client.response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.equal(client.response.headers.get('cache-control'), 'no-store');
    assert.equal(await client.block(), 'retry: 3000\nevent: hello\ndata: {"resumed":false}');
    assert.equal(await client.block(), `event: status\ndata: ${JSON.stringify(api.service.current)}`);
    const finding = numberedFinding(100, { sentence: 'two\nlines\r and \u2028 more' });
    const watch = numberedFinding(101, { level: 'watch' });
    const incident = sampleIncident();
    api.service.tell({ findings: [finding, watch], incidents: [incident] });
    assert.deepEqual(await client.next(), { event: 'finding', id: finding.id, data: finding });
    assert.deepEqual(await client.next(), { event: 'incident', id: '', data: incident });
  });

  it('goes on after the last finding a client saw, each finding once', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    commit(api, [100, 101, 102]);
    const client = await Client.open(test, api, { lastEventId: idOf(100) });
    assert.deepEqual((await client.next()).data, { resumed: true });
    assert.equal((await client.next()).id, idOf(101));
    assert.equal((await client.next()).id, idOf(102));
    // Told of only now, although they were in the store when the client came.
    api.service.tell({ findings: [numberedFinding(102)], incidents: [] });
    commit(api, [103]);
    assert.equal((await client.next()).id, idOf(103));
  });

  it('sends again the incidents that moved meanwhile', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    commit(api, [100]);
    const incident = sampleIncident({ id: 'i-moved', findings: [], lastMs: numberedFinding(100).timeMs + 1 });
    api.store.commitStep({ findings: [], incidents: [incident], consumed: FINDINGS });
    const client = await Client.open(test, api, { lastEventId: idOf(100) });
    assert.deepEqual((await client.next()).data, { resumed: true });
    assert.deepEqual((await client.next()).data, incident);
  });

  it('says so when it cannot go on: the client lists everything then', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    const many = Array.from({ length: 501 }, (_, at) => 1000 + at);
    commit(api, [100, ...many]);
    for (const lastEventId of ['', 'ffffffffffffffff', '0', "' OR 1=1", idOf(100)]) {
      const client = await Client.open(test, api, { lastEventId });
      assert.deepEqual((await client.next()).data, { resumed: false }, lastEventId);
    }
    const near = await Client.open(test, api, { lastEventId: idOf(1000) });
    assert.deepEqual((await near.next()).data, { resumed: true });
  });

  it('tells how the service is again and again, and keeps the way open', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: { statusEveryMs: 5, commentEveryMs: 5 } });
    const client = await Client.open(test, api);
    const seen = new Set<string>();
    while (!(seen.has('event: status') && seen.has(': still here'))) {
      for (const line of ((await client.block()) ?? assert.fail('ended')).split('\n')) seen.add(line);
    }
  });

  it('ends when the token is revoked', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: { statusEveryMs: 5, commentEveryMs: NEVER } });
    const { record, secret } = api.access.create({ name: 'r', role: 'read', functions: [], recordsPerSecond: 9 });
    const client = await Client.open(test, api, { token: secret });
    assert.match((await client.block()) ?? '', /hello/);
    api.access.revoke(record.id);
    while ((await client.block()) !== undefined);
    assert.equal((await Client.open(test, api, { token: secret })).response.status, 401);
  });

  it('lets go of a client that does not read, counts it, and goes on for the others', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    await mute(test, api);
    const client = await Client.open(test, api);
    assert.equal((await client.next()).event, 'hello');
    const large = 'x'.repeat(100_000);
    for (let at = 100; api.counters.clientsDropped === 0; at++) {
      assert.ok(at < 1000, 'a bounded amount waits for a client');
      api.service.tell({ findings: [numberedFinding(at, { sentence: large })], incidents: [] });
      assert.equal((await client.next()).id, idOf(at));
    }
    assert.equal(api.counters.clientsDropped, 1);
    assert.equal(api.counters.clients, 1);
    api.service.tell({ findings: [numberedFinding(5)], incidents: [] });
    assert.equal((await client.next()).id, idOf(5));
  });

  it('takes a limited number of clients, and others when those have left', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    const clients = await Promise.all(Array.from({ length: CLIENTS_MAX }, () => Client.open(test, api)));
    assert.ok(clients.every(({ response }) => response.status === 200));
    const refused = await Client.open(test, api);
    assert.deepEqual([refused.response.status, refused.response.headers.get('retry-after')], [503, '10']);
    assert.match((await refused.response.headers.get('content-type')) ?? '', /json/);
    assert.deepEqual([api.counters.clients, api.counters.clientsRefused], [CLIENTS_MAX, 1]);
    clients[0].close();
    while (api.counters.clients === CLIENTS_MAX) await new Promise(setImmediate);
    assert.equal((await Client.open(test, api)).response.status, 200);
  });

  it('ends when the server closes, and listens to the service no more', async (test) => {
    const api = await apiUnderTest(test, { eventTimes: QUIET });
    const client = await Client.open(test, api);
    assert.equal(api.service.listeners, 1);
    const closing = api.app.close();
    while ((await client.block()) !== undefined);
    await closing;
    assert.equal(api.service.listeners, 0);
  });
});
