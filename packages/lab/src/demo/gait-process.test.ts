import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { GaitNotStarted, GaitProcess } from './gait-process.ts';

function folder(test: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'gait-process-test-'));
  test.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

describe('the server as a process of its own', { timeout: 60_000 }, () => {
  it('is known by its address and token when it listens, tells what it uses, and ends in order, also when asked twice', async (test) => {
    const gait = await GaitProcess.start(['--data', folder(test), '--port', '0'], {});
    test.after(() => gait.close());
    const { state } = await gait.ask<{ readonly state: string }>('/api/v1/health');
    assert.equal(state, 'running');
    const { cpuSeconds, rssMb } = await gait.used();
    assert.ok(cpuSeconds > 0 && rssMb > 10, `${cpuSeconds} s, ${rssMb} MiB`);
    await assert.rejects(gait.ask('/api/v1/no-such'), /GET \/api\/v1\/no-such: 404/);
    await Promise.all([gait.close(), gait.close()]);
    await assert.rejects(gait.ask('/api/v1/health'));
  });

  it('says which address is taken by something else', async (test) => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    test.after(() => other.close());
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : assert.fail();
    await assert.rejects(GaitProcess.start(['--data', folder(test), '--port', String(port)], {}), (error) => {
      assert.ok(error instanceof GaitNotStarted, String(error));
      assert.equal(error.taken, `127.0.0.1:${port}`);
      return true;
    });
  });

  it('passes on what the server says when it cannot start for another reason', async () => {
    await assert.rejects(GaitProcess.start(['--config', '/no/such/file'], {}), (error) => {
      assert.ok(error instanceof GaitNotStarted && error.taken === undefined, String(error));
      assert.match(error.message, /did not start:\n.*no\/such\/file/s);
      return true;
    });
  });
});
