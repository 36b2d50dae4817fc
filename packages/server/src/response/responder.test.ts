import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseError, type ResponseErrorCode } from './errors.ts';
import { functionRef } from './function-ref.ts';
import { PAY, SECRET } from './memory-cloud.contract.ts';
import { quarantinePolicyDocument } from './quarantine-policy.ts';
import { Bench, Killed, PERMISSIVE } from './responder-bench.contract.ts';
import { Responses } from './responses.ts';
import { isComplete } from './transitions.ts';

const INCIDENT = 'i00ff00ff00ff00ff';
const start = { function: PAY, incident: INCIDENT, by: 'ann' };
const concurrency = { kind: 'concurrency', functionName: 'pay' } as const;

function failsWith(code: ResponseErrorCode, text = /./): (error: unknown) => boolean {
  return (error) => error instanceof ResponseError && error.code === code && text.test(error.message);
}

describe('a quarantine', () => {
  it('isolates the function, and release leaves every setting as it was', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const response = await responder.start(start);
    assert.equal(response.phase, 'in-force');
    assert.ok(isComplete(response));
    const pay = cloud.function('pay');
    assert.equal(pay.concurrency, '0');
    assert.equal(pay.tags['gait:quarantine'], INCIDENT);
    assert.ok(pay.versions.includes(pay.codeSha256));
    assert.ok([...cloud.mappings.values()].every(({ enabled }) => !enabled));
    assert.equal(cloud.role('shop-role').inline['gait-quarantine-pay'], quarantinePolicyDocument(functionRef(PAY)));
    const released = await responder.release({ response: response.id, by: 'ann' });
    assert.equal(released.phase, 'released');
    assert.equal(cloud.settings(), before);
    assert.deepEqual(responder.responses.active(), []);
  });

  it('is written before and after every change, and undone in reverse order after fresh sandboxes', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id } = await responder.start(start);
    await responder.release({ response: id, by: 'ann' });
    const done = ['preserve', 'tag', 'throttle', 'pause:a1', 'pause:b2', 'isolate'];
    const undone = ['recycle', 'isolate', 'pause:b2', 'pause:a1', 'throttle', 'tag'];
    assert.deepEqual(bench.states(), [
      'planned',
      ...done.map((step) => `${step} step-planned`),
      'begun',
      ...done.flatMap((step) => [`${step} acting`, `${step} acted`]),
      'in-force',
      'releasing',
      'recycle step-planned',
      'recycle acting',
      'recycle acted',
      ...undone.flatMap((step) => [`${step} undoing`, `${step} undone`]),
      'released',
    ]);
  });

  it('makes sandboxes fresh while nothing can reach them', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id } = await responder.start(start);
    const pay = bench.provider.cloud.function('pay');
    const seen: (string | null)[] = [];
    bench.provider.onSet = ({ kind }) => {
      if (kind === 'description') seen.push(pay.concurrency);
    };
    await responder.release({ response: id, by: 'ann' });
    assert.deepEqual([...new Set(seen)], ['0']);
    assert.equal(pay.revision, 3);
  });

  it('can be released without touching the sandboxes when a person says so', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id } = await responder.start(start);
    await responder.release({ response: id, by: 'ann', keepSandboxes: true });
    assert.equal(bench.provider.cloud.function('pay').revision, 1);
  });

  it('started twice is one quarantine, also at the same time', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const [one, two] = await Promise.all([responder.start(start), responder.start(start)]);
    const written = bench.log.length;
    const three = await responder.start(start);
    assert.deepEqual(new Set([one.id, two.id, three.id]).size, 1);
    assert.equal(bench.log.length, written);
  });

  it('gives back what was there before: a reserved concurrency, a tag, a paused source', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    cloud.set(concurrency, '7');
    cloud.function('pay').tags['gait:quarantine'] = 'of somebody else';
    cloud.set({ kind: 'mapping', uuid: 'b2' }, 'disabled');
    const before = cloud.settings();
    const responder = bench.open();
    const { id } = await responder.start(start);
    assert.equal(cloud.get(concurrency), '0');
    await responder.release({ response: id, by: 'ann' });
    assert.equal(cloud.settings(), before);
  });

  it('attaches the policy that was made beforehand, and nothing else is written into the role', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const arn = 'arn:aws:iam::123456789012:policy/gait-quarantine-pay';
    cloud.managedPolicies.set(arn, quarantinePolicyDocument(functionRef(PAY)));
    const inline = JSON.stringify(cloud.role('shop-role').inline);
    const responder = bench.open({ ...PERMISSIVE, inlinePolicies: false });
    const { id } = await responder.start(start);
    assert.ok(cloud.role('shop-role').attached.includes(arn));
    assert.equal(JSON.stringify(cloud.role('shop-role').inline), inline);
    await responder.release({ response: id, by: 'ann' });
    assert.ok(!cloud.role('shop-role').attached.includes(arn));
  });

  it('waits until reading back shows the change, with longer and longer pauses', async () => {
    const bench = new Bench();
    bench.provider.lag = 3;
    assert.ok(isComplete(await bench.open().start(start)));
    assert.deepEqual(bench.waits.slice(0, 3), [500, 1000, 2000]);
  });

  it('never writes a secret of the function anywhere', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const plan = await responder.preview(start);
    const { id } = await responder.start(start);
    await responder.release({ response: id, by: 'ann' });
    assert.ok(!JSON.stringify([plan, bench.log, responder.responses.list()]).includes(SECRET));
    assert.ok(JSON.stringify(bench.log[0]).includes('DATABASE_PASSWORD'));
  });
});

