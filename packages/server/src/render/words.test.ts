import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { sampleFinding } from '../storage/finding-samples.ts';
import {
  grouped,
  maturityText,
  parameterText,
  percentText,
  quietIfText,
  rarityText,
  spanText,
  sparkline,
  timeText,
  unitOf,
  valueText,
} from './words.ts';

/** Tests one function of one argument by a table of arguments and answers. */
function table<T>(name: string, of: (value: T) => string, rows: readonly (readonly [T, string])[]): void {
  suite(name, () => {
    for (const [value, words] of rows) test(`says '${words}' for ${value}`, () => assert.equal(of(value), words));
  });
}

table('rarity', (rarity: number) => rarityText(rarity, 'invocations'), [
  [1, 'not rare'],
  [0.5, 'not rare'],
  [0.4, 'about once in 3 invocations'],
  [0.1, 'about once in 10 invocations'],
  [0.0123, 'about once in 81 invocations'],
  [0.0016, 'about once in 630 invocations'],
  [0.000025, 'about once in 40,000 invocations'],
  [1.04e-6, 'about once in 960,000 invocations'],
  [1e-6, 'about once in 1 million invocations'],
  [4e-7, 'about once in 2.5 million invocations'],
  [1e-9, 'about once in 1,000 million invocations'],
  [0, 'never in any number of invocations that could be counted'],
  [Number.NaN, 'never in any number of invocations that could be counted'],
]);

table('a share', percentText, [
  [0, '0 %'],
  [0.001, 'under 1 %'],
  [0.5, '50 %'],
  [0.996, '99 %'],
  [1, '100 %'],
]);

table('maturity alone', (maturity: number) => maturityText({ maturity, notes: ['after deployment of revision 7'] }), [
  [0, 'by little: it is hardly known yet'],
  [0.44, '44 % by its own record; it is not known well yet'],
  [0.93, 'by its own record'],
]);

const NAMESAKE = 'Young: judged in part by aws:1:eu-west-1:pay, which has the same name.';
table('maturity with a namesake', (maturity: number) => maturityText({ maturity, notes: [NAMESAKE] }), [
  [0, 'mostly by its namesake: little is known of its own'],
  [0.44, '44 % by its own record, the rest by that of its namesake'],
  [0.93, 'by its own record'],
]);

table('what would have kept it quiet', quietIfText, [
  ['it had stayed below Infinity min, or an earlier run had come near it', 'an earlier run had come near it'],
  [
    'it had stayed below 9.7 s, or an earlier run had come near it',
    'it had stayed below 9.7 s, or an earlier run had come near it',
  ],
  ['the latest runs had averaged below Infinity MB', ''],
  ['infinity.example had been contacted before', 'infinity.example had been contacted before'],
]);

table('a time', timeText, [
  [0, '1970-01-01 00:00:00'],
  [1_764_017_591_250, '2025-11-24 20:53:11'],
  [-1, 'unknown time'],
  [Number.NaN, 'unknown time'],
  [9e15, 'unknown time'],
]);

table('a span', spanText, [
  [0, '0 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [5_400_000, '2 h'],
  [172_800_000, '2 d'],
]);

table('a number', grouped, [
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [1_234_567.4, '1,234,567'],
]);

suite('a measured value', () => {
  const rows: readonly (readonly [parameter: string, value: string, words: string])[] = [
    ['bytes_out', '9120334', '9.1 MB'],
    ['bytes_to_destination', '0', '0 B'],
    ['tmp_bytes', '999', '999 B'],
    ['duration_ms', '812.34', '812 ms'],
    ['duration_ms', '81234', '1.4 min'],
    ['duration_ms', '1500', '1.50 s'],
    ['memory_mb', '1024', '1,024 MB'],
    ['child_process', 'exec:/bin/sh', '/bin/sh'],
    ['count', '48211', '48,211'],
    ['year', '2025', '2025'],
    ['ratio', '12345.5', '12345.5'],
    ['destination', 'example.com', 'example.com'],
    ['duration_ms_recent', '81234', '1.4 min'],
    ['duration_ms_recent', '4.2 s', '4.2 s'],
    ['bytes_out', 'at most 41000', 'at most 41000'],
    ['duration_ms', '', ''],
  ];
  for (const [parameter, value, words] of rows) {
    test(`${parameter} ${value} is '${words}'`, () => assert.equal(valueText(parameter, value), words));
  }

  test('is named without its unit', () => {
    assert.equal(parameterText('duration_ms'), 'duration');
    assert.equal(parameterText('api_action'), 'API action');
    assert.equal(parameterText('cpu_ms'), 'CPU');
    assert.equal(parameterText('duration_ms_recent'), 'duration, latest runs');
    assert.equal(parameterText('child_cpu_ms_recent'), 'child CPU, latest runs');
    assert.equal(parameterText('bytes_to_destination'), 'bytes to destination');
  });
});

table('recent values', (history: readonly number[]) => sparkline(history), [
  [[], ''],
  [[5], ''],
  [[5, Number.NaN], ''],
  [[5, 5, 5], '▁▁▁'],
  [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
  [[-7, 0, 7], '▁▅█'],
  [[1, Number.NaN, 2], '▁ █'],
  [[-Number.MAX_VALUE, 0, Number.MAX_VALUE], '▁▅█'],
  [[1, Number.POSITIVE_INFINITY, 2], '▁ █'],
  [Array.from({ length: 40 }, (_, at) => at % 2), '▁█'.repeat(16)],
]);

suite('the unit of rarity', () => {
  test('follows from what was observed', () => {
    assert.equal(unitOf(sampleFinding()), 'invocations');
    assert.equal(unitOf(sampleFinding({ facet: 'audit' })), 'recorded API calls');
    assert.equal(unitOf(sampleFinding({ facet: 'change', family: 'change' })), 'changes');
    assert.equal(unitOf(sampleFinding({ facet: 'edge' })), 'requests');
    assert.equal(unitOf(sampleFinding({ family: 'rate' })), 'intervals');
  });
});
