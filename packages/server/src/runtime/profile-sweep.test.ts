import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Feed, steady } from '@gait/engine/engine-feed';
import { profilesOf } from '@gait/engine/profile';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { ProfileSweep } from './profile-sweep.ts';

const START_MS = Date.UTC(2026, 0, 5);
const FUNCTIONS = 700;

/** An engine that has seen each of some functions twice. */
function fed(): Feed {
  const feed = new Feed();
  const samples = Array.from({ length: FUNCTIONS }, (_, at) =>
    steady(`aws:111122223333:eu-west-1:crane-${at}`, START_MS + at * 1000, 2, 1),
  );
  feed.rows(samples.flat());
  return feed;
}

const keys = (rows: readonly { readonly key: string }[]): string[] => rows.map(({ key }) => key);

it('writes each function once between two checkpoints, a few at a time, as many as are due', () => {
  const { engine } = fed();
  const store = openSqliteStore(':memory:');
  const sweep = new ProfileSweep(engine, store);
  const written: number[] = [];
  for (let share = 0; share <= 1; share += 0.05) {
    sweep.advance(share);
    written.push(store.functions().length);
  }
  assert.ok(written.every((count, at) => count - (written[at - 1] ?? 0) <= 256));
  assert.ok(written[10] >= FUNCTIONS / 2 - 64 && written[10] <= FUNCTIONS / 2, `${written[10]} after half of the way`);
  sweep.advance(1);
  assert.ok(store.functions().length > FUNCTIONS - 64);
  store.close();
});

it('writes all functions and the coverage as they are', () => {
  const { engine } = fed();
  const store = openSqliteStore(':memory:');
  const sweep = new ProfileSweep(engine, store);
  sweep.all();
  const profiles = profilesOf(engine);
  assert.deepEqual(keys(store.functions()), keys(profiles));
  assert.deepEqual(
    store.functions().map(({ content }) => content),
    JSON.parse(JSON.stringify(profiles)),
  );
  assert.equal(store.consumed, engine.ordinal);
  store.close();
});
