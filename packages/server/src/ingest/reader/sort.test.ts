import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { canonicalRow } from '@gait/engine/event/canonical';
import { FLAG } from '@gait/engine/event/schema';
import { encodeWireRecord } from '@gait/sensor/wire';
import { TEST_DEFAULTS, TEST_TOKENS } from '../decoder.contract.ts';
import { gaitDecoder } from '../gait.ts';
import { readInputs } from './read.ts';
import { type SortOptions, sortByTime } from './sort.ts';

const NOW_MS = 1_800_000_000_000;

/** A batch of rows at these times, NaN for none; each row is told apart by its request id. */
function batchOf(name: string, times: readonly number[]): Batch {
  const builder = new BatchBuilder();
  const origin = builder.addOrigin({ name, from: 0, to: 100, sha256: 'c'.repeat(64) });
  for (const [at, timeMs] of times.entries()) {
    builder.begin('sensor', timeMs, 'made');
    if (Number.isNaN(timeMs)) builder.flag(FLAG.clamped);
    builder.symbol('function', `aws:1:2:${name}`);
    builder.id('requestId', `${name}${at}`);
    builder.call({ verb: `verb-${at % 5}`, bytesOut: at, spanId: '00f067aa0ba902b7' });
    builder.locate(origin, at, 1, at + 1);
    builder.end();
  }
  return builder.finish();
}

async function* asyncly(batches: readonly Batch[]): AsyncGenerator<Batch> {
  yield* batches;
}

interface Outcome {
  readonly ids: readonly string[];
  readonly times: readonly number[];
  readonly texts: readonly string[];
  readonly batches: readonly Batch[];
  readonly fromMs: number;
  readonly toMs: number;
}

async function sorted(batches: readonly Batch[], options: Partial<SortOptions> = {}): Promise<Outcome> {
  const rows = await sortByTime(asyncly(batches), { nowMs: NOW_MS, ...options });
  const out: Batch[] = [];
  for await (const batch of rows.batches()) out.push(batch);
  const all = out.flatMap((batch) => Array.from({ length: batch.rows }, (_, row) => ({ batch, row })));
  assert.equal(all.length, rows.rows);
  const times = all.map(({ batch, row }) => batch.columns.eventMs[row]);
  for (const [at, { batch, row }] of all.entries()) {
    assert.equal(batch.columns.receivedMs[row], times[at], 'received when it happened');
    assert.ok(at === 0 || times[at - 1] <= times[at], 'in order of time');
  }
  return {
    ids: all.map(({ batch, row }) => batch.idText(row, 'requestId')),
    times,
    texts: all.map(({ batch, row }) => canonicalRow(batch, row, 0)),
    batches: out,
    fromMs: rows.fromMs,
    toMs: rows.toMs,
  };
}

/** Batches in small disorder: `count` of them with 50 rows each, times drawn from a seeded sequence. */
function disordered(count: number, seed = 7): Batch[] {
  let state = seed;
  const draw = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  };
  return Array.from({ length: count }, (_, at) => {
    const times = Array.from({ length: 50 }, () => 1_767_225_600_000 + at * 1000 + (draw() % 5000));
    return batchOf(`b${at}-`, at % 3 === 0 ? times.sort((a, b) => a - b) : times);
  });
}

/** What sorting must give: all rows by time, of equal times in reading order. */
function expectedIds(batches: readonly Batch[]): string[] {
  const rows = batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => ({
      id: batch.idText(row, 'requestId'),
      timeMs: batch.columns.eventMs[row],
    })),
  );
  return rows.sort((a, b) => a.timeMs - b.timeMs).map(({ id }) => id);
}

function emptyFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gait-sort-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Files without a name that this process has open below a folder. */
function openBelow(folder: string): number {
  if (!existsSync('/proc/self/fd')) return 0;
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
    } catch {
      return false;
    }
  }).length;
}

