import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Engine } from './engine.ts';
import { Feed, ODD_CALLS, START_MS, steady } from './engine-feed.ts';
import type { FeedbackScope } from './event/record.ts';

const FN = 'aws:1:eu-west-1:orders';
const NAMESAKE = 'aws:2:eu-west-1:orders';
const STRANGER = 'aws:1:eu-west-1:mailer';
const AFTER_MS = START_MS + 5_000_000;

/** A feed in which one function did something strange, of which people said that it was expected; then others do the same. */
function toldOfOthers(scope: FeedbackScope, undo = false): string[] {
  const feed = new Feed();
  const rows = [FN, NAMESAKE, STRANGER].flatMap((fn) => steady(fn, START_MS, 400));
  feed.rows(rows.sort((a, b) => a.atMs - b.atMs));
  const odd = (fn: string, atMs: number) => ({ ...steady(fn, atMs, 1)[0], calls: ODD_CALLS });
  feed.rows([odd(FN, AFTER_MS)]);
  const [finding] = feed.findings.filter(({ level }) => level === 'finding');
  const say = (verdict: 'expected' | 'undo', one: Feed) =>
    one.control({ kind: 'feedback', finding: finding.id, verdict, scope, by: 'test' }, AFTER_MS + 1000);
  say('expected', feed);
  const later = new Feed({}, Engine.restore(feed.engine.snapshot()));
  if (undo) say('undo', later);
  later.rows([odd(NAMESAKE, AFTER_MS + 10_000), odd(STRANGER, AFTER_MS + 20_000)]);
  return later.told
    .filter((one) => one.startsWith('egress.new-destination'))
    .map((one) => `${one.split(':').at(-3)}:${one.split(':').at(-1)}`);
}

describe('C15: a word on a finding', () => {
  it('holds for the function alone where nothing else is said', () => {
    assert.deepEqual(toldOfOthers('function'), ['2:orders', '1:mailer']);
  });

  it('holds for functions of its name', () => assert.deepEqual(toldOfOthers('peers'), ['1:mailer']));

  it('holds for the tenant', () => assert.deepEqual(toldOfOthers('tenant'), []));

  it('can be taken back', () => assert.deepEqual(toldOfOthers('tenant', true), ['2:orders', '1:mailer']));
});
