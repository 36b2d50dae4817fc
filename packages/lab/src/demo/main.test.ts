import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';

const MAIN = resolve(import.meta.dirname, 'main.ts');

function demo(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the command line of the demonstration', () => {
  for (const [words, says] of [
    [['--attack', 'flood'], /no attack 'flood'.*label, picture, preview/],
    [['--seed', '-1'], /--seed/],
    [['--seed', '1.5'], /--seed must be a whole number/],
    [['--port', '65536'], /--port must be a whole number from 0 to 65535/],
    [['--fast'], /--fast/],
    [['fast'], /fast/],
    [['--json'], /--json needs --once/],
  ] as const) {
    it(`says what is wrong with '${words.join(' ')}', and where help is, without a trace of the program`, () => {
      const { status, stdout, stderr } = demo(...words);
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, says);
      assert.match(stderr, /--help says what can be given/);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  it('has help that names every option', () => {
    const { status, stdout } = demo('--help');
    assert.equal(status, 0);
    for (const option of ['--once', '--json', '--seed', '--attack', '--port', '--help']) {
      assert.ok(stdout.includes(`  ${option} `), option);
    }
  });
});
