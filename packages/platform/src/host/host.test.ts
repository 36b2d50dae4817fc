import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { HostError } from './host.ts';
import { processTree } from './process-tree.ts';
import { startTestHost, type TestHost, until } from './test-functions.ts';

const ECHO = 'export const handler = async (event) => ({ pid: process.pid, event })';
/** Tells sandboxes apart, and counts their invocations. */
const COUNT = 'let n = 0; export const id = Math.random(); export const handler = async () => ({ id, n: ++n })';
/** Takes some time, so that calls overlap. */
const SLOW = `let n = 0; const id = Math.random(); export const handler = async (e) => {
  await new Promise((r) => setTimeout(r, e.ms ?? 150)); return { id, n: ++n }; }`;

const withHost = (options: Parameters<typeof startTestHost>[0], run: (test: TestHost) => Promise<void>) => async () => {
  const test = await startTestHost(options);
  try {
    await run(test);
  } finally {
    await test.close();
  }
};

for (const isolation of ['auto', 'processes'] as const) {
  describe(`the life of sandboxes (${isolation})`, () => {
    it(
      'a warm sandbox is used again, and state stays in it',
      withHost({ isolation }, async (test) => {
        const f = test.make({ 'index.mjs': COUNT });
        const first = await test.call(f);
        const second = await test.call(f);
        assert.equal(second.body.id, first.body.id);
        assert.equal(second.body.n, 2);
        assert.equal(test.host.sandboxes().length, 1);
        assert.equal(test.host.sandboxes()[0]?.invocations, 2);
      }),
    );

    it(
      'an error of the handler leaves the sandbox, and a crash makes the next call start cold',
      withHost({ isolation }, async (test) => {
        const code = `const id = Math.random(); export const handler = async (e) => { if (e.exit) process.exit(1); if (e.fail) throw new Error(String(id)); return id }`;
        const f = test.make({ 'index.mjs': code });
        const first = await test.call(f);
        const failed = await test.call(f, { fail: true });
        assert.deepEqual([failed.error, failed.body.errorMessage], [true, String(first.body)]);
        assert.equal((await test.call(f)).body, first.body);
        assert.equal((await test.call(f, { exit: true })).body.errorType, 'Runtime.ExitError');
        assert.notEqual((await test.call(f)).body, first.body);
      }),
    );

    it(
      'calls at the same time get sandboxes of their own',
      withHost({ isolation }, async (test) => {
        const f = test.make({ 'index.mjs': SLOW });
        const answers = await Promise.all([test.call(f), test.call(f), test.call(f)]);
        assert.equal(new Set(answers.map((answer) => answer.body.id)).size, 3);
        assert.equal(test.host.sandboxes().length, 3);
      }),
    );

    it(
      'work left running stands still between invocations and goes on in the next',
      withHost({ isolation }, async (test) => {
        // A child writes numbers as fast as it can; what it has written must not grow while nothing is invoked.
        const f = test.make({
          'index.mjs': `import { spawn } from 'node:child_process'; import { statSync } from 'node:fs'; import { tmpdir } from 'node:os';
            const file = tmpdir() + '/ticks'; let child; let n = 0; setInterval(() => n++, 1);
            const size = () => { try { return statSync(file).size } catch { return 0 } };
            export const handler = async (e) => {
              if (e.start) { child = spawn('/bin/sh', ['-c', 'while :; do echo x >>"$0"; done', file], { stdio: 'ignore' }); await new Promise((r) => setTimeout(r, 100)); }
              const before = { size: size(), n };
              if (e.wait) await new Promise((r) => setTimeout(r, 100));
              return { before, after: { size: size(), n } };
            };`,
        });
        const first = await test.call(f, { start: true, wait: true });
        assert.ok(first.body.after.size > first.body.before.size, 'the child writes while an invocation runs');
        const [status] = test.host.sandboxes();
        assert.ok(status);
        const tree = processTree(status.pid);
        assert.ok(tree.length >= 3, 'entry or shell, runtime and child');
        // The kernel stops a running process a moment after it was told to; from then on it stays so.
        await until('all are stopped', () => tree.every((pid) => stateOf(pid) === 'T'));
        const second = await test.call(f, { wait: true });
        assert.ok(second.body.after.size > second.body.before.size, 'the child goes on in the next invocation');
        assert.ok(second.body.after.n > second.body.before.n, 'and so do timers');
      }),
    );

    it(
      'a changed revision gets new sandboxes, and idle old ones end',
      withHost({ isolation }, async (test) => {
        const f = test.make({ 'index.mjs': COUNT });
        const old = await test.call(f);
        const changed = test.make({ 'index.mjs': COUNT }, { name: f.name });
        const fresh = await test.call(changed);
        assert.notEqual(fresh.body.id, old.body.id);
        await until('the old one ends', () => test.host.sandboxes().length === 1);
        assert.equal(test.host.sandboxes()[0]?.revisionId, changed.revisionId);
      }),
    );

    it(
      'recycling makes the next call start cold, and lets busy ones finish',
      withHost({ isolation }, async (test) => {
        const f = test.make({ 'index.mjs': SLOW });
        const idle = await test.call(f, { ms: 1 });
        await test.host.recycle(f.name);
        assert.equal(test.host.sandboxes().length, 0);
        const running = test.call(f, { ms: 300 });
        await until('it runs', () => test.host.sandboxes().some((one) => one.state === 'busy'));
        await test.host.recycle(f.name);
        const finished = await running;
        assert.equal(finished.error, false);
        assert.notEqual(finished.body.id, idle.body.id);
        await until('the busy one ends', () => test.host.sandboxes().length === 0);
      }),
    );

    it(
      'what a timed out function started is gone with it',
      withHost({ isolation }, async (test) => {
        const f = test.make(
          {
            'index.mjs': `import { spawn } from 'node:child_process';
              export const handler = async (e) => {
                spawn('/bin/sleep', ['987654'], { stdio: 'ignore' });
                spawn('/bin/sleep', ['987655'], { stdio: 'ignore', detached: true }).unref();
                await new Promise(() => setTimeout(() => {}, 60000)); }`,
          },
          { timeoutMs: 500 },
        );
        const answer = await test.call(f);
        assert.equal(answer.body.errorType, 'Sandbox.Timedout');
        assert.deepEqual(running('987654'), []);
        assert.deepEqual(running('987655'), []);
      }),
    );

    it(
      'children that outlive an invocation end with the sandbox',
      withHost({ isolation }, async (test) => {
        const f = test.make({
          'index.mjs': `import { spawn } from 'node:child_process';
            export const handler = async () => { spawn('/bin/sleep', ['876543'], { stdio: 'ignore', detached: true }).unref(); return 1 }`,
        });
        assert.equal((await test.call(f)).body, 1);
        assert.equal(running('876543').length, 1);
        await test.host.recycle(f.name);
        assert.deepEqual(running('876543'), []);
      }),
    );
  });
}

