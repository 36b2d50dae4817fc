import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '@gait/engine/event/finding';
import fc from 'fast-check';
import { findingArbitrary } from '../render/finding-arbitrary.contract.ts';
import { parseFinding } from './parse.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import { StoreError } from './store.ts';

const RUNS = 100 * Number(process.env['GAIT_SEEDS'] ?? 5);

test('every finding comes back from the store as it went in', () => {
  const store = openSqliteStore(':memory:');
  fc.assert(
    fc.property(findingArbitrary, (finding) => {
      store.rebuild();
      store.commitStep({ findings: [finding], incidents: [], consumed: 1 });
      assert.deepEqual(store.findings(), [asJsonKeeps(finding)]);
      assert.deepEqual(store.finding(finding.id), { kind: 'found', value: asJsonKeeps(finding) });
    }),
    { seed: 31, numRuns: RUNS / 5 },
  );
  store.close();
});

test('a text that is no finding is refused with a code, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      assert.throws(() => parseFinding(text), isDamaged);
    }),
    { seed: 32, numRuns: RUNS },
  );
});

test('a finding without one of its fields is refused, and the field is named', () => {
  fc.assert(
    fc.property(findingArbitrary, fc.nat(), (finding, pick) => {
      const names = Object.keys(finding);
      const name = names[pick % names.length];
      const rest = Object.fromEntries(Object.entries(finding).filter(([other]) => other !== name));
      assert.throws(
        () => parseFinding(JSON.stringify(rest)),
        (error) => isDamaged(error) && error.message.includes(name),
      );
    }),
    { seed: 33, numRuns: RUNS },
  );
});

function isDamaged(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'GAIT_STORE_DAMAGED';
}

/** JSON knows neither infinity nor a negative zero: in a history the one is a gap, the other a zero. */
function asJsonKeeps(finding: Finding): Finding {
  const plain = (value: number) => (Number.isFinite(value) ? value + 0 : Number.NaN);
  const kept = Object.entries(finding).map(([name, value]) => [name, typeof value === 'number' ? value + 0 : value]);
  return {
    ...Object.fromEntries(kept),
    evidence: finding.evidence.map((one) => ({
      ...one,
      count: one.count + 0,
      ...(one.history === undefined ? {} : { history: one.history.map(plain) }),
    })),
  };
}
