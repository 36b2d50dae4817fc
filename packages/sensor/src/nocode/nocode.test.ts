import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { BUILT_FILES, ensureSensorBuilt } from '../built.ts';
import { type RunOptions, runScript } from '../sandbox-run.ts';

/** Bytes of everything that is deployed. */
const BUILT_BYTES_MAX = 50_000;

/** A runtime as small as can be: loads what `_HANDLER` names as Lambda's does, and calls it twice. */
const RUNTIME = `
import { existsSync, writeSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
const tell = (value) => writeSync(3, JSON.stringify(value));
const named = process.env._HANDLER;
const [file, name] = basename(named).split('.');
const base = resolve(process.env.LAMBDA_TASK_ROOT, dirname(named), file);
const path = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find((at) => existsSync(at));
try {
  const module = await import(pathToFileURL(path).href);
  const handler = (module.default ?? module)[name] ?? module[name];
  const context = (id) => ({ awsRequestId: id, invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:pay' });
  tell([await handler({ n: 1 }, context('one')), await handler({ n: 2 }, context('two'))]);
} catch (error) { tell([error.name, error.message.split('\\n')[0], error.code ?? '']); }
`;

function run(files: Readonly<Record<string, string>>, more: RunOptions & { readonly handler: string }) {
  const built = ensureSensorBuilt();
  const environment = {
    _HANDLER: more.handler,
    AWS_LAMBDA_FUNCTION_NAME: 'pay',
    AWS_REGION: 'eu-west-1',
    NODE_OPTIONS: `--require ${built.register}`,
    ...more.environment,
  };
  return runScript(RUNTIME, { ...more, files, environment });
}

