import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { canonicalControl } from '@gait/engine/event/canonical';
import { control, observation } from '../log/log.contract.ts';
import { copyOf, flipByte, rewrite, scratchFolder } from '../log/scratch.ts';
import { paths } from '../log/segments/folder.ts';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { ForensicsError, type ForensicsErrorCode } from './errors.ts';
import { exportRecords } from './export.ts';
import { sha256Of } from './export-format.ts';
import { verifyExport } from './verify-export.ts';

const ATTACHMENTS = new Map([
  ['incident.json', '{"id":"i-1"}\n'],
  ['report.md', '# What happened\n'],
]);

const code =
  (expected: ForensicsErrorCode) =>
  (error: unknown): boolean =>
    error instanceof ForensicsError && error.code === expected;

/** A log of several segments, ordinals 0 to 27, and a folder to export to. */
async function sample(test: TestContext): Promise<{ folder: string; to: string }> {
  const folder = await scratchFolder(test);
  const log = await openSegmentLog(folder, { segmentBytesMax: 4000 });
  for (let at = 0; at < 4; at++) await log.append(observation(6, 1000 * (at + 1)));
  for (let at = 0; at < 4; at++) await log.append(control(9000 + at));
  await log.close();
  return { folder, to: join(await scratchFolder(test), 'export') };
}

describe('export', () => {
  it('is proven by itself, without the log', async (test) => {
    const { folder, to } = await sample(test);
    const exported = await exportRecords({ folder, to, ordinals: [25, 3, 14, 3, 4], attachments: ATTACHMENTS });
    assert.equal(exported.records, 4);
    assert.deepEqual(exported.files, (await readdir(to)).sort());
    await rm(folder, { recursive: true });
    const report = await verifyExport(to);
    assert.deepEqual([report.ok, report.records, report.manifestSigned], [true, 4, true], report.statement[0]);
    assert.equal((await verifyExport(to, { key: report.key })).ok, true);
    assert.equal((await verifyExport(to, { key: '0'.repeat(64) })).ok, false);
  });

  it('holds the chosen records in canonical form and no others', async (test) => {
    const { folder, to } = await sample(test);
    await exportRecords({ folder, to, ordinals: [2, 25] });
    const lines = (await readFile(join(to, 'records.ndjson'), 'utf8')).trimEnd().split('\n');
    assert.equal(lines.length, 2);
    assert.equal(JSON.parse(lines[0]).requestId, '1000-2');
    const { control: erasure } = {
      ...control(0),
      control: { kind: 'erasure', principal: 'person_0011223344556677', by: 'ann' },
    } as const;
    assert.equal(lines[1], canonicalControl(erasure, 25, 9001));
    for (const name of await readdir(to)) assert.ok(!(await readFile(join(to, name), 'utf8')).includes('1000-3'));
  });

  it('can be made beside the writer, once a head covers the records', async (test) => {
    const folder = await scratchFolder(test);
    const to = await scratchFolder(test);
    const log = await openSegmentLog(folder, { headEveryMs: 3_600_000 });
    await log.append(control(1));
    await assert.rejects(exportRecords({ folder, to, ordinals: [0] }), code('GAIT_EXPORT_UNSIGNED'));
    await log.sign();
    await exportRecords({ folder, to, ordinals: [0] });
    assert.ok((await verifyExport(to)).ok);
    await log.close();
  });

  it('without the private key has an unsigned manifest, and says so', async (test) => {
    const { folder, to } = await sample(test);
    await rm(paths.privateKey(folder));
    await exportRecords({ folder, to, ordinals: [0] });
    const report = await verifyExport(to);
    assert.deepEqual([report.ok, report.manifestSigned], [true, false]);
    assert.match(report.statement.join('\n'), /not signed/);
  });

  it('refuses records that are absent or removed, odd names, and a folder in use', async (test) => {
    const { folder, to } = await sample(test);
    for (const ordinal of [-1, 1.5, Number.NaN]) {
      await assert.rejects(exportRecords({ folder, to, ordinals: [ordinal] }), code('GAIT_EXPORT_ABSENT'));
    }
    await assert.rejects(exportRecords({ folder, to, ordinals: [28] }), code('GAIT_EXPORT_UNSIGNED'));
    for (const name of ['../x', 'a/b', '.hidden', 'MANIFEST.json', 'manifest.JSON', 'proof.json', '', '__proto__/']) {
      const attachments = new Map([[name, '']]);
      await assert.rejects(exportRecords({ folder, to, ordinals: [1], attachments }), code('GAIT_EXPORT_NAME'));
    }
    await rm(to, { recursive: true, force: true });
    await mkdir(to);
    await writeFile(join(to, 'something'), '');
    await assert.rejects(exportRecords({ folder, to, ordinals: [1] }), code('GAIT_EXPORT_TARGET'));
    const log = await openSegmentLog(folder);
    await log.retain({ keepBytes: 0, consumedOrdinal: 28, holds: [] });
    await log.close();
    await rm(to, { recursive: true });
    await assert.rejects(exportRecords({ folder, to, ordinals: [1] }), code('GAIT_EXPORT_ABSENT'));
  });
});

