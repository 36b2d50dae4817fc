import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { linesUntilKilled, seededRandom, seedsOfRun } from './kill.contract.ts';
import { openPseudonyms } from './pseudonyms.ts';

const child = join(import.meta.dirname, 'pseudonyms.crash-child.ts');

suite('a pseudonym table whose process is killed', () => {
  for (const seed of seedsOfRun()) {
    test(`still knows every token it gave (seed ${seed})`, async () => {
      const random = seededRandom(seed);
      const folder = mkdtempSync(join(tmpdir(), 'gait-pseudonyms-crash-'));
      const path = join(folder, 'pseudonyms.sqlite');
      const given: string[] = [];
      try {
        for (let kill = 0; kill < 2; kill++) {
          const first = Math.max(0, given.length - 10);
          const lines = await linesUntilKilled([child, path, `${first}`], {
            lines: 1 + Math.floor(random() * 2000),
            delayMs: random() * 4,
          });
          given.splice(first, lines.length, ...lines);
          const pseudonyms = openPseudonyms(path);
          assert.deepEqual(
            given.map((_, person) => pseudonyms.person(`person number ${person}`)),
            given,
          );
          assert.equal(pseudonyms.reveal(given[0], 'test'), 'person number 0');
          pseudonyms.close();
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