suite('the start without code', () => {
  const modules: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['an ES module', { 'app.mjs': `export const main = async ({ n }) => n * 10;` }],
    ['CommonJS', { 'app.js': `exports.main = async ({ n }) => n * 10;` }],
    ['CommonJS by its extension', { 'app.cjs': `module.exports = { main: ({ n }) => n * 10 };` }],
    [
      'an ES module by its package',
      { 'app.js': `export const main = async ({ n }) => n * 10;`, 'package.json': `{ "type": "module" }` },
    ],
    [
      'exports that are getters',
      { 'app.js': `Object.defineProperty(exports, 'main', { get: () => ({ n }) => n * 10 });` },
    ],
  ];
  for (const [what, files] of modules) {
    test(`watches ${what}`, async () => {
      const { told, records, stderr } = await run(files, { handler: 'app.main' });
      assert.deepEqual(told, [10, 20], stderr);
      assert.deepEqual(
        records.map(({ rid, fl, fn }) => [rid, fl, fn]),
        [
          [undefined, 2, 'aws:?:eu-west-1:pay'],
          ['one', 1, 'aws:123456789012:eu-west-1:pay'],
          ['two', undefined, 'aws:123456789012:eu-west-1:pay'],
        ],
      );
      assert.equal(stderr, '');
    });
  }

  test('several handlers of one module, one of them watched in code, make one record each', async () => {
    const files = {
      'app.mjs': `import { watch } from '${ensureSensorBuilt().esm}';
        export const main = watch(async ({ n }) => n); export const other = async () => 'other';`,
    };
    const main = await run(files, { handler: 'app.main' });
    assert.deepEqual([main.told, main.records.length], [[1, 2], 3]);
    const other = await run(files, { handler: 'app.other' });
    assert.deepEqual([other.told, other.records.length], [['other', 'other'], 3]);
  });

  test('fails as the function does without the sensor', async () => {
    const cases: readonly (readonly [string, Readonly<Record<string, string>>, unknown])[] = [
      ['app.main', { 'app.mjs': `throw new TypeError('at load');` }, ['TypeError', 'at load', '']],
      ['app.main', { 'app.js': `require('./missing');` }, ['Error', /missing/, 'MODULE_NOT_FOUND']],
      [
        'app.none',
        { 'app.mjs': `export const main = 1;` },
        ['Runtime.HandlerNotFound', 'app.none is undefined or not exported', ''],
      ],
      ['gone.main', {}, ['Error', /gone/, 'MODULE_NOT_FOUND']],
    ];
    for (const [handler, files, expected] of cases) {
      const { told } = await run(files, { handler });
      const [name, message, code] = told as string[];
      const [expectedName, pattern, expectedCode] = expected as [string, string | RegExp, string];
      assert.deepEqual([name, code], [expectedName, expectedCode], handler);
      if (typeof pattern === 'string') assert.equal(message, pattern);
      else assert.match(message, pattern);
    }
  });

  test('what is called and started while the module loads stands in the record of the load', async () => {
    const files = {
      'app.mjs': `import { spawnSync } from 'node:child_process';
        spawnSync('/bin/true'); export const main = async ({ n }) => n;`,
    };
    const { records } = await run(files, { handler: 'app.main' });
    assert.equal((records[0].c as unknown[][])[0][0], 'exec:true');
    assert.equal(records[1].c, undefined);
  });

  test('child processes of the function, which inherit the options of Node, run without a sensor', async () => {
    const files = {
      'app.mjs': `import { execFileSync } from 'node:child_process';
        export const main = async () => execFileSync(process.execPath, ['-e', 'process.stdout.write(process.env._HANDLER)'], { encoding: 'utf8' }).endsWith('gait.handler');`,
    };
    const { told, records } = await run(files, { handler: 'app.main' });
    assert.deepEqual(told, [true, true]);
    assert.equal(new Set(records.map((record) => record.in)).size, 1);
    assert.equal(records.length, 3);
  });

  test('the wrapper for exec starts whatever it is given with the sensor', async () => {
    const built = ensureSensorBuilt();
    const { told } = await runScript(
      `import { execFileSync } from 'node:child_process';
       import { writeSync } from 'node:fs';
       const show = 'process.stdout.write(JSON.stringify([process.env._HANDLER, process.env.GAIT_HANDLER, process.env.NODE_OPTIONS]))';
       writeSync(3, execFileSync(${JSON.stringify(built.wrapper)}, [process.execPath, '-e', show],
         { env: { PATH: process.env.PATH, _HANDLER: 'app.main', NODE_OPTIONS: '--no-warnings' }, encoding: 'utf8' }));`,
    );
    assert.deepEqual(told, [
      join(built.folder, 'gait.handler'),
      'app.main',
      `--no-warnings --require ${built.register}`,
    ]);
  });

  test('a revision without a number is a fingerprint of the code, the same in every sandbox', async () => {
    const files = { 'app.mjs': `export const main = async ({ n }) => n;` };
    const changed = { 'app.mjs': `export const main = async ({ n }) => n + 1;` };
    const all = await Promise.all([files, files, changed].map((given) => run(given, { handler: 'app.main' })));
    const [one, same, other] = all.map(({ records }) => records[1].rev);
    assert.match(String(one), /^[0-9a-f]{16}$/);
    assert.equal(one, same);
    assert.notEqual(one, other);
    const numbered = await run(files, { handler: 'app.main', environment: { AWS_LAMBDA_FUNCTION_VERSION: '7' } });
    assert.equal(numbered.records[1].rev, '7');
  });
});

suite('what is deployed', () => {
  test('is small, and requires nothing but what Node has', () => {
    const { folder } = ensureSensorBuilt();
    const allowed = new Set(Object.values(BUILT_FILES).map((file) => `./${file}`));
    let bytes = 0;
    for (const file of Object.values(BUILT_FILES)) {
      const path = join(folder, file);
      bytes += statSync(path).size;
      const code = readFileSync(path, 'utf8');
      const specifiers = [...code.matchAll(/(?:require\(|from\s*|import\s*\(?)["']([^"']+)["']/g)].map(
        ([, name]) => name,
      );
      for (const name of specifiers) {
        const isBuiltin = name.startsWith('node:') && builtinModules.includes(name.slice(5));
        assert.ok(isBuiltin || allowed.has(name), `${file} needs ${name}`);
      }
      if (file === BUILT_FILES.cjs) assert.ok(specifiers.length >= 4);
    }
    assert.ok(bytes <= BUILT_BYTES_MAX, `${bytes} bytes`);
  });
});
