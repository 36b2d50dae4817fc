import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { buildShop } from './build.ts';

/** A cold start reads and compiles all of it. */
const BUNDLE_BYTES_MAX = 450_000;

test('each function becomes one small file that loads without anything around it', async () => {
  const built = await buildShop();
  assert.equal(built.size, 10);
  const alone = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    for (const [name, { codeFolder, bytes }] of built) {
      assert.ok(bytes < BUNDLE_BYTES_MAX, `${name} has ${bytes} bytes`);
      const folder = join(alone, name);
      cpSync(codeFolder, folder, { recursive: true });
      const entry = readdirSync(folder).find((file) => file.startsWith('index.')) ?? assert.fail(name);
      process.env['AWS_REGION'] ??= 'eu-west-1';
      const loaded: unknown = await import(pathToFileURL(join(folder, entry)).href);
      assert.equal(typeof Object(loaded).handler, 'function');
    }
  } finally {
    rmSync(alone, { recursive: true, force: true });
  }
});

test('what was built is used again, several at once make one build, and old ones go', async () => {
  const output = mkdtempSync(join(tmpdir(), 'builds-'));
  try {
    const old = join(output, 'old');
    mkdirSync(old);
    utimesSync(old, 0, 0);
    mkdirSync(join(output, 'recent'));
    const [first, second] = await Promise.all([buildShop(output), buildShop(output)]);
    assert.deepEqual(first, second);
    assert.equal(readdirSync(output).length, 2);
    assert.ok(!existsSync(old));
    const file = join(first.get('order')?.codeFolder ?? '', 'index.mjs');
    const { ino } = statSync(file);
    await buildShop(output);
    assert.equal(statSync(file).ino, ino);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
});
