import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_BYTES, RecordSource } from './record-source.ts';

function lines(functions: number, spread: 'zipf' | 'uniform', rows: number): string[] {
  const { bytes } = new RecordSource(functions, spread, 1).next(rows);
  return new TextDecoder().decode(bytes).trimEnd().split('\n');
}

test('every record has the size the benchmark promises, whatever the number of functions', () => {
  for (const functions of [1, 1000, 100_000]) {
    for (const line of lines(functions, 'uniform', 2000)) assert.equal(line.length + 1, RECORD_BYTES, line);
  }
});

test('records repeat with the seed and differ from each other', () => {
  assert.deepEqual(lines(50, 'zipf', 300), lines(50, 'zipf', 300));
  assert.equal(new Set(lines(50, 'zipf', 300)).size, 300);
});

test('by rank, few functions take most of the calls; evenly, none does', () => {
  const share = (spread: 'zipf' | 'uniform') => {
    const calls = lines(1000, spread, 4000).filter((line) => /fleet-function-\d"/.test(line));
    return calls.length / 4000;
  };
  // The first ten of a thousand: 2.93/7.49 by rank.
  assert.ok(Math.abs(share('zipf') - 0.39) < 0.04);
  assert.ok(share('uniform') < 0.03);
});

test('in turn, every function is called once before any is called again', () => {
  const { bytes } = new RecordSource(40, 'zipf', 1).nextInTurn(80);
  const names = new TextDecoder().decode(bytes).match(/fleet-function-\d+/g) ?? [];
  assert.equal(new Set(names.slice(0, 40)).size, 40);
  assert.deepEqual(names.slice(40), names.slice(0, 40));
});
