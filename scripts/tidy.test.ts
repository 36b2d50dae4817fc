import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { RULES, tidy } from './tidy.ts';

/** Files of a small tree, by path. */
type Files = Readonly<Record<string, string>>;

const engine = 'packages/engine/src';
const server = 'packages/server/src';

/** For each rule, trees that break it, and the line that must be printed. */
const CANARIES: readonly (readonly [rule: string, files: Files, expected: string])[] = [
  ['imports', { [`${engine}/base/a.ts`]: "import '../stats/b.ts';" }, `${engine}/base/a.ts:1`],
  ['imports', { [`${engine}/stats/a.ts`]: "\nimport 'node:fs';" }, `${engine}/stats/a.ts:2`],
  ['imports', { [`${engine}/stats/a.ts`]: "export * from '../engine.ts';" }, `${engine}/stats/a.ts:1`],
  ['imports', { [`${engine}/surprise/a.ts`]: 'export {};' }, `${engine}/surprise/a.ts:1`],
  ['imports', { [`${engine}/base/a.ts`]: "import '@gait/server/config';" }, `${engine}/base/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "import '../storage/sqlite.ts';" }, `${server}/log/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "import type { A } from '../storage/sqlite.ts';" }, `${server}/log/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "const b = await import('../cli/main.ts');" }, `${server}/log/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "import '@gait/sensor/index';" }, `${server}/log/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "import 'left-pad';" }, `${server}/log/a.ts:1`],
  ['imports', { [`${server}/log/a.ts`]: "import '../../../engine/src/base/a.ts';" }, `${server}/log/a.ts:1`],
  ['imports', { 'packages/sensor/src/a.ts': "import '@gait/engine/base/a';" }, 'packages/sensor/src/a.ts:1'],
  ['imports', { [`${server}/log/a.ts`]: "import '@gait/lab/demo';" }, `${server}/log/a.ts:1`],
  ['imports', { 'packages/console/src/a.ts': "import '@gait/server/api/a';" }, 'packages/console/src/a.ts:1'],
  ['imports', { 'packages/other/src/a.ts': 'export {};' }, 'packages/other/src/a.ts:1'],
  ['file-length', { [`${engine}/base/a.ts`]: '\n'.repeat(600) }, `${engine}/base/a.ts:601`],
  ['function-length', { 'scripts/a.ts': `function a() {${'\n'.repeat(70)}}` }, 'scripts/a.ts:1'],
  ['function-length', { 'scripts/a.test.ts': `const a = () => {${'\n'.repeat(70)}};` }, 'scripts/a.test.ts:1'],
  ['parameters', { 'scripts/a.ts': '/** A. */\nexport function f(a, b, c, d) {}' }, 'scripts/a.ts:2'],
  ['parameters', { 'scripts/a.ts': 'const f = (a, b, c, d, e) => {};' }, 'scripts/a.ts:1'],
  ['parameters', { 'scripts/a.ts': '/** A. */\nexport interface A {\n  f(a, b, c, d): void;\n}' }, 'scripts/a.ts:3'],
  ['names', { 'scripts/string-utils.ts': 'export {};' }, 'scripts/string-utils.ts:1'],
  ['names', { 'scripts/a.ts': '/** A. */\nexport class LogManager {}' }, 'scripts/a.ts:2'],
  ['names', { 'scripts/a.ts': '/** A. */\nexport const userData = 1;' }, 'scripts/a.ts:2'],
  ['comments', { 'scripts/a.ts': 'export interface A {}' }, 'scripts/a.ts:1'],
  ['comments', { 'scripts/a.ts': '/** A. */\nexport const A = 1;\n\nexport const B = 2;' }, 'scripts/a.ts:4'],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = Date.now();' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = 2 ** 3;' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'let a = 2;\na **= 3;' }, `${engine}/base/a.ts:2`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = Math.pow(2, 3);' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = [Math.random];' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = (1).toLocaleString();' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'const a = { process };' }, `${engine}/base/a.ts:1`],
  ['engine-purity', { [`${engine}/base/a.ts`]: 'setTimeout(() => {}, 1);' }, `${engine}/base/a.ts:1`],
  ['unfinished', { 'docs/a.md': `fine\n${'TO' + 'DO'}: the rest` }, 'docs/a.md:2'],
  ['debugging', { [`${server}/log/a.ts`]: 'console.log(1);' }, `${server}/log/a.ts:1`],
  ['debugging', { 'scripts/a.ts': 'debugger;' }, 'scripts/a.ts:1'],
  ['debugging', { 'scripts/a.test.ts': "test.only('a', () => {});" }, 'scripts/a.test.ts:1'],
  ['addresses', { '.npmrc': `registry=https://${'registry'}.example.org/` }, '.npmrc:1'],
  ['addresses', { 'docs/a.md': `see /${'home'}/somebody/notes` }, 'docs/a.md:1'],
  ['lock-file', { 'package-lock.json': '{\n"resolved": "https://example.org/a.tgz"\n}' }, 'package-lock.json:2'],
  ['codes', { [`${server}/a.ts`]: 'const A_ERRORS = {\n  GAIT_A: 1,\n} as const;' }, `${server}/a.ts:2`],
  [
    'codes',
    { [`${server}/a.ts`]: "const REJECTS = { 'bad-a': 1 };", 'docs/reference/rejects.md': 'bad-a' },
    `${server}/a.ts:1`,
  ],
  ['detectors', { [`${engine}/detectors/a.ts`]: 'const a: Detector<S> = {};' }, `${engine}/detectors/a.ts:1`],
  [
    'demo',
    {
      'fixtures/demo/truth.json': '{"names": ["spoke-booking"]}',
      [`${engine}/base/a.ts`]: "\nconst a = 'spoke-booking';",
    },
    `${engine}/base/a.ts:2`,
  ],
  [
    'demo',
    {
      'packages/lab/src/shop/drop-host.ts': "const a = '127.0.99.1';",
      [`${server}/api/a.ts`]: "\nconst a = '127.0.99.1';",
    },
    `${server}/api/a.ts:2`,
  ],
];

