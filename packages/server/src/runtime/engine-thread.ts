import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import { SegmentFollower } from '../log/segments/follower.ts';
import { openSeries } from '../storage/series/series.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { EngineHost } from './engine-host.ts';
import type { EngineThreadStart, FromEngine, ToEngine } from './engine-messages.ts';
import { FOLDER } from './folder.ts';

/** Time between two messages about progress, ms: enough for gauges, nothing beside the work. */
const PROGRESS_EVERY_MS = 100;

/**
 * Runs in a worker thread of `gait serve`: follows the log that the main thread writes and keeps store, series and
 * checkpoints. The log is the only queue between the two, so however far this falls behind, nothing waits for it and
 * nothing is held in memory.
 */
assert(parentPort !== null, 'this file runs in a worker thread');
const port = parentPort;
const start: EngineThreadStart = workerData;
const follower = new SegmentFollower(start.mark);
let host: EngineHost | undefined;
let caughtUp = false;
let toldMs = 0;
let wanted = false;
const stopped = new AbortController();

port.on('message', (message: ToEngine) => {
  if (message.type === 'durable') follower.extend(message.mark);
  else if (message.type === 'end') follower.end();
  else if (message.type === 'stop') stopped.abort();
  else if (host !== undefined && caughtUp) refresh(host);
  else wanted = true;
});

await run().catch((error: unknown) => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // What has no code of ours is a defect: let it end the thread with its stack.
  if (typeof code !== 'string' || !code.startsWith('GAIT_')) throw error;
  tell({ type: 'failed', code, message: error instanceof Error ? error.message : code });
});
port.close();

async function run(): Promise<void> {
  const opened = openHost();
  host = opened;
  try {
    tell({ type: 'opened' });
    await opened.start(follower).catch((error: unknown) => {
      if (!stopped.signal.aborted) throw error;
    });
    caughtUp = true;
    progress(opened);
    if (wanted) refresh(opened);
    // Ticks at the end come again: they have the ordinal of what follows them, and change nothing.
    for await (const { ordinal, record } of follower.follow(opened.engine.ordinal, stopped.signal)) {
      opened.step(record, ordinal);
      opened.checkpointIfDue();
      progress(opened);
    }
  } catch (error) {
    await opened.close({ save: false }).catch(() => undefined);
    throw error;
  }
  await opened.close();
}

function openHost(): EngineHost {
  const { folder, checkpointEveryMs } = start;
  const store = openSqliteStore(join(folder, FOLDER.store));
  try {
    const series = openSeries(join(folder, FOLDER.series));
    return new EngineHost(
      { folder, temporary: false, store, series },
      {
        checkpointEveryMs,
        signal: stopped.signal,
        committed: ({ findings, incidents }) =>
          tell({ type: 'committed', committedMs: Date.now(), findings, incidents }),
        progress: () => host !== undefined && progress(host),
      },
    );
  } catch (error) {
    store.close();
    throw error;
  }
}

function refresh(of: EngineHost): void {
  wanted = false;
  of.refresh();
  tell({ type: 'refreshed' });
}

function progress(of: EngineHost): void {
  const nowMs = Date.now();
  const isNews = of.engine.ordinal === follower.next;
  if (!isNews && nowMs - toldMs < PROGRESS_EVERY_MS) return;
  toldMs = nowMs;
  const { engine, found, checkpointed } = of;
  tell({
    type: 'progress',
    progress: {
      caughtUp,
      consumed: engine.ordinal,
      steppedMs: nowMs,
      functions: engine.stageOne.reduce((sum, { functions: { count } }) => sum + count, 0),
      engineBytes: engine.functionBytes,
      findings: found.findings,
      incidents: found.incidentCount,
      checkpointOrdinal: checkpointed.ordinal,
      checkpointMs: checkpointed.clockMs,
      seriesDropped: { ...of.series.dropped },
    },
  });
}

function tell(message: FromEngine): void {
  port.postMessage(message);
}
