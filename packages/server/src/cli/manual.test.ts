import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gait } from './command.contract.ts';

const MANUAL = join(import.meta.dirname, '../../../../docs/reference/cli.md');

describe('the manual of the command line', () => {
  it('has a part for every command', async () => {
    const manual = await readFile(MANUAL, 'utf8');
    const { stdout } = await gait('--help');
    const [, list = ''] = stdout.split('Commands:');
    const commands = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
    assert.ok(commands.length > 10, stdout);
    for (const name of commands) assert.match(manual, new RegExp(`^## \`gait ${name}\\b`, 'm'), name);
  });
});
