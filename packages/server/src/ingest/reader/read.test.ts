import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Batch } from '@gait/engine/event/batch';
import { canonicalRow } from '@gait/engine/event/canonical';
import { encodeWireRecord } from '@gait/sensor/wire';
import { TEST_DEFAULTS, TEST_TOKENS } from '../decoder.contract.ts';
import type { Decoder, Format, RecordRange, RejectReason } from '../decoder.ts';
import { gaitDecoder } from '../gait.ts';
import { INFLATE_FREE_BYTES, LINE_BYTES_MAX, SAMPLES_PER_REASON_MAX, UNSIZED_BYTES_MAX } from './limits.ts';
import { type ReadOptions, readInputs } from './read.ts';
import type { ReadReport } from './report.ts';

const OPTIONS: ReadOptions = { decoders: [gaitDecoder()], defaults: TEST_DEFAULTS, tokens: TEST_TOKENS };

/** Line `at` of an input: one second apart, told apart by its request id. */
function line(at: number, name = 'pay'): string {
  return encodeWireRecord({
    timeMs: 1_767_225_600_000 + at * 1000,
    function: `aws:123456789012:eu-west-1:${name}`,
    requestId: `${name}-${at}`,
    durationMs: at,
    calls: [{ verb: 'http:GET', resource: `/${at % 7}`, destination: 'example.com' }],
  });
}

const lines = (count: number, name?: string) =>
  Array.from({ length: count }, (_, at) => `${line(at, name)}\n`).join('');

function folderWith(context: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'gait-read-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

interface Outcome {
  readonly batches: readonly Batch[];
  readonly report: ReadReport;
  readonly ids: readonly string[];
}

async function read(paths: string | readonly string[], options: Partial<ReadOptions> = {}): Promise<Outcome> {
  const reading = readInputs(typeof paths === 'string' ? [paths] : paths, { ...OPTIONS, ...options });
  const batches: Batch[] = [];
  for await (const batch of reading.batches) batches.push(batch);
  const ids = batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => batch.idText(row, 'requestId')),
  );
  assert.equal(reading.report.rows, ids.length);
  return { batches, report: reading.report, ids };
}

/** Reasons that occurred. */
function rejects(report: ReadReport): Partial<Record<RejectReason, number>> {
  return Object.fromEntries(Object.entries(report.rejected).filter(([, count]) => count > 0));
}

/** A decoder that writes down what it is given, one row a record. */
function recorder(format: Format, framing: Decoder['framing'], mark: string) {
  const seen: { text: string; range: RecordRange }[] = [];
  const decoder: Decoder = {
    format,
    framing,
    sniff: (head) => (new TextDecoder().decode(head).includes(mark) ? 0.5 : 0),
    decode(bytes, range, { sink }) {
      seen.push({ text: Buffer.from(bytes.subarray(range.start, range.end)).toString(), range });
      const rows = sink.builder();
      rows.begin('platform', 1e12, format);
      rows.locate(sink.origin, range.originOffset + range.start, range.end - range.start, range.line);
      rows.end();
    },
  };
  return { decoder, texts: () => seen.map(({ text }) => text), ranges: () => seen.map(({ range }) => range) };
}

