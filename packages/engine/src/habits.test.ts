import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from './base/hash.ts';
import { CATEGORY } from './baselines/category.ts';
import { Feed, type Sample, START_MS } from './engine-feed.ts';

const FN = 'aws:1:eu-west-1:regular';
const HOUR_MS = 3_600_000;
const CALLS = ['dynamodb:GetItem orders dynamodb/orders', 'sqs:SendMessage next sqs/next'];

/** A function that mostly does the same, over some days: now and then a call is missing, new, or comes in another order. */
function regular(count: number, seed: number): Sample[] {
  return Array.from({ length: count }, (_, at) => {
    const draw = (mix32(at * 7919 + seed) >>> 0) % 100;
    const odd =
      draw < 4 ? [CALLS[0]] : draw < 6 ? [...CALLS, `http:GET host-${at % 5} host-${at % 5}`] : CALLS.toReversed();
    return {
      atMs: START_MS + at * HOUR_MS * 0.2,
      fn: FN,
      request: `r${at}`,
      calls: draw < 8 ? odd : CALLS,
      symbols: { status: 'ok', triggerKind: draw === 50 ? 'timer' : 'http', triggerSource: 'POST /orders' },
    };
  });
}

describe('the habit of a function', () => {
  it('counts what would have been counted value by value', () => {
    for (const seed of [1, 2]) {
      const rows = regular(400, seed);
      const feed = new Feed();
      feed.rows(rows, 97);
      // Asking for the state ends every habit, so this engine looks at each value of each row.
      const plain = new Feed();
      for (const row of rows) {
        plain.rows([row], 1);
        plain.engine.snapshot();
      }
      assert.deepEqual(feed.findings, plain.findings);
      assert.ok(Buffer.from(feed.engine.snapshot()).equals(Buffer.from(plain.engine.snapshot())));
    }
  });

  it('is part of what reports say, and reports do not change it', () => {
    const read = new Feed();
    const unread = new Feed();
    const plain = new Feed();
    for (const row of regular(200, 3)) {
      for (const feed of [read, unread, plain]) feed.rows([row], 1);
      plain.engine.snapshot();
      const [counts, expected] = [read, plain].map(({ engine }) => {
        const { categories } = engine.stageOne[0].focus(1).baselines;
        const fields = [CATEGORY.call, CATEGORY.destination, CATEGORY.trigger];
        return fields.map((field) => [categories.values(field), categories.observations(field)]);
      });
      assert.deepEqual(counts, expected);
    }
    assert.ok(Buffer.from(read.engine.snapshot()).equals(Buffer.from(unread.engine.snapshot())));
  });

  it('does not hide a call that is missing or new', () => {
    const rows = regular(300, 4).map((row) => ({ ...row, calls: CALLS }));
    const feed = new Feed();
    feed.rows([
      ...rows.slice(0, 298),
      { ...rows[298], calls: [CALLS[0]] },
      { ...rows[299], calls: [...CALLS, 'exec:sh'] },
    ]);
    const detectors = feed.findings.filter(({ family }) => family === 'flow').map(({ detector }) => detector);
    assert.deepEqual(detectors, ['flow.missing-call', 'flow.new-call']);
  });
});
