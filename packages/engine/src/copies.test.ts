import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, START_MS } from './engine-feed.ts';
import { BatchBuilder } from './event/batch-builder.ts';

/** Two principals that take turns, from a trail in which every record stands `copies` times. */
function trail(copies: number): Feed {
  const feed = new Feed();
  const builder = new BatchBuilder();
  for (let at = 0; at < 60; at++) {
    for (let copy = 0; copy < copies; copy++) {
      builder.begin('audit', START_MS + at * 60_000, 'test');
      builder.symbol('principal', 'role/orders');
      builder.symbol('principalKind', 'role');
      builder.symbol('action', at === 20 ? 's3:DeleteBucket' : 's3:GetObject');
      builder.id('eventId', `event-${at}`);
      builder.end();
    }
  }
  feed.step({ type: 'observation', batch: builder.finish() });
  return feed;
}

describe('records of audited events that were read twice', () => {
  it('count once and make no finding that one copy does not make', () => {
    const [once, twice] = [trail(1), trail(2)];
    const said = (feed: Feed) =>
      feed.findings.map(({ detector, level, sentence, score }) => ({ detector, level, sentence, score }));
    assert.deepEqual(said(twice), said(once));
    assert.deepEqual([once.engine.stageTwo.copies, twice.engine.stageTwo.copies], [0, 60]);
  });
});
