import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { env } from 'node:process';
import { after, before, describe, it } from 'node:test';
import { startTestHost, type TestHost } from './test-functions.ts';

const LOOK = `import { readFileSync, writeFileSync, readdirSync, rmSync, existsSync } from 'node:fs'; import { tmpdir } from 'node:os'; import { execFileSync } from 'node:child_process';
const tried = (run) => { try { return run() ?? 'done' } catch (error) { return error.code ?? String(error.status) } };
export const handler = async (e) => ({
  env: process.env, cwd: process.cwd(), argv: process.argv,
  ownCode: tried(() => writeFileSync(process.env.LAMBDA_TASK_ROOT + '/x', 'x')),
  layer: tried(() => writeFileSync('/opt/x', 'x')), system: tried(() => writeFileSync('/usr/x', 'x')), root: tried(() => writeFileSync('/x', 'x')),
  tmp: readdirSync(tmpdir()), put: tried(() => writeFileSync(tmpdir() + '/' + e.name, 'x')),
  pids: readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length,
  uid: process.getuid(), secret: existsSync(e.hidden ?? '/nowhere'), shadow: tried(() => readFileSync('/etc/shadow', 'utf8').length),
  mount: tried(() => { execFileSync('mount', ['-t', 'tmpfs', 'none', '/tmp'], { stdio: 'ignore' }) }),
  capabilities: /CapEff:\\s+(\\S+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
  layerText: existsSync('/opt/text') ? readFileSync('/opt/text', 'utf8') : undefined,
})`;

describe('what a sandbox sees', () => {
  let test: TestHost;
  before(async () => {
    env['GAIT_TEST_SECRET_OF_THE_HOST'] = 'do not tell';
    test = await startTestHost();
  });
  after(() => test.close());

  it('is exactly the documented environment, whatever the host has', async () => {
    const f = test.make(
      { 'index.mjs': LOOK },
      { name: 'seen', environment: { MINE: `it's "quoted" $HOME\n\`x\``, AWS_REGION: 'forged' } },
    );
    const { body } = await test.call(f, { name: 'a' });
    assert.equal(body.env.GAIT_TEST_SECRET_OF_THE_HOST, undefined);
    assert.equal(body.env.MINE, `it's "quoted" $HOME\n\`x\``);
    assert.equal(body.env.AWS_REGION, 'eu-west-1', 'a function cannot change what Lambda sets');
    assert.match(body.env._X_AMZN_TRACE_ID, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/);
    const names = Object.keys(body.env).filter((name) => name !== 'TMPDIR');
    assert.deepEqual(names.toSorted(), ENVIRONMENT);
    assert.equal(body.env.AWS_ENDPOINT_URL, 'http://127.0.0.1:9');
    assert.equal(body.env.AWS_SESSION_TOKEN, 'token');
    assert.equal(body.cwd, body.env.LAMBDA_TASK_ROOT);
  });

  it('is, with namespaces, no file, process or right of the host', async (t) => {
    if (test.host.isolation.kind !== 'namespaces') return t.skip(test.host.isolation.reason);
    const layer = test.layer({ text: 'from the layer' });
    const f = test.make({ 'index.mjs': LOOK }, { layerFolders: [layer] });
    const { body } = await test.call(f, { name: 'a', hidden: f.codeFolder });
    assert.equal(body.env.LAMBDA_TASK_ROOT, '/var/task');
    assert.equal(body.ownCode, 'EROFS');
    assert.equal(body.layer, 'EROFS');
    assert.equal(body.system, 'EROFS');
    assert.equal(body.root, 'EROFS');
    assert.equal(body.secret, false, 'folders of the host are not there');
    assert.equal(body.shadow, 'ENOENT');
    assert.ok(body.pids <= 4, `${body.pids} processes are its own few`);
    assert.notEqual(body.mount, 'done');
    assert.equal(body.capabilities, '0000000000000000');
    assert.equal(body.layerText, 'from the layer');
  });

  it('is its own /tmp, kept while it lives and new for the next', async () => {
    const f = test.make({ 'index.mjs': LOOK });
    assert.deepEqual((await test.call(f, { name: 'one' })).body.tmp, []);
    assert.deepEqual((await test.call(f, { name: 'two' })).body.tmp, ['one']);
    await test.host.recycle(f.name);
    assert.deepEqual((await test.call(f, { name: 'three' })).body.tmp, []);
  });

  it('is a /tmp that ends at its size', async (t) => {
    if (test.host.isolation.kind !== 'namespaces') return t.skip(test.host.isolation.reason);
    const fill = `import { writeFileSync } from 'node:fs'; export const handler = async () => {
      try { writeFileSync('/tmp/a', Buffer.alloc(9 << 20)); return 'fits' } catch (error) { return error.code } }`;
    assert.equal((await test.call(test.make({ 'index.mjs': fill }, { tmpSizeMb: 8 }))).body, 'ENOSPC');
    assert.equal((await test.call(test.make({ 'index.mjs': fill }, { tmpSizeMb: 16 }))).body, 'fits');
  });

  it('has Lambda’s limits of processes and files', async (t) => {
    if (test.host.isolation.kind !== 'namespaces') return t.skip(test.host.isolation.reason);
    const code = `import { readFileSync } from 'node:fs'; export const handler = async () => readFileSync('/proc/self/limits', 'utf8')`;
    const { body } = await test.call(test.make({ 'index.mjs': code }));
    assert.match(body, /^Max open files +1024 /m);
    if (test.host.isolation.reason.startsWith('own user')) assert.match(body, /^Max processes +1024 /m);
  });

  it('is later layers over earlier ones', async () => {
    const lower = test.layer({
      'nodejs/node_modules/dep/index.js': 'module.exports = "lower"',
      'bin/tool': '#!/bin/sh\necho tool',
    });
    const upper = test.layer({ 'nodejs/node_modules/dep/index.js': 'module.exports = "upper"' });
    const code = `const { execFileSync } = require('node:child_process');
      exports.handler = async () => [require('dep'), execFileSync('tool').toString().trim()]`;
    const f = test.make({ 'index.cjs': code }, { layerFolders: [lower, upper] });
    assert.deepEqual((await test.call(f)).body, ['upper', 'tool']);
  });
});

