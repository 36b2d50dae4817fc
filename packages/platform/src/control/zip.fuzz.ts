import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { packFolder, unpackZip, ZipError } from './zip.ts';

describe('packages', () => {
  let folder: string;
  let count = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'zip-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** An empty folder inside another, so that what leaves it can be seen. */
  const fresh = async (): Promise<{ outer: string; inner: string }> => {
    const outer = join(folder, String(count++));
    const inner = join(outer, 'inner');
    await mkdir(inner, { recursive: true });
    return { outer, inner };
  };
  const packed = async (files: Readonly<Record<string, string>>): Promise<Buffer> => {
    const { inner } = await fresh();
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(inner, name)), { recursive: true });
      await writeFile(join(inner, name), content);
    }
    return packFolder(inner);
  };

  test('of any files are unpacked to the same files', async () => {
    const name = fc.stringMatching(/^[a-zäö0-9_-]{1,8}(\/[a-z]{1,8}\.js)?$/);
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.string(), { maxKeys: 6 }), async (given) => {
        const names = Object.keys(given).filter(
          (one) => !Object.keys(given).some((other) => other.startsWith(`${one}/`)),
        );
        const files = Object.fromEntries(names.map((one) => [one, given[one] ?? '']));
        const zip = await packed(files);
        const { inner } = await fresh();
        await unpackZip(zip, inner);
        for (const [one, content] of Object.entries(files)) {
          assert.equal(await readFile(join(inner, one), 'utf8'), content);
        }
        assert.deepEqual(await packFolder(inner), zip);
      }),
      { numRuns: 50 },
    );
  });

  test('that are damaged at any byte or cut anywhere are refused or unpacked, and never leave their folder', async () => {
    const zip = await packed({ 'a.js': 'one'.repeat(50), 'lib/b.js': 'two' });
    await fc.assert(
      fc.asyncProperty(fc.nat(zip.length - 1), fc.nat(255), fc.boolean(), async (at, byte, isCut) => {
        const broken = Buffer.from(isCut ? zip.subarray(0, at) : zip);
        if (!isCut) broken[at] = byte;
        const { outer, inner } = await fresh();
        try {
          await unpackZip(broken, inner);
        } catch (error) {
          if (!(error instanceof ZipError)) throw error;
        }
        assert.deepEqual(await readdir(outer), ['inner']);
      }),
      { numRuns: 300 },
    );
  });

  test('whose names lead out of their folder, occur twice or are links are refused', async () => {
    const zip = await packed({ 'aa/bb.js': 'x', 'aa/cc.js': 'y' });
    const renamed = (from: string, to: string) => Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1');
    for (const name of [
      '../bb.js',
      '/a/bb.js',
      'aa//b.js',
      './abb.js',
      'aa\\bb.js',
      'C:/bb.js',
      'aa/cc.js',
      'aa/bb\0js',
    ]) {
      const { outer, inner } = await fresh();
      await assert.rejects(unpackZip(renamed('aa/bb.js', name), inner), ZipError, name);
      assert.deepEqual(await readdir(outer), ['inner']);
    }
    const link = Buffer.from(zip);
    const central = link.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    link.writeUInt32LE((0o120777 << 16) >>> 0, central + 38);
    await assert.rejects(unpackZip(link, (await fresh()).inner), ZipError);
  });

  test('that would unpack to more than they say are refused', async () => {
    const zip = await packed({ 'a.js': 'x'.repeat(10_000) });
    const central = zip.indexOf(Buffer.from('PK\x01\x02', 'latin1'));
    zip.writeUInt32LE(10, central + 24);
    await assert.rejects(unpackZip(zip, (await fresh()).inner), ZipError);
    zip.writeUInt32LE(0x7fff_ffff, central + 24);
    await assert.rejects(unpackZip(zip, (await fresh()).inner), { name: 'ZipError', message: /Unzipped size/ });
  });
});
