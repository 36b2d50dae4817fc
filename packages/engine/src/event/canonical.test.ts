import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BatchBuilder } from './batch-builder.ts';
import { CanonicalRows, canonicalControl, canonicalRow } from './canonical.ts';
import { decodeBatch, encodeBatch } from './codec.ts';
import { FLAG } from './schema.ts';
import { seededBatch } from './seeded-batch.ts';
import { sliceBatch } from './slice.ts';

/** One row with a value in each part; `before` strings are interned first, so that symbols differ but texts do not. */
function row(before: readonly string[]) {
  const builder = new BatchBuilder();
  for (const text of before) builder.intern(text);
  builder.addOrigin({ name: 'a "file"', from: 10, to: 90, sha256: 'ab'.repeat(32) });
  builder.begin('sensor', 1000.5, 'gait');
  builder.symbol('errorType', 'Тип\n');
  builder.symbol('function', 'aws:1:r:f');
  builder.number('memoryMb', 0);
  builder.number('durationMs', 12.25);
  builder.id('traceId', 'te"st');
  builder.flag(FLAG.cold);
  builder.call({ verb: 's3:PutObject', resource: 'b', bytesOut: 3, offsetMs: 0.1, spanId: '00000000000000ff' });
  builder.call({ verb: 'exec:sh', status: 500 });
  builder.locate(0, 4, 5, 6);
  builder.end();
  return builder.finish();
}

describe('canonical text', () => {
  it('has all present fields in a fixed order, as text', () => {
    assert.equal(
      canonicalRow(row([]), 0, 41),
      '{"ordinal":41,"type":"observation","receivedMs":1000.5,"eventMs":1000.5,"kind":"sensor","trust":3,"flags":1' +
        ',"source":"gait","durationMs":12.25,"memoryMb":0,"function":"aws:1:r:f","errorType":"Тип\\n","traceId":"te\\"st"' +
        ',"calls":[{"verb":"s3:PutObject","resource":"b","bytesOut":3,"offsetMs":0.10000000149011612' +
        ',"spanId":"00000000000000ff"},{"verb":"exec:sh","status":500}]' +
        `,"origin":{"name":"a \\"file\\"","from":10,"to":90,"sha256":"${'ab'.repeat(32)}","offset":4,"length":5,"line":6}}`,
    );
  });

  it('does not depend on the numbers of symbols', () => {
    assert.equal(canonicalRow(row(['x', 'exec:sh', 'y']), 0, 41), canonicalRow(row([]), 0, 41));
  });

  it('is the same after encoding and after slicing', () => {
    const batch = seededBatch({ seed: 1, rows: 30, startMs: 1e12 });
    const read = decodeBatch(encodeBatch(batch));
    for (let at = 0; at < 30; at++) {
      assert.equal(canonicalRow(read, at, at), canonicalRow(batch, at, at));
      assert.equal(canonicalRow(sliceBatch(batch, at), 0, at), canonicalRow(batch, at, at));
    }
  });

  it('is one line of JSON whatever the strings hold', () => {
    const texts = new CanonicalRows(seededBatch({ seed: 2, rows: 20, startMs: 1e12 }));
    for (let at = 0; at < 20; at++) {
      const text = texts.text(at, at + 5);
      assert.ok(!text.includes('\n'));
      assert.equal(JSON.parse(text).ordinal, at + 5);
      assert.equal(JSON.stringify(JSON.parse(text)), text);
    }
  });

  it('of a control has the order of its declaration', () => {
    assert.equal(
      canonicalControl({ by: 'ann', kind: 'erasure', principal: 'p' }, 3, 9),
      '{"ordinal":3,"type":"control","receivedMs":9,"control":{"kind":"erasure","principal":"p","by":"ann"}}',
    );
  });
});