describe('how functions are started', () => {
  for (const isolation of ['auto', 'processes'] as const) {
    it(`a wrapper of a layer and NODE_OPTIONS are honoured (${isolation})`, async () => {
      const test = await startTestHost({ isolation });
      const layer = test.layer({
        'bin/wrapper': '#!/bin/sh\nexport WRAPPED="$#"\nexec "$@"\n',
        'before.mjs': 'globalThis.before = true;',
      });
      const f = test.make(
        { 'index.mjs': 'export const handler = async () => [process.env.WRAPPED, globalThis.before]' },
        {
          layerFolders: [layer],
          environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bin/wrapper', NODE_OPTIONS: '--import /opt/before.mjs' },
        },
      );
      assert.deepEqual((await test.call(f)).body, ['5', true]);
      await test.close();
    });
  }

  it('a wrapper that is not there is an exit error', async () => {
    const test = await startTestHost();
    const f = test.make(
      { 'index.mjs': 'export const handler = 1' },
      { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/none' } },
    );
    const { body } = await test.call(f);
    assert.equal(body.errorType, 'Runtime.ExitError');
    assert.match(body.errorMessage, /exit status 127/);
    await test.close();
  });

  for (const isolation of ['auto', 'processes'] as const) {
    it(`a layer that is not there keeps a function from starting, and one call says so (${isolation})`, async () => {
      const test = await startTestHost({ isolation });
      const f = test.make(
        { 'index.mjs': 'export const handler = async () => 1' },
        { layerFolders: ['/no/such/layer'] },
      );
      const { body } = await test.call(f);
      assert.equal(body.errorType, 'Sandbox.Failure');
      assert.match(body.errorMessage, /no such file or directory.*\/no\/such\/layer/);
      await test.close();
    });
  }

  it('the AWS SDK finds endpoint, region and credentials by itself', async (t) => {
    const seen: { authorization: string; token: string; target: string; agent: string }[] = [];
    const endpoint = createServer((request, response) => {
      const header = (name: string) => String(request.headers[name] ?? '');
      seen.push({
        authorization: header('authorization'),
        token: header('x-amz-security-token'),
        target: header('x-amz-target'),
        agent: header('user-agent'),
      });
      response.setHeader('content-type', 'application/x-amz-json-1.0').end('{"QueueUrls":["q"]}');
    });
    endpoint.listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
    const bound = endpoint.address();
    const endpointUrl = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
    const modules = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules');
    const test = await startTestHost({ runtimeModulesFolder: modules }, { endpointUrl });
    t.after(async () => {
      await test.close();
      endpoint.closeAllConnections();
      endpoint.close();
    });
    const code = `const { SQSClient, ListQueuesCommand } = require('@aws-sdk/client-sqs');
      exports.handler = async () => (await new SQSClient({}).send(new ListQueuesCommand({}))).QueueUrls`;
    assert.deepEqual((await test.call(test.make({ 'index.cjs': code }))).body, ['q']);
    assert.match(seen[0]?.authorization ?? '', /Credential=ASIATEST\/\d{8}\/eu-west-1\/sqs\/aws4_request/);
    assert.equal(seen[0]?.token, 'token');
    assert.equal(seen[0]?.target, 'AmazonSQS.ListQueues');
    assert.match(seen[0]?.agent ?? '', /exec-env\/AWS_Lambda_nodejs24\.x/);
  });

  it('modules that come with the runtime can be required, and imported where there is a file system of its own', async () => {
    const layers = await startTestHost();
    const modules = layers.layer({ 'with-runtime/index.js': 'module.exports = "sdk"' });
    const test = await startTestHost({ runtimeModulesFolder: modules });
    const required = test.make({ 'index.cjs': 'exports.handler = async () => require("with-runtime")' });
    assert.equal((await test.call(required)).body, 'sdk');
    if (test.host.isolation.kind === 'namespaces') {
      const imported = test.make({
        'index.mjs': 'import sdk from "with-runtime"; export const handler = async () => sdk',
      });
      assert.equal((await test.call(imported)).body, 'sdk');
    }
    await test.close();
    await layers.close();
  });
});

const ENVIRONMENT = [
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_ENDPOINT_URL',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
  'LANG',
  'LD_LIBRARY_PATH',
  'MINE',
  'NODE_PATH',
  'PATH',
  'PWD',
  'TZ',
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
];
