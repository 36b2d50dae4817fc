import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { holdsLog } from '../../runtime/folder.ts';
import { FOLDERS_DEEP_MAX } from './limits.ts';
import { ReportWriter } from './report.ts';
import { listFiles } from './walk.ts';

/** A folder for one test with files in it: their contents are their names. */
function folderWith(context: TestContext, files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'gait-walk-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of files) {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), file);
  }
  return folder;
}

/** Paths found, relative to the folder, with the report. */
async function found(folder: string, paths: readonly string[] = ['.']) {
  const report = new ReportWriter();
  const files = await listFiles(
    paths.map((path) => join(folder, path)),
    report,
  );
  const problems = report.problems.map(({ path, sentence }) => [relative(folder, path), sentence]);
  return { files: files.map(({ path }) => relative(folder, path)), notes: { ...report.notes }, problems };
}

suite('listing files', () => {
  test('goes through folders in the order of the paths, whatever the order of the arguments', async (context) => {
    const folder = folderWith(context, ['b/2.json', 'b/1.json', 'a.json', 'c/d/e.json', 'B.json']);
    const expected = ['B.json', 'a.json', 'b/1.json', 'b/2.json', 'c/d/e.json'];
    assert.deepEqual((await found(folder)).files, expected);
    assert.deepEqual((await found(folder, ['c', 'b', 'a.json', 'B.json'])).files, expected);
    assert.deepEqual((await found(folder, ['B.json', './a.json', 'b/', 'c'])).files, expected);
  });

  test('takes a file once that is given or linked twice', async (context) => {
    const folder = folderWith(context, ['a/1.json', 'a/2.json']);
    symlinkSync(join(folder, 'a/1.json'), join(folder, 'a/3.json'));
    const { files, notes } = await found(folder, ['a/2.json', 'a', 'a/../a/2.json']);
    assert.deepEqual(files, ['a/1.json', 'a/2.json']);
    assert.deepEqual(notes, { 'same-file': 2 });
  });

  test('passes over data folders of Gait, and names one that is given itself', async (context) => {
    const kept = ['data/log/segments/00000001.seg', 'data/log/keys/log.key', 'data/store.sqlite'];
    const folder = folderWith(context, ['1.json', ...kept, 'log/1.json', 'segments/1.json']);
    assert.equal(await holdsLog(join(folder, 'data')), true);
    const { files, notes, problems } = await found(folder);
    assert.deepEqual(files, ['1.json', 'log/1.json', 'segments/1.json']);
    assert.deepEqual([notes, problems], [{ 'data-folder': 1 }, []]);
    const given = await found(folder, ['data']);
    assert.deepEqual(given.files, []);
    assert.deepEqual(given.problems, [['data', 'It is a data folder of Gait, which holds no telemetry to read.']]);
  });

  test('ends where links lead in a circle', async (context) => {
    const folder = folderWith(context, ['a/b/1.json']);
    symlinkSync(join(folder, 'a'), join(folder, 'a/b/up'));
    symlinkSync(join(folder, 'self'), join(folder, 'self'));
    const { files, problems } = await found(folder);
    assert.deepEqual(files, ['a/b/1.json']);
    assert.deepEqual(problems, [['self', 'It is a link that leads back to itself.']]);
  });

  test('names what does not exist and what is no file, and lists the rest', async (context) => {
    const folder = folderWith(context, ['a.json', 'z.json']);
    symlinkSync(join(folder, 'gone'), join(folder, 'dangling'));
    const socket = createServer().listen(join(folder, 'socket'));
    context.after(() => socket.close());
    await new Promise((resolve) => socket.once('listening', resolve));
    const { files, problems } = await found(folder, ['.', 'nowhere', 'a.json/below']);
    assert.deepEqual(files, ['a.json', 'z.json']);
    assert.deepEqual(Object.fromEntries(problems), {
      'a.json/below': 'A part of its path is a file, not a folder.',
      dangling: 'It does not exist, or is a link to something that does not.',
      nowhere: 'It does not exist, or is a link to something that does not.',
      socket: 'It is not a regular file.',
    });
  });

  test('leaves hidden files out unless they are given', async (context) => {
    const folder = folderWith(context, ['a.json', '.hidden.json', '.git/config']);
    assert.deepEqual(await found(folder), { files: ['a.json'], notes: { 'hidden-file': 2 }, problems: [] });
    assert.deepEqual((await found(folder, ['.hidden.json'])).files, ['.hidden.json']);
  });

  test('does not follow folders without end', async (context) => {
    const deep = join(...Array.from({ length: FOLDERS_DEEP_MAX + 1 }, () => 'd'));
    const folder = folderWith(context, ['a.json', join(deep, 'b.json')]);
    const { files, problems } = await found(folder);
    assert.deepEqual(files, ['a.json']);
    assert.equal(problems.length, 1);
  });

  test('names a folder and a file that may not be read, and reads the rest', (context) => {
    const folder = folderWith(context, ['open/1.json', 'closed/2.json', 'open/secret.json']);
    const script = `
      import { chmodSync } from 'node:fs';
      chmodSync('${folder}', 0o755);
      chmodSync('${folder}/closed', 0o700);
      chmodSync('${folder}/open', 0o755);
      // Nobody may not be able to read this code: it is loaded first.
      const { listFiles } = await import('${pathToFileURL(join(import.meta.dirname, 'walk.ts'))}');
      const { ReportWriter } = await import('${pathToFileURL(join(import.meta.dirname, 'report.ts'))}');
      // Root may read anything, so the rest happens as nobody.
      if (process.getuid() === 0) process.setuid(65534);
      else chmodSync('${folder}/closed', 0);
      const report = new ReportWriter();
      const files = await listFiles(['${folder}'], report);
      console.log(JSON.stringify({ files: files.map(({ path }) => path), problems: report.problems }));
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    const { files, problems } = JSON.parse(child.stdout);
    assert.deepEqual(files, [join(folder, 'open/1.json'), join(folder, 'open/secret.json')]);
    assert.deepEqual(problems, [{ path: join(folder, 'closed'), sentence: 'Permission denied.' }]);
  });
});