suite('reading files', () => {
  test('gives every record of every file in the order of paths and lines', async (context) => {
    const folder = folderWith(context, {
      'b.log': lines(3, 'b'),
      'a/2.log': lines(2, 'a2'),
      'a/1.log': lines(2, 'a1'),
    });
    const { ids, report } = await read(folder);
    assert.deepEqual(ids, ['a1-0', 'a1-1', 'a2-0', 'a2-1', 'b-0', 'b-1', 'b-2']);
    assert.equal(report.files, 3);
    assert.deepEqual(report.formats, { gait: 3 });
    assert.equal(report.bytes, Buffer.byteLength(lines(3, 'b') + lines(2, 'a2') + lines(2, 'a1')));
    assert.equal(report.progress, 1);
    assert.deepEqual([rejects(report), report.notes, report.problems, report.samples], [{}, {}, [], []]);
  });

  test('gives the same batches for any order of arguments', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(50, 'a'), 'b.log': lines(50, 'b'), 'c.log': lines(50, 'c') });
    const texts = async (names: readonly string[]) =>
      (await read(names.map((name) => join(folder, name)))).batches.flatMap((batch) =>
        Array.from({ length: batch.rows }, (_, row) => canonicalRow(batch, row, row)),
      );
    const expected = await texts(['a.log', 'b.log', 'c.log']);
    assert.equal(expected.length, 150);
    assert.deepEqual(await texts(['c.log', 'a.log', 'b.log']), expected);
    assert.deepEqual(await texts(['b.log', 'c.log', `../${basename(folder)}/a.log`]), expected);
  });

  test('keeps all rows of two files with the same content', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(20), 'copy of a.log': lines(20) });
    assert.equal((await read(folder)).ids.length, 40);
  });

  test('reads compressed files whatever they are called, also twice compressed and of several members', async (context) => {
    const text = lines(5000);
    const half = lines(2500).length;
    const members = (pack: (part: string) => Uint8Array) => [text.slice(0, half), text.slice(half)].map(pack);
    const folder = folderWith(context, {
      'a.txt': gzipSync(text),
      'b.gz': text,
      'c.gz': Buffer.concat(members((part) => gzipSync(part))),
      'd.zst': Buffer.concat(members((part) => zstdCompressSync(part))),
      'e.log': gzipSync(gzipSync(text)),
    });
    const { ids, report } = await read(folder);
    assert.deepEqual(rejects(report), {});
    assert.equal(ids.length, 25_000);
    for (let file = 0; file < 5; file++)
      assert.deepEqual(ids.slice(file * 5000, (file + 1) * 5000), ids.slice(0, 5000));
  });

  test('hands batches over while it reads, and says how far it is', async (context) => {
    const text = lines(30_000);
    const folder = folderWith(context, { 'a.log': text });
    const reading = readInputs([folder], OPTIONS);
    const first = await reading.batches.next();
    assert.ok(first.done !== true && first.value.rows > 0);
    assert.ok(reading.report.progress > 0 && reading.report.progress < 0.9, `${reading.report.progress}`);
    assert.ok(reading.report.bytes < text.length / 2);
    await reading.batches.return();
  });

  test('has no rows for no files, empty files and blank files', async (context) => {
    const folder = folderWith(context, {
      'empty.log': '',
      'blank.log': ' \r\n\n',
      'mark.log': '\ufeff',
      'e.gz': gzipSync(''),
    });
    const { report, batches } = await read(folder);
    assert.deepEqual([batches.length, report.files, rejects(report)], [0, 4, {}]);
    assert.equal((await read([])).report.progress, 1);
  });
});

suite('where rows come from', () => {
  test('every row points at its bytes, and the hash of its origin is that of the bytes it covers', async (context) => {
    const text = `\ufeff${lines(4000)}`;
    const folder = folderWith(context, { 'a.log': text, 'b.gz': gzipSync(text) });
    const { batches } = await read(folder);
    const original = Buffer.from(text);
    let rows = 0;
    for (const { columns, rows: count } of batches) {
      for (const origin of columns.origins) {
        const hash = createHash('sha256').update(original.subarray(origin.from, origin.to)).digest('hex');
        assert.equal(origin.sha256, hash);
      }
      for (let row = 0; row < count; row++, rows++) {
        const origin = columns.origins[columns.origin[row]];
        const at = origin.from + columns.originOffset[row];
        assert.ok(at + columns.originLength[row] <= origin.to);
        assert.equal(original.toString('utf8', at, at + columns.originLength[row]), line(rows % 4000));
        assert.equal(columns.originLine[row], (rows % 4000) + 1);
        assert.equal(origin.name, join(folder, rows < 4000 ? 'a.log' : 'b.gz'));
      }
    }
    assert.equal(rows, 8000);
  });

  test('a record longer than a block has an origin that covers it', async (context) => {
    const long = line(1).replace('}', `,"zz":"${'x'.repeat(3_000_000)}"}`);
    const text = `${line(0)}\n${long}\n${line(2)}\n`;
    const folder = folderWith(context, { 'a.log': text });
    const { batches, ids } = await read(folder);
    assert.deepEqual(ids, ['pay-0', 'pay-1', 'pay-2']);
    const { columns } = batches[0];
    const origin = columns.origins[columns.origin[1]];
    const at = origin.from + columns.originOffset[1];
    assert.equal(text.slice(at, at + columns.originLength[1]), long);
  });
});

