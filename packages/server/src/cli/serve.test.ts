import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { encodeWireRecord } from '@gait/sensor/wire';
import { scratchFolder } from '../log/scratch.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { FOLDER } from '../runtime/folder.ts';
import { ended, gait, start } from './command.contract.ts';

const FUNCTION = 'aws:123456789012:eu-west-1:pay';

/** A server that listens, as its first lines say. */
interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  /** '' unless it is the first start. */
  readonly administrator: string;
}

async function serve(test: TestContext, ...words: readonly string[]): Promise<Server> {
  const child = start(['serve', '--port', '0', '--json', ...words]);
  test.after(() => child.kill('SIGKILL'));
  let administrator = '';
  let trouble = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    trouble += text;
  });
  assert.ok(child.stdout !== null);
  for await (const line of createInterface({ input: child.stdout })) {
    const said: unknown = JSON.parse(line);
    assert.ok(typeof said === 'object' && said !== null && 'event' in said);
    if ('token' in said) administrator = String(said.token);
    if (!('url' in said)) continue;
    child.stdout.resume();
    return { child, url: String(said.url), administrator };
  }
  throw new Error(`The server did not start: ${trouble}`);
}

function post(server: Pick<Server, 'url'>, token: string, body: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` };
  return fetch(`${server.url}/v1/events`, { method: 'POST', headers, body });
}

function record(number: number): string {
  return encodeWireRecord({ timeMs: Date.now(), function: FUNCTION, requestId: `r-${number}`, durationMs: 10 });
}

/** Request ids in a log. */
async function requestsIn(folder: string): Promise<Set<string>> {
  const ids = new Set<string>();
  const reader = await openSegmentReader(join(folder, FOLDER.log));
  for await (const { record } of reader.read(0)) {
    if (record.type !== 'observation') continue;
    for (let row = 0; row < record.batch.rows; row++) ids.add(record.batch.idText(row, 'requestId'));
  }
  return ids;
}

describe('gait serve', () => {
  it('shows the administrator token at the first start only, and lets it in', async (test) => {
    const folder = await scratchFolder(test);
    const first = await serve(test, '--data', folder);
    assert.match(first.administrator, /^gait_/);
    assert.equal((await post(first, first.administrator, record(1))).status, 200);
    assert.equal((await post(first, 'gait_none_none', record(2))).status, 401);
    first.child.kill('SIGTERM');
    assert.deepEqual(await once(first.child, 'exit'), [0, null]);
    const second = await serve(test, '--data', folder);
    assert.equal(second.administrator, '');
    assert.equal((await post(second, first.administrator, record(3))).status, 200);
    second.child.kill('SIGKILL');
  });

  it('ends in order on Ctrl-C: what was taken is judged and saved, and the log is proven', async (test) => {
    const folder = await scratchFolder(test);
    const server = await serve(test, '--data', folder);
    await post(server, server.administrator, record(1));
    server.child.kill('SIGINT');
    assert.deepEqual(await once(server.child, 'exit'), [0, null]);
    const verified = await gait('verify', '--data', folder);
    assert.equal(verified.code, 0);
    assert.match(verified.stdout, /proven/);
    assert.match((await gait('functions', '--data', folder)).stdout, /^pay /m);
  });

  it('takes a Ctrl-C that comes twice, as under npx, for one', async (test) => {
    const server = await serve(test, '--data', await scratchFolder(test));
    server.child.kill('SIGINT');
    server.child.kill('SIGINT');
    assert.deepEqual(await once(server.child, 'exit'), [0, null]);
  });

  it('loses nothing it has acknowledged when it is killed under load', async (test) => {
    const folder = await scratchFolder(test);
    const server = await serve(test, '--data', folder);
    const acknowledged: string[] = [];
    let sent = 0;
    const sender = async (): Promise<void> => {
      for (;;) {
        const number = sent++;
        const response = await post(server, server.administrator, record(number)).catch(() => undefined);
        if (response?.status !== 200) return;
        acknowledged.push(`r-${number}`);
        if (acknowledged.length === 200) server.child.kill('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 8 }, sender));
    assert.ok(acknowledged.length >= 200);
    const again = await serve(test, '--data', folder);
    const held = await requestsIn(folder);
    for (const id of acknowledged) assert.ok(held.has(id), `${id} was acknowledged`);
    assert.equal((await post(again, server.administrator, record(sent))).status, 200);
    again.child.kill('SIGTERM');
    await once(again.child, 'exit');
  });

  it('says what is wrong with its configuration, all of it, with the places', async (test) => {
    const file = join(await scratchFolder(test), 'gait.yaml');
    await writeFile(file, 'listen:\n  adress: 127.0.0.1\n  port: 99999\n');
    const run = await ended(start(['serve', '--config', file]));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /gait\.yaml:2:\d+.*adress.*address/);
    assert.match(run.stderr, /gait\.yaml:3:\d+.*port/);
  });

  it('says that another process has the data folder', async (test) => {
    const folder = await scratchFolder(test);
    const server = await serve(test, '--data', folder);
    const run = await ended(start(['serve', '--data', folder, '--port', '0']));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /GAIT_LOG_LOCKED/);
    server.child.kill('SIGKILL');
  });

  it('says that the port is taken, and shows the administrator token at the first start that succeeds', async (test) => {
    const server = await serve(test, '--data', await scratchFolder(test));
    const port = new URL(server.url).port;
    const folder = await scratchFolder(test);
    const run = await ended(start(['serve', '--data', folder, '--port', port]));
    assert.equal(run.code, 1);
    assert.match(run.stderr, /EADDRINUSE/);
    assert.doesNotMatch(run.stderr, /bug/);
    const next = await serve(test, '--data', folder);
    assert.equal((await post(next, next.administrator, record(1))).status, 200);
    next.child.kill('SIGKILL');
    server.child.kill('SIGKILL');
  });

  it('ends although clients keep their connections open, or have just left the stream of events', async (test) => {
    const server = await serve(test, '--data', await scratchFolder(test));
    await (await fetch(`${server.url}/`)).text();
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${server.administrator}` };
    for (const { signal } of [leaving, new AbortController()]) {
      const events = await fetch(`${server.url}/api/v1/events`, { headers, signal });
      assert.equal(events.status, 200);
    }
    leaving.abort();
    // Made in advance, as some clients do, and never used.
    const { hostname, port } = new URL(server.url);
    await once(connect(Number(port), hostname), 'connect');
    server.child.kill('SIGTERM');
    assert.deepEqual(await once(server.child, 'exit'), [0, null]);
  });
});
