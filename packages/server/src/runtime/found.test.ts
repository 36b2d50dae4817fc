import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '@gait/engine/event/finding';
import { numberedFinding, sampleIncident } from '../storage/finding-samples.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { Found, findingsInOrder } from './found.ts';

const COUNT = 3_500;

/** A store with many findings, most of them in one second. */
function crowdedStore() {
  const store = openSqliteStore(':memory:');
  const findings = Array.from({ length: COUNT }, (_, at): Finding => {
    const timeMs = at < 100 ? at * 86_400_000 : Date.UTC(2026, 0, 5) + (at % 1000);
    return { ...numberedFinding(at), timeMs, level: at % 10 === 0 ? 'watch' : 'finding' };
  });
  store.commitStep({ findings, incidents: [], consumed: COUNT });
  return { store, findings };
}

describe('findings in order of time', () => {
  it('are all there, however many in however short a time', () => {
    const { store, findings } = crowdedStore();
    for (const level of ['finding', 'watch'] as const) {
      const listed = [...findingsInOrder(store, level)];
      const times = listed.map(({ timeMs }) => timeMs);
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      );
      const expected = findings.filter((one) => one.level === level).map(({ id }) => id);
      assert.deepEqual(listed.map(({ id }) => id).sort(), expected.sort());
    }
    store.close();
  });
});

describe('what a run found', () => {
  it('is listed in an order that does not depend on ids, which are random', () => {
    const lists = ['0', '9'].map((digit) => {
      const store = openSqliteStore(':memory:');
      const incidents = ['b', 'a', 'c'].map((summary, at) =>
        sampleIncident({ id: `i${digit === '0' ? at : 9 - at}`, findings: [], summary }),
      );
      store.commitStep({ findings: [], incidents, consumed: 1 });
      const found = new Found();
      found.add({ findings: [], incidents });
      const summaries = found.incidents(store).map(({ summary }) => summary);
      store.close();
      return summaries;
    });
    assert.deepEqual(lists, [
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  it('can begin with what an earlier run stored from an ordinal on', () => {
    const { store } = crowdedStore();
    const from = 3_000;
    const incident = {
      id: 'i0123456789abcdef',
      openedMs: 1,
      lastMs: 2,
      findings: [numberedFinding(from + 1).id],
      entities: [],
      state: 'new',
      risk: 0.5,
      summary: 'Something.',
    } as const;
    const before = { ...incident, id: 'ifedcba9876543210', findings: [numberedFinding(1).id] };
    store.commitStep({ findings: [], incidents: [incident, before], consumed: COUNT + 1 });
    const found = new Found();
    found.addStored(store, from);
    assert.deepEqual([found.findings, found.watch], [450, 50]);
    assert.deepEqual(
      found.incidents(store).map(({ id }) => id),
      [incident.id],
    );
    found.add({ findings: [], incidents: [{ ...incident, findings: [], mergedInto: before.id }, before] });
    assert.deepEqual(
      found.incidents(store).map(({ id }) => id),
      [before.id],
    );
    store.close();
  });
});
