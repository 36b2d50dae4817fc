import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { scratchFolder } from '../log/scratch.ts';
import { systemFiles } from '../log/segments/system.ts';
import { FINDINGS_LISTED_MAX } from '../storage/store.ts';
import { crashRecord } from './crash-records.ts';
import { FOLDER } from './folder.ts';
import { type LiveOptions, LiveService } from './live-service.ts';
import { assertAsUninterrupted } from './reference.contract.ts';
import { type Committed, NotTakenError } from './service.ts';
import { Workspace } from './workspace.ts';

/** Records that bring findings. */
const RECORDS = 24;

/** A service whose own clock stands still, so that its log holds the records of the test and nothing else. */
function opened(folder: string, options: LiveOptions = {}): Promise<LiveService> {
  return LiveService.open(folder, { seed: [7, 11], originMs: 0, now: () => 0, ...options });
}

async function feed(service: LiveService, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at++) {
    const record = crashRecord(at);
    if (record.type === 'observation') await service.append(record.batch);
    else if (record.type === 'control') await service.control(record.control);
  }
}

/** Waits until something about the service is as it should be. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5);
}

describe('the running service', () => {
  it('appends, and its engine comes to what an uninterrupted run over the log comes to', async (test) => {
    const folder = await scratchFolder(test);
    const service = await opened(folder);
    const told: Committed[] = [];
    service.onCommitted((committed) => told.push(committed));
    await feed(service, 0, RECORDS);
    await until(() => service.status().consumed === service.status().appended);
    const stored = service.store.findings({ limit: FINDINGS_LISTED_MAX });
    assert.ok(stored.length > 0, 'the records bring findings');
    assert.deepEqual(
      told.flatMap(({ findings }) => findings.map(({ id }) => id)).toSorted(),
      stored.map(({ id }) => id).toSorted(),
    );
    await service.close();
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.replayed, 0, 'closing has saved the state');
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('says how far it is', async (test) => {
    const service = await opened(await scratchFolder(test));
    await feed(service, 0, RECORDS);
    await until(() => service.status().consumed === service.status().appended);
    const status = service.status();
    assert.equal(status.state, 'running');
    assert.equal(status.lagMs, 0);
    assert.equal(status.functions, 2);
    assert.ok(status.findings > 0 && status.incidents > 0);
    assert.ok(status.logBytes > 0 && status.diskFreeBytes > 0 && status.engineBytes > 0);
    assert.equal(status.engineRestarts, 0);
    await service.close();
  });

  it('writes profiles when somebody asks for them', async (test) => {
    const service = await opened(await scratchFolder(test));
    await feed(service, 0, RECORDS);
    await until(() => service.status().consumed === service.status().appended);
    assert.equal(service.store.functions().length, 0);
    await service.refresh();
    assert.equal(service.store.functions().length, 2);
    assert.ok(service.store.coverage().length > 0);
    await service.close();
  });

  it('takes events while its engine still goes through what the last run left', async (test) => {
    const folder = await scratchFolder(test);
    const first = await opened(folder);
    await feed(first, 0, RECORDS / 2);
    await first.close();
    await rm(join(folder, FOLDER.checkpoints), { recursive: true });
    const second = await opened(folder);
    await feed(second, RECORDS / 2, RECORDS);
    await second.close();
    const workspace = await Workspace.open(folder);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });

  it('refuses what comes after closing', async (test) => {
    const service = await opened(await scratchFolder(test));
    const closing = service.close();
    await assert.rejects(service.control({ kind: 'erasure', principal: 'person_1', by: 'ann' }), isNotTaken('closing'));
    await closing;
    await service.close();
  });

  it('refuses events when the disk is full, and still takes decisions', async (test) => {
    let free = 1e12;
    const files = { ...systemFiles, freeBytes: async () => free };
    const service = await opened(await scratchFolder(test), { log: { files, reserveBytes: 1e9 } });
    await feed(service, 0, 2);
    free = 1;
    const record = crashRecord(2);
    assert.ok(record.type === 'observation');
    const { batch } = record;
    // What is known of the free space is looked up again after a while of appending.
    await assert.rejects(async () => {
      for (let at = 0; at < 10_000; at++) await service.append(batch);
    }, isNotTaken('disk-full'));
    await service.control({ kind: 'erasure', principal: 'person_1', by: 'ann' });
    await service.close();
  });

  it('starts its engine again when it has failed, and nothing is lost or told twice', async (test) => {
    const folder = await scratchFolder(test);
    const failures: Error[] = [];
    const service = await opened(folder, { onFailure: (error) => failures.push(error) });
    const told: string[] = [];
    service.onCommitted(({ findings }) => told.push(...findings.map(({ id }) => id)));
    await feed(service, 0, 14);
    await until(() => service.status().consumed === service.status().appended);
    // Somebody keeps the store locked for longer than the engine waits.
    const other = new DatabaseSync(join(folder, FOLDER.store));
    other.exec('BEGIN IMMEDIATE');
    await feed(service, 14, RECORDS);
    await until(() => service.status().state === 'failed');
    assert.match(service.status().failure ?? '', /locked/);
    assert.match(failures[0].message, /locked/);
    other.exec('ROLLBACK');
    other.close();
    await until(() => service.status().consumed === service.status().appended && service.status().state === 'running');
    assert.ok(service.status().engineRestarts > 0);
    const stored = service.store.findings({ limit: FINDINGS_LISTED_MAX }).map(({ id }) => id);
    assert.deepEqual(told.toSorted(), stored.toSorted());
    await service.close();
    const workspace = await Workspace.open(folder);
    await assertAsUninterrupted(workspace);
    await workspace.close();
  });
});

function isNotTaken(reason: string) {
  return (error: unknown) => error instanceof NotTakenError && error.reason === reason;
}