/** Nothing here breaks a rule, though each line comes close to breaking one. */
const CLEAN: Files = {
  [`${engine}/base/a.ts`]: [
    '/** A limit. */',
    'export const A_MAX = 3;',
    'export const B_MAX = 4;',
    'export type A = typeof A_MAX;',
    'const seen = { process: 1, performance: 2 };',
    'const used = seen.process;',
    'const pow = { Date: String };',
    'function inner(a, b, c, d) {}',
  ].join('\n'),
  [`${engine}/stats/b.ts`]: "import { A_MAX } from '../base/a.ts';",
  [`${engine}/base/a.test.ts`]: `import 'node:fs';\ndescribe('a', () => {\ntestWith('b', () => {});${'\n'.repeat(80)}});`,
  [`${engine}/engine.ts`]: "import './stats/b.ts';\nimport './base/a.ts';",
  [`${engine}/detectors/registry.ts`]: "import './a.ts';",
  [`${engine}/detectors/a.ts`]: 'const a: Detector<S> = {};',
  [`${server}/log/log.ts`]: "const LOG_ERRORS = { GAIT_A: 'a' };",
  [`${server}/storage/a.ts`]: "import '../log/log.ts';\nimport '@gait/engine/base/a';\nimport '@gait/sensor/wire';",
  [`${server}/cli/a.ts`]: "import '../log/segments.ts';\nconsole.log('started');",
  [`${server}/storage/a.test.ts`]: "import '../log/segments.ts';",
  'packages/lab/src/a.ts': "import '@gait/server/log/log';",
  'packages/console/src/a.ts': "import type { A } from '@gait/server/api/a';",
  'docs/reference/errors.md': '- `GAIT_A`: a',
  'fixtures/demo/truth.json': '{"names": ["spoke-booking"]}',
  'package-lock.json': '{ "resolved": "packages/engine", "link": true }',
};

describe('tidy', () => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  function tidyTree(files: Files): string[] {
    const root = mkdtempSync(join(tmpdir(), 'gait-tidy-'));
    folders.push(root);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), `${text}\n`);
    }
    return tidy(root);
  }

  for (const [rule, files, expected] of CANARIES) {
    const [path, text] = Object.entries(files).at(-1) ?? ['', ''];
    test(`${rule} is broken by ${path}: ${text.replaceAll(/\s+/g, ' ').trim().slice(0, 60)}`, () => {
      const lines = tidyTree(files);
      assert.ok(
        lines.some((line) => line.startsWith(`${expected}: ${rule}: `)),
        `expected ${expected}: ${rule}, got ${JSON.stringify(lines)}`,
      );
    });
  }

  test('every rule has a canary', () => {
    const covered = new Set(CANARIES.map(([rule]) => rule));
    assert.deepEqual([...covered].sort(), RULES.map(({ id }) => id).sort());
  });

  test('nothing is said about a tree that keeps the rules', () => {
    assert.deepEqual(tidyTree(CLEAN), []);
  });
});