describe('a preview', () => {
  it('changes nothing and writes nothing', async () => {
    const bench = new Bench();
    const before = bench.provider.cloud.settings();
    const plan = await bench.open().preview(start);
    assert.equal(plan.steps.length, 6);
    assert.equal(bench.provider.cloud.settings(), before);
    assert.deepEqual(bench.log, []);
  });
});

describe('a step that fails', () => {
  it('does not stop the others; what failed is tried again by starting again', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    cloud.denied.add('lambda:PutFunctionConcurrency').add('lambda:PublishVersion');
    const responder = bench.open();
    const response = await responder.start(start);
    assert.equal(response.phase, 'in-force');
    assert.ok(!isComplete(response));
    const throttle = response.steps.find(({ id }) => id === 'throttle');
    assert.equal(throttle?.failure?.code, 'GAIT_RESPONSE_DENIED');
    assert.ok(cloud.role('shop-role').inline['gait-quarantine-pay'] !== undefined);
    cloud.denied.clear();
    assert.ok(isComplete(await responder.start(start)));
    await responder.release({ response: response.id, by: 'ann' });
    assert.equal(cloud.settings(), before);
  });

  it('leaves nothing behind when no step isolates', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    cloud.denied.add('lambda:PutFunctionConcurrency').add('lambda:UpdateEventSourceMapping').add('iam:PutRolePolicy');
    const responder = bench.open();
    await assert.rejects(responder.start(start), failsWith('GAIT_RESPONSE_DENIED'));
    assert.equal(cloud.settings(), before);
    assert.equal(bench.states().at(-1), 'released');
    assert.equal(responder.responses.activeOf(PAY), undefined);
  });

  it('whose answer was lost is found done, and undone', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    bench.provider.onSet = ({ kind }, when) => {
      if (kind === 'concurrency' && when === 'done') throw new ResponseError('GAIT_RESPONSE_UNREACHABLE', 'No answer.');
    };
    const responder = bench.open();
    const response = await responder.start(start);
    assert.equal(response.steps.find(({ id }) => id === 'throttle')?.phase, 'failed');
    bench.provider.onSet = () => undefined;
    await responder.release({ response: response.id, by: 'ann' });
    assert.equal(cloud.settings(), before);
  });

  it('halts a release with the rest still in force, and it can be released again', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const { id } = await responder.start(start);
    cloud.denied.add('lambda:UpdateEventSourceMapping');
    await assert.rejects(responder.release({ response: id, by: 'ann' }), failsWith('GAIT_RESPONSE_DENIED'));
    assert.equal(responder.responses.get(id)?.phase, 'halted');
    assert.equal(cloud.get(concurrency), '0');
    await assert.rejects(responder.start(start), failsWith('GAIT_RESPONSE_STATE'));
    cloud.denied.clear();
    await responder.release({ response: id, by: 'ann' });
    assert.equal(cloud.settings(), before);
  });

  it('of fresh sandboxes keeps everything in force', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id } = await responder.start(start);
    const during = bench.provider.cloud.settings();
    bench.provider.cloud.denied.add('lambda:UpdateFunctionConfiguration');
    await assert.rejects(responder.release({ response: id, by: 'ann' }), failsWith('GAIT_RESPONSE_DENIED'));
    assert.equal(bench.provider.cloud.settings(), during);
  });
});

