import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Random } from '../../datasets/random.ts';
import { UsageError } from '../suite.ts';
import { areaUnder, parseTraces, sequencesSuite } from './suite.ts';

/** Lines of traces made by a chain over `symbols` symbols in which each has four followers; `odd` steps go anywhere. */
function lines(
  label: string,
  of: { count: number; length: number; odd: number; seed: number; symbols?: number },
): string {
  const random = new Random(of.seed, label);
  const symbols = of.symbols ?? 40;
  return Array.from({ length: of.count }, () => {
    let at = random.below(symbols);
    const trace = Array.from({ length: of.length }, (_, step) => {
      const inAttack = of.odd > 0 && step >= of.length / 2 && step < of.length / 2 + of.odd;
      at = inAttack ? random.below(symbols) : (at * 7 + 3 + random.below(4) * 5) % symbols;
      return `s${at}`;
    });
    return `${label}\t${trace.join(' ')}`;
  }).join('\n');
}

async function run(files: { train: string; normal: string; attack: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'gait-sequences-'));
  try {
    const options = new Map<string, readonly string[]>();
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(folder, name), `${text}\n`);
      options.set(name, [join(folder, name)]);
    }
    const report = await sequencesSuite.run({
      data: undefined,
      out: undefined,
      settings: {},
      options,
      progress: () => {},
    });
    assert.ok(report !== undefined);
    return report.json;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('C3: the suite of sequences', () => {
  it('finds a short attack in long traces', async () => {
    const json = await run({
      train: lines('normal', { count: 60, length: 400, odd: 0, seed: 1 }),
      normal: lines('normal', { count: 100, length: 400, odd: 0, seed: 2 }),
      attack: `${lines('short', { count: 50, length: 400, odd: 24, seed: 3 })}\n${lines('long', { count: 50, length: 400, odd: 80, seed: 4 })}`,
    });
    assert.ok(Number(json['auc']) > 0.95, JSON.stringify(json));
    assert.deepEqual(Object.keys(Object(json['byLabel'])), ['long', 'short']);
    assert.deepEqual(Object.keys(Object(json['detectionAt'])), ['1', '5', '10', '15', '20']);
  });

  it('finds nothing where attacks are like normal traces', async () => {
    const json = await run({
      train: lines('normal', { count: 60, length: 200, odd: 0, seed: 1 }),
      normal: lines('normal', { count: 200, length: 200, odd: 0, seed: 2 }),
      attack: lines('same', { count: 200, length: 200, odd: 0, seed: 3 }),
    });
    assert.ok(Math.abs(Number(json['auc']) - 0.5) < 0.1, JSON.stringify(json));
  });

  it('bears thousands of steps and hundreds of symbols', async () => {
    const wide = { length: 4000, symbols: 340 };
    const json = await run({
      train: lines('normal', { ...wide, count: 10, odd: 0, seed: 1 }),
      normal: lines('normal', { ...wide, count: 10, odd: 0, seed: 2 }),
      attack: lines('attack', { ...wide, count: 10, odd: 60, seed: 3 }),
    });
    assert.ok(Number(json['auc']) > 0.95, JSON.stringify(json));
  });

  it('says what is missing, and runs without data as no data', async () => {
    const context = { data: undefined, out: undefined, settings: {}, progress: () => {} };
    assert.equal(await sequencesSuite.run({ ...context, options: new Map() }), undefined);
    assert.throws(() => sequencesSuite.run({ ...context, options: new Map([['train', ['x']]]) }), UsageError);
  });
});

describe('figures of the suite of sequences', () => {
  it('count ties half', () => {
    const of = (...scores: number[]) => scores.map((score) => ({ label: '', score }));
    assert.equal(areaUnder(of(1, 2), of(2, 3)), 0.875);
    assert.equal(areaUnder(of(1, 1), of(1, 1)), 0.5);
  });

  it('read labels, and lines without one', () => {
    const numbers = new Map<string, number>();
    const traces = parseTraces('a\t5 6 5\r\n7 6\n\nb\t\n', numbers);
    assert.deepEqual(
      traces.map(({ label, symbols }) => [label, [...symbols]]),
      [
        ['a', [1, 2, 1]],
        ['', [3, 2]],
      ],
    );
  });
});