describe('limits of a host', () => {
  it(
    'a function without concurrency is throttled, and not when the limit is taken away',
    withHost({}, async (test) => {
      const f = test.make({ 'index.mjs': ECHO });
      test.host.setConcurrency(f.name, 0);
      assert.equal((await test.call(f)).reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
      test.host.setConcurrency(f.name, undefined);
      assert.equal((await test.call(f)).kind, 'returned');
    }),
  );

  it(
    'one more call than the limit allows is throttled, over all versions',
    withHost({}, async (test) => {
      const f = test.make({ 'index.mjs': SLOW });
      test.host.setConcurrency(f.name, 1);
      const [first, second] = await Promise.all([test.call(f), test.call({ ...f, version: '1' })]);
      assert.equal(first?.kind, 'returned');
      assert.equal(second?.kind, 'throttled');
      assert.equal((await test.call(f, { ms: 1 })).kind, 'returned');
    }),
  );

  it(
    'an idle sandbox makes room for another function, a busy one does not',
    withHost({ sandboxesMax: 1 }, async (test) => {
      const [a, b] = [test.make({ 'index.mjs': SLOW }), test.make({ 'index.mjs': SLOW })];
      const [first, second] = await Promise.all([test.call(a), test.call(b)]);
      assert.equal(first?.kind, 'returned');
      assert.equal(second?.reason, 'ConcurrentInvocationLimitExceeded');
      assert.equal((await test.call(b)).kind, 'returned');
      assert.equal(test.host.sandboxes().length, 1);
    }),
  );

  it(
    'a payload above 6 MiB is refused, and an empty one is an empty event',
    withHost({}, async (test) => {
      const f = test.make({ 'index.mjs': ECHO });
      const tooLarge = test.host.invoke(f, { payload: Buffer.alloc(6_291_457, 0x20) });
      await assert.rejects(tooLarge, (error) => error instanceof HostError && error.code === 'payload-too-large');
      const outcome = await test.host.invoke(f, { payload: new Uint8Array(0) });
      assert.match(outcome.kind === 'returned' ? Buffer.from(outcome.payload).toString() : '', /"event":\{\}/);
    }),
  );

  it(
    'an idle sandbox ends after its time',
    withHost({ idleMs: 30 }, async (test) => {
      await test.call(test.make({ 'index.mjs': ECHO }));
      await until('it ends', () => test.host.sandboxes().length === 0);
    }),
  );

  it(
    'a sandbox whose credentials run out is not used again',
    withHost({}, async (outer) => {
      await outer.close();
      let made = 0;
      const credentials = () => {
        made += 1;
        return { accessKeyId: `A${made}`, secretAccessKey: 's', sessionToken: 't', expiresMs: Date.now() + 1_000 };
      };
      const test = await startTestHost({}, { credentials });
      const f = test.make({ 'index.mjs': 'export const handler = async () => process.env.AWS_ACCESS_KEY_ID' });
      assert.equal((await test.call(f)).body, 'A1');
      assert.equal((await test.call(f)).body, 'A2');
      await test.close();
    }),
  );

  it(
    'a host can be closed twice, while something runs, and refuses afterwards',
    withHost({}, async (test) => {
      const f = test.make({ 'index.mjs': SLOW });
      const busy = test.call(f, { ms: 60_000 });
      await until('it runs', () => test.host.sandboxes().some((one) => one.state === 'busy'));
      await Promise.all([test.host.close(), test.host.close()]);
      const answer = await busy;
      assert.equal(answer.error, true);
      assert.equal(answer.body.errorType, 'Sandbox.Failure');
      assert.deepEqual(test.host.sandboxes(), []);
      await assert.rejects(test.call(f), (error) => error instanceof HostError && error.code === 'closed');
    }),
  );

  it(
    'closing while a sandbox is being made leaves nothing behind',
    withHost({}, async (test) => {
      const starting = test.call(test.make({ 'index.mjs': ECHO }));
      await test.host.close();
      assert.equal((await starting).error, true);
      assert.deepEqual(test.host.sandboxes(), []);
    }),
  );
});

/** State of a process as the kernel has it: `T` is stopped. */
function stateOf(pid: number): string {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
}

/** Processes of this machine with a word in their command line. */
function running(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`sleep\0${word}`);
    } catch {
      return false;
    }
  });
}
