import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random } from '../../datasets/random.ts';
import { KINDS, SimulatedFunction } from './functions.ts';
import { INJECTIONS } from './injections.ts';
import { type RunOptions, runEstate } from './run.ts';
import { reportOf } from './suite.ts';

const SMALL: RunOptions = {
  seed: 7,
  copies: 1,
  clean: 1,
  only: { kinds: ['api', 'sync'], injections: ['bulk-new', 'response-bulk', 'burst'] },
  settings: {},
  progress: () => undefined,
};

describe('the suite of exfiltration', () => {
  const run = runEstate(SMALL);

  it('finds plain attacks and says by what', () => {
    const attacks = run.outcomes.filter(({ injection }) => injection.attack);
    assert.equal(attacks.length, 3);
    for (const { named, detectors, delayDays } of attacks) {
      assert.ok(named && detectors.length > 0 && delayDays >= 0 && delayDays < 2);
    }
  });

  it('does not take a busy day for an attack', () => {
    const busy = run.outcomes.filter(({ injection }) => !injection.attack);
    assert.deepEqual(
      busy.map(({ named }) => named),
      [false, false],
    );
  });

  it('counts the days in which nothing was injected apart, and tells all of it', () => {
    assert.equal(run.functions, 7);
    assert.equal(run.young.days, 49);
    // Two functions are clean for all 34 days, the others until the fourth week.
    assert.ok(run.known.days >= 2 * 27 + 5 * 14 && run.known.days <= 2 * 27 + 5 * 15);
    const report = reportOf(run, SMALL.seed);
    assert.match(JSON.stringify(report.sections), /100\.0 % \(2\/2/);
    assert.deepEqual(Object.keys(report.json), [
      'seed',
      'functions',
      'invocations',
      'recall',
      'harmless',
      'falseFindings',
    ]);
  });

  it('finds nothing where what finds it is switched off', () => {
    const off = runEstate({ ...SMALL, settings: { off: 'egress,data,resource,flow,pattern' } });
    assert.ok(off.outcomes.every(({ named }) => !named));
  });

  it('gives the same run for the same seed', () => {
    assert.deepEqual(reportOf(runEstate(SMALL), 7), reportOf(run, 7));
  });
});

describe('a simulated function', () => {
  it('works less at weekends unless a timer fires it, and repeats itself from its seed', () => {
    for (const kind of KINDS) {
      const week = (seed: number) => {
        const one = new SimulatedFunction(kind, 'f', seed);
        return Array.from({ length: 7 }, (_, day) => one.day(day, day * 86_400_000));
      };
      assert.deepEqual(week(3), week(3));
      const counts = week(3).map((day) => day.length);
      if (kind.trigger[0] === 'timer') assert.equal(new Set(counts).size, 1);
      else assert.ok(counts[5] + counts[6] < counts[0] + counts[1]);
    }
  });

  it('sends more only where an injection says so', () => {
    const [kind] = KINDS;
    const one = new SimulatedFunction(kind, 'f', 5);
    const random = new Random(5, 'injection');
    const invocations = one.day(0, 0);
    const before = structuredClone(invocations);
    INJECTIONS[0].apply({ function: one, invocations, day: 0, random });
    const changed = invocations.filter((row, at) => JSON.stringify(row) !== JSON.stringify(before[at]));
    assert.equal(changed.length, 1);
    const sent = changed[0].calls.at(-1)?.bytesOut ?? 0;
    assert.ok(sent >= 2e6 && sent <= 4e7);
  });
});
