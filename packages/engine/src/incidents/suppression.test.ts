import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FINDINGS_REMEMBERED_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { FINDINGS_PER_ENTITY_MAX, Suppression } from './suppression.ts';

const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;

/** Whether a finding is told at an hour after the start. */
interface Case {
  readonly hour?: number;
  readonly score?: number;
  readonly entity?: string;
  readonly magnitude?: number;
  readonly impact?: number;
}

function tell(of: Suppression, identity: string, at: Case = {}): boolean {
  const { hour = 0, score = 3, entity = 'f', magnitude = 0, impact = 0.5 } = at;
  return of.tell(identity, entity, {
    nowMs: START_MS + hour * 3_600_000,
    score,
    magnitude,
    impact,
    intervalMs: DAY_MS,
    finding: `${identity}-${hour}`,
  });
}

function savedOf(suppression: Suppression): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  suppression.save(out);
  return out.finish();
}

describe('a finding of the same identity', () => {
  it('is told again when its amount doubles or its impact rises: nobody hides behind what was harmless', () => {
    const suppression = new Suppression();
    assert.ok(tell(suppression, 'a', { magnitude: 1000, impact: 0.5 }));
    assert.ok(!tell(suppression, 'a', { hour: 1, magnitude: 1900, impact: 0.55 }));
    assert.ok(tell(suppression, 'a', { hour: 2, magnitude: 2000, impact: 0.5 }));
    assert.ok(tell(suppression, 'a', { hour: 3, magnitude: 2000, impact: 0.7 }));
    assert.ok(!tell(suppression, 'a', { hour: 4, magnitude: 2000, impact: 0.7 }));
  });

  it('is known by the finding that told it last', () => {
    const suppression = new Suppression();
    for (const hour of [0, 1, 24, 25]) tell(suppression, 'a', { hour });
    assert.deepEqual([suppression.toldAs('a'), suppression.toldAs('b')], ['a-24', '']);
    suppression.setExpected('a', true);
    assert.equal(suppression.toldAs('a'), '');
  });

  it('is told once in 24 hours', () => {
    const suppression = new Suppression();
    assert.deepEqual(
      [0, 1, 23.9, 24, 25].map((hour) => tell(suppression, 'a', { hour })),
      [true, false, false, true, false],
    );
    assert.equal(suppression.suppressed, 3);
  });

  it('does not keep others silent', () => {
    const suppression = new Suppression();
    assert.ok(tell(suppression, 'a'));
    assert.ok(tell(suppression, 'b'));
  });

  it('speaks again when it is a decade stranger, and then needs one more', () => {
    const suppression = new Suppression();
    assert.ok(tell(suppression, 'a', { score: 3 }));
    assert.ok(!tell(suppression, 'a', { score: 3.99 }));
    assert.ok(tell(suppression, 'a', { score: 4 }));
    assert.ok(!tell(suppression, 'a', { score: 4.5 }));
    assert.ok(tell(suppression, 'a', { score: 5 }));
  });

  it('is silent for good once it is expected, however strange, until that is taken back', () => {
    const suppression = new Suppression();
    tell(suppression, 'a');
    suppression.setExpected('a', true);
    assert.ok(!tell(suppression, 'a', { hour: 1, score: 300 }));
    assert.ok(!tell(suppression, 'a', { hour: 24 * 365 }));
    suppression.setExpected('a', false);
    assert.ok(tell(suppression, 'a', { hour: 24 * 365 }));
  });
});

describe('the findings of one entity', () => {
  it('are told up to a number a day, and again the next day', () => {
    const suppression = new Suppression();
    const told = (hour: number) =>
      Array.from({ length: 40 }, (_, at) => tell(suppression, `${hour}-${at}`, { hour })).filter(Boolean).length;
    assert.deepEqual([told(0), told(12), told(24)], [FINDINGS_PER_ENTITY_MAX, 0, FINDINGS_PER_ENTITY_MAX]);
    assert.equal(suppression.suppressed, 120 - 2 * FINDINGS_PER_ENTITY_MAX);
  });

  it('do not count for another entity', () => {
    const suppression = new Suppression();
    for (let at = 0; at < 40; at++) tell(suppression, `a${at}`);
    assert.ok(tell(suppression, 'b', { entity: 'g' }));
  });
});

describe('the memory of what was told', () => {
  it('is bounded: what was told longest ago is told again', () => {
    const suppression = new Suppression();
    for (let at = 0; at <= FINDINGS_REMEMBERED_MAX; at++) tell(suppression, `i${at}`, { entity: `e${at}` });
    assert.ok(tell(suppression, 'i0', { entity: 'e0' }));
    assert.ok(!tell(suppression, `i${FINDINGS_REMEMBERED_MAX}`));
    assert.ok(savedOf(suppression).length < 2_000_000);
  });

  it('goes on from saved state', () => {
    const feed = (suppression: Suppression, from: number, to: number) => {
      const told: boolean[] = [];
      for (let at = from; at < to; at++) {
        told.push(tell(suppression, `i${at % 37}`, { hour: at / 9, entity: `e${at % 3}`, score: (at * 7) % 5 }));
        if (at % 50 === 0) suppression.setExpected(`i${at % 11}`, at % 100 === 0);
      }
      return told;
    };
    const [whole, before, after] = [new Suppression(), new Suppression(), new Suppression()];
    const all = feed(whole, 0, 2000);
    const first = feed(before, 0, 999);
    after.load(new StateReader(savedOf(before)));
    assert.deepEqual([...first, ...feed(after, 999, 2000)], all);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });
});
