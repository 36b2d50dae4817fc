import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, kill } from 'node:process';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { until } from './test-functions.ts';

/** A host in a process of its own: one sandbox is frozen and one is busy, both with children that left their group, when it says so. */
const HOST = (folder: string, isolation: string) => `
import { startTestHost } from ${JSON.stringify(join(import.meta.dirname, 'test-functions.ts'))};
const test = await startTestHost({ isolation: ${JSON.stringify(isolation)}, folder: ${JSON.stringify(join(folder, 'host'))}, temporaryFolder: ${JSON.stringify(join(folder, 'host'))} });
const code = \`import { spawn } from 'node:child_process'; export const handler = async (e) => {
  spawn('/bin/sleep', [process.env.MARK], { stdio: 'ignore', detached: true }).unref(); if (e.stay) await new Promise((r) => setTimeout(r, 60000)); return 1 }\`;
const make = () => test.make({ 'index.mjs': code }, { timeoutMs: 60000, environment: { MARK: process.argv[2] } });
await test.call(make());
void test.call(make(), { stay: true });
const timer = setInterval(() => { if (test.host.sandboxes().some((one) => one.state === 'busy')) console.log('ready', test.host.sandboxes().map((one) => one.pid).join()); }, 50);
`;

describe('a host that is killed', () => {
  for (const isolation of ['auto', 'processes']) {
    it(`leaves no sandbox behind, frozen or busy, and no temporary folder (${isolation})`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'gait-kill-'));
      const script = join(folder, 'host.ts');
      writeFileSync(script, HOST(folder, isolation));
      const mark = String(700_000 + Math.floor(Math.random() * 99_999));
      const host = spawn(execPath, [script, mark], { stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const line of createInterface({ input: host.stdout })) if (line.startsWith('ready')) break;
      await until('both have their child', () => sleepers(mark).length === 2);
      assert.ok(sandboxProcesses(folder, mark).length >= 4, 'two runtimes and two children run');
      kill(host.pid ?? 0, 'SIGKILL');
      await once(host, 'exit');
      await until('everything is gone', () => sandboxProcesses(folder, mark).length === 0);
      await until('the folder is gone', () => !existsSync(join(folder, 'host')));
      rmSync(folder, { recursive: true, force: true });
    });
  }
});

/** Processes that name the folder of the host or the mark, in their command line or their environment. */
function sandboxProcesses(folder: string, mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    const text = read(`/proc/${pid}/cmdline`) + read(`/proc/${pid}/environ`);
    return text.includes(join(folder, 'host', '')) || text.includes(`MARK=${mark}`) || text.includes(`sleep\0${mark}`);
  });
}

function sleepers(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => read(`/proc/${pid}/cmdline`).includes(`sleep\0${mark}`));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
