import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { linesUntilKilled, seededRandom, seedsOfRun } from '../kill.contract.ts';
import { readHours, readMinutes } from './read-series.ts';
import { openSeries } from './series.ts';
import { sampleHour, sampleRow, TEST_HOUR_MS } from './series-samples.ts';

const KILLS_PER_SEED = 3;
const MINUTE_MS = 60_000;
const KEPT_MINUTES = 48 * 60;
const child = join(import.meta.dirname, 'series.crash-child.ts');

suite('series whose writer is killed', () => {
  for (const seed of seedsOfRun()) {
    test(`hold every minute that was written, once (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), 'gait-series-crash-'));
      try {
        let written = -1;
        for (let kill = 0; kill < KILLS_PER_SEED; kill++) {
          const back = Math.floor(random() * 200);
          const lines = await linesUntilKilled([child, folder, `${written + 1}`, `${back}`], {
            lines: 1 + Math.floor(random() * 400),
            delayMs: random() * 4,
          });
          written = Math.max(written, Number(lines.at(-1)));
          await check(folder, written);
          openSeries(folder).close();
          await check(folder, written);
        }
        const left = readdirSync(join(folder, 'minutes')).filter((name) => name.endsWith('.journal'));
        assert.ok(left.length <= 1, left.join(' '));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

/** Minutes `0..written` are there, perhaps one more, unless they are old; each as it was written. */
async function check(folder: string, written: number): Promise<void> {
  const { rows, unreadable } = await readMinutes(folder, { function: 'g', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  assert.deepEqual(unreadable, []);
  const minutes = rows.map(({ startMs, ...row }) => {
    const minute = (startMs - TEST_HOUR_MS) / MINUTE_MS;
    assert.deepEqual(row, sampleRow('g', minute));
    return minute;
  });
  const first = minutes[0];
  const last = minutes[minutes.length - 1];
  assert.ok(last >= written && first <= Math.max(0, written - KEPT_MINUTES), `${first}..${last} of 0..${written}`);
  assert.deepEqual(
    minutes,
    Array.from({ length: last - first + 1 }, (_, at) => first + at),
  );
  const hours = await readHours(folder, { function: 'g', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER });
  const closed = Math.floor((written + 1) / 60);
  assert.ok(hours.rows.length >= closed, `${hours.rows.length} of ${closed} hours`);
  hours.rows.forEach((row, hour) => {
    assert.deepEqual(row, { ...sampleHour(hour, ['g']).rows[0], startMs: TEST_HOUR_MS + hour * 60 * MINUTE_MS });
  });
}
