import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openAccess } from '../access/sqlite-access.ts';
import { scratchFolder } from '../log/scratch.ts';
import { FOLDER } from '../runtime/folder.ts';
import { gait, linesOf } from './command.contract.ts';

const PATTERN = 'aws:123456789012:eu-west-1:shop-*';

describe('tokens on the command line', () => {
  it('are made in a new folder beside a server that has it open, listed, and revoked', async (test) => {
    const data = join(await scratchFolder(test), 'new');
    const made = await gait('token', 'create', 'shop', '--functions', PATTERN, '--data', data);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^gait_[0-9a-f]{12}_[\w-]{43}\n$/);
    assert.match(made.stderr, /\(shop, role ingest\) is valid until it is revoked\. It is shown once/);
    const server = openAccess(join(data, FOLDER.access));
    test.after(() => server.close());
    const secret = made.stdout.trim();
    const grant = server.check(secret);
    assert.ok(!('refused' in grant) && grant.speaksFor('aws:123456789012:eu-west-1:shop-pay'));
    const listed = await gait('token', 'list', '--data', data);
    assert.equal(listed.stdout, `${grant.token.id}  ingest  valid  1,000/s  shop  ${PATTERN}\n`);
    const revoked = await gait('token', 'revoke', grant.token.id, '--data', data);
    assert.equal(revoked.stdout, `Revoked ${grant.token.id} (shop).\n`);
    assert.notEqual(server.list()[0].revokedMs, undefined);
    const again = await gait('token', 'revoke', grant.token.id, '--data', data);
    assert.match(again.stdout, /was revoked at .* UTC already/);
    assert.ok(!(await readdir(data)).includes('log'), 'nothing else was made');
  });

  it('can be read by programs', async (test) => {
    const data = join(await scratchFolder(test), 'new');
    const words = ['--role', 'read', '--rate', '5', '--expires', '2999-01-02', '--data', data, '--json'];
    const made = JSON.parse((await gait('token', 'create', 'dashboard', ...words)).stdout);
    const [listed] = linesOf((await gait('token', 'list', '--data', data, '--json')).stdout).map((one) =>
      JSON.parse(one),
    );
    const { token, ...facts } = made;
    assert.match(token, new RegExp(`^gait_${made.id}_`));
    assert.deepEqual(listed, facts);
    assert.equal(listed.expires, '2999-01-02T00:00:00.000Z');
    assert.deepEqual([listed.role, listed.recordsPerSecond, listed.functions], ['read', 5, []]);
  });

  it('are refused with what to write instead', async (test) => {
    const folder = await scratchFolder(test);
    const data = join(folder, 'new');
    const cases: readonly (readonly [words: string[], status: number, message: RegExp])[] = [
      [['create', 'x', '--data', data], 2, /Say which functions it may speak for: --functions/],
      [['create', 'x', '--functions', 'pay', '--data', data], 2, /"pay" is not provider:account:region:name/],
      [['create', 'x', '--role', 'read', '--functions', PATTERN, '--data', data], 2, /for tokens of role ingest/],
      [['create', 'x', '--role', 'owner', '--data', data], 2, /Allowed choices are ingest, read, respond, admin/],
      [['create', 'x', '--role', 'read', '--expires', '2001-01-01', '--data', data], 2, /in the past/],
      [['create', 'x', '--role', 'read', '--expires', 'soon', '--data', data], 2, /Give 90d/],
      [['create', 'x', '--role', 'read', '--rate', '0', '--data', data], 2, /from 1 to 1000000/],
      [['create', 'x', '--role', 'read'], 2, /Say which data folder/],
      [['list', '--data', data], 1, /is no data folder/],
      [['revoke', 'x', '--data', data], 1, /is no data folder/],
    ];
    for (const [words, status, message] of cases) {
      const { code, stdout, stderr } = await gait('token', ...words);
      assert.deepEqual([code, stdout], [status, ''], `${words.join(' ')}: ${stderr}`);
      assert.match(stderr, message);
    }
    await writeFile(join(folder, 'mine.txt'), '');
    const foreign = await gait('token', 'create', 'x', '--role', 'read', '--data', folder);
    assert.match(foreign.stderr, /\[GAIT_FOLDER_FOREIGN\]/);
  });

  it('say what is wrong with a name, and that a token is no id', async (test) => {
    const data = join(await scratchFolder(test), 'new');
    const first = await gait('token', 'create', 'x', '--role', 'read', '--data', data);
    const second = await gait('token', 'create', 'x', '--role', 'read', '--data', data);
    assert.match(second.stderr, /\[GAIT_ACCESS_NAME_TAKEN\]/);
    const named = await gait('token', 'create', 'a\u001b[2J', '--role', 'read', '--data', data);
    assert.match(named.stderr, /\[GAIT_ACCESS_INVALID\]/);
    assert.match((await gait('token', 'revoke', first.stdout.trim(), '--data', data)).stderr, /That is a token/);
    assert.match((await gait('token', 'revoke', 'nobody', '--data', data)).stderr, /There is no token nobody/);
  });
});
