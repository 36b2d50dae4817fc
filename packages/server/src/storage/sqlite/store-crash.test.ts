import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { numberedFinding } from '../finding-samples.ts';
import { FINDINGS_LISTED_MAX } from '../store.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { crashIncident, ORDINALS_PER_INCIDENT } from './store-crash.steps.ts';

const SEEDS = Number(process.env['GAIT_SEEDS'] ?? 6);
const KILLS_PER_SEED = 3;
const child = join(import.meta.dirname, 'store-crash.child.ts');

suite('a store whose process is killed', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`holds whole steps only, each finding once (seed ${seed})`, async () => {
      const random = mulberry(seed);
      const folder = mkdtempSync(join(tmpdir(), 'gait-crash-'));
      const path = join(folder, 'store.sqlite');
      try {
        for (let kill = 0; kill < KILLS_PER_SEED; kill++) {
          const acknowledged = await runAndKill(path, random);
          checkStore(path, acknowledged);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});

/** Runs the child until it has committed a random number of steps, then kills it; gives the last ordinal it reported. */
async function runAndKill(path: string, random: () => number): Promise<number> {
  const portion = 1 + Math.floor(random() * 30);
  const back = Math.floor(random() * 100);
  const reports = 1 + Math.floor(random() * 40);
  const delayMs = random() * 4;
  const running = spawn(process.execPath, [child, path, String(back), String(portion)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  let armed = false;
  running.stdout.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
    if (armed || text.split('\n').length <= reports) return;
    armed = true;
    setTimeout(() => running.kill('SIGKILL'), delayMs);
  });
  const [code, signal] = await once(running, 'close');
  assert.equal(signal, 'SIGKILL', `the child ended by itself with ${code}`);
  const whole = text.slice(0, text.lastIndexOf('\n')).split('\n');
  return Number(whole[whole.length - 1]);
}

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

/** Small seeded generator (mulberry32, T. Ettinger, public domain), 0 <= value < 1. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
