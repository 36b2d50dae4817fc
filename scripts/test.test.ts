import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { testFiles, versionAdvice } from './test.ts';

test('tests, fuzz tests and crash tests run, contracts and sources do not', () => {
  const root = mkdtempSync(join(tmpdir(), 'gait-test-files-'));
  try {
    const inside = ['a.test.ts', 'deep/b.fuzz.ts', 'deep/c.crash.ts', 'd.contract.ts', 'e.ts', 'f.bench.ts'];
    for (const name of [...inside.map((file) => `packages/x/src/${file}`), 'scripts/g.test.ts', 'docs/h.test.ts']) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), '');
    }
    assert.deepEqual(testFiles(root), [
      'packages/x/src/a.test.ts',
      'packages/x/src/deep/b.fuzz.ts',
      'packages/x/src/deep/c.crash.ts',
      'scripts/g.test.ts',
    ]);
    assert.deepEqual(testFiles(root, ['packages/**/*.crash.ts']), ['packages/x/src/deep/c.crash.ts']);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('an old Node is replaced by the own one, or the user is told', () => {
  assert.equal(versionAdvice('24.21.0', undefined), 'run');
  assert.equal(versionAdvice('100.0.0', undefined), 'run');
  assert.equal(versionAdvice('22.18.0', '/repository/node_modules/.bin/node'), 'restart');
  assert.equal(versionAdvice('22.18.0', undefined), 'install');
});