suite('sorting by time', () => {
  test('puts rows of several batches in order of time, and equal times in order of reading', async () => {
    const { ids, fromMs, toMs } = await sorted([
      batchOf('a', [10, 30, 20, 30]),
      batchOf('b', [30, 5]),
      batchOf('c', [20]),
    ]);
    assert.deepEqual(ids, ['b1', 'a0', 'a2', 'c0', 'a1', 'a3', 'b0']);
    assert.deepEqual([fromMs, toMs], [5, 30]);
  });

  test('keeps everything else of a row', async () => {
    const batches = disordered(6);
    const texts = batches.flatMap((batch) =>
      Array.from({ length: batch.rows }, (_, row) => canonicalRow(batch, row, 0)),
    );
    assert.deepEqual([...(await sorted(batches)).texts].sort(), texts.sort());
  });

  test('keeps rows that are there twice', async () => {
    const batch = batchOf('a', [1, 2, 3]);
    assert.deepEqual((await sorted([batch, batch])).ids, ['a0', 'a0', 'a1', 'a1', 'a2', 'a2']);
  });

  test('passes on batches that are in order and do not overlap as they are', async () => {
    const batches = [batchOf('b', [10, 20]), batchOf('a', [5, 10]), batchOf('c', [20, 30])];
    const out = (await sorted(batches)).batches;
    assert.deepEqual(
      out.map((batch) => batches.findIndex((original) => original.columns.strings === batch.columns.strings)),
      // `a` ends when `b` begins, but was read after it: that one row has to move behind.
      [-1, 2],
    );
    const apart = [batchOf('b', [10, 20]), batchOf('a', [5, 9]), batchOf('c', [20, 30])];
    assert.deepEqual(
      (await sorted(apart)).batches.map((batch) =>
        apart.findIndex(({ columns }) => columns.strings === batch.columns.strings),
      ),
      [1, 0, 2],
    );
  });

  test('stamps of a batch may be changed afterwards without changing its event times', async () => {
    for (const batch of (await sorted([batchOf('a', [1, 2]), batchOf('b', [5, 4])])).batches) {
      const before = batch.columns.eventMs.slice();
      batch.columns.receivedMs.fill(99);
      assert.deepEqual(batch.columns.eventMs, before);
    }
  });

  test('has no rows and no span for an empty input', async () => {
    const empty = await sorted([]);
    assert.deepEqual([empty.ids, empty.fromMs, empty.toMs], [[], Number.NaN, Number.NaN]);
    assert.deepEqual((await sorted([batchOf('a', [])])).ids, []);
  });
});

suite('rows without a time', () => {
  const none = Number.NaN;

  test('get the time of the row read before, also from the batch before, and stay flagged', async () => {
    const { ids, times, batches } = await sorted([batchOf('a', [10, none, 40, none]), batchOf('b', [none, 30, none])]);
    assert.deepEqual(ids, ['a0', 'a1', 'b1', 'b2', 'a2', 'a3', 'b0']);
    assert.deepEqual(times, [10, 10, 30, 30, 40, 40, 40]);
    const flags = batches.flatMap((batch) => [...batch.columns.flags]);
    assert.deepEqual(
      flags.map((bits) => bits & FLAG.clamped),
      [0, 4, 0, 4, 0, 4, 4],
    );
  });

  test('at the beginning get the first known time', async () => {
    const { ids, times, fromMs } = await sorted([batchOf('a', [none]), batchOf('b', [none, 20, 10])]);
    assert.deepEqual(ids, ['b2', 'a0', 'b0', 'b1']);
    assert.deepEqual(times, [10, 20, 20, 20]);
    assert.equal(fromMs, 10);
  });

  test('all get the present time when no row has one', async () => {
    const { ids, times, fromMs, toMs } = await sorted([batchOf('a', [none, none]), batchOf('b', [none])]);
    assert.deepEqual(ids, ['a0', 'a1', 'b0']);
    assert.deepEqual(new Set([...times, fromMs, toMs]), new Set([NOW_MS]));
  });

  test('come out the same when they had to wait on disk', async (context) => {
    const folder = emptyFolder(context);
    const batches = [
      ...Array.from({ length: 9 }, (_, at) => batchOf(`n${at}-`, [none, none])),
      batchOf('b', [20, none, 10]),
    ];
    const expected = await sorted(batches);
    assert.deepEqual(expected.ids.slice(0, 3), ['b2', 'n0-0', 'n0-1']);
    for (const memoryBytesMax of [1, 1500, 4000]) {
      assert.deepEqual((await sorted(batches, { memoryBytesMax, folder })).texts, expected.texts);
    }
    const timeless = batches.slice(0, 9);
    assert.deepEqual((await sorted(timeless, { memoryBytesMax: 1, folder })).texts, (await sorted(timeless)).texts);
  });
});