suite('recognising formats', () => {
  test('each file is read by the decoder that is surest of it', async (context) => {
    const documents = recorder('cloudtrail', 'whole', '"Records"');
    const folder = folderWith(context, { 'a.log': lines(2), 'b.json': '{"Records":[\n1]}\n', 'c.txt': 'hello\n' });
    const { report } = await read(folder, { decoders: [documents.decoder, gaitDecoder()] });
    assert.deepEqual(report.formats, { gait: 1, cloudtrail: 1 });
    assert.deepEqual(documents.texts(), ['{"Records":[\n1]}']);
    assert.deepEqual(rejects(report), { 'unknown-format': 1 });
    assert.equal(report.samples[0].path, join(folder, 'c.txt'));
  });

  test('a forced format is tried on everything', async (context) => {
    const folder = folderWith(context, { 'a.log': 'hello\n', 'b.log': lines(1) });
    const { report, ids } = await read(folder, { format: 'gait' });
    assert.deepEqual(ids, ['pay-0']);
    assert.deepEqual(rejects(report), { 'bad-json': 1 });
  });

  test('a document format gets documents, however many there are and however they are printed', async (context) => {
    const documents = recorder('xray', 'whole', '"id"');
    const folder = folderWith(context, {
      'a-lines.json': '{"id":1}\n{"id":2}\r\n',
      'b-pretty.json': '\ufeff{\n  "id": 3\n}\n',
      'c-list.json': '[\n{"id":4},\n{"id":5}]',
      'd-adjacent.json': '{"id":6}{"id":7}',
      'e-cut.json': '{"id":8}\n{"id":"9\n{"id":10}\n',
    });
    await read(folder, { decoders: [documents.decoder] });
    assert.deepEqual(documents.texts(), [
      ...['{"id":1}', '{"id":2}', '{\n  "id": 3\n}', '[\n{"id":4},\n{"id":5}]', '{"id":6}', '{"id":7}'],
      ...['{"id":8}', '{"id":"9', '{"id":10}'],
    ]);
    assert.deepEqual(
      documents.ranges().map(({ line: at }) => at),
      [1, 2, 1, 1, 1, 1, 1, 2, 3],
    );
  });

  test('a format of lines or documents gets what the input is', async (context) => {
    const logs = recorder('lambda-logs', 'either', 'm');
    const folder = folderWith(context, {
      'a.log': 'some text\nmore\n',
      'b.json': '{"m":1}\n{"m":2}\n',
      'c.json': '[{"m":3},\n {"m":4}]',
      'd.json': '{\n "m": 5\n}\n',
      'e.json': '{"m":6}',
    });
    await read(folder, { decoders: [logs.decoder] });
    assert.deepEqual(logs.texts(), [
      ...['some text', 'more', '{"m":1}', '{"m":2}', '[{"m":3},\n {"m":4}]', '{\n "m": 5\n}', '{"m":6}'],
    ]);
  });

  test('a binary format gets the whole file and is not checked for text', async (context) => {
    const binary = recorder('otlp-protobuf', 'whole', 'magic');
    const folder = folderWith(context, { 'a.bin': Buffer.from('magic\n\n\xff\xfe{', 'latin1') });
    const { report } = await read(folder, { decoders: [binary.decoder] });
    assert.deepEqual(rejects(report), {});
    assert.deepEqual([binary.ranges()[0].start, binary.ranges()[0].end, binary.ranges()[0].line], [0, 10, 0]);
  });

  test('line ends of Windows and a byte order mark make no difference', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(3), 'b.log': `\ufeff${lines(3).replaceAll('\n', '\r\n')}` });
    const { ids, report } = await read(folder);
    assert.deepEqual(rejects(report), {});
    assert.deepEqual(ids.slice(3), ids.slice(0, 3));
  });
});

