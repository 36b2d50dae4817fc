import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { batchesOf, GENESIS, ODD_CALLS, type Sample, START_MS, steady } from '@gait/engine/engine-feed';
import type { Control } from '@gait/engine/event/record';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { type Backtest, backtest } from './backtest.ts';

const FN = 'aws:1:eu-west-1:orders';
const HISTORY = 400;
const AFTER_MS = START_MS + HISTORY * 10_000 + 1000;

/** An ordinary history and one attack at its end. */
function history(): Sample[] {
  const [odd] = steady(FN, AFTER_MS, 1);
  return [...steady(FN, START_MS, HISTORY), { ...odd, calls: ODD_CALLS }];
}

/** A back-test of a log with this history; `controls` come after the genesis. */
async function tested(
  context: TestContext,
  set: Record<string, string>,
  of: { controls?: readonly Control[]; sinceMs?: number; signal?: AbortSignal } = {},
): Promise<Backtest> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-backtest-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = await openSegmentLog(folder);
  for (const control of [GENESIS, ...(of.controls ?? [])]) {
    await log.append({ type: 'control', receivedMs: START_MS, control });
  }
  for (const batch of batchesOf(history(), 50)) await log.append({ type: 'observation', batch });
  await log.close();
  return backtest(await openSegmentReader(folder), {
    set,
    sinceMs: of.sinceMs ?? 0,
    signal: of.signal ?? new AbortController().signal,
    progress: () => undefined,
  });
}

describe('C4: a back-test', () => {
  it('shows what another setting would not have told', async (context) => {
    const result = await tested(context, { off: 'egress' });
    assert.deepEqual(
      result.lost.map(({ detector }) => detector),
      ['egress.new-destination'],
    );
    assert.deepEqual(result.gained, []);
    assert.equal(result.records, HISTORY + 2);
  });

  it('shows what it would have told as well, whatever the log says later', async (context) => {
    const controls: Control[] = [{ kind: 'settings', set: { off: 'egress', budget: '7' }, by: 'operator' }];
    const result = await tested(context, { off: '' }, { controls });
    assert.deepEqual(
      result.gained.map(({ detector }) => detector),
      ['egress.new-destination'],
    );
    assert.deepEqual(result.lost, []);
  });

  it('shows whom it would have paged', async (context) => {
    const none = await tested(context, { budget: '0' });
    const [incident] = none.before.incidents.values();
    assert.equal(incident.page, 'budget');
    assert.deepEqual(
      none.pagesLost.map(({ id }) => id),
      [incident.id],
    );
    assert.deepEqual(none.pagesGained, []);
  });

  it('finds the same where nothing is changed, and leaves out what is older than asked', async (context) => {
    const same = await tested(context, {});
    assert.deepEqual([same.gained, same.lost, same.pagesGained, same.pagesLost], [[], [], [], []]);
    assert.ok(same.before.findings.size > 0);
    const later = await tested(context, {}, { sinceMs: AFTER_MS + 1 });
    assert.equal(later.before.findings.size, 0);
  });

  it('can be interrupted', async (context) => {
    await assert.rejects(tested(context, {}, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  });
});
