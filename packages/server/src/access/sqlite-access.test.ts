import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { scratchFolder } from '../log/scratch.ts';
import { type Access, AccessError, type AccessErrorCode, type Grant, permits, ROLES } from './access.ts';
import { type OpenedAccess, openAccess } from './sqlite-access.ts';

type Asked = Parameters<Access['create']>[0];

/** A clock that a test moves. */
class Clock {
  ms = 1_764_000_000_000;
  nowMs = () => this.ms;
  elapsedMs = () => this.ms;
}

const asked = (changes: Partial<Asked> = {}): Asked => ({
  name: 'collector',
  role: 'ingest',
  functions: ['aws:123456789012:eu-west-1:*'],
  recordsPerSecond: 10,
  ...changes,
});

async function opened(test: TestContext): Promise<{ path: string; clock: Clock; access: OpenedAccess }> {
  const path = join(await scratchFolder(test), 'access.sqlite');
  const clock = new Clock();
  const access = openAccess(path, clock);
  test.after(() => access.close());
  return { path, clock, access };
}

function granted(access: Access, secret: string): Grant {
  const grant = access.check(secret);
  assert.ok(!('refused' in grant), JSON.stringify(grant));
  return grant;
}

const failsWith = (code: AccessErrorCode) => (error: unknown) => error instanceof AccessError && error.code === code;

