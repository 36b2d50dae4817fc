import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Control, LogRecord } from '@gait/engine/event/record';
import { seededBatch } from '@gait/engine/event/seeded-batch';
import type { Log, StoredRecord } from './log.ts';
import { LogError } from './log.ts';

const ERASURE: Control = { kind: 'erasure', principal: 'person_0011223344556677', by: 'ann' };

/** An implementation under test: opens an empty log and cleans up after it. */
export interface LogUnderTest {
  open(): Promise<Log>;
  clean(): Promise<void>;
}

/** What every implementation of `Log` must do. */
export function logContract(name: string, make: () => Promise<LogUnderTest>): void {
  describe(`${name} as a log`, () => {
    let subject: LogUnderTest;
    let log: Log;
    beforeEach(async () => {
      subject = await make();
      log = await subject.open();
    });
    afterEach(async () => {
      await log.close();
      await subject.clean();
    });
    orderTests(() => log);
    readingTests(() => log);
    followTests(() => log);
  });
}

function orderTests(log: () => Log): void {
  it('begins empty, with ordinal 0', async () => {
    assert.deepEqual([log().first, log().next, log().lastMs], [0, 0, 0]);
    assert.deepEqual(await all(log().read(0)), []);
  });

  it('gives each row and each control an ordinal, and none to ticks', async () => {
    assert.deepEqual(await log().append(observation(3, 1000)), { ordinal: 0 });
    assert.deepEqual(await log().append({ type: 'tick', throughMs: 5000 }), { ordinal: 3 });
    assert.deepEqual(await log().append(control(6000)), { ordinal: 3 });
    assert.deepEqual(await log().append(observation(2, 7000)), { ordinal: 4 });
    assert.equal(log().next, 6);
    assert.equal(log().lastMs, 7001);
  });

  it('keeps the order of appends that are not awaited', async () => {
    const appends = Array.from({ length: 40 }, (_, at) => log().append(observation(1 + (at % 5), 1000 * (at + 1))));
    const ordinals = (await Promise.all(appends)).map(({ ordinal }) => ordinal);
    assert.deepEqual(
      ordinals,
      ordinals.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      (await all(log().read(0))).map(({ ordinal }) => ordinal),
      ordinals,
    );
  });

  it('raises stamps that go back, within a batch and between records', async () => {
    const first = seededBatch({ seed: 1, rows: 4, startMs: 0 });
    first.columns.receivedMs.set([100, 50, 200, 150]);
    await log().append({ type: 'observation', batch: first });
    await log().append(control(10));
    await log().append({ type: 'tick', throughMs: 20 });
    await log().append(control(300));
    const stamps = (await all(log().read(0))).flatMap(stampsOf);
    assert.deepEqual(stamps, [100, 100, 200, 200, 200, 200, 300]);
    assert.equal(log().lastMs, 300);
  });

  it('refuses a control that could not be read back, and goes on', async () => {
    const impossible: Control = { kind: 'erasure', principal: 'p'.repeat(5000), by: 'ann' };
    await assert.rejects(log().append({ type: 'control', receivedMs: 1, control: impossible }), /damaged/);
    assert.deepEqual(await log().append(control(1)), { ordinal: 0 });
  });

  it('refuses appends and reads after closing; closing twice is allowed', async () => {
    await log().append(control(1));
    await log().close();
    await log().close();
    const closed = (error: unknown): boolean => error instanceof LogError && error.code === 'GAIT_LOG_CLOSED';
    await assert.rejects(log().append(control(2)), closed);
    await assert.rejects(all(log().read(0)), closed);
  });
}

function readingTests(log: () => Log): void {
  it('reads from any ordinal, the middle of a batch included', async () => {
    await log().append(observation(5, 1000));
    await log().append(control(2000));
    await log().append({ type: 'tick', throughMs: 3000 });
    await log().append(observation(4, 4000));
    const everything = (await all(log().read(0))).flatMap(identities);
    assert.equal(everything.length, 11);
    for (let from = 0; from <= 10; from++) {
      const expected = everything.filter(({ ordinal }) => ordinal >= from);
      assert.deepEqual((await all(log().read(from))).flatMap(identities), expected, `from ordinal ${from}`);
    }
    assert.deepEqual(await all(log().read(99)), []);
  });

  it('gives back controls and batches as they were', async () => {
    const batch = seededBatch({ seed: 4, rows: 20, startMs: 1e12 });
    await log().append({ type: 'observation', batch });
    await log().append(control(2e12));
    const [first, second] = await all(log().read(0));
    assert.ok(first.record.type === 'observation');
    assert.deepEqual(first.record.batch.columns, batch.columns);
    assert.deepEqual(second, { ordinal: 20, record: control(2e12) });
  });

  it('can be read by several at once, and reading can stop early', async () => {
    for (let at = 0; at < 10; at++) await log().append(observation(2, 1000 * (at + 1)));
    const [one, two] = await Promise.all([all(log().read(0)), all(log().read(7))]);
    assert.equal(one.length, 10);
    assert.equal(two.length, 7);
    for await (const { ordinal } of log().read(0)) if (ordinal === 4) break;
  });
}

function followTests(log: () => Log): void {
  it('can be followed: past and coming records in order, until the log is closed', async () => {
    await log().append(observation(2, 1000));
    const seen = all(log().follow(1));
    for (let at = 0; at < 5; at++) await log().append(control(2000 + at));
    await log().close();
    assert.deepEqual(
      (await seen).map(({ ordinal }) => ordinal),
      [1, 2, 3, 4, 5, 6],
    );
  });

  it('stops being followed when the signal aborts', async () => {
    const stop = new AbortController();
    await log().append(control(1));
    const seen: number[] = [];
    for await (const { ordinal } of log().follow(0, stop.signal)) {
      seen.push(ordinal);
      if (ordinal === 2) stop.abort();
      else await log().append(control(2 + ordinal));
    }
    assert.deepEqual(seen, [0, 1, 2]);
  });
}

/** A batch that names its stamp as its seed. */
export function observation(rows: number, startMs: number): LogRecord {
  return { type: 'observation', batch: seededBatch({ seed: startMs, rows, startMs }) };
}

export function control(receivedMs: number): LogRecord {
  return { type: 'control', receivedMs, control: ERASURE };
}

export async function all(records: AsyncIterable<StoredRecord>): Promise<StoredRecord[]> {
  const list: StoredRecord[] = [];
  for await (const stored of records) list.push(stored);
  return list;
}

function stampsOf({ record }: StoredRecord): number[] {
  if (record.type === 'observation') return [...record.batch.columns.receivedMs];
  return [record.type === 'tick' ? record.throughMs : record.receivedMs];
}

/** What tells each record from every other, with its ordinal. */
export function identities({ ordinal, record }: StoredRecord): { ordinal: number; is: string }[] {
  if (record.type !== 'observation') return [{ ordinal, is: record.type }];
  const { batch } = record;
  return Array.from({ length: batch.rows }, (_, row) => ({
    ordinal: ordinal + row,
    is: batch.idText(row, 'requestId'),
  }));
}
