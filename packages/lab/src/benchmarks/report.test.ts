import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonReport, median, tableReport } from './report.ts';

const result = {
  parse: 400_000,
  decode: 1_200_000,
  decodeStep: 600_000,
  decodeStepAppend: 500_000,
  ratios: { decode: 3, decodeStep: 1.5, decodeStepAppend: 1.2504 },
  bytesPerFunction: 5000.4,
  rssMb: 300,
};

test('the report for programs has a ratio for each measurement, by functions and spread', () => {
  const cells = [
    { functions: 1000, spread: 'zipf', result: { ...result, bytesPerFunction: 90_000 } },
    { functions: 10_000, spread: 'zipf', result: { ...result, rssMb: 512.7 } },
    { functions: 10_000, spread: 'uniform', result },
  ] as const;
  const ratios = { decode: 3, decodeStep: 1.5, decodeStepAppend: 1.25 };
  assert.deepEqual(JSON.parse(jsonReport(cells)), {
    functions: { 1000: { zipf: ratios }, 10000: { zipf: ratios, uniform: ratios } },
    hotBytesPerFunction: 5000,
    rssMb: 513,
  });
});

test('the report for people shows throughput and ratio side by side', () => {
  const table = tableReport([{ functions: 1000, spread: 'zipf', result }]);
  assert.match(table, /1,000 +zipf +400 +1200 \(3\.00\) +600 \(1\.50\) +500 \(1\.25\) +5,000 +300/);
});

test('the median is the middle value, or halfway between the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});