describe('access', () => {
  it('lets in who presents a whole token, and nobody else', async (test) => {
    const { access } = await opened(test);
    const { record, secret } = access.create(asked());
    assert.match(secret, /^gait_[0-9a-f]{12}_[\w-]{43}$/);
    assert.deepEqual(granted(access, secret).token, record);
    const other = access.create(asked({ name: 'other' }));
    const swapped = other.secret.slice(0, 18) + secret.slice(18);
    assert.deepEqual(access.check(undefined), { refused: 'absent' });
    assert.deepEqual(access.check(''), { refused: 'absent' });
    for (const wrong of [
      swapped,
      record.id,
      `${secret} `,
      secret.slice(0, -1),
      secret.toUpperCase(),
      'x'.repeat(1e6),
    ]) {
      assert.deepEqual(access.check(wrong), { refused: 'unknown' }, wrong.slice(0, 80));
    }
  });

  it('keeps no secret, in a file that only its owner can read', async (test) => {
    const { access, path } = await opened(test);
    const { secret } = access.create(asked());
    const bytes = Buffer.concat([readFileSync(path), readFileSync(`${path}-wal`)]);
    assert.ok(bytes.includes('collector'), 'the name is there');
    assert.ok(!bytes.includes(secret.slice(-43)), 'the secret is not');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('refuses a token from the moment it expires or is revoked, and says which', async (test) => {
    const { access, clock } = await opened(test);
    const short = access.create(asked({ name: 'short', expiresMs: clock.ms + 1000 }));
    const revoked = access.create(asked({ name: 'revoked' }));
    clock.ms += 999;
    granted(access, short.secret);
    clock.ms += 1;
    assert.deepEqual(access.check(short.secret), { refused: 'expired' });
    granted(access, revoked.secret);
    assert.equal(access.revoke(revoked.record.id), true);
    assert.deepEqual(access.check(revoked.secret), { refused: 'revoked' });
    assert.equal(access.revoke('0123456789ab'), false);
  });

  it('keeps the time of the first revocation', async (test) => {
    const { access, clock } = await opened(test);
    const { record } = access.create(asked());
    access.revoke(record.id);
    const first = clock.ms;
    clock.ms += 5000;
    assert.equal(access.revoke(record.id), true);
    assert.equal(access.list()[0].revokedMs, first);
  });

  it('sees within a second what another process made and revoked', async (test) => {
    const { access, clock, path } = await opened(test);
    const run = (line: string) => {
      const module = JSON.stringify(join(import.meta.dirname, 'sqlite-access.ts'));
      const code = `import { openAccess } from ${module}; const access = openAccess(${JSON.stringify(path)}); ${line}`;
      return execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
    };
    const secret = run(`process.stdout.write(access.create(${JSON.stringify(asked())}).secret)`);
    clock.ms += 1000;
    const { token } = granted(access, secret);
    run(`access.revoke(${JSON.stringify(token.id)})`);
    clock.ms += 1000;
    assert.deepEqual(access.check(secret), { refused: 'revoked' });
  });

  it('is the same after it was closed and opened again', async (test) => {
    const { access, clock, path } = await opened(test);
    access.create(asked({ name: 'one', expiresMs: clock.ms + 60_000 }));
    access.revoke(access.create(asked({ name: 'two', role: 'read', functions: [] })).record.id);
    const before = access.list();
    access.close();
    access.close();
    assert.throws(() => access.list(), failsWith('GAIT_ACCESS_CLOSED'));
    const again = openAccess(path, clock);
    test.after(() => again.close());
    assert.deepEqual(again.list(), before);
  });

  it('keeps the rate of a token although others are made and revoked', async (test) => {
    const { access, clock } = await opened(test);
    const { secret } = access.create(asked({ recordsPerSecond: 10 }));
    assert.deepEqual(granted(access, secret).take(20), { ok: true });
    access.revoke(access.create(asked({ name: 'other' })).record.id);
    assert.deepEqual(granted(access, secret).take(5), { ok: false, retryAfterMs: 500 });
    clock.ms += 500;
    assert.deepEqual(granted(access, secret).take(5), { ok: true });
  });

  it('says everything that is wrong with a token that is asked for', async (test) => {
    const { access, clock } = await opened(test);
    const bad = asked({
      name: 'a\u001b[31m',
      functions: ['pay', 'aws:1:*x:y'],
      recordsPerSecond: 0,
      expiresMs: clock.ms,
    });
    assert.throws(
      () => access.create(bad),
      (error) => {
        assert.ok(error instanceof AccessError && error.code === 'GAIT_ACCESS_INVALID');
        for (const part of ['A name has', '"pay" is not', '"*x"', 'A rate is', 'expired already']) {
          assert.ok(error.message.includes(part), `${part} in ${error.message}`);
        }
        return true;
      },
    );
    for (const recordsPerSecond of [Number.NaN, Number.POSITIVE_INFINITY, -1]) {
      assert.throws(() => access.create(asked({ recordsPerSecond })), failsWith('GAIT_ACCESS_INVALID'));
    }
    assert.throws(() => access.create(asked({ role: 'read' })), failsWith('GAIT_ACCESS_INVALID'));
    assert.deepEqual(access.list(), []);
  });

  it('gives a name to one valid token at a time', async (test) => {
    const { access } = await opened(test);
    const { record } = access.create(asked());
    assert.throws(() => access.create(asked()), failsWith('GAIT_ACCESS_NAME_TAKEN'));
    access.revoke(record.id);
    access.create(asked());
    assert.equal(access.list().length, 2);
  });

  it('refuses a file that is something else', async (test) => {
    const folder = await scratchFolder(test);
    const path = join(folder, 'access.sqlite');
    writeFileSync(path, 'no database at all, but long enough to be taken for one '.repeat(40));
    assert.throws(() => openAccess(path), failsWith('GAIT_ACCESS_DAMAGED'));
    assert.throws(() => openAccess(join(folder, 'absent', 'access.sqlite')), failsWith('GAIT_ACCESS_IO'));
  });
});

describe('the first administrator', () => {
  it('is made once, and not again when revoked', async (test) => {
    const { access, clock, path } = await opened(test);
    const secret = access.ensureAdministrator();
    assert.ok(secret !== undefined);
    assert.equal(granted(access, secret).token.role, 'admin');
    assert.equal(access.ensureAdministrator(), undefined);
    access.revoke(granted(access, secret).token.id);
    const again = openAccess(path, clock);
    test.after(() => again.close());
    assert.equal(again.ensureAdministrator(), undefined);
  });

  it('is not needed where there is one already', async (test) => {
    const { access } = await opened(test);
    access.create(asked({ name: 'root', role: 'admin', functions: [] }));
    assert.equal(access.ensureAdministrator(), undefined);
    assert.equal(access.list().length, 1);
  });
});

describe('roles', () => {
  it('include those before them, but for ingest, which can only send', () => {
    const table = ROLES.map((role) => ROLES.map((needed) => permits(role, needed)));
    assert.deepEqual(table, [
      [true, false, false, false],
      [false, true, false, false],
      [false, true, true, false],
      [false, true, true, true],
    ]);
  });
});
