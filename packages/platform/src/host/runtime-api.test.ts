import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTestHost } from './test-functions.ts';

/** A runtime of one's own, started in place of Node's through a wrapper: talks to the API with nothing but `fetch`. */
const runtime = (loop: string) => ({
  'bin/wrapper': '#!/bin/sh\nexec "$1" "$(dirname "$0")/../runtime.mjs"\n',
  'runtime.mjs': `const base = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime';
    const next = () => fetch(base + '/invocation/next');
    const post = (path, body, headers) => fetch(base + path, { method: 'POST', body, headers });
    ${loop}`,
});

describe('the Runtime API, for runtimes of other makers', () => {
  const run = async (
    loop: string,
    request: { clientContext?: string; traceHeader?: string; qualifier?: string } = {},
  ) => {
    const test = await startTestHost();
    const f = test.make(
      { 'index.mjs': '' },
      {
        name: 'own',
        layerFolders: [test.layer(runtime(loop))],
        environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bin/wrapper' },
      },
    );
    const outcome = await test.host
      .invoke(f, { payload: Buffer.from('{"in":1}'), ...request })
      .finally(() => test.close());
    assert.equal(outcome.kind, 'returned');
    return outcome.kind === 'returned'
      ? {
          text: Buffer.from(outcome.payload).toString('utf8'),
          failed: outcome.functionError !== undefined,
          id: outcome.requestId,
        }
      : { text: '', failed: true, id: '' };
  };

  it('gives an invocation with Lambda’s headers', async () => {
    const context = { client: { app_title: 'x' }, custom: {} };
    const { text, id } = await run(
      `for (;;) { const r = await next(); const id = r.headers.get('lambda-runtime-aws-request-id');
        const headers = Object.fromEntries([...r.headers].filter(([name]) => name.startsWith('lambda-')));
        await post('/invocation/' + id + '/response', JSON.stringify({ headers, event: await r.json() })); }`,
      {
        clientContext: Buffer.from(JSON.stringify(context)).toString('base64'),
        traceHeader: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
        qualifier: 'live',
      },
    );
    const { headers, event } = JSON.parse(text);
    assert.deepEqual(event, { in: 1 });
    assert.equal(headers['lambda-runtime-aws-request-id'], id);
    assert.ok(Number(headers['lambda-runtime-deadline-ms']) > Date.now());
    assert.equal(
      headers['lambda-runtime-invoked-function-arn'],
      'arn:aws:lambda:eu-west-1:123456789012:function:own:live',
    );
    assert.equal(
      headers['lambda-runtime-trace-id'],
      'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
    );
    assert.deepEqual(JSON.parse(headers['lambda-runtime-client-context']), context);
  });

  it('accepts one answer only, and only for the invocation that runs', async () => {
    const { text } = await run(
      `const r = await next(); await r.arrayBuffer(); const id = r.headers.get('lambda-runtime-aws-request-id');
       const seen = [];
       seen.push((await post('/invocation/00000000-0000-0000-0000-000000000000/response', '1')).status);
       seen.push((await next()).status);
       seen.push((await fetch(base + '/nothing')).status);
       seen.push((await post('/invocation/' + id + '/response', JSON.stringify(seen))).status);
       const again = await post('/invocation/' + id + '/response', '"second"');
       console.log('second', again.status, (await again.json()).errorType);
       await next();`,
    );
    assert.equal(text, '[400,403,404]');
  });

  it('is for nobody outside the sandbox', async (t) => {
    if (process.platform !== 'linux') return t.skip('the kernel does not tell whose a connection is');
    const test = await startTestHost();
    t.after(() => test.close());
    const code =
      'export const handler = async (e) => { if (!e.api) return process.env.AWS_LAMBDA_RUNTIME_API; return (await fetch("http://" + e.api + "/2018-06-01/runtime/invocation/next")).status }';
    const api: string = (await test.call(test.make({ 'index.mjs': code }))).body;
    assert.equal((await fetch(`http://${api}/2018-06-01/runtime/invocation/next`)).status, 403);
    assert.equal((await test.call(test.make({ 'index.mjs': code }), { api })).body, 403, 'nor for another sandbox');
    const register = { method: 'POST', headers: { 'Lambda-Extension-Name': 'x' }, body: '{"events":[]}' };
    assert.equal((await fetch(`http://${api}/2020-01-01/extension/register`, register)).status, 403);
  });

  it('takes an error document for what it says', async () => {
    const { text, failed } = await run(
      `const r = await next(); await r.arrayBuffer(); const id = r.headers.get('lambda-runtime-aws-request-id');
       await post('/invocation/' + id + '/error', '{"errorType":"Mine","errorMessage":"m"}', { 'Lambda-Runtime-Function-Error-Type': 'Runtime.Mine' });
       await next();`,
    );
    assert.equal(failed, true);
    assert.deepEqual(JSON.parse(text), { errorType: 'Mine', errorMessage: 'm' });
  });

  it('takes what was answered before the runtime exits', async () => {
    const { text, failed } = await run(
      `const r = await next(); await r.arrayBuffer(); const id = r.headers.get('lambda-runtime-aws-request-id');
       await post('/invocation/' + id + '/response', '"kept"'); process.exit(0);`,
    );
    assert.deepEqual([text, failed], ['"kept"', false]);
  });

  it('ends the start when the runtime says that it cannot', async () => {
    const { text, failed } = await run(
      `await post('/init/error', '{"errorType":"Runtime.NoSuch","errorMessage":"n"}', { 'Lambda-Runtime-Function-Error-Type': 'Runtime.NoSuch' }); process.exit(1);`,
    );
    assert.equal(failed, true);
    assert.equal(JSON.parse(text).errorType, 'Runtime.NoSuch');
  });
});
