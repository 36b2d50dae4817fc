import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { numberedFinding } from '../finding-samples.ts';
import { linesUntilKilled, seededRandom, seedsOfRun } from '../kill.contract.ts';
import { FINDINGS_LISTED_MAX } from '../store.ts';
import { crashIncident, ORDINALS_PER_INCIDENT } from './crash-steps.ts';
import { openSqliteStore } from './sqlite-store.ts';

const KILLS_PER_SEED = 3;
const child = join(import.meta.dirname, 'sqlite-store.crash-child.ts');

suite('a store whose process is killed', () => {
  for (const seed of seedsOfRun()) {
    test(`holds whole steps only, each finding once (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), 'gait-crash-'));
      const path = join(folder, 'store.sqlite');
      try {
        for (let kill = 0; kill < KILLS_PER_SEED; kill++) {
          const portion = 1 + Math.floor(random() * 30);
          const back = Math.floor(random() * 100);
          const lines = await linesUntilKilled([child, path, `${back}`, `${portion}`], {
            lines: 1 + Math.floor(random() * 40),
            delayMs: random() * 4,
          });
          checkStore(path, Number(lines.at(-1)));
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

function checkStore(path: string, acknowledged: number): void {
  const store = openSqliteStore(path);
  const { consumed } = store;
  assert.ok(consumed >= acknowledged, `${consumed} is behind the acknowledged ${acknowledged}`);
  assert.ok(consumed < FINDINGS_LISTED_MAX, 'the test lists everything there is');
  assert.deepEqual(
    store.findings({ limit: FINDINGS_LISTED_MAX }).toReversed(),
    Array.from({ length: consumed }, (_, ordinal) => numberedFinding(ordinal)),
  );
  const incidents = Math.ceil(consumed / ORDINALS_PER_INCIDENT);
  assert.deepEqual(
    store.incidents({ limit: FINDINGS_LISTED_MAX }).toReversed(),
    Array.from({ length: incidents }, (_, number) => crashIncident(number, consumed)),
  );
  assert.deepEqual(store.functions(), [{ key: 'aws:1:r:f', updatedMs: consumed, content: { consumed } }]);
  store.close();
  const raw = new DatabaseSync(path);
  assert.equal(raw.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
  raw.close();
}
