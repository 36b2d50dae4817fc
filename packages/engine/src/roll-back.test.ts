import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { Feed, GENESIS, type Sample, START_MS, steady } from './engine-feed.ts';
import type { RollBack } from './event/record.ts';
import { type FunctionProfile, profilesOf } from './profile.ts';

const A = 'aws:1:eu-west-1:orders';
const B = 'aws:1:eu-west-1:reports';
const DAY_MS = 86_400_000;
const RUNS = 40;
const POISON_DAY = 5;

/** A day of two functions; what A does on a poisoned day is ten times as large and goes elsewhere, too. */
function day(at: number, poisoned: boolean): Sample[] {
  const from = START_MS + at * DAY_MS + 1000;
  const rows = [...steady(A, from, RUNS), ...steady(B, from + 5000, RUNS)];
  const changed = rows.map((row) =>
    !poisoned || row.fn !== A
      ? row
      : {
          ...row,
          numbers: { ...row.numbers, bytesOut: 12_000, durationMs: 900 },
          calls: [...(row.calls ?? []), 'http:POST drop.example/x drop.example'],
        },
  );
  return changed.sort((a, b) => a.atMs - b.atMs);
}

function lived(days: number, options: { readonly poisonedFrom?: number; readonly partitions?: number } = {}): Feed {
  const feed = new Feed({ partitions: options.partitions ?? 1 });
  for (let at = 0; at < days; at++) feed.rows(day(at, at >= (options.poisonedFrom ?? days)));
  return feed;
}

function rollBack(feed: Feed, change: Partial<RollBack> = {}): void {
  const toMs = START_MS + POISON_DAY * DAY_MS + 60_000;
  feed.control(
    { kind: 'roll-back', action: 'roll-back', function: A, toMs, by: 'test', ...change },
    feed.engine.clock.nowMs,
  );
}

function profileOf(engine: Engine, key: string): FunctionProfile {
  const found = profilesOf(engine).find((one) => one.key === key);
  assert.ok(found !== undefined);
  return found;
}

/** What is learned, without when the function was last seen. */
function learned(engine: Engine, key: string): Omit<FunctionProfile, 'lastMs'> {
  const { lastMs: _, ...rest } = profileOf(engine, key);
  return rest;
}

describe('C14: a roll-back of what was learned', () => {
  it('puts a function back to exactly what it knew before, and leaves the others as they are', () => {
    const clean = lived(POISON_DAY);
    const feed = lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY });
    const other = learned(feed.engine, B);
    assert.notDeepEqual(learned(feed.engine, A), learned(clean.engine, A));
    rollBack(feed);
    assert.deepEqual(learned(feed.engine, A), learned(clean.engine, A));
    assert.deepEqual(learned(feed.engine, B), other);
  });

  it('makes the engine find again what it had been taught', () => {
    const feed = lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY });
    rollBack(feed);
    const before = feed.findings.length;
    feed.rows(day(POISON_DAY + 4, true).slice(0, 20));
    const again = feed.findings.slice(before).filter(({ level }) => level === 'finding');
    assert.ok(again.some(({ function: name }) => name === A));
  });

  it('can be taken back, for a week', () => {
    const feed = lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY });
    const poisoned = profileOf(feed.engine, A);
    rollBack(feed);
    rollBack(feed, { action: 'undo' });
    assert.deepEqual(profileOf(feed.engine, A), poisoned);
    rollBack(feed, { action: 'undo' });
    assert.deepEqual(profileOf(feed.engine, A), poisoned, 'there is nothing more to take back');
  });

  it('forgets a function that was first seen afterwards, and changes nothing of one that rested since', () => {
    const feed = lived(3);
    const rested = profileOf(feed.engine, B);
    feed.rows(steady('aws:1:eu-west-1:new', START_MS + 4 * DAY_MS, 30));
    const toMs = START_MS + 3.5 * DAY_MS;
    rollBack(feed, { function: '', toMs });
    assert.equal(profileOf(feed.engine, 'aws:1:eu-west-1:new').invocations, 0);
    assert.deepEqual(profileOf(feed.engine, B), rested);
  });

  it('is refused where no copy is old enough, rather than go back too little', () => {
    const feed = lived(45);
    const before = profileOf(feed.engine, A);
    rollBack(feed, { toMs: START_MS + 3 * DAY_MS });
    assert.deepEqual(profileOf(feed.engine, A), before);
  });

  it('reaches back four weeks, a week at a time', () => {
    const feed = lived(30);
    rollBack(feed, { toMs: START_MS + 12 * DAY_MS });
    assert.equal(profileOf(feed.engine, A).invocations, 7 * RUNS);
  });

  it('leaves nothing behind that a second one could bring back', () => {
    const feed = lived(POISON_DAY + 3, { poisonedFrom: POISON_DAY });
    rollBack(feed);
    const once = learned(feed.engine, A);
    rollBack(feed, { toMs: START_MS + (POISON_DAY + 2.5) * DAY_MS });
    assert.deepEqual(learned(feed.engine, A), once);
  });

  it('is the same byte for byte after a restart and in any number of partitions', () => {
    const whole = lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY });
    const restarted = new Feed(
      {},
      Engine.restore(lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY }).engine.snapshot()),
    );
    const split = lived(POISON_DAY + 2, { poisonedFrom: POISON_DAY, partitions: 3 });
    for (const feed of [whole, restarted, split]) {
      rollBack(feed);
      feed.rows(day(POISON_DAY + 3, false));
    }
    assert.deepEqual(restarted.engine.snapshot(), whole.engine.snapshot());
    assert.deepEqual(profilesOf(split.engine), profilesOf(whole.engine));
  });

  it('takes bounded memory however long a function lives', () => {
    const [young, old] = [lived(30), lived(60)].map(({ engine }) => engine.stageOne[0].copies.bytes);
    assert.ok(old <= 1.1 * young, `${old} after 60 days, ${young} after 30`);
    assert.equal(GENESIS.tempoMs, DAY_MS);
  });
});
