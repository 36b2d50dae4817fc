import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mix32 } from '../base/hash.ts';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { CATEGORY } from './category.ts';

const FN = 'aws:1:eu-west-1:varied';

/** Invocations whose calls come from far more values than an entity remembers, a few of them often. */
function varied(count: number): Sample[] {
  return Array.from({ length: count }, (_, at) => {
    const draw = (salt: number, below: number) => (mix32(at * 31 + salt) >>> 0) % below;
    const calls = Array.from({ length: 6 }, (_, call) => {
      const number = call < 2 ? draw(call, 20) : draw(call, 900);
      return `http:GET host-${number}/x host-${number}`;
    });
    return { atMs: START_MS + at * 100, fn: FN, request: `r${at}`, calls, symbols: { status: 'ok' } };
  });
}

describe('calls that were looked up once for all detectors', () => {
  it('are counted for the value that was shown, even when learning another one pushed it out', () => {
    const rows = varied(4000);
    const shown = new Map<string, number>();
    // What the first invocation shows is not kept: a function that is seen once gets no memory.
    for (const { calls = [] } of rows.slice(1)) {
      for (const call of new Set(calls)) shown.set(call.split(' ')[2], (shown.get(call.split(' ')[2]) ?? 0) + 1);
    }
    const feed = new Feed();
    feed.rows(rows);
    const [stage] = feed.engine.stageOne;
    const { categories } = stage.focus(1).baselines;
    for (const field of [CATEGORY.destination, CATEGORY.call]) {
      const named = categories.values(field).filter(({ key }) => stage.names.has(key));
      assert.ok(named.length > 10);
      for (const { key, count } of named) {
        const text = stage.names.get(key).replace(/^http:GET (.*)\/x$/, '$1');
        assert.ok(count <= (shown.get(text) ?? 0), `${text} was shown ${shown.get(text)} times and counted ${count}`);
      }
    }
  });
});
