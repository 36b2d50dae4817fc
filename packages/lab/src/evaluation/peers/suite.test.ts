import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { coldStartGains } from './cold-start.ts';
import { dailyRandIndex, peersSuite } from './suite.ts';

/** Sixty functions of two runtimes that differ in cold starts, and nothing else. */
function dailyFile(): string {
  const lines = ['date,function,runtime,memory_mb,avg_cold_start_ms,avg_duration_ms,max_memory_used_mb'];
  for (let day = 10; day < 34; day++) {
    for (let at = 0; at < 60; at++) {
      const runtime = at % 2 === 0 ? 'fast' : 'slow';
      const cold = runtime === 'fast' ? 100 + (at % 7) : 5000 + (at % 5);
      lines.push(`2024-${day},f${at},${runtime},${at < 30 ? 128 : 512},${cold},${20 + (at % 3)},${40 + (at % 4)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

describe('the suite of peers', () => {
  it('says that there is no data where there is none', async () => {
    const context = { data: undefined, out: undefined, settings: {}, options: new Map(), progress: () => undefined };
    assert.equal(await peersSuite.run(context), undefined);
    assert.equal(dailyRandIndex('/nowhere'), undefined);
  });

  it('finds the division that the numbers hold, and not the one they do not', () => {
    const root = mkdtempSync(join(tmpdir(), 'gait-peers-'));
    try {
      mkdirSync(join(root, 'lambda-perf-daily'));
      writeFileSync(join(root, 'lambda-perf-daily/2024.csv.gz'), gzipSync(dailyFile()));
      const index = dailyRandIndex(root);
      assert.ok(index !== undefined && index.runtime > 0.05, JSON.stringify(index));
      assert.ok(Math.abs(index.memory) < 0.05, JSON.stringify(index));
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

describe('the gain of a cold start', () => {
  const functions = Array.from({ length: 40 }, (_, at) => ({
    name: `f${at}`,
    halves: [new Float64Array(0), new Float64Array(0)] as const,
    labels: {},
    windows: Array.from({ length: 48 }, (_, window) => (at % 2 === 0 ? 1 : 100) + ((window + at) % 3)),
  }));

  it('is there when groups tell rates apart, and shrinks with own windows', () => {
    const gains = coldStartGains(
      functions,
      functions.map((_, at) => `group ${at % 2}`),
    );
    assert.ok(gains[0].mean > 0.5);
    assert.ok(gains[3].mean < gains[0].mean);
  });

  it('is nothing when every function is by itself', () => {
    for (const { mean } of coldStartGains(
      functions,
      functions.map(({ name }) => name),
    ))
      assert.equal(mean, 0);
  });
});
