import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { SeriesQuery } from './read-series.ts';
import { readHours, readMinutes } from './read-series.ts';
import { BLOCK_ROWS_MAX } from './sealed-file.ts';
import { openSeries } from './series.ts';
import { sampleHour, sampleMinute, sampleRow, TEST_HOUR_MS } from './series-samples.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ALWAYS = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

function inFolder(title: string, body: (folder: string) => Promise<void>): void {
  test(title, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gait-series-'));
    try {
      await body(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

/** The minutes of a function, numbered from the test's hour; checks that each row is the one that was written. */
async function minutesOf(folder: string, name: string, query: Partial<SeriesQuery> = {}): Promise<number[]> {
  const { rows, unreadable } = await readMinutes(folder, { function: name, ...ALWAYS, ...query });
  assert.deepEqual(unreadable, []);
  return rows.map(({ startMs, ...row }) => {
    const minute = (startMs - TEST_HOUR_MS) / MINUTE_MS;
    assert.deepEqual(row, sampleRow(name, minute));
    return minute;
  });
}

const files = (folder: string, kind: 'minutes' | 'hours' = 'minutes') => readdirSync(join(folder, kind)).sort();

suite('series', () => {
  inFolder('give back each minute of a function, sealed or not, in the order of time', async (folder) => {
    const series = openSeries(folder);
    for (let minute = 0; minute < 130; minute++) {
      series.minute(sampleMinute(minute, minute % 2 === 0 ? ['f', 'g'] : ['g']));
    }
    const all = Array.from({ length: 130 }, (_, minute) => minute);
    assert.deepEqual(await minutesOf(folder, 'g'), all);
    assert.deepEqual(
      await minutesOf(folder, 'f'),
      all.filter((minute) => minute % 2 === 0),
    );
    assert.deepEqual(await minutesOf(folder, 'unknown'), []);
    assert.deepEqual(files(folder), ['2026-11-24T20.gs', '2026-11-24T21.gs', '2026-11-24T22.journal']);
    series.close();
  });

  inFolder('give back hours with the learned band and the maturity', async (folder) => {
    const series = openSeries(folder);
    for (let hour = 0; hour < 10; hour++) series.hour(sampleHour(hour, ['f', 'g']));
    series.close();
    const { rows, unreadable } = await readHours(folder, { function: 'f', ...ALWAYS });
    assert.deepEqual(unreadable, []);
    assert.deepEqual(
      rows,
      Array.from({ length: 10 }, (_, hour) => ({
        ...sampleHour(hour, ['f']).rows[0],
        startMs: TEST_HOUR_MS + hour * HOUR_MS,
      })),
    );
    assert.deepEqual(files(folder, 'hours'), ['2026-11-24.gs', '2026-11-25.journal']);
  });

  inFolder('give only what was asked for: from the first minute on, the last not included', async (folder) => {
    const series = openSeries(folder);
    for (let minute = 0; minute < 130; minute++) series.minute(sampleMinute(minute, ['f']));
    const at = (minute: number) => TEST_HOUR_MS + minute * MINUTE_MS;
    assert.deepEqual(await minutesOf(folder, 'f', { fromMs: at(58), toMs: at(62) }), [58, 59, 60, 61]);
    assert.deepEqual(await minutesOf(folder, 'f', { fromMs: at(58) + 1, toMs: at(60) + 1 }), [59, 60]);
    assert.deepEqual(await minutesOf(folder, 'f', { fromMs: at(62), toMs: at(58) }), []);
    series.close();
  });

  inFolder('go on after closing and opening again', async (folder) => {
    for (const minutes of [
      [0, 1],
      [2, 3],
      [60, 61],
      [62, 130],
    ]) {
      const series = openSeries(folder);
      for (const minute of minutes) series.minute(sampleMinute(minute, ['f']));
      series.close();
      series.close();
    }
    assert.deepEqual(await minutesOf(folder, 'f'), [0, 1, 2, 3, 60, 61, 62, 130]);
  });

  inFolder('hold each minute once when a replay hands it in again, also into sealed hours', async (folder) => {
    const series = openSeries(folder);
    for (let minute = 0; minute < 130; minute++) series.minute(sampleMinute(minute, ['f', 'g']));
    for (let minute = 30; minute < 140; minute++) series.minute(sampleMinute(minute, ['f', 'g']));
    const all = Array.from({ length: 140 }, (_, minute) => minute);
    assert.deepEqual(await minutesOf(folder, 'f'), all);
    series.close();
    const again = openSeries(folder);
    for (let minute = 0; minute < 190; minute++) again.minute(sampleMinute(minute, ['f', 'g']));
    again.close();
    assert.deepEqual(
      await minutesOf(folder, 'f'),
      Array.from({ length: 190 }, (_, minute) => minute),
    );
    assert.deepEqual(files(folder), [
      '2026-11-24T20.gs',
      '2026-11-24T21.gs',
      '2026-11-24T22.gs',
      '2026-11-24T23.journal',
    ]);
  });

  inFolder('keep the later of two rows of the same minute', async (folder) => {
    const series = openSeries(folder);
    const [first, second] = [sampleMinute(5, ['f']), sampleMinute(5, ['f'])];
    series.minute({ ...first, rows: [{ ...first.rows[0], count: 1 }] });
    series.minute({ ...second, rows: [{ ...second.rows[0], count: 2 }] });
    const counts = async () => (await readMinutes(folder, { function: 'f', ...ALWAYS })).rows.map((row) => row.count);
    assert.deepEqual(await counts(), [2]);
    series.minute(sampleMinute(60, ['f']));
    assert.deepEqual(await counts(), [2, 70]);
    series.minute({ ...first, rows: [{ ...first.rows[0], count: 3 }] });
    series.minute(sampleMinute(61, ['f']));
    assert.deepEqual(await counts(), [3, 70, 71]);
    series.close();
  });

  inFolder('find one function among many blocks, whatever its name', async (folder) => {
    const odd = ['', '../../etc/passwd', 'a\0b', 'ünï', '🦆', '__proto__', 'x'.repeat(5000), '\uffff', '"', '\n'];
    const names = [...odd, ...Array.from({ length: 300 }, (_, at) => `function-${at}`)];
    const series = openSeries(folder);
    for (let minute = 0; minute <= 60; minute++) series.minute(sampleMinute(minute, names));
    assert.ok(names.length * 60 > 4 * BLOCK_ROWS_MAX);
    const all = Array.from({ length: 61 }, (_, minute) => minute);
    for (const name of [...odd, 'function-0', 'function-157', 'function-99']) {
      assert.deepEqual(await minutesOf(folder, name), all, name.slice(0, 20));
    }
    series.close();
  });

  inFolder('keep minutes for two days and hours for 400, counted from the newest', async (folder) => {
    const series = openSeries(folder);
    for (let hour = 0; hour < 60; hour++) series.minute(sampleMinute(hour * 60, ['f']));
    const kept = files(folder);
    assert.equal(kept[0], '2026-11-25T07.gs');
    assert.equal(kept.at(-1), '2026-11-27T07.journal');
    assert.equal(kept.length, 49);
    for (let day = 0; day < 410; day++) series.hour(sampleHour(day * 24, ['f']));
    assert.equal(files(folder, 'hours').length, 401);
    series.minute(sampleMinute(0, ['f', 'g']));
    assert.deepEqual(series.dropped, { 'file-full': 0, 'write-failed': 0, expired: 2 });
    series.close();
    assert.deepEqual(files(folder), kept);
  });

  inFolder('leave strange files alone', async (folder) => {
    openSeries(folder).close();
    const strange = ['notes.txt', '2026-11-24T20.gs.old', '2026-99-99T99.gs', '2026-11-24.gs', 'x.journal'];
    for (const name of strange) writeFileSync(join(folder, 'minutes', name), 'hello');
    const series = openSeries(folder);
    for (let hour = 0; hour < 60; hour++) series.minute(sampleMinute(hour * 60, ['f']));
    for (const name of strange) assert.ok(files(folder).includes(name), name);
    series.close();
  });

  inFolder('are readable by their owner only', async (folder) => {
    const series = openSeries(folder);
    series.minute(sampleMinute(0, ['f']));
    series.minute(sampleMinute(60, ['f']));
    for (const name of files(folder)) assert.equal(statSync(join(folder, 'minutes', name)).mode & 0o777, 0o600);
    series.close();
  });

  inFolder('cannot be opened where a folder cannot be', async (folder) => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(() => openSeries(join(folder, 'file')), { code: 'GAIT_STORE_IO' });
  });

  inFolder('of a folder that was never written are empty', async (folder) => {
    assert.deepEqual(await readMinutes(join(folder, 'none'), { function: 'f', ...ALWAYS }), {
      rows: [],
      unreadable: [],
    });
  });

  inFolder('refuse a roll-up that does not start on its minute, and any after closing', async (folder) => {
    const series = openSeries(folder);
    const rows = [sampleRow('f', 0)];
    for (const minuteMs of [TEST_HOUR_MS + 1, -MINUTE_MS, Number.NaN, 1e18]) {
      assert.throws(() => series.minute({ minuteMs, rows }), { name: 'AssertionError' });
    }
    series.close();
    assert.throws(() => series.minute(sampleMinute(0, ['f'])), { name: 'AssertionError' });
  });

  inFolder('of a folder to be thrown away hold the same', async (folder) => {
    const series = openSeries(folder, { durable: false });
    for (let minute = 0; minute < 70; minute++) series.minute(sampleMinute(minute, ['f']));
    series.flush();
    assert.equal((await minutesOf(folder, 'f')).length, 70);
    series.close();
  });
});

suite('damaged series', () => {
  inFolder('lose no whole minute when the last one was torn at any byte', async (folder) => {
    const path = join(folder, 'minutes', '2026-11-24T20.journal');
    const series = openSeries(folder);
    series.minute(sampleMinute(0, ['f', 'g']));
    series.minute(sampleMinute(1, ['f', 'g']));
    const before = statSync(path).size;
    series.minute(sampleMinute(2, ['f', 'g']));
    series.close();
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole);
      truncateSync(path, length);
      const expected = length >= before ? [0, 1] : await minutesOf(folder, 'f');
      assert.deepEqual(await minutesOf(folder, 'f'), expected);
      const again = openSeries(folder);
      again.minute(sampleMinute(3, ['f', 'g']));
      again.close();
      assert.deepEqual(await minutesOf(folder, 'f'), [...expected, 3], `torn at ${length}`);
    }
  });

  inFolder('say which file is unreadable, whichever byte of it is wrong', async (folder) => {
    const path = join(folder, 'minutes', '2026-11-24T20.gs');
    const series = openSeries(folder);
    for (const minute of [0, 1, 60]) series.minute(sampleMinute(minute, ['f']));
    series.close();
    const whole = readFileSync(path);
    for (let at = 8; at < whole.length; at++) {
      const wrong = Buffer.from(whole);
      wrong[at] ^= 0x55;
      writeFileSync(path, wrong);
      const { rows, unreadable } = await readMinutes(folder, { function: 'f', ...ALWAYS });
      assert.deepEqual(unreadable, [path], `byte ${at}`);
      assert.deepEqual(
        rows.map((row) => row.count),
        [70],
      );
    }
  });

  inFolder('are set aside when they were to be extended, and counted', async (folder) => {
    const path = join(folder, 'minutes', '2026-11-24T20.gs');
    const series = openSeries(folder);
    for (const minute of [0, 60]) series.minute(sampleMinute(minute, ['f']));
    writeFileSync(path, 'nonsense');
    for (const minute of [1, 61]) series.minute(sampleMinute(minute, ['f']));
    assert.equal(series.damaged, 1);
    assert.deepEqual(await minutesOf(folder, 'f'), [1, 60, 61]);
    assert.equal(readFileSync(`${path}.damaged`, 'utf8'), 'nonsense');
    series.close();
  });

  inFolder('of a crash between sealing and removing the journal read the same and are mended', async (folder) => {
    const journal = join(folder, 'minutes', '2026-11-24T20.journal');
    const series = openSeries(folder);
    for (const minute of [0, 1, 2]) series.minute(sampleMinute(minute, ['f']));
    const bytes = readFileSync(journal);
    series.minute(sampleMinute(60, ['f']));
    series.close();
    writeFileSync(journal, bytes);
    writeFileSync(join(folder, 'minutes', '2026-11-24T21.gs.tmp'), 'half');
    assert.deepEqual(await minutesOf(folder, 'f'), [0, 1, 2, 60]);
    openSeries(folder).close();
    assert.deepEqual(await minutesOf(folder, 'f'), [0, 1, 2, 60]);
    assert.deepEqual(files(folder), ['2026-11-24T20.gs', '2026-11-24T21.journal']);
  });

  inFolder('never stop the writer: what the disk refuses is counted', async (folder) => {
    const series = openSeries(folder);
    series.minute(sampleMinute(0, ['f']));
    rmSync(join(folder, 'minutes'), { recursive: true });
    series.minute(sampleMinute(60, ['f', 'g']));
    assert.equal(series.dropped['write-failed'], 2);
    series.close();
  });
});
