import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Hasher } from '../base/hash.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { Clock } from './clock.ts';
import { spanKeyOf } from './span-key.ts';

const ORIGIN_MS = 1_700_000_000_000;
const genesis = (tempoMs: number) =>
  ({ kind: 'genesis', seed: [1, 2], originMs: ORIGIN_MS, tempoMs, schema: 1 }) as const;
const second = (ms: number) => (ORIGIN_MS + ms) / 1000;

describe('the clock of the log', () => {
  it('counts model days from the origin on, and never below or beyond what is kept', () => {
    const clock = new Clock(genesis(86_400_000));
    assert.deepEqual(
      [0, 86_399_000, 86_400_000, 10 * 86_400_000].map((ms) => clock.dayOf(second(ms))),
      [0, 0, 1, 10],
    );
    assert.deepEqual([clock.dayOf(0), clock.dayOf(1e12)], [0, 65_535]);
  });

  it('lets a day of the model last as long as the tempo says', () => {
    const clock = new Clock(genesis(60_000));
    assert.deepEqual([clock.dayOf(second(59_000)), clock.dayOf(second(180_000))], [0, 3]);
    assert.equal(clock.daysMs(2), 120_000);
  });

  it('knows training spans, their end not included', () => {
    const clock = new Clock(genesis(60_000));
    clock.addTraining({ kind: 'training-span', fromMs: 100, toMs: 200, by: 'a' });
    clock.addTraining({ kind: 'training-span', fromMs: 150, toMs: 300, by: 'a' });
    assert.deepEqual(
      [99, 100, 199, 200, 299, 300].map((ms) => clock.training(ms)),
      [false, true, true, true, true, false],
    );
  });

  it('keeps a bounded number of training spans, the newest ones', () => {
    const clock = new Clock(genesis(60_000));
    for (let at = 0; at < 300; at++) clock.addTraining({ kind: 'training-span', fromMs: at, toMs: at + 1, by: 'a' });
    assert.deepEqual(
      [clock.training(0), clock.training(43), clock.training(44), clock.training(299)],
      [false, false, true, true],
    );
  });

  it('goes on from saved state', () => {
    const clock = new Clock(genesis(60_000));
    clock.nowMs = 12.5;
    clock.second = 99;
    clock.addTraining({ kind: 'training-span', fromMs: 100, toMs: 200, by: 'a' });
    const out = new StateWriter();
    clock.save(out);
    const loaded = new Clock(genesis(60_000));
    loaded.load(new StateReader(out.finish()));
    assert.deepEqual([loaded.nowMs, loaded.second, loaded.tickMs, loaded.training(150)], [12.5, 99, 99_000, true]);
  });
});

describe('the key of a span', () => {
  const hasher = new Hasher(1, 2);
  const keyOf = (text: string) => {
    const bytes = new TextEncoder().encode(`xx${text}yy`);
    return { ...spanKeyOf(bytes, { start: 2, end: bytes.length - 2 }, hasher) };
  };

  it('is its sixteen hexadecimal digits, in either case', () => {
    assert.deepEqual(keyOf('0123456789abcdef'), { hi: 0x01234567, lo: 0x89abcdef });
    assert.deepEqual(keyOf('0123456789ABCDEF'), keyOf('0123456789abcdef'));
    assert.deepEqual(keyOf('ffffffffffffffff'), { hi: 0xffff_ffff, lo: 0xffff_ffff });
  });

  it('is a hash of everything else', () => {
    const others = ['0123456789abcdeg', '0123456789abcde', '0123456789abcdef0', ' 123456789abcdef'].map(keyOf);
    assert.equal(new Set(others.map(({ hi, lo }) => `${hi} ${lo}`)).size, others.length);
    for (const { hi, lo } of others) assert.notDeepEqual({ hi, lo }, keyOf('0123456789abcdef'));
  });
});