describe('verifying an export finds', () => {
  it('a flipped byte in any file, wherever it is', async (test) => {
    const { folder, to } = await sample(test);
    await exportRecords({ folder, to, ordinals: [5, 24], attachments: ATTACHMENTS });
    let turn = 0;
    for (const name of await readdir(to)) {
      const path = join(to, name);
      const { length } = await readFile(path);
      for (let offset = 0; offset < length; offset += 1 + (turn % 7)) {
        const mask = 1 << (turn++ % 8);
        await flipByte(path, offset, mask);
        assert.equal((await verifyExport(to)).ok, false, `${name} at byte ${offset}`);
        await flipByte(path, offset, mask);
      }
    }
    assert.ok((await verifyExport(to)).ok);
  });

  it('files that are missing, added, or not files', async (test) => {
    const { folder, to } = await sample(test);
    await exportRecords({ folder, to, ordinals: [5], attachments: ATTACHMENTS });
    for (const name of await readdir(to)) {
      const copy = await copyOf(test, to);
      await rm(join(copy, name));
      assert.equal((await verifyExport(copy)).ok, false);
      await symlink(join(to, name), join(copy, name));
      assert.equal((await verifyExport(copy)).ok, false);
    }
    await writeFile(join(to, 'extra.txt'), '');
    assert.equal((await verifyExport(to)).ok, false);
  });

  it('records that were changed by somebody who writes the manifest anew, but has no key', async (test) => {
    const { folder, to } = await sample(test);
    await rm(paths.privateKey(folder));
    await exportRecords({ folder, to, ordinals: [5, 6] });
    const before = await readFile(join(to, 'records.ndjson'));
    const changes: readonly ((text: string) => string)[] = [
      (text) => text.replace('"ok"', '"no"'),
      (text) => text.split('\n').reverse().slice(1).join('\n').concat('\n'),
      (text) => text.slice(text.indexOf('\n') + 1),
      (text) => text + text,
      (text) => text.replace('"ordinal":5', '"ordinal":7'),
    ];
    for (const change of changes) {
      const text = change(before.toString());
      assert.notEqual(text, before.toString());
      await replaceWithHash(to, 'records.ndjson', text);
      const report = await verifyExport(to);
      assert.equal(report.ok, false);
      assert.equal(report.firstBad?.what, 'export');
    }
    await replaceWithHash(to, 'records.ndjson', before.toString());
    assert.ok((await verifyExport(to)).ok);
  });

  it('a proof that is not what an exporter writes', async (test) => {
    const { folder, to } = await sample(test);
    await rm(paths.privateKey(folder));
    await exportRecords({ folder, to, ordinals: [5, 6] });
    const proof = await readFile(join(to, 'proof.json'), 'utf8');
    for (const text of [
      '',
      '[]',
      'null',
      '{}',
      `${proof} `,
      proof.replace('"version": 1', '"version": 2'),
      '{"heads":{}}',
    ]) {
      await replaceWithHash(to, 'proof.json', text);
      assert.equal((await verifyExport(to)).ok, false, text.slice(0, 40));
    }
  });
});

/** Replaces a file of an unsigned export and its hash in the manifest. */
async function replaceWithHash(to: string, name: string, text: string): Promise<void> {
  const old = sha256Of(await readFile(join(to, name)));
  await writeFile(join(to, name), text);
  await rewrite(join(to, 'MANIFEST.json'), (bytes) => Buffer.from(bytes.toString().replace(old, sha256Of(text))));
}
