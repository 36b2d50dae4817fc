import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CanonicalRows, canonicalControl } from '@gait/engine/event/canonical';
import { verifyLog } from '../forensics/verify.ts';
import { openSegmentReader } from './segments/segment-reader.ts';

const FOLDER = fileURLToPath(new URL('../../../../fixtures/golden/segment-1', import.meta.url));

describe('a log written with schema 1', () => {
  it('still verifies', async () => {
    const report = await verifyLog(FOLDER);
    assert.ok(report.ok, report.statement[0]);
    assert.deepEqual([report.segments, report.records, report.provenThrough], [2, 30, 30]);
    assert.equal(report.key, '3bfc67e5969bf9ec2256fdf99547819e3582dcf597da16f31c1df8de34c2ceeb');
  });

  it('still reads, with the same canonical texts', async () => {
    const texts: string[] = [];
    let ticks = 0;
    for await (const { ordinal, record } of (await openSegmentReader(FOLDER)).read(0)) {
      if (record.type === 'tick') ticks++;
      else if (record.type === 'control') texts.push(canonicalControl(record.control, ordinal, record.receivedMs));
      else {
        const rows = new CanonicalRows(record.batch);
        for (let row = 0; row < record.batch.rows; row++) texts.push(rows.text(row, ordinal + row));
      }
    }
    assert.equal(ticks, 5);
    assert.equal(texts.map((text) => `${text}\n`).join(''), await readFile(join(FOLDER, 'expected.ndjson'), 'utf8'));
  });
});
