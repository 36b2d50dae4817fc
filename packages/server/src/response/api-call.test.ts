import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { callFor, commandFor } from './api-call.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).filter((one) => !one.includes('\0')),
  fc.string({ unit: fc.constantFrom(' ', "'", '\\', '"', '$', 'a', '\n', '\u{1f600}'), maxLength: 12 }),
);

describe('a call as a command line', () => {
  it('is read by a shell as exactly the words that are meant, whatever a description holds', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (descriptions) => {
        const script = descriptions.map((description) => {
          const command = commandFor(callFor({ kind: 'description', functionName: 'pay' }, description), 'eu-west-1');
          // What the shell makes of the words, each ended by a zero byte.
          return `show ${command}`;
        });
        const show = 'show() { printf "%s\\0" "$@"; }';
        const read = execFileSync('bash', ['--norc', '-c', [show, ...script].join('\n')], {
          env: { LC_ALL: 'C.UTF-8' },
        });
        const expected = descriptions.flatMap((description) => [
          ...['aws', 'lambda', 'update-function-configuration', '--function-name', 'pay', '--description', description],
          ...['--region', 'eu-west-1'],
        ]);
        assert.ok(!/\s{2}/.test(script.join('')), 'what a terminal would join is written by number');
        assert.deepEqual(read.toString().split('\0').slice(0, -1), expected);
      }),
      { seed: 11, numRuns: 30 },
    );
  });
});