suite('damaged and hostile input', () => {
  test('a bad line costs itself only and is named with file and line', async (context) => {
    const text = [line(0), '{"gait":1,', line(1), 'nonsense', line(2).replace('"dur":2', '"dur":-2'), line(3)].join(
      '\n',
    );
    const folder = folderWith(context, { 'a.log': text });
    const { ids, report } = await read(folder);
    assert.deepEqual(ids, ['pay-0', 'pay-1', 'pay-3']);
    assert.deepEqual(rejects(report), { truncated: 1, 'bad-json': 1, 'out-of-range': 1 });
    const path = join(folder, 'a.log');
    assert.deepEqual(
      report.samples.map((sample) => [sample.reason, sample.path, sample.line]),
      [
        ['truncated', path, 2],
        ['bad-json', path, 4],
        ['out-of-range', path, 5],
      ],
    );
  });

  test('a file cut at any byte gives the records before the cut and at most one reject', async (context) => {
    const whole = Buffer.from(lines(2));
    const folder = folderWith(context, {});
    const path = join(folder, 'a.log');
    for (let end = 0; end <= whole.length; end++) {
      writeFileSync(path, whole.subarray(0, end));
      const { ids, report } = await read(path);
      const complete = [1, 2].filter((count) => lines(count).length - 1 <= end).length;
      assert.equal(ids.length, complete, `cut after ${end} bytes`);
      const rest = end - (complete === 0 ? 0 : lines(complete).length);
      assert.equal(
        Object.values(report.rejected).reduce((sum, count) => sum + count, 0),
        rest > 0 ? 1 : 0,
      );
    }
  });

  test('a compressed file cut at any byte gives some of its records and says that it is cut', async (context) => {
    const folder = folderWith(context, {});
    const path = join(folder, 'a.log');
    for (const packed of [gzipSync(lines(2)), zstdCompressSync(lines(2))]) {
      for (let end = 4; end < packed.length; end++) {
        writeFileSync(path, packed.subarray(0, end));
        const { ids, report } = await read(path);
        assert.deepEqual(ids, ['pay-0', 'pay-1'].slice(0, ids.length));
        assert.deepEqual(rejects(report), { truncated: 1 }, `cut after ${end} bytes`);
        assert.equal(report.files, 1);
      }
    }
  });

  test('what comes before damage in a compressed file counts, and the damage is counted once', async (context) => {
    const text = lines(20_000);
    const packed = gzipSync(text);
    packed[packed.length - 6] ^= 1;
    const folder = folderWith(context, { 'a.gz': packed, 'b.log': lines(1, 'after') });
    const { ids, report } = await read(folder);
    assert.deepEqual(rejects(report), { 'bad-gzip': 1 });
    assert.equal(ids.at(-1), 'after-0');
    assert.ok(ids.length > 19_000 && ids.length <= 20_001, `${ids.length} rows`);
    assert.equal(report.samples[0].path, join(folder, 'a.gz'));
  });

  test('bombs end early, in one line as in many, and the next file is read', async (context) => {
    const folder = folderWith(context, {
      'a.gz': gzipSync(Buffer.concat([Buffer.from(line(0, 'bomb')), Buffer.alloc(2 * INFLATE_FREE_BYTES, ' ')])),
      'b.gz': gzipSync(Buffer.alloc(2 * INFLATE_FREE_BYTES)),
      'c.zst': zstdCompressSync(
        Buffer.from(lines(1, 'bomb').repeat((2 * INFLATE_FREE_BYTES) / line(0, 'bomb').length)),
      ),
      'd.log': lines(1, 'after'),
    });
    const { ids, report } = await read(folder);
    assert.equal(ids.at(-1), 'after-0');
    assert.ok(ids.length > 1000 && ids.every((id) => id.endsWith('-0')));
    // The line without end, counted as such, the bomb it stands in, and the bomb of many lines.
    assert.deepEqual(rejects(report), { 'unknown-format': 1, 'inflates-too-far': 3 });
    assert.ok(report.bytes < 4 * INFLATE_FREE_BYTES);
  });

  test('a line over the limit is skipped, plain or compressed', async (context) => {
    const long = line(1).replace('}', `,"zz":"${'x'.repeat(LINE_BYTES_MAX)}"}`);
    const text = `${line(0)}\n${long}\n${line(2)}\n`;
    const folder = folderWith(context, { 'a.log': text, 'b.gz': gzipSync(text) });
    const { ids, report } = await read(folder);
    assert.deepEqual(ids, ['pay-0', 'pay-2', 'pay-0', 'pay-2']);
    assert.deepEqual(rejects(report), { 'too-large': 1, 'inflates-too-far': 1 });
    assert.deepEqual(
      report.samples.map((sample) => sample.line),
      [2, 2],
    );
  });

  test('lines that are not UTF-8 are refused, the others of the block are not', async (context) => {
    const bad = Buffer.from(line(1).replace('/1', '/\u00ff'), 'latin1');
    const folder = folderWith(context, {
      'a.log': Buffer.concat([Buffer.from(`${line(0)}\n`), bad, Buffer.from(`\n${line(2)}`)]),
    });
    const { ids, report } = await read(folder);
    assert.deepEqual(ids, ['pay-0', 'pay-2']);
    assert.deepEqual(rejects(report), { 'bad-utf8': 1 });
  });

  test('ten thousand levels, 100,000 attributes, a text of 10 MB and a polluting key pass the reader', async (context) => {
    const attributes = Array.from({ length: 100_000 }, (_, at) => `"a${at}":${at}`).join(',');
    const hostile = [
      line(0).replace('}', `,"zz":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
      line(1).replace('}', `,${attributes}}`),
      line(2).replace('}', `,"ts":"${'y'.repeat(10_000_000)}"}`),
      line(3).replace('}', ',"__proto__":{"toString":1}}'),
    ];
    const folder = folderWith(context, { 'a.log': hostile.join('\n') });
    const { ids, report } = await read(folder);
    assert.deepEqual(ids, ['pay-1', 'pay-2', 'pay-3']);
    assert.deepEqual(rejects(report), { 'too-deep': 1 });
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  test('impossible times are kept for the sort to place', async (context) => {
    const at = (year: number) => line(0).replace(/"t":\d+/, `"t":${Date.UTC(year, 0, 1)}`);
    const folder = folderWith(context, { 'a.log': [at(1970), line(1), at(9999)].join('\n') });
    const { batches, report } = await read(folder);
    assert.deepEqual(report.notes, { 'time-clamped': 2 });
    assert.deepEqual(Array.from(batches[0].columns.eventMs, Number.isNaN), [true, false, true]);
  });

  test('a hundred thousand rejects keep a few samples', async (context) => {
    const folder = folderWith(context, { 'a.log': `${line(0)}\n${'x\n'.repeat(100_000)}` });
    const { report } = await read(folder);
    assert.deepEqual(rejects(report), { 'bad-json': 100_000 });
    assert.equal(report.samples.length, SAMPLES_PER_REASON_MAX);
  });
});

suite('files that change or cannot be read', () => {
  test('a file that grows faster than it is read is read as it was when it was opened', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(10_000) });
    const reading = readInputs([folder], OPTIONS);
    let rows = 0;
    for await (const batch of reading.batches) {
      rows += batch.rows;
      assert.ok(rows <= 10_000, 'what was appended meanwhile is not read');
      appendFileSync(join(folder, 'a.log'), lines(5000, 'more'));
    }
    assert.equal(rows, 10_000);
    assert.equal(reading.report.progress, 1);
  });

  test('a file that disappears or becomes unreadable meanwhile is named, and the others are read', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(5000), 'b.log': lines(1, 'b'), 'c.log': lines(1, 'c') });
    const reading = readInputs([folder], OPTIONS);
    const ids: string[] = [];
    for await (const batch of reading.batches) {
      rmSync(join(folder, 'b.log'), { force: true });
      for (let row = 0; row < batch.rows; row++) ids.push(batch.idText(row, 'requestId'));
    }
    assert.deepEqual([ids.length, ids.at(-1)], [5001, 'c-0']);
    assert.deepEqual(
      reading.report.problems.map(({ path }) => path),
      [join(folder, 'b.log')],
    );
  });

  test('a file that may not be read is named, and the others are read', (context) => {
    const folder = folderWith(context, { 'a.log': lines(1, 'a'), 'closed.log': lines(1), 'z.log': lines(2, 'z') });
    const modules = ['read.ts', '../gait.ts', '../tokens-memory.ts'].map((name) =>
      JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href),
    );
    const script = `
      import { chmodSync } from 'node:fs';
      const [{ readInputs }, { gaitDecoder }, { MemoryTokens }] = await Promise.all(
        [${modules.join(',')}].map((name) => import(name)));
      const folder = ${JSON.stringify(folder)};
      chmodSync(folder, 0o755);
      chmodSync(folder + '/closed.log', 0o600);
      // Root may read anything, so the rest happens as nobody.
      if (process.getuid() === 0) process.setuid(65534);
      else chmodSync(folder + '/closed.log', 0);
      const defaults = { provider: 'aws', account: '1', region: 'r', newestMs: 4e12 };
      const reading = readInputs([folder], { decoders: [gaitDecoder()], tokens: new MemoryTokens(), defaults });
      for await (const batch of reading.batches);
      console.log(JSON.stringify(reading.report));
    `;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    const report: ReadReport = JSON.parse(child.stdout);
    assert.equal(report.rows, 3);
    assert.deepEqual(report.problems, [{ path: join(folder, 'closed.log'), sentence: 'Permission denied.' }]);
  });

  test('files without a size, as below /proc, are read to a limit', {
    skip: !existsSync('/proc/self/status'),
  }, async () => {
    const status = recorder('lambda-logs', 'lines', 'Name:');
    const { report } = await read('/proc/self/status', { decoders: [status.decoder] });
    assert.equal(statSync('/proc/self/status').size, 0);
    assert.ok(report.rows > 10);
    assert.ok(status.texts().some((text) => text.startsWith('Pid:')));
    assert.ok(report.bytes < UNSIZED_BYTES_MAX);
    assert.deepEqual(report.problems, []);
  });

  test('an aborted reading throws the reason and lets go of its file', async (context) => {
    const folder = folderWith(context, { 'a.gz': gzipSync(lines(30_000)) });
    const abort = new AbortController();
    const reading = readInputs([folder], { ...OPTIONS, signal: abort.signal });
    await reading.batches.next();
    abort.abort(new Error('interrupted'));
    await assert.rejects(
      async () => {
        for await (const _ of reading.batches);
      },
      { message: 'interrupted' },
    );
    assert.deepEqual(await reading.batches.next(), { done: true, value: undefined });
    assert.equal(openFiles(folder), 0);
  });

  test('a mistake in a decoder is not taken for a problem of the file', async (context) => {
    const folder = folderWith(context, { 'a.log': lines(1) });
    const broken: Decoder = {
      ...gaitDecoder(),
      decode() {
        throw new TypeError('a mistake');
      },
    };
    await assert.rejects(read(folder, { decoders: [broken] }), { message: 'a mistake' });
    assert.equal(openFiles(folder), 0);
  });
});

/** Files below a folder that this process has open; 0 where the system does not say. */
function openFiles(folder: string): number {
  if (!existsSync('/proc/self/fd')) return 0;
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return targets.filter((target) => target.startsWith(folder)).length;
}
