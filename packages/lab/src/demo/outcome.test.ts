import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Evidence, Finding } from '@gait/engine/event/finding';
import { sampleFinding } from '@gait/server/storage/finding-samples';
import { type AttackStep, expectationOf, type StepOutcome } from '../shop/attack.ts';
import type { Heard } from './found.ts';
import { attackInvocations, isGood, isMedium, isOfAttack, type Outcome, placeOf, seenSteps } from './outcome.ts';

const KEY = 'aws:123456789012:eu-west-1';
const START_MS = 1_800_000_000_000;
/** Steps begin so much after each other, and take a tenth of it. */
const STEP_MS = 2_000;

/** Steps of an attack through a label. */
function steps(...names: AttackStep[]): StepOutcome[] {
  return names.map((step, at) => ({
    step,
    outcome: 'done',
    startMs: START_MS + at * STEP_MS,
    firstEndMs: START_MS + at * STEP_MS + 200,
    endMs: START_MS + at * STEP_MS + 200,
    requests: 1,
    requestIds: [`r${at}`],
    bytes: 10,
    expect: expectationOf(step === 'bulk-read' ? 'preview' : 'label', step),
  }));
}

const CODE = steps('env-exfiltration', 'role-recon', 'lateral-invoke');

/** A finding about the time of a step, heard 300 ms after its beginning. */
function heard(at: number, of: Partial<Finding>, observed = ''): Heard {
  const timeMs = START_MS + at * STEP_MS + 100;
  const evidence: Evidence[] = [{ parameter: 'call', observed, expected: 'nothing like it', count: 9 }];
  const finding = sampleFinding({ id: `f${at}`, function: `${KEY}:label`, timeMs, evidence, sentence: '', ...of });
  return { finding, atMs: timeMs + 200 };
}

const EGRESS = heard(0, { family: 'egress' }, '127.0.6.6:4000');
const RECON = heard(1, { family: 'access' }, 'lambda:ListFunctions on *');
const INVOKE = heard(2, { family: 'access' }, 'lambda:InvokeFunction on admin');
const seenAs = (all: readonly Heard[], at: number) => seenSteps(CODE, all)[at];

describe('how the steps of an attack were seen', () => {
  it('is by the findings that name them, with the time since the first invocation ended', () => {
    assert.deepEqual(seenSteps(CODE, [EGRESS, RECON, INVOKE]), [
      { id: 'env-exfiltration', function: 'label', detected: true, delayMs: 100, findingId: 'f0', named: true },
      { id: 'role-recon', function: 'label', detected: true, delayMs: 100, findingId: 'f1', named: true },
      { id: 'lateral-invoke', function: 'label', detected: true, delayMs: 100, findingId: 'f2', named: true },
    ]);
  });

  it('is not at all without findings', () => {
    for (const { detected, named, delayMs } of seenSteps(CODE, [])) {
      assert.deepEqual([detected, named, delayMs], [false, false, undefined]);
    }
  });

  it('is detected but not named by a finding of a fitting family that says something else', () => {
    const vague = heard(0, { id: 'vague', family: 'process' }, '/bin/sh');
    assert.deepEqual(seenAs([vague], 0), {
      ...{ id: 'env-exfiltration', function: 'label', detected: true, delayMs: 100, findingId: 'vague', named: false },
    });
    // A later one that names it counts, with its own delay.
    const late = { ...EGRESS, atMs: EGRESS.atMs + 5_000 };
    assert.deepEqual([seenAs([vague, late], 0).named, seenAs([vague, late], 0).delayMs], [true, 5_100]);
  });

  it('is not by findings about other functions, of other families, or from before', () => {
    for (const other of [
      heard(0, { family: 'egress', function: `${KEY}:gift-label` }, '127.0.6.6'),
      heard(0, { family: 'egress', function: `${KEY}:thumbnail` }, '127.0.6.6'),
      heard(0, { family: 'timing' }, '127.0.6.6'),
      heard(0, { family: 'egress', timeMs: START_MS - 1_001 }, '127.0.6.6'),
      { ...EGRESS, atMs: START_MS - 1 },
    ]) {
      assert.equal(seenAs([other], 0).detected, false, JSON.stringify(other));
    }
  });

  it('is not by what was found of another step, also when it is heard late', () => {
    const late = { ...EGRESS, atMs: START_MS + STEP_MS + 300 };
    assert.equal(seenAs([late], 1).detected, false);
    // The second step sends to the same place: this says nothing of the calls it made.
    const again = heard(1, { family: 'egress' }, '127.0.6.6:4000');
    assert.equal(seenAs([again], 1).detected, false);
    assert.equal(seenAs([again], 0).detected, false);
  });

  it('takes the whole seconds of the trail for what they are', () => {
    const trail = heard(1, { family: 'access', timeMs: CODE[1].startMs - 900 }, 'lambda:ListFunctions');
    assert.equal(seenAs([trail], 1).named, true);
  });

  it('counts the delay of many requests from the first one', () => {
    const [read] = steps('bulk-read');
    const long = { ...read, endMs: read.startMs + 9_000 };
    const finding = heard(0, { family: 'data', function: `${KEY}:catalogue` }, 's3:GetObject exports/');
    assert.equal(seenSteps([long], [finding])[0].delayMs, 100);
  });
});