describe("somebody else's change", () => {
  it('is told before anything is undone, and only force restores over it', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const { id } = await responder.start(start);
    cloud.set(concurrency, '5');
    const during = cloud.settings();
    const told = failsWith(
      'GAIT_RESPONSE_FOREIGN',
      /throttle: it is '5' now, Gait had set '0', before that it was absent/,
    );
    await assert.rejects(responder.release({ response: id, by: 'ann' }), told);
    assert.equal(cloud.settings(), during);
    assert.equal(responder.responses.get(id)?.phase, 'in-force');
    assert.deepEqual(
      (await responder.deviations(id)).map(({ step, found }) => [step, found]),
      [['throttle', '5']],
    );
    await responder.release({ response: id, by: 'ann', force: true });
    assert.equal(cloud.settings(), before);
  });

  it('in the middle of a release halts it, and what they set stays until a person forces it', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const { id } = await responder.start(start);
    bench.provider.onSet = ({ kind }, when) => {
      if (kind === 'role-policy' && when === 'done') cloud.set(concurrency, '5');
    };
    await assert.rejects(responder.release({ response: id, by: 'ann' }), failsWith('GAIT_RESPONSE_FOREIGN', /'5' now/));
    bench.provider.onSet = () => undefined;
    assert.equal(cloud.get(concurrency), '5');
    const halted = responder.responses.get(id);
    assert.deepEqual([halted?.phase, halted?.failure?.code], ['halted', 'GAIT_RESPONSE_FOREIGN']);
    assert.equal(halted?.steps.find((step) => step.id === 'throttle')?.phase, 'undo-failed');
    await responder.release({ response: id, by: 'ann', force: true });
    assert.equal(cloud.settings(), before);
    assert.ok(bench.log.some(({ state, content }) => state === 'undoing' && content === '{"found":"5"}'));
  });

  it('that undid a step already is left as it is', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const { id } = await responder.start(start);
    cloud.set(concurrency, null);
    await responder.release({ response: id, by: 'ann' });
    assert.equal(cloud.settings(), before);
  });

  it('between plan and act is what undoing goes back to', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    bench.provider.onSet = ({ kind }, when) => {
      if (kind === 'tag' && when === 'done') cloud.set(concurrency, '9');
    };
    const responder = bench.open();
    const { id } = await responder.start(start);
    assert.equal(cloud.get(concurrency), '0');
    bench.provider.onSet = () => undefined;
    await responder.release({ response: id, by: 'ann' });
    assert.equal(cloud.get(concurrency), '9');
  });

  it('that did a step before us is not ours to undo', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    bench.provider.onSet = ({ kind }, when) => {
      if (kind === 'tag' && when === 'done') cloud.set(concurrency, '0');
    };
    const responder = bench.open();
    const { id, steps } = await responder.start(start);
    assert.equal(steps.find((step) => step.id === 'throttle')?.phase, 'skipped');
    bench.provider.onSet = () => undefined;
    await responder.release({ response: id, by: 'ann' });
    assert.equal(cloud.get(concurrency), '0');
  });

  it('that deleted the function leaves nothing to restore but the role', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const responder = bench.open();
    const { id } = await responder.start(start);
    cloud.functions.delete('pay');
    cloud.mappings.clear();
    const released = await responder.release({ response: id, by: 'ann' });
    assert.equal(released.phase, 'released');
    assert.deepEqual(Object.keys(cloud.role('shop-role').inline), ['own']);
  });
});

