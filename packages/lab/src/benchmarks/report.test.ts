import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkpointJson, checkpointTable, jsonReport, median, tableReport } from './report.ts';

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

test('the reports of checkpoints relate pause and total to a copy', () => {
  const ratios = { pause: 1.25, total: 14.0004 };
  const checkpoint = { stateMb: 200, copyMs: 20, pauseMs: 25, totalMs: 280, profilesMs: 9.5, ratios };
  const cells = [{ functions: 10_000, result: checkpoint }];
  const figures = { pause: 1.25, total: 14, pauseMsPer100Mb: 12.5, stateMb: 200 };
  assert.deepEqual(JSON.parse(checkpointJson(cells)), { functions: { 10000: figures } });
  assert.match(checkpointTable(cells), /10,000 +200 +20\.0 +25\.0 \(1\.25\) +280 \(14\.0\) +9\.5/);
});

test('the median is the middle value, or halfway between the two in the middle', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});