describe('what belongs to an attack', () => {
  const place = placeOf(CODE);

  it('is what is found of the functions it used, and of their roles, at its time', () => {
    const edge = { kind: 'principal', key: `aws:123456789012:role/label-role` } as const;
    for (const one of [
      EGRESS,
      heard(2, { function: `${KEY}:admin` }),
      heard(1, { function: '', entity: edge }),
      heard(2, { timeMs: place.endMs + 4_000 }),
    ]) {
      assert.equal(isOfAttack(one, place), true, JSON.stringify(one));
    }
  });

  it('is nothing else: other functions, roles with longer names, what was before or long after', () => {
    const role = (key: string) => ({ kind: 'principal', key }) as const;
    for (const one of [
      heard(0, { function: `${KEY}:login` }),
      heard(0, { function: `${KEY}:price-label` }),
      heard(0, { function: '', entity: role('aws:123456789012:role/price-label-role') }),
      heard(0, { function: '', entity: role('aws:123456789012:role/label-role-2') }),
      heard(-2, {}),
      // Such as about the quarantine of the same function.
      heard(9, {}),
    ]) {
      assert.equal(isOfAttack(one, place), false, JSON.stringify(one));
    }
  });

  it('does not include admin where nobody called it', () => {
    assert.deepEqual(placeOf(steps('bulk-read')).functions, ['catalogue']);
    assert.deepEqual(place.functions, ['label', 'admin']);
  });

  it('counts every invocation it caused', () => {
    // The log-in, three labels, and admin.
    assert.equal(attackInvocations('label', CODE), 5);
    // Each picture is taken and then converted.
    assert.equal(attackInvocations('picture', CODE), 8);
    const blocked = CODE.map((one) => ({ ...one, outcome: 'blocked' as const }));
    assert.equal(attackInvocations('label', blocked), 4);
    const [read] = steps('bulk-read');
    assert.equal(attackInvocations('preview', [{ ...read, requests: 48 }]), 49);
  });

  it('has the priority medium from a risk of a quarter on', () => {
    assert.deepEqual(
      [0.2499, 0.25].map((risk) => isMedium(heard(0, { risk }))),
      [false, true],
    );
  });
});

describe('whether everything went as it should', () => {
  const good: Outcome = {
    ...{ seed: 1, functions: 10, invocations: { benign: 1_000, attack: 5 } },
    attacks: seenSteps(CODE, [EGRESS, RECON, INVOKE]),
    ...{ falseFindings: 0, burstFindings: 0, incidents: 1 },
    quarantine: {
      ...{ function: 'label', verified: true, refusedStatus: 429, othersServed: true },
      ...{ released: true, servedAfterRelease: true },
    },
    ...{ log: 'verified', cpuSecondsGait: 1, rssMbGait: 100, undelivered: 0 },
  };

  it('is so when all of it is', () => assert.equal(isGood(good), true));

  it('is not so as soon as any of it is not', () => {
    const { quarantine } = good;
    const bad: Outcome[] = [
      { ...good, attacks: [] },
      { ...good, attacks: seenSteps(CODE, [EGRESS, RECON]) },
      { ...good, attacks: seenSteps(CODE, [EGRESS, RECON, heard(2, { family: 'access' }, 'something')]) },
      { ...good, falseFindings: 1 },
      { ...good, log: 'damaged' },
      { ...good, undelivered: 1 },
      { ...good, quarantine: { ...quarantine, verified: false } },
      { ...good, quarantine: { ...quarantine, refusedStatus: 200 } },
      { ...good, quarantine: { ...quarantine, othersServed: false } },
      { ...good, quarantine: { ...quarantine, released: false } },
      { ...good, quarantine: { ...quarantine, servedAfterRelease: false } },
    ];
    for (const one of bad) assert.equal(isGood(one), false, JSON.stringify(one));
  });
});