describe('a release that something speaks against', () => {
  it('is refused with the reason and changes nothing, unless it is forced', async () => {
    const bench = new Bench();
    bench.objection = 'The function was denied 12 calls in the last minute.';
    const responder = bench.open();
    const { id } = await responder.start(start);
    const during = bench.provider.cloud.settings();
    const told = failsWith('GAIT_RESPONSE_OBJECTION', /denied 12 calls/);
    await assert.rejects(responder.release({ response: id, by: 'ann' }), told);
    assert.equal(bench.provider.cloud.settings(), during);
    assert.equal(responder.responses.get(id)?.phase, 'in-force');
    assert.equal((await responder.release({ response: id, by: 'ann', force: true })).phase, 'released');
  });
});

describe('a lease', () => {
  it('runs out, is listed as due, and can be extended but not shortened', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id, untilMs } = await responder.start({ ...start, leaseMinutes: 30 });
    assert.equal(untilMs, bench.nowMs + 30 * 60_000);
    assert.deepEqual(responder.due(), []);
    bench.nowMs = untilMs;
    assert.deepEqual(
      responder.due().map((one) => one.id),
      [id],
    );
    const extended = await responder.extend({ response: id, leaseMinutes: 120, by: 'bob' });
    assert.equal(extended.untilMs, bench.nowMs + 120 * 60_000);
    assert.equal((await responder.extend({ response: id, leaseMinutes: 10, by: 'bob' })).untilMs, extended.untilMs);
    assert.deepEqual(bench.open().due(), []);
  });

  it('that has run out is released, or extended with the reason when that cannot be', async () => {
    const bench = new Bench();
    const { cloud } = bench.provider;
    const before = cloud.settings();
    const responder = bench.open();
    const { id, untilMs } = await responder.start(start);
    assert.deepEqual(await responder.expire('lease'), []);
    bench.nowMs = untilMs;
    const reasons: readonly (readonly [() => void, ResponseErrorCode])[] = [
      [() => cloud.set(concurrency, '3'), 'GAIT_RESPONSE_FOREIGN'],
      [() => cloud.denied.add('lambda:UpdateEventSourceMapping'), 'GAIT_RESPONSE_DENIED'],
    ];
    for (const [hinder, code] of reasons) {
      hinder();
      const [{ response, error }] = await responder.expire('lease');
      assert.equal(error?.code, code);
      assert.equal(response.untilMs, bench.nowMs + 60 * 60_000);
      assert.deepEqual(await responder.expire('lease'), []);
      cloud.set(concurrency, '0');
      cloud.denied.clear();
      bench.nowMs = response.untilMs;
    }
    const [{ response, error }] = await responder.expire('lease');
    assert.deepEqual([response.id, response.phase, error], [id, 'released', undefined]);
    assert.equal(cloud.settings(), before);
  });

  it('must be from five minutes to a week, and the response in force', async () => {
    const bench = new Bench();
    const responder = bench.open();
    for (const leaseMinutes of [4, 10_081, Number.NaN, Number.POSITIVE_INFINITY]) {
      await assert.rejects(responder.start({ ...start, leaseMinutes }), failsWith('GAIT_RESPONSE_LEASE'));
    }
    assert.deepEqual(bench.log, []);
    const { id } = await responder.start(start);
    await responder.release({ response: id, by: 'ann' });
    await assert.rejects(responder.extend({ response: id, by: 'ann' }), failsWith('GAIT_RESPONSE_STATE'));
    await assert.rejects(responder.extend({ response: 'r1', by: 'ann' }), failsWith('GAIT_RESPONSE_ABSENT'));
  });
});

