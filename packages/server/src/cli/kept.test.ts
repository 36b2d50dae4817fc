import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { scratchFolder } from '../log/scratch.ts';
import { validateOcsf } from '../render/ocsf-validator.ts';
import { TRACE_START_MS, writeTrace } from '../runtime/sample-trace.ts';
import { gait, linesOf } from './command.contract.ts';

const DAY_MS = 86_400_000;

describe('a data folder on the command line', () => {
  let folder = '';
  let data = '';
  let ids: string[] = [];
  after(() => rm(folder, { recursive: true, force: true }));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
    data = join(folder, 'kept');
    const learn = join(folder, 'learn.ndjson');
    const judge = join(folder, 'judge.ndjson');
    await writeTrace(learn, { name: 'learn', count: 1440 });
    const odd = [300, 302, 304, 400, 402, 404, 500, 502, 504, 600, 602, 604];
    await writeTrace(judge, { name: 'judge', count: 700, fromMs: TRACE_START_MS + DAY_MS, odd });
    const { code, stdout } = await gait('replay', judge, '--learn', learn, '--data', data);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Kept in ${data}\\. One in full: gait explain ID --data ${data}`));
    const listed = await gait('findings', '--data', data, '--json');
    ids = linesOf(listed.stdout).map((line) => JSON.parse(line).finding_info.uid);
    assert.ok(ids.length > 5);
  });

  it('lists what was found, with ids that can be explained', async () => {
    const { code, stdout, stderr } = await gait('findings', '--data', data);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^\d+ incidents?\n2026-01-06/);
    assert.match(stdout, new RegExp(`\n${ids.length} findings\n2026-01-06`));
    for (const id of ids) assert.ok(stdout.includes(id.slice(0, 8)), id);
    const incident = /\bi[0-9a-f]{16}\b/.exec(stdout)?.[0] ?? '';
    const explained = await gait('explain', incident.slice(0, 7).toUpperCase(), '--data', data);
    assert.equal(explained.code, 0, explained.stderr);
    assert.ok(explained.stdout.includes(incident));
  });

  it('lists a part of what was found, and says so', async () => {
    const { stdout } = await gait('findings', '--data', data, '--limit', '2');
    const [, findings] = stdout.split('\n\n');
    assert.match(findings, /^The newest 2 findings\n2026.*\n2026.*\n?$/);
  });

  it('lists weak signals apart, and explains them too', async () => {
    const { code, stdout } = await gait('findings', '--watch', '--data', data);
    assert.equal(code, 0);
    const json = await gait('findings', '--watch', '--json', '--data', data);
    const signals = linesOf(json.stdout).map((line) => JSON.parse(line));
    if (signals.length === 0) assert.equal(stdout, 'No weak signals.\n');
    for (const signal of signals) {
      assert.deepEqual(validateOcsf(signal), []);
      assert.ok(!ids.includes(signal.finding_info.uid));
    }
    for (const signal of signals.slice(0, 1)) {
      const explained = await gait('explain', signal.finding_info.uid, '--data', data);
      assert.match(explained.stdout, /The record it rests on, ordinal \d+:\n\{"ordinal":/);
    }
  });

  it('explains a finding by the beginning of its id, with the record it rests on', async () => {
    const { code, stdout } = await gait('explain', ids[0].slice(0, 10), '--data', data);
    assert.equal(code, 0);
    assert.ok(stdout.includes(ids[0]));
    const record = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.equal(record.requestId, 'judge-300');
    const json = await gait('explain', ids[0], '--json', '--data', data);
    assert.deepEqual(validateOcsf(JSON.parse(json.stdout)), []);
  });

  it('gives an incident as JSON with valid findings', async () => {
    const { stdout } = await gait('findings', '--data', data);
    const id = /\bi[0-9a-f]{16}\b/.exec(stdout)?.[0] ?? '';
    const json = await gait('explain', id, '--json', '--data', data);
    const incident = JSON.parse(json.stdout);
    assert.equal(incident.id, id);
    assert.ok(incident.findings.length > 0);
    for (const finding of incident.findings) assert.deepEqual(validateOcsf(finding), []);
  });

  it('says what is wrong with an id', async () => {
    const starts = ids.map((id) => id[0]);
    const shared = starts.find((first, at) => starts.indexOf(first) !== at);
    const unused = [...'0123456789abcdef'].find((digit) => !starts.includes(digit));
    const none = await gait('explain', `${ids[0].slice(0, 15)}${ids[0].endsWith('0') ? '1' : '0'}`, '--data', data);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^gait: There is no finding [0-9a-f]{16} in this data folder\.\n$/);
    assert.ok(shared !== undefined || unused !== undefined);
    if (shared !== undefined) {
      const several = await gait('explain', shared, '--data', data);
      assert.equal(several.code, 1);
      assert.match(several.stderr, /is the beginning of several: [0-9a-f]{16}, .* Give more of it\./);
    }
    for (const word of ['xyz', 'i i', "'", '0123456789abcdef0']) {
      const nonsense = await gait('explain', word, '--data', data);
      assert.equal(nonsense.code, 2);
      assert.match(nonsense.stderr, /is no id\. Ids are hexadecimal/);
    }
  });

  it('shows what is normal for each function', async () => {
    const table = await gait('functions', '--data', data);
    assert.match(table.stdout, /^function +invocations .*\nberth-0 +\d+/);
    for (const line of linesOf(table.stdout)) assert.ok(line.length <= 100, line);
    const json = await gait('functions', '--json', '--data', data);
    assert.deepEqual(
      linesOf(json.stdout).map((line) => JSON.parse(line).key),
      [0, 1, 2].map((at) => `aws:111122223333:eu-west-1:berth-${at}`),
    );
    assert.doesNotMatch(json.stdout, /"text":"#[0-9a-f]{8}"/);
    const one = await gait('functions', 'berth-1', '--data', data);
    assert.match(one.stdout, /^berth-1 {2}aws:111122223333:eu-west-1:berth-1\n {2}\d+ invocations/);
    assert.match(one.stdout, /calls: dynamodb:GetItem moorings/);
    assert.doesNotMatch(one.stdout, /#[0-9a-f]{8}/, 'values without a kept name are counted, not shown by their hash');
    const none = await gait('functions', 'submarine', '--data', data);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /No function has submarine in its key\. All of them: gait functions --data /);
  });

  it('shows what can be seen', async () => {
    const { code, stdout } = await gait('coverage', '--data', data);
    assert.equal(code, 0);
    assert.match(stdout, /code and permission changes +- +- +3 {3}no finding here means no data/);
    const json = await gait('coverage', '--json', '--data', data);
    for (const line of linesOf(json.stdout)) {
      assert.deepEqual(Object.keys(JSON.parse(line)), ['capability', 'full', 'partial', 'dark']);
    }
  });

  it('proves the log, and an export of a part of it', async (test) => {
    const verified = await gait('verify', '--data', data);
    assert.equal(verified.code, 0);
    assert.match(verified.stdout, /^Intact: 2142 records/);
    const json = await gait('verify', '--json', '--data', data);
    assert.equal(JSON.parse(json.stdout).ok, true);
    const anchor = await gait('verify', '--anchor', join(folder, 'none'), '--data', data);
    assert.equal(anchor.code, 1);
    assert.match(anchor.stderr, /^gait: The anchor could not be read\. /);
    const listed = await gait('findings', '--data', data);
    const id = /\bi[0-9a-f]{16}\b/.exec(listed.stdout)?.[0] ?? '';
    const to = join(await scratchFolder(test), 'the evidence');
    const exported = await gait('evidence', 'export', id, '--to', to, '--data', data);
    assert.equal(exported.code, 0, exported.stderr);
    assert.match(
      exported.stdout,
      new RegExp(`^Exported \\d+ records? of ${id} in \\d+ files to .*\\n.*gait evidence verify '`),
    );
    const checked = await gait('evidence', 'verify', to);
    assert.equal(checked.code, 0, checked.stdout);
    const again = await gait('evidence', 'export', id, '--to', to, '--data', data);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /GAIT_EXPORT_TARGET/);
    const path = join(to, 'records.ndjson');
    await writeFile(path, (await readFile(path, 'utf8')).replace('judge-', 'jugde-'));
    const spoiled = await gait('evidence', 'verify', to);
    assert.equal(spoiled.code, 1);
    assert.match(spoiled.stdout, /^Not proven: .*records\.ndjson/);
  });

  it('makes the store again', async () => {
    const earlier = await gait('findings', '--json', '--data', data);
    const { code, stdout } = await gait('rebuild-store', '--data', data);
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^Made the store again from 2,142 records of the log: \d+ findings and \d+ weak signals?\.\n$/,
    );
    assert.equal((await gait('findings', '--json', '--data', data)).stdout, earlier.stdout);
  });

  it('is asked for where there is none, and not begun where something else is', async (test) => {
    const scratch = await scratchFolder(test);
    await mkdir(join(scratch, 'empty'));
    for (const words of [['findings'], ['explain', '1'], ['functions'], ['coverage'], ['verify'], ['rebuild-store']]) {
      const { code, stdout, stderr } = await gait(...words, '--data', join(scratch, 'empty'));
      assert.deepEqual([code, stdout], [1, ''], words.join(' '));
      assert.match(stderr, /^gait: .*empty is not a data folder\. Make one with `gait replay PATH\.\.\. --data /);
    }
    assert.deepEqual(await readdir(join(scratch, 'empty')), []);
    await writeFile(join(scratch, 'file'), 'text');
    const input = join(folder, 'judge.ndjson');
    const file = await gait('replay', input, '--data', join(scratch, 'file'));
    assert.equal(file.code, 1);
    assert.match(
      file.stderr,
      /^gait: The data folder cannot be used\. .*file: it, or a part of its path, is a file\. \[GAIT_FOLDER_IO\]\n$/,
    );
    const foreign = await gait('replay', input, '--data', scratch);
    assert.equal(foreign.code, 1);
    assert.match(
      foreign.stderr,
      /holds other things\. Choose an empty or new one with --data\..*\[GAIT_FOLDER_FOREIGN\]\n$/,
    );
  });

  it('that cannot be looked into is not taken for something else', async (test) => {
    const scratch = await scratchFolder(test);
    await symlink('log', join(scratch, 'log'));
    for (const words of [['findings'], ['verify'], ['replay', join(folder, 'judge.ndjson')]]) {
      const { code, stderr } = await gait(...words, '--data', scratch);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^gait: The data folder cannot be used\. .*: links in its path lead in a circle\. \[GAIT_FOLDER_IO\]\n$/,
      );
    }
  });

  it('without a store says how to make it', async (test) => {
    const scratch = join(await scratchFolder(test), 'kept');
    await gait('replay', join(folder, 'judge.ndjson'), '--data', scratch);
    for (const name of ['store.sqlite', 'store.sqlite-wal', 'store.sqlite-shm'])
      await rm(join(scratch, name), { force: true });
    const { code, stderr } = await gait('findings', '--data', scratch);
    assert.equal(code, 1);
    assert.match(stderr, /has no store\. Make it from the log: gait rebuild-store --data /);
    assert.equal((await gait('rebuild-store', '--data', scratch)).code, 0);
    assert.equal((await gait('findings', '--data', scratch)).code, 0);
  });
});
