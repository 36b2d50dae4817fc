import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hasher } from './base/hash.ts';
import { batchesOf, Feed, type Sample, START_MS } from './engine-feed.ts';
import { BatchView } from './features/batch-view.ts';
import { LOOK_AHEAD_ROWS, LookAhead } from './look-ahead.ts';

const FN = 'aws:1:eu-west-1:orders';

/** Rows of a known function, of an unknown one, of none, and without a request. */
function samples(count: number): Sample[] {
  return Array.from({ length: count }, (_, at) => ({
    atMs: START_MS + at,
    ...(at % 4 === 3 ? {} : { fn: at % 4 === 2 ? `aws:1:eu-west-1:f${at}` : FN }),
    ...(at % 4 === 1 ? {} : { request: `request-${at}` }),
  }));
}

describe('looking ahead', () => {
  it('hashes the request of each row, and says 0 where there is none', () => {
    const feed = new Feed();
    feed.rows(samples(40));
    const hasher = new Hasher(1, 2);
    const [batch] = batchesOf(samples(60), 60);
    const ahead = new LookAhead(feed.engine.stageOne[0]);
    for (const from of [0, LOOK_AHEAD_ROWS]) {
      const to = Math.min(60, from + LOOK_AHEAD_ROWS);
      ahead.rows(new BatchView(batch, hasher), from, to);
      for (let row = from; row < to; row++) {
        const id = new TextEncoder().encode(batch.idText(row, 'requestId'));
        hasher.bytes(id, 0, id.length);
        const expected = id.length === 0 ? [0, 0] : [hasher.hi, hasher.lo];
        assert.deepEqual([ahead.requestHi(row), ahead.requestLo(row)], expected, `row ${row}`);
      }
    }
  });

  it('changes nothing', () => {
    const feed = new Feed();
    feed.rows(samples(40));
    const before = feed.engine.snapshot();
    const [batch] = batchesOf(samples(LOOK_AHEAD_ROWS), LOOK_AHEAD_ROWS);
    new LookAhead(feed.engine.stageOne[0]).rows(new BatchView(batch, new Hasher(1, 2)), 0, LOOK_AHEAD_ROWS);
    assert.deepEqual(feed.engine.snapshot(), before);
  });
});
