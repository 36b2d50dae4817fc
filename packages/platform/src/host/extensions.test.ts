import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { parseSubscription } from './telemetry-subscription.ts';
import { startTestHost, type TestHost } from './test-functions.ts';

/** An extension in Node, as a program of a layer. It prints what it is told; `EXT_*` variables make it odd. */
const EXTENSION = `#!/bin/sh
exec node "$(dirname "$0")/../extension.mjs" "$(basename "$0")"
`;
const EXTENSION_CODE = `
import { createServer } from 'node:http';
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API;
const mode = process.env.EXT_MODE ?? '';
if (mode === 'silent') setInterval(() => {}, 1000);
else {
const registered = await fetch(api + '/2020-01-01/extension/register', { method: 'POST', headers: { 'Lambda-Extension-Name': process.argv[2], 'Lambda-Extension-Accept-Feature': 'accountId' }, body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }) });
const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
console.log('registered', JSON.stringify(await registered.json()), process.env._HANDLER ?? 'no handler');
let told;
const done = new Promise((resolve) => { told = resolve });
if (mode === 'telemetry') {
  const server = createServer((request, response) => { let body = ''; request.on('data', (part) => { body += part }); request.on('end', () => { response.end();
    const events = JSON.parse(body); for (const event of events) if (event.type === 'platform.runtimeDone') told(); console.log('telemetry', events.map((event) => event.type).join()) }) });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await fetch(api + '/2022-07-01/telemetry', { method: 'PUT', headers, body: JSON.stringify({ schemaVersion: '2025-01-29', types: ['platform', 'function'], buffering: { maxItems: 1000, maxBytes: 262144, timeoutMs: 25 }, destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:' + server.address().port + '/t' } }) });
  console.log('subscribed', answer.status);
}
for (;;) {
  const response = await fetch(api + '/2020-01-01/extension/event/next', { headers });
  const event = await response.json();
  console.log('event', event.eventType, event.shutdownReason ?? event.requestId);
  if (event.eventType === 'SHUTDOWN') process.exit(0);
  if (mode === 'slow') { await new Promise((resolve) => setTimeout(resolve, 300)); console.log('finished'); }
  if (mode === 'stuck') await new Promise(() => setInterval(() => {}, 1000));
  if (mode === 'crash') process.exit(9);
  if (mode === 'telemetry') await done;
}
}`;

describe('extensions of a layer', () => {
  for (const isolation of ['auto', 'processes'] as const) {
    it(`are told of invocations and of the end (${isolation})`, async (t) => {
      const { test, f } = await start(t, '', isolation);
      const first = await test.call(f);
      assert.equal(first.body, 'ran');
      await test.call(f);
      await test.host.recycle(f.name);
      const lines = extensionLines(test);
      assert.match(
        lines[0] ?? '',
        /^registered \{"functionName":"with-extension","functionVersion":"\$LATEST","handler":"index.handler","accountId":"123456789012"\} no handler$/,
      );
      assert.equal(lines[1], `event INVOKE ${first.requestId}`);
      assert.equal(lines.at(-1), 'event SHUTDOWN spindown');
      const ready = test.events().find((event) => event.type === 'platform.extension');
      assert.deepEqual(ready?.record, { name: 'watcher', state: 'Ready', events: ['INVOKE', 'SHUTDOWN'] });
    });
  }

  it('are waited for before the invocation ends', async (t) => {
    const { test, f } = await start(t, 'slow');
    await test.call(f);
    const order = test
      .events()
      .map((event) => (event.record === 'finished' ? 'finished' : event.type))
      .filter((what) => ['finished', 'platform.runtimeDone', 'platform.report'].includes(what));
    assert.deepEqual(order, ['platform.runtimeDone', 'finished', 'platform.report']);
  });

  it('that never finish make the invocation time out, and are told why it ends', async (t) => {
    const { test, f } = await start(t, 'stuck', 'auto', 1_000);
    const answer = await test.call(f);
    assert.equal(answer.body.errorType, 'Sandbox.Timedout');
    assert.equal(test.host.sandboxes().length, 0);
  });

  it('that exit end the sandbox', async (t) => {
    const { test, f } = await start(t, 'crash');
    await test.call(f);
    const report = test.events().find((event) => event.type === 'platform.report');
    assert.match(JSON.stringify(report), /"status":"failure","errorType":"Extension.Crash"/);
    assert.equal(test.host.sandboxes().length, 0);
  });

  it('get the telemetry they asked for within the invocation', async (t) => {
    const { test, f } = await start(t, 'telemetry');
    await test.call(f);
    // The report of an invocation comes with one of the next, when the buffer's time is over.
    const hasReport = () => extensionLines(test).some((line) => line.includes('platform.report'));
    for (let calls = 0; calls < 50 && !hasReport(); calls += 1) {
      await test.call(f);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.ok(hasReport());
    assert.ok(extensionLines(test).includes('subscribed 200'));
    assert.ok(extensionLines(test).some((line) => line.startsWith('telemetry') && line.includes('function')));
    const subscribed = test.events().find((event) => event.type === 'platform.telemetrySubscription');
    assert.deepEqual(subscribed?.record, { name: 'watcher', state: 'Subscribed', types: ['platform', 'function'] });
  });
});

describe('subscriptions to telemetry', () => {
  const good = {
    schemaVersion: '2025-01-29',
    types: ['platform'],
    destination: { protocol: 'HTTP', URI: 'http://sandbox.localdomain:8080/p' },
  };
  const parsed = (change: object) => parseSubscription(Buffer.from(JSON.stringify({ ...good, ...change })));

  it('have defaults', () => {
    assert.deepEqual(parsed({}), {
      types: ['platform'],
      maxItems: 10_000,
      maxBytes: 262_144,
      timeoutMs: 1_000,
      port: 8_080,
      path: '/p',
    });
  });

  it('are refused outside their bounds, and to other places', () => {
    for (const change of [
      { schemaVersion: '1' },
      { types: [] },
      { types: ['other'] },
      { buffering: { maxItems: 10 } },
      { buffering: { timeoutMs: 24 } },
      { buffering: { maxBytes: 2_000_000 } },
      { destination: { protocol: 'TCP', URI: 'http://sandbox:1' } },
      { destination: { protocol: 'HTTP', URI: 'http://elsewhere.example:80' } },
      { destination: { protocol: 'HTTP', URI: 'not a URL' } },
    ]) {
      assert.ok('problem' in parsed(change), JSON.stringify(change));
    }
    assert.ok('problem' in parseSubscription(Buffer.from('{')));
  });
});

async function start(t: TestContext, mode: string, isolation: 'auto' | 'processes' = 'auto', timeoutMs = 10_000) {
  const test = await startTestHost({ isolation });
  t.after(() => test.close());
  const layer = test.layer({ 'extensions/watcher': EXTENSION, 'extension.mjs': EXTENSION_CODE });
  const f = test.make(
    { 'index.mjs': 'export const handler = async () => { console.log("line"); return "ran" }' },
    { name: 'with-extension', layerFolders: [layer], timeoutMs, environment: { EXT_MODE: mode, PATH: PATHS } },
  );
  return { test, f };
}

/** Plain processes find the Node of the test, sandboxes their own. */
const PATHS = `/var/lang/bin:${process.execPath.replace(/\/[^/]+$/, '')}:/usr/bin:/bin`;

function extensionLines(test: TestHost): string[] {
  return test
    .events()
    .filter((event) => event.type === 'extension')
    .map((event) => String(event.record));
}