suite('sorting more than fits into memory', () => {
  test('gives what sorting in memory gives, for any amount of memory', async (context) => {
    const folder = emptyFolder(context);
    const batches = disordered(90);
    const inMemory = await sorted(batches);
    assert.deepEqual(inMemory.ids, expectedIds(batches));
    // From a run a batch (and more runs than are kept apart) to two runs.
    for (const memoryBytesMax of [1, 10_000, 60_000, 400_000]) {
      const spilled = await sorted(batches, { memoryBytesMax, folder });
      assert.deepEqual(spilled.texts, inMemory.texts, `${memoryBytesMax} bytes`);
      assert.deepEqual([spilled.fromMs, spilled.toMs], [inMemory.fromMs, inMemory.toMs]);
    }
  });

  test('leaves nothing behind, neither names nor open files', async (context) => {
    const folder = emptyFolder(context);
    const rows = await sortByTime(asyncly(disordered(10)), { nowMs: NOW_MS, memoryBytesMax: 1, folder });
    assert.deepEqual(readdirSync(folder), [], 'the file has no name even while it is used');
    assert.equal(openBelow(folder), 1);
    for await (const _ of rows.batches());
    assert.equal(openBelow(folder), 0);
    await rows.close();
  });

  test('leaves nothing behind when it is not read to the end', async (context) => {
    const folder = emptyFolder(context);
    const options = { nowMs: NOW_MS, memoryBytesMax: 1, folder };
    const unread = await sortByTime(asyncly(disordered(10)), options);
    await unread.close();
    await unread.close();
    const half = await sortByTime(asyncly(disordered(10)), options);
    for await (const _ of half.batches()) break;
    assert.deepEqual([readdirSync(folder), openBelow(folder)], [[], 0]);
  });

  test('leaves nothing behind when it is interrupted, while reading or while giving', async (context) => {
    const folder = emptyFolder(context);
    const abort = new AbortController();
    const options = { nowMs: NOW_MS, memoryBytesMax: 1, folder, signal: abort.signal };
    const rows = await sortByTime(asyncly(disordered(10)), options);
    abort.abort(new Error('interrupted'));
    await assert.rejects(
      async () => {
        for await (const _ of rows.batches());
      },
      { message: 'interrupted' },
    );
    await assert.rejects(sortByTime(asyncly(disordered(10)), options), { message: 'interrupted' });
    assert.deepEqual([readdirSync(folder), openBelow(folder)], [[], 0]);
  });

  test('leaves nothing behind when its input fails', async (context) => {
    const folder = emptyFolder(context);
    const failing = (async function* () {
      yield* disordered(10);
      throw new Error('no more');
    })();
    await assert.rejects(sortByTime(failing, { nowMs: NOW_MS, memoryBytesMax: 1, folder }), { message: 'no more' });
    assert.deepEqual([readdirSync(folder), openBelow(folder)], [[], 0]);
  });

  test('says when there is no place for it', async (context) => {
    const folder = join(emptyFolder(context), 'missing');
    await assert.rejects(sortByTime(asyncly(disordered(10)), { nowMs: NOW_MS, memoryBytesMax: 1, folder }), {
      code: 'ENOENT',
    });
  });
});

suite('reading and sorting', () => {
  test('gives identical rows for any order of the input files', async (context) => {
    const folder = emptyFolder(context);
    const files = ['a.log', 'b.log', 'c.log'].map((name, file) => {
      const path = join(folder, name);
      const lines = Array.from({ length: 200 }, (_, at) =>
        encodeWireRecord({
          timeMs: at % 50 === 3 ? 0 : 1_767_225_600_000 + ((at * 37 + file * 11) % 200) * 1000,
          function: 'aws:1:2:pay',
          requestId: `${file}-${at}`,
        }),
      );
      writeFileSync(path, lines.join('\n'));
      return path;
    });
    const rowsOf = async (paths: readonly string[]) => {
      const { batches } = readInputs(paths, {
        decoders: [gaitDecoder()],
        defaults: TEST_DEFAULTS,
        tokens: TEST_TOKENS,
      });
      const rows = await sortByTime(batches, { nowMs: NOW_MS });
      const texts: string[] = [];
      for await (const batch of rows.batches()) {
        for (let row = 0; row < batch.rows; row++) texts.push(canonicalRow(batch, row, texts.length));
      }
      return texts;
    };
    const expected = await rowsOf(files);
    assert.equal(expected.length, 600);
    assert.deepEqual(await rowsOf(files.toReversed()), expected);
    assert.deepEqual(await rowsOf([files[1], files[2], files[0]]), expected);
    assert.deepEqual(await rowsOf([folder]), expected);
  });
});
