import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { control, observation } from '../log/log.contract.ts';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { exportRecords } from './export.ts';
import { verifyLog } from './verify.ts';
import { verifyExport } from './verify-export.ts';

const SEED = 20_241;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 60);

/** Ways to change a file. Each gets two places in it and some bytes. */
const CHANGES: readonly ((bytes: Buffer, places: readonly [number, number], filler: Uint8Array) => Buffer)[] = [
  (bytes, [from], filler) =>
    Buffer.concat([bytes.subarray(0, from), xor(bytes[from], filler), bytes.subarray(from + 1)]),
  (bytes, [from, to]) => Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]),
  (bytes, [from, to]) => Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]),
  (bytes, [from], filler) => Buffer.concat([bytes.subarray(0, from), filler, bytes.subarray(from)]),
  (bytes, [from, to]) => Buffer.from(bytes).fill(0, from, to),
  (bytes, [from, to], filler) => Buffer.from(bytes).fill(filler.length === 0 ? 'x' : filler, from, to),
  (bytes, [from]) => bytes.subarray(0, from),
];

function xor(byte: number, filler: Uint8Array): Buffer {
  return Buffer.from([byte ^ ((filler[0] ?? 0) | 1)]);
}

let folder = '';
let exported = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gait-fuzz-'));
  exported = await mkdtemp(join(tmpdir(), 'gait-fuzz-'));
  const log = await openSegmentLog(folder, { segmentBytesMax: 3000 });
  for (let at = 0; at < 5; at++) {
    await log.append(control(1000 * at));
    await log.append(observation(3, 1000 * at + 1));
    await log.append({ type: 'tick', throughMs: 1000 * at + 900 });
  }
  await log.close();
  await exportRecords({ folder, to: exported, ordinals: [0, 3, 17], attachments: new Map([['note.txt', 'a note']]) });
});
after(async () => {
  await rm(folder, { recursive: true });
  await rm(exported, { recursive: true });
});

/** Changes any file in any way; the check must then find it. */
async function alwaysFound(files: readonly string[], isOk: () => Promise<boolean>): Promise<void> {
  assert.ok(await isOk());
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const input = fc.tuple(
    fc.constantFrom(...files),
    fc.constantFrom(...CHANGES),
    fc.tuple(place, place),
    fc.uint8Array({ maxLength: 9 }),
  );
  await fc.assert(
    fc.asyncProperty(input, async ([path, change, fractions, filler]) => {
      const original = await readFile(path);
      const [one, two] = fractions.map((fraction) => Math.floor(fraction * original.length));
      const changed = change(original, [Math.min(one, two), Math.max(one, two)], filler);
      fc.pre(!changed.equals(original));
      try {
        await writeFile(path, changed);
        assert.equal(await isOk(), false, `a change of ${path} goes unnoticed`);
      } finally {
        await writeFile(path, original);
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  assert.ok(await isOk());
}

describe('a log that was changed anywhere in any way', () => {
  it('does not verify', async () => {
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile() && entry.name !== 'lock.sqlite');
    await alwaysFound(
      files.map((entry) => join(entry.parentPath, entry.name)),
      async () => (await verifyLog(folder)).ok,
    );
  });
});

describe('an export that was changed anywhere in any way', () => {
  it('does not verify', async () => {
    const names = await readdir(exported);
    await alwaysFound(
      names.map((name) => join(exported, name)),
      async () => (await verifyExport(exported)).ok,
    );
  });
});