describe('a response whose plan was written although the log did not say so', () => {
  it('is given up at the next start, beside the one that took its place', async () => {
    const bench = new Bench();
    bench.kill = { left: 0, written: true };
    const responder = bench.open();
    await assert.rejects(responder.start(start), Killed);
    bench.kill = undefined;
    const { id } = await responder.start(start);
    const again = bench.open();
    assert.equal(again.responses.active().length, 2);
    assert.deepEqual(await again.resume('restart'), []);
    assert.deepEqual(
      again.responses.active().map((one) => [one.id, one.phase]),
      [[id, 'in-force']],
    );
  });
});

describe('what is out of bounds', () => {
  it('is refused before anything is asked or written', async () => {
    const bench = new Bench();
    const protect = (...protectedFunctions: string[]) => bench.open({ ...PERMISSIVE, protectedFunctions });
    for (const pattern of [PAY, 'aws:*:*:pay', 'aws:123456789012:eu-*:*', 'pay', 'p*']) {
      await assert.rejects(protect(pattern).start(start), failsWith('GAIT_RESPONSE_PROTECTED', /pay/));
    }
    await protect('aws:*:*:payments', 'payments', 'ay*').preview(start);
    for (const nonsense of ['aws:*:refund', 'p*y', '', 'aws:::refund', 'arn:aws:lambda:eu-west-1:1:function:refund']) {
      await assert.rejects(protect(nonsense).start(start), failsWith('GAIT_RESPONSE_PROTECTED', /nothing is done/));
    }
    const narrow = bench.open({ ...PERMISSIVE, accounts: ['999999999999'] });
    await assert.rejects(narrow.start(start), failsWith('GAIT_RESPONSE_SCOPE', /123456789012/));
    const elsewhere = bench.open({ ...PERMISSIVE, regions: ['us-east-1'] });
    await assert.rejects(elsewhere.start(start), failsWith('GAIT_RESPONSE_SCOPE', /eu-west-1/));
    for (const key of ['gcp:p:europe-west1:pay', 'aws:?:eu-west-1:pay', 'aws:123456789012:eu-west-1:a b', '']) {
      await assert.rejects(bench.open().start({ ...start, function: key }), failsWith('GAIT_RESPONSE_FUNCTION'));
    }
    assert.deepEqual(bench.log, []);
  });

  it('is refused too when the credentials lead to a namesake in another account', async () => {
    const bench = new Bench();
    const occasion = { ...start, function: 'aws:210987654321:eu-west-1:pay' };
    await assert.rejects(bench.open().start(occasion), failsWith('GAIT_RESPONSE_SCOPE', /123456789012/));
    assert.deepEqual(bench.log, []);
  });
});

describe('the list of responses', () => {
  it('is the same after any beginning of the log, however it was reached, and copies change nothing', async () => {
    const bench = new Bench();
    const responder = bench.open();
    const { id } = await responder.start(start);
    await responder.extend({ response: id, by: 'ann' });
    await responder.release({ response: id, by: 'ann' });
    await responder.start(start);
    const going = new Responses();
    for (const [at, transition] of bench.log.entries()) {
      going.apply(transition);
      const again = new Responses();
      for (const one of bench.log.slice(0, at + 1)) again.apply(one);
      assert.deepEqual(again.list(), going.list());
      assert.deepEqual(again.active(), going.active());
    }
    assert.deepEqual(going.list(), responder.responses.list());
    assert.equal(going.ignored, 0);
    const listed = going.list();
    going.apply(bench.log[0]);
    going.apply({ ...bench.log[0], response: 'r9', content: '{"arn":' });
    going.apply({ ...bench.log[1], response: 'r8' });
    assert.deepEqual(going.list(), listed);
    assert.equal(going.ignored, 3);
  });
});
