import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { markdownOf, printedOf, writeReport } from './report.ts';
import type { SuiteReport } from './suite.ts';

const CHART = { title: 'curve', x: { label: 'x' }, y: { label: 'y' }, series: [] };
const REPORT: SuiteReport = {
  json: {},
  sections: [
    { text: 'Found.' },
    {
      table: {
        head: ['what', 'n'],
        rows: [
          ['a|b\nc', 0.123456],
          ['d', 12_345],
        ],
      },
    },
    { name: 'curve', chart: CHART },
  ],
};

describe('reports', () => {
  it('are Markdown whose tables cannot be broken by their cells', () => {
    assert.equal(
      markdownOf('Suite', REPORT),
      '## Suite\n\nFound.\n\n| what | n |\n|---|---|\n| a\\|b c | 0.1235 |\n| d | 12345 |\n\n![curve](curve.svg)\n',
    );
  });

  it('are printed without pictures', () => assert.doesNotMatch(printedOf('Suite', REPORT), /svg/));

  it('are written with their pictures beside them', (context) => {
    const out = mkdtempSync(join(tmpdir(), 'gait-report-'));
    context.after(() => rmSync(out, { recursive: true, force: true }));
    writeReport(join(out, 'new'), 'suite', [{ title: 'Suite', report: REPORT }]);
    assert.deepEqual(readdirSync(join(out, 'new')).toSorted(), ['curve.svg', 'suite.md']);
    assert.match(readFileSync(join(out, 'new/suite.md'), 'utf8'), /!\[curve\]\(curve\.svg\)/);
  });
});
