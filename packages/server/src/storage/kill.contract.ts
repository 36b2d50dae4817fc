import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Seeds of this run: six, or as many as `GAIT_SEEDS` says, from `GAIT_SEED_FIRST` (1) on. */
export function seedsOfRun(): readonly number[] {
  const first = Number(process.env['GAIT_SEED_FIRST'] ?? 1);
  return Array.from({ length: Number(process.env['GAIT_SEEDS'] ?? 6) }, (_, at) => first + at);
}

/** Small seeded generator (mulberry32, T. Ettinger, public domain), 0 <= value < 1. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * Runs a Node program that never ends by itself, and kills it `delayMs` after it has printed a number of lines. Gives
 * the whole lines it printed.
 */
export async function linesUntilKilled(
  program: readonly string[],
  until: { readonly lines: number; readonly delayMs: number },
): Promise<readonly string[]> {
  const running = spawn(process.execPath, [...program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  let armed = false;
  running.stdout.on('data', (piece: Buffer) => {
    text += piece.toString('latin1');
    if (armed || text.split('\n').length <= until.lines) return;
    armed = true;
    setTimeout(() => running.kill('SIGKILL'), until.delayMs);
  });
  const [code, signal] = await once(running, 'close');
  assert.equal(signal, 'SIGKILL', `the program ended by itself with ${code}`);
  return text.slice(0, text.lastIndexOf('\n')).split('\n');
}
