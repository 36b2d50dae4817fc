import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Engine } from '@gait/engine/engine';
import type { MinuteRollup } from '@gait/engine/event/rollup';
import type { Log } from '../log/log.ts';
import { readMinutes } from '../storage/series/read-series.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { FINDINGS_LISTED_MAX, type Store } from '../storage/store.ts';
import { FOLDER } from './folder.ts';
import type { Workspace } from './workspace.ts';

/** What a fresh engine makes of a log in one go, without ever being interrupted. */
export interface Reference {
  readonly engine: Engine;
  /** In memory. */
  readonly store: Store;
  readonly minutes: readonly MinuteRollup[];
}

/** Steps a fresh engine over a log from its beginning. */
export async function referenceOf(log: Log): Promise<Reference> {
  const store = openSqliteStore(':memory:');
  const minutes: MinuteRollup[] = [];
  let engine: Engine | undefined;
  for await (const { ordinal, record } of log.read(0)) {
    if (engine === undefined) {
      assert.ok(record.type === 'control' && record.control.kind === 'genesis');
      engine = new Engine(record.control);
    }
    const output = engine.step(record, ordinal);
    minutes.push(...output.minutes);
    store.commitStep({ findings: output.findings, incidents: output.incidents, consumed: engine.ordinal });
  }
  assert.ok(engine !== undefined);
  return { engine, store, minutes };
}

/** The workspace has come to exactly what an uninterrupted run over the same log comes to. Returns the findings. */
export async function assertAsUninterrupted(workspace: Workspace): Promise<number> {
  const reference = await referenceOf(workspace.log);
  assert.equal(workspace.engine.ordinal, workspace.log.next);
  await workspace.checkpoint();
  assert.equal(workspace.store.consumed, workspace.log.next);
  assert.deepEqual(contentOf(workspace.store), contentOf(reference.store));
  const [state, expected] = [workspace.engine.snapshot(), reference.engine.snapshot()];
  assert.ok(Buffer.from(state).equals(expected), 'the state of the engine is byte-equal');
  await assertSeries(workspace, reference.minutes);
  return reference.store.findings({ limit: FINDINGS_LISTED_MAX }).length;
}

/** Findings and incidents of a store, in order. */
export function contentOf(store: Store) {
  return {
    findings: store.findings({ limit: FINDINGS_LISTED_MAX }),
    incidents: store.incidents({ limit: FINDINGS_LISTED_MAX }),
  };
}

/** The minutes of the newest day of each function are in the series, once. */
async function assertSeries(workspace: Workspace, minutes: readonly MinuteRollup[]): Promise<void> {
  const newestMs = minutes.at(-1)?.minuteMs ?? 0;
  const recent = minutes.filter(({ minuteMs }) => minuteMs > newestMs - 86_400_000);
  for (const name of new Set(recent.flatMap(({ rows }) => rows.map((row) => row.function)))) {
    const expected = recent.flatMap(({ minuteMs, rows }) =>
      rows.filter((row) => row.function === name).map((row) => ({ ...row, startMs: minuteMs })),
    );
    const query = { function: name, fromMs: newestMs - 86_400_000 + 1, toMs: newestMs + 60_000 };
    const { rows, unreadable } = await readMinutes(join(workspace.folder, FOLDER.series), query);
    assert.deepEqual(unreadable, []);
    assert.deepEqual(rows, expected);
  }
}
