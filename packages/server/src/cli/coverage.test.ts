import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CAPABILITIES } from '@gait/engine/scoring/coverage';

const PAGE = join(import.meta.dirname, '../../../../docs/reference/coverage.md');

describe('the page about coverage', () => {
  it('has the matrix that the program uses', async () => {
    const page = await readFile(PAGE, 'utf8');
    const kinds = (list: readonly string[]) => list.map((kind) => `\`${kind}\``).join(', ') || '-';
    const rows = CAPABILITIES.map(({ name, full, partial }) => `| ${name} | ${kinds(full)} | ${kinds(partial)} |`);
    const [, table = ''] = page.split('|---|---|---|\n');
    assert.equal(table.split('\n\n', 1)[0].trimEnd(), rows.join('\n'));
    for (const kind of new Set(CAPABILITIES.flatMap(({ full, partial }) => [...full, ...partial]))) {
      assert.ok(page.split('The sources are')[1].includes(`\`${kind}\``), `${kind} is explained`);
    }
  });
});
